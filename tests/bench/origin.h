// The server behind the proxies in scripts/bench: answers `GET /1...` with 1 MiB, everything else with a small body.
// It knows just enough HTTP to find the ends of heads without bodies, so that it stays much cheaper than any proxy.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "epoll.h"

namespace bench {

inline constexpr std::size_t kLargeBytes = 1 << 20;
inline constexpr std::size_t kSmallBytes = 64;

class Origin : public Handler {
 public:
  enum class End { Leave, Crash };  // Leave: connections end with FIN; Crash: with RST

  explicit Origin(Epoll& loop) : loop_(loop), scratch_(1 << 16) {
    small_ = "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\nContent-Length: " +
             std::to_string(kSmallBytes) + "\r\n\r\n" + std::string(kSmallBytes, 's');
    large_head_ = "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\nContent-Length: " +
                  std::to_string(kLargeBytes) + "\r\n\r\n";
    large_fd_ = ::memfd_create("body", MFD_CLOEXEC);
    const std::string body(kLargeBytes, 'l');
    if (large_fd_ < 0 || ::write(large_fd_, body.data(), body.size()) != static_cast<ssize_t>(body.size()))
      die("memfd");
    // Bound and never listening: keeps the port ours while we are down.
    reserve_ = bound_socket();
    sockaddr_in a{};
    socklen_t len = sizeof a;
    ::getsockname(reserve_, reinterpret_cast<sockaddr*>(&a), &len);
    port_ = ntohs(a.sin_port);
    go_up();
  }
  // Between turns of the loop only.
  void go_up() {
    fd_ = bound_socket();
    if (::listen(fd_, 4096) != 0) die("origin: listen");
    loop_.add(fd_, *this);
  }
  void go_down(End end) {
    ::close(fd_);
    fd_ = -1;
    const linger reset{1, 0};
    for (Connection* c : live_) {
      if (end == End::Crash) ::setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      c->listed = false;
      delete c;
    }
    live_.clear();
  }
  [[nodiscard]] bool up() const { return fd_ >= 0; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::uint64_t connections() const { return connections_; }

  void on_event(std::uint32_t) override {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    auto* c = new Connection(*this, fd);
    live_.insert(c);
    loop_.add(fd, *c);
  }

 private:
  int bound_socket() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(static_cast<std::uint16_t>(port_));
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) die("origin: bind");
    return fd;
  }
  struct Connection : Handler {
    Connection(Origin& o, int f) : origin(o), fd(f) {}
    ~Connection() override {
      if (listed) origin.live_.erase(this);
      ::close(fd);
    }
    void on_event(std::uint32_t events) override {
      if ((events & EPOLLOUT) != 0) {
        if (!send_large()) delete this;
        return;
      }
      const ssize_t n = ::recv(fd, origin.scratch_.data(), origin.scratch_.size(), 0);
      if (n <= 0) {
        if (n == 0 || errno != EAGAIN) delete this;
        return;
      }
      if (!take(origin.scratch_.data(), static_cast<std::size_t>(n))) delete this;
    }
    // Looks for the ends of heads; false when the connection is done.
    bool take(const char* p, std::size_t n) {
      static constexpr char kEnd[] = "\r\n\r\n";
      for (std::size_t i = 0; i < n;) {
        if (seen == 0) large = n - i > 5 && p[i + 5] == '1';
        // The usual case: one whole head per read.
        if (matched == 0) {
          const auto* cr = static_cast<const char*>(std::memchr(p + i, '\r', n - i));
          if (cr == nullptr) {
            seen += n - i;
            return true;
          }
          seen += static_cast<std::size_t>(cr - (p + i)) + 1;
          i = static_cast<std::size_t>(cr - p) + 1;
          matched = 1;
          continue;
        }
        matched = p[i] == kEnd[matched] ? matched + 1 : (p[i] == '\r' ? 1 : 0);
        ++i;
        ++seen;
        if (matched == 4) {
          matched = 0;
          seen = 0;
          if (!answer()) return false;
        }
      }
      return true;
    }
    bool answer() {
      if (!large) {
        const auto& s = origin.small_;
        return ::send(fd, s.data(), s.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(s.size());
      }
      const auto& h = origin.large_head_;
      if (::send(fd, h.data(), h.size(), MSG_NOSIGNAL | MSG_MORE) != static_cast<ssize_t>(h.size())) return false;
      offset = 0;
      return send_large();
    }
    bool send_large() {
      while (offset < static_cast<off_t>(kLargeBytes)) {
        const ssize_t n = ::sendfile(fd, origin.large_fd_, &offset, kLargeBytes - static_cast<std::size_t>(offset));
        if (n > 0) continue;
        if (errno != EAGAIN) return false;
        if (!waiting) origin.loop_.modify(fd, *this, EPOLLOUT);
        waiting = true;
        return true;
      }
      if (waiting) origin.loop_.modify(fd, *this, EPOLLIN);
      waiting = false;
      return true;
    }
    Origin& origin;
    int fd;
    int matched = 0;
    std::size_t seen = 0;
    off_t offset = 0;
    bool large = false;
    bool waiting = false;
    bool listed = true;
  };

  Epoll& loop_;
  std::vector<char> scratch_;
  std::string small_, large_head_;
  int large_fd_ = -1;
  int reserve_ = -1;
  int fd_ = -1;
  int port_ = 0;
  std::unordered_set<Connection*> live_;
  std::uint64_t connections_ = 0;
};

}  // namespace bench
