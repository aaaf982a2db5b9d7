#include "back_connection.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "session.h"
#include "sluice/backend/server_socket.h"

namespace sluice::proxy {

namespace {

void set_int(int fd, int level, int option, int value) noexcept {
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

void set_keepalive(int fd, const TcpKeepAlive& k) noexcept {
  set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  if (k.count != 0) set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(k.count));
  if (k.idle_seconds != 0) set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(k.idle_seconds));
  if (k.interval_seconds != 0) set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(k.interval_seconds));
#else
  (void)k;
#endif
}

base::ErrorCode connect_code(int sys) noexcept {
  switch (sys) {
    case ECONNREFUSED:
      return base::ErrorCode::ConnectRefused;
    case ETIMEDOUT:
      return base::ErrorCode::ConnectTimeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return base::ErrorCode::NoResource;
    default:
      return base::ErrorCode::ConnectFailed;
  }
}

// Source ports of a range that are tried for one connection.
constexpr int kMostPorts = 8;

// A socket for this connection with all that is said about it. errno, 0 when done.
int open_for(Worker& worker, const ConnectRequest& request, const backend::ServerSocketWish& wish,
             backend::ServerSocket& out) noexcept {
  if (const int failed = backend::open_server_socket(*request.server, wish, out); failed != 0) return failed;
  const int fd = out.fd.get();
  if (wish.to.family() == AF_INET || wish.to.family() == AF_INET6) {
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (request.spec->options.tcpka_server) set_keepalive(fd, request.spec->server_keepalive);
#ifdef TCP_QUICKACK
    if (request.spec->options.tcp_smart_connect) set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
#endif
  }
  const GlobalSettings& settings = worker.global().settings;
  if (settings.server_sndbuf != 0) set_int(fd, SOL_SOCKET, SO_SNDBUF, settings.server_sndbuf);
  if (settings.server_rcvbuf != 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, settings.server_rcvbuf);
  return 0;
}

}  // namespace

BackConnection* BackConnection::connect(Worker& worker, const ConnectRequest& request, base::Error& error) noexcept {
  error = {base::ErrorCode::None, base::Side::Back, base::Retry::Yes, 0};
  backend::Server& server = *request.server;
  const net::SocketAddress target = server.connect_address(request.client_dst);
  const bool by_proxy = server.socks4() != nullptr;
  // An address that was set since may be of a family that the proxy cannot be told.
  if (by_proxy && target.family() != AF_INET) {
    error.code = base::ErrorCode::ConnectFailed;
    error.sys = EAFNOSUPPORT;
    return nullptr;
  }
  const backend::ServerSocketWish wish{by_proxy ? *server.socks4() : target, request.presented,
                                       request.data_follows && !by_proxy, request.client_netns};
  backend::ServerSocket socket;
  int failed = 0;
  // Of a range of source ports the one whose turn it is may have an old connection to there; not all of them, one
  // hopes.
  for (int i = 0; i < kMostPorts; ++i) {
    socket = {};
    failed = open_for(worker, request, wish, socket);
    if (failed != 0) {
      // A socket that is there and cannot be bound or set up is no fault of the server's.
      error.code = socket.fd.valid() ? base::ErrorCode::NoResource : connect_code(failed);
      error.sys = failed;
      return nullptr;
    }
    failed = backend::connect_server_socket(wish.to, socket.fd.get());
    if (failed != EADDRNOTAVAIL || socket.port.number() == 0) break;
  }
  // A unix socket whose backlog is full says EAGAIN: nothing will report when it has room, so that is a failure.
  if (failed != 0 && failed != EINPROGRESS) {
    error.code = failed == EAGAIN ? base::ErrorCode::ConnectFailed : connect_code(failed);
    error.sys = failed;
    return nullptr;
  }
  void* memory = worker.back_memory().take();
  if (memory == nullptr) {
    error.code = base::ErrorCode::NoResource;
    return nullptr;
  }
  const bool connecting = failed == EINPROGRESS || by_proxy;
  auto* c = ::new (memory) BackConnection(worker, request, std::move(socket), connecting, target);
  c->pool_key = request.key;
  if (by_proxy && !c->mux_.go_through_socks4(target)) {
    c->end(net::CloseMode::Normal);
    error.code = base::ErrorCode::NoResource;
    return nullptr;
  }
  if (!request.begin_with.empty()) c->mux_.begin_with(request.begin_with, !connecting || c->early_bytes_);
  return c;
}

BackConnection::BackConnection(Worker& worker, const ConnectRequest& request, backend::ServerSocket socket,
                               bool connecting, const net::SocketAddress& server) noexcept
    : worker_(worker),
      server_(*request.server),
      mux_(*request.settings, socket.fd.take(), connecting, *this),
      server_address_(server.address()),
      source_port_(std::move(socket.port)),
      early_bytes_(server_address_.is_loopback() && request.server->socks4() == nullptr) {}

void BackConnection::destroy() noexcept {
  Worker& worker = worker_;
  this->~BackConnection();
  worker.back_memory().give(this);
}

const net::Address& BackConnection::local_address() noexcept {
  if (!local_known_) {
    local_known_ = true;
    sockaddr_storage local;
    socklen_t len = sizeof local;
    if (mux_.transport().open() && ::getsockname(mux_.transport().fd(), reinterpret_cast<sockaddr*>(&local), &len) == 0)
      local_address_ = net::Address::from(reinterpret_cast<sockaddr*>(&local), len);
  }
  return local_address_;
}

void BackConnection::end(net::CloseMode mode) noexcept {
  if (ended_) return;
  ended_ = true;
  private_hook.unlink();
  backend::IdlePool::detach(*this);
  mux_.close(mode);
  worker_.loop().bury(*this);
}

void BackConnection::on_idle_event() noexcept { end(net::CloseMode::Normal); }

}  // namespace sluice::proxy
