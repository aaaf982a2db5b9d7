// The least that an epoll proxy can do: recv, send, recv, send per request and a shared epoll_wait, nothing parsed. It
// shows what the machine charges for any proxy at all.
//
//   floor ORIGIN_PORT [--splice] [--close]
// Prints its port. Client connections are paired with server connections that are used again (last in, first out).
//   --splice  moves what comes from the server through a pipe, as one would for large bodies
//   --close   closes the client's side after one answer (as for `Connection: close`)
#include <fcntl.h>

#include <csignal>
#include <vector>

#include "clients.h"
#include "origin.h"

namespace bench {
namespace {

bool g_splice = false;
bool g_close = false;
int g_origin_port = 0;
char g_buffer[16384];

struct Pair;
struct End : Handler {
  void on_event(std::uint32_t events) override;
  Pair* pair = nullptr;
  int fd = -1;
  bool front = false;
};

struct Pair {
  End client;
  End server;
  bool blocked = false;  // the client takes no more: the server is not read
  std::size_t in_pipe = 0;
  int pipe[2] = {-1, -1};
};

Epoll* g_loop = nullptr;
std::vector<Pair*> g_free;  // their server connection is open

void open_server(Pair& p) {
  p.server.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(static_cast<std::uint16_t>(g_origin_port));
  if (::connect(p.server.fd, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) die("floor: connect");
  const int on = 1;
  ::setsockopt(p.server.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  p.server.pair = &p;
  if (g_splice && ::pipe2(p.pipe, O_NONBLOCK | O_CLOEXEC) == 0) ::fcntl(p.pipe[1], F_SETPIPE_SZ, 1 << 20);
  g_loop->add(p.server.fd, p.server);
}

void close_client(Pair& p) {
  ::close(p.client.fd);
  p.client.fd = -1;
  if (g_splice || p.blocked || p.in_pipe != 0) {
    // Perhaps in the middle of an answer: the server connection cannot be used again (what still arrives would have
    // nowhere to go and wake us for ever), and the pair stays behind.
    ::close(p.server.fd);
    p.server.fd = -1;
    return;
  }
  g_free.push_back(&p);
}

void set_blocked(Pair& p, bool blocked) {
  if (p.blocked == blocked) return;
  p.blocked = blocked;
  g_loop->modify(p.server.fd, p.server, blocked ? 0U : static_cast<std::uint32_t>(EPOLLIN));
  g_loop->modify(p.client.fd, p.client, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void flush_pipe(Pair& p) {
  while (p.in_pipe != 0) {
    const ssize_t n = ::splice(p.pipe[0], nullptr, p.client.fd, nullptr, p.in_pipe, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (n < 0 && errno != EAGAIN) {
      close_client(p);
      return;
    }
    if (n <= 0) break;
    p.in_pipe -= static_cast<std::size_t>(n);
  }
  set_blocked(p, p.in_pipe != 0);
}

void End::on_event(std::uint32_t events) {
  Pair& p = *pair;
  if (front) {
    if (fd < 0) return;
    if ((events & EPOLLOUT) != 0) {
      flush_pipe(p);
      return;
    }
    const ssize_t n = ::recv(fd, g_buffer, sizeof g_buffer, MSG_DONTWAIT);
    if (n <= 0) {
      if (n == 0 || errno != EAGAIN) close_client(p);
      return;
    }
    if (::send(p.server.fd, g_buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) close_client(p);
    return;
  }
  if (fd < 0) return;
  if (g_splice) {
    const ssize_t n = ::splice(fd, nullptr, p.pipe[1], nullptr, 1 << 20, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (n > 0) p.in_pipe += static_cast<std::size_t>(n);
    if (p.client.fd >= 0) flush_pipe(p);
    return;
  }
  const ssize_t n = ::recv(fd, g_buffer, sizeof g_buffer, MSG_DONTWAIT);
  if (n <= 0 || p.client.fd < 0) return;
  if (::send(p.client.fd, g_buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) close_client(p);
  if (g_close && p.client.fd >= 0) close_client(p);
}

struct Acceptor : Handler {
  void on_event(std::uint32_t) override {
    const int c = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (c < 0) return;
    const int on = 1;
    ::setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Pair* p = nullptr;
    if (!g_free.empty()) {
      p = g_free.back();
      g_free.pop_back();
    } else {
      p = new Pair;
      open_server(*p);
    }
    p->client.pair = p;
    p->client.front = true;
    p->client.fd = c;
    g_loop->add(c, p->client);
    p->client.on_event(EPOLLIN);
  }
  int fd = -1;
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  if (argc < 2) return 2;
  std::signal(SIGPIPE, SIG_IGN);  // splice() has no MSG_NOSIGNAL
  g_origin_port = std::atoi(argv[1]);
  for (int i = 2; i < argc; ++i) {
    g_splice |= std::string_view(argv[i]) == "--splice";
    g_close |= std::string_view(argv[i]) == "--close";
  }
  Epoll loop;
  g_loop = &loop;
  Acceptor acceptor;
  acceptor.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int seconds = 1;
  ::setsockopt(acceptor.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t len = sizeof a;
  if (::bind(acceptor.fd, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0 || ::listen(acceptor.fd, 4096) != 0)
    die("floor: listen");
  ::getsockname(acceptor.fd, reinterpret_cast<sockaddr*>(&a), &len);
  std::printf("%d\n", ntohs(a.sin_port));
  std::fflush(stdout);
  loop.add(acceptor.fd, acceptor);
  for (;;) loop.turn(-1);
}
