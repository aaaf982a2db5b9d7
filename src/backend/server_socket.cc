#include "sluice/backend/server_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "sluice/backend/server.h"
#include "sluice/net/socket_options.h"

namespace sluice::backend {

namespace {

int bind_to(int fd, const net::SocketAddress& source) noexcept {
  const int one = 1;
  const bool any_port = source.address().port() == 0;
#ifdef IP_BIND_ADDRESS_NO_PORT
  // The port is chosen at connect(), where it only has to be unique together with the destination.
  if (any_port) (void)::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
#endif
  if (!any_port) (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return ::bind(fd, &source.sa, source.len) == 0 ? 0 : errno;
}

// An address that need not be ours.
int bind_presented(int fd, const net::Address& presented) noexcept {
  const int one = 1;
  const bool ip6 = presented.family() == net::Family::Ip6;
#if defined(IP_TRANSPARENT) && defined(IPV6_TRANSPARENT)
  const int rc = ip6 ? ::setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof one)
                     : ::setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof one);
  if (rc != 0) return errno;
#else
  (void)one, (void)ip6;
#endif
  return bind_to(fd, net::SocketAddress(presented));
}

int set_tcp_options(int fd, const ServerOptions& o, const net::SocketAddress& to, bool data_follows) noexcept {
  const auto set_int = [fd](int option, int value) {
    (void)::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
  };
#ifdef TCP_USER_TIMEOUT
  if (o.tcp_user_timeout != base::kNoTimeout) set_int(TCP_USER_TIMEOUT, static_cast<int>(o.tcp_user_timeout.count()));
#endif
#ifdef TCP_FASTOPEN_CONNECT
  if (o.tfo && data_follows) set_int(TCP_FASTOPEN_CONNECT, 1);
#else
  (void)data_follows;
#endif
  if (!o.congestion.empty()) (void)net::set_congestion(fd, o.congestion);
  if (!o.md5_password.empty()) return net::set_md5_password(fd, o.md5_password, to);
  return 0;
}

}  // namespace

int open_server_socket(const Server& server, const net::SocketAddress& to, const net::Address& presented,
                       bool data_follows, base::UniqueFd& out) noexcept {
  out.reset(net::open_socket(server.netns(), to.family(), SOCK_STREAM));
  if (!out.valid()) return errno;
  const int fd = out.get();
#ifdef SO_BINDTODEVICE
  if (const std::string& device = server.source_interface(); !device.empty()) {
    if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size() + 1)) != 0)
      return errno;
  }
#endif
  if (to.family() != AF_UNIX) {
    if (const int failed = set_tcp_options(fd, server.options(), to, data_follows); failed != 0) return failed;
  }
  // Of another family than the server's it cannot be presented.
  const auto family = to.address().family();
  if (presented.family() != net::Family::None && presented.family() == family) return bind_presented(fd, presented);
  return server.source() == nullptr ? 0 : bind_to(fd, *server.source());
}

}  // namespace sluice::backend
