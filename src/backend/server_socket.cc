#include "sluice/backend/server_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "sluice/backend/server.h"
#include "sluice/net/descriptor_passing.h"
#include "sluice/net/socket_options.h"

namespace sluice::backend {

namespace {

// Ports of a range that somebody else has are passed by, so many at a time.
constexpr int kMostPorts = 16;

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

int bind_to_range(int fd, net::SocketAddress source, SourcePorts& ports, SourcePort& used) noexcept {
  for (int i = 0; i < kMostPorts; ++i) {
    SourcePort port(ports);
    if (port.number() == 0) return EADDRINUSE;
    source.set_port(port.number());
    const int failed = bind_to(fd, source);
    if (failed == EADDRINUSE) continue;
    used = std::move(port);
    return failed;
  }
  return EADDRINUSE;
}

// One end of a pair; the other goes to who listens at the end of `passes_to`.
int open_pair(int passes_to, base::UniqueFd& out) noexcept {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  out.reset(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  return net::pass_descriptor(passes_to, theirs.get());
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

bool is_passed_on(const net::SocketAddress& to) noexcept {
  return to.family() == AF_UNIX && to.len <= offsetof(sockaddr_un, sun_path);
}

int open_server_socket(const Server& server, const ServerSocketWish& wish, ServerSocket& out) noexcept {
  const net::SocketAddress& to = wish.to;
  if (is_passed_on(to)) return open_pair(server.passes_to(), out.fd);
  const int netns = server.in_client_namespace() ? wish.client_netns : server.netns();
  out.fd.reset(net::open_socket(netns, to.family(), SOCK_STREAM));
  if (!out.fd.valid()) return errno;
  const int fd = out.fd.get();
#ifdef SO_BINDTODEVICE
  if (const std::string& device = server.source_interface(); !device.empty()) {
    if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size() + 1)) != 0)
      return errno;
  }
#endif
  if (to.family() != AF_UNIX) {
    if (const int failed = set_tcp_options(fd, server.options(), to, wish.data_follows); failed != 0) return failed;
  }
  // Of another family than the server's it cannot be presented.
  const auto family = to.address().family();
  const net::Address& presented = wish.presented;
  if (presented.family() != net::Family::None && presented.family() == family) return bind_presented(fd, presented);
  if (server.source() == nullptr) return 0;
  if (server.source_ports() == nullptr) return bind_to(fd, *server.source());
  return bind_to_range(fd, *server.source(), *server.source_ports(), out.port);
}

int connect_server_socket(const net::SocketAddress& to, int fd) noexcept {
  if (is_passed_on(to)) return 0;
  return ::connect(fd, &to.sa, to.len) == 0 ? 0 : errno;
}

}  // namespace sluice::backend
