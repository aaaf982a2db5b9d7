#include "back_connection.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "sluice/backend/bind_source.h"

namespace sluice::proxy {

namespace {

void set_int(int fd, int level, int option, int value) noexcept { (void)::setsockopt(fd, level, option, &value, sizeof value); }

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

}  // namespace

BackConnection* BackConnection::connect(Worker& worker, const ConnectRequest& request, base::Error& error) noexcept {
  error = {base::ErrorCode::None, base::Side::Back, base::Retry::Yes, 0};
  backend::Server& server = *request.server;
  const net::SocketAddress to = server.connect_address(request.client_port);
  const bool tcp = to.family() == AF_INET || to.family() == AF_INET6;
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error.code = connect_code(errno);
    error.sys = errno;
    return nullptr;
  }
  const GlobalSettings& settings = worker.global().settings;
  if (tcp) {
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (request.spec->options.tcpka_server) set_keepalive(fd, request.spec->server_keepalive);
#ifdef TCP_QUICKACK
    if (request.spec->options.tcp_smart_connect) set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
#endif
  }
  if (settings.server_sndbuf != 0) set_int(fd, SOL_SOCKET, SO_SNDBUF, settings.server_sndbuf);
  if (settings.server_rcvbuf != 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, settings.server_rcvbuf);
  if (const int failed = backend::bind_source(fd, server); failed != 0) {
    error.code = base::ErrorCode::NoResource;
    error.sys = failed;
    ::close(fd);
    return nullptr;
  }
  bool connecting = false;
  if (::connect(fd, &to.sa, to.len) != 0) {
    // A unix socket whose backlog is full says EAGAIN: nothing will report when it has room, so that is a failure.
    if (errno != EINPROGRESS) {
      error.code = errno == EAGAIN ? base::ErrorCode::ConnectFailed : connect_code(errno);
      error.sys = errno;
      ::close(fd);
      return nullptr;
    }
    connecting = true;
  }
  void* memory = worker.back_memory().take();
  if (memory == nullptr) {
    error.code = base::ErrorCode::NoResource;
    ::close(fd);
    return nullptr;
  }
  auto* c = ::new (memory) BackConnection(worker, request, fd, connecting, to.address());
  return c;
}

BackConnection::BackConnection(Worker& worker, const ConnectRequest& request, int fd, bool connecting, const net::Address& peer) noexcept
    : worker_(worker), server_(*request.server), mux_(*request.settings, fd, connecting, *this), server_address_(peer) {}

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
