#include "sluice/net/listener.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sluice/net/socket_options.h"

namespace sluice::net {

namespace {

using base::unexpected;

std::string failure(std::string_view what, int sys, const SocketAddress& at) {
  std::string s(what);
  if (sys != 0) {
    s += " (";
    s += std::strerror(sys);
    s += ")";
  }
  if (at.family() != AF_UNSPEC) s += " [" + at.text() + "]";
  return s;
}

void set_int(int fd, int level, int option, int value) noexcept {
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

// The descriptor of the namespace that the line names, -1 when it names none. What is returned is an error.
std::string enter_namespace(const BindSpec& spec, int& netns) {
  if (spec.netns.empty()) return {};
  auto opened = open_namespace(spec.netns);
  if (!opened) return opened.error();
  netns = *opened;
  return {};
}

base::Result<OpenedListener, std::string> open_unix(const BindSpec& spec, const SocketAddress& address,
                                                    const ListenOptions& options) {
  OpenedListener out;
  out.address = address;
  int netns = -1;
  if (auto e = enter_namespace(spec, netns); !e.empty()) return unexpected(std::move(e));
  out.fd.reset(open_socket(netns, AF_UNIX, SOCK_STREAM));
  if (!out.fd.valid()) return unexpected(failure("cannot create listening socket", errno, address));
  const bool abstract = address.un.sun_path[0] == '\0';
  const std::string path = abstract ? std::string() : std::string(address.un.sun_path);
  if (abstract) {
    if (::bind(out.fd.get(), &address.sa, address.len) != 0)
      return unexpected(failure("cannot bind UNIX socket", errno, address));
  } else {
    struct stat st {};
    if (::lstat(path.c_str(), &st) == 0 && !S_ISSOCK(st.st_mode))
      return unexpected(failure("cannot bind UNIX socket: the path exists and is not a socket", 0, address));
    // Bound under another name first, then moved: the path never leads nowhere.
    SocketAddress temporary = address;
    const std::string temporary_path = path + "." + std::to_string(::getpid()) + ".tmp";
    if (temporary_path.size() >= sizeof(temporary.un.sun_path))
      return unexpected(failure("UNIX socket path too long", 0, address));
    std::memcpy(temporary.un.sun_path, temporary_path.c_str(), temporary_path.size() + 1);
    temporary.len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + temporary_path.size() + 1);
    ::unlink(temporary_path.c_str());
    if (::bind(out.fd.get(), &temporary.sa, temporary.len) != 0)
      return unexpected(failure("cannot bind UNIX socket", errno, address));
    const UnixPermissions& own = spec.permissions;
    const UnixPermissions& all = options.unix_defaults;
    const long uid = own.uid >= 0 ? own.uid : all.uid;
    const long gid = own.gid >= 0 ? own.gid : all.gid;
    const int mode = own.mode >= 0 ? own.mode : all.mode;
    if ((uid >= 0 || gid >= 0) &&
        ::chown(temporary_path.c_str(), static_cast<uid_t>(uid), static_cast<gid_t>(gid)) != 0) {
      const int e = errno;
      ::unlink(temporary_path.c_str());
      return unexpected(failure("cannot change UNIX socket ownership", e, address));
    }
    if (mode >= 0 && ::chmod(temporary_path.c_str(), static_cast<mode_t>(mode)) != 0) {
      const int e = errno;
      ::unlink(temporary_path.c_str());
      return unexpected(failure("cannot change UNIX socket mode", e, address));
    }
    if (::rename(temporary_path.c_str(), path.c_str()) != 0) {
      const int e = errno;
      ::unlink(temporary_path.c_str());
      return unexpected(failure("cannot switch UNIX socket", e, address));
    }
  }
  if (::listen(out.fd.get(), options.backlog) != 0)
    return unexpected(failure("cannot listen to UNIX socket", errno, address));
  return out;
}

// What accepted sockets inherit, and what may be set while the socket listens already (an inherited one does). What is
// returned is an error.
std::string set_tcp_options(int fd, const BindSpec& spec, const ListenOptions& options, const SocketAddress& address,
                            std::string& warning) {
  if (spec.mss != 0 && ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &spec.mss, sizeof spec.mss) != 0)
    return failure("cannot set MSS", errno, address);
#ifdef TCP_USER_TIMEOUT
  if (spec.tcp_user_timeout != base::kNoTimeout)
    set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(spec.tcp_user_timeout.count()));
#endif
#ifdef TCP_DEFER_ACCEPT
  if (spec.defer_accept) set_int(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
#endif
#ifdef TCP_QUICKACK
  if (options.delay_ack) set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
#endif
#ifdef TCP_SAVE_SYN
  if (spec.save_syn != 0) set_int(fd, IPPROTO_TCP, TCP_SAVE_SYN, spec.save_syn);
#endif
  // manual 5.1 "cc": the default stays, and that is said.
  if (!spec.congestion.empty() && !set_congestion(fd, spec.congestion))
    warning = failure("cannot set congestion control algorithm '" + spec.congestion + "'", errno, address);
  if (!spec.md5_password.empty()) {
    SocketAddress any = address;
    if (address.family() == AF_INET) any.in.sin_addr = {};
    if (address.family() == AF_INET6) any.in6.sin6_addr = {};
    any.set_port(0);
    if (const int sys = set_md5_password(fd, spec.md5_password, any); sys != 0)
      return failure("cannot enable MD5 signature", sys, address);
  }
#ifdef TCP_FASTOPEN
  if (spec.tfo) set_int(fd, IPPROTO_TCP, TCP_FASTOPEN, options.backlog);
#endif
  return {};
}

// A connected socket of ours over which somebody passes connections: there is nothing to bind or to listen to.
base::Result<OpenedListener, std::string> open_socket_pair(int fd) {
  OpenedListener out;
  out.inherited = true;
  const std::string name = "sockpair@" + std::to_string(fd);
  int family = 0;
  socklen_t len = sizeof family;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0)
    return unexpected(failure("cannot use file descriptor", errno, {}) + " [" + name + "]");
  if (family != AF_UNIX) return unexpected("the file descriptor is not a UNIX socket [" + name + "]");
  out.fd.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!out.fd.valid()) return unexpected(failure("cannot duplicate file descriptor", errno, {}) + " [" + name + "]");
  return out;
}

}  // namespace

Address single_destination(const BindSpec& spec, const SocketAddress& bound) noexcept {
  const Address a = bound.address();
  if (spec.transparent || a.port() == 0) return {};
  const std::string_view ip = a.ip_bytes();
  return ip.find_first_not_of('\0') == std::string_view::npos ? Address{} : a;
}

void prepare_accepted(int listening_fd) noexcept { set_int(listening_fd, IPPROTO_TCP, TCP_NODELAY, 1); }

base::Result<OpenedListener, std::string> open_listener(const BindSpec& spec, std::uint16_t port,
                                                        const ListenOptions& options) {
  if (spec.address.kind == AddressKind::SocketPair) return open_socket_pair(spec.address.fd);
  if (spec.address.kind == AddressKind::InheritedFd) {
    OpenedListener out;
    out.inherited = true;
    int type = 0;
    socklen_t len = sizeof type;
    if (::getsockopt(spec.address.fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
      return unexpected("cannot use file descriptor " + std::to_string(spec.address.fd) + " as a listening socket (" +
                        std::strerror(errno) + ")");
    if (type != SOCK_STREAM)
      return unexpected("file descriptor " + std::to_string(spec.address.fd) + " is not a stream socket");
    out.fd.reset(::fcntl(spec.address.fd, F_DUPFD_CLOEXEC, 3));
    if (!out.fd.valid())
      return unexpected(std::string("cannot duplicate file descriptor (") + std::strerror(errno) + ")");
    (void)::fcntl(out.fd.get(), F_SETFL, ::fcntl(out.fd.get(), F_GETFL) | O_NONBLOCK);
    out.address.len = sizeof(sockaddr_storage);
    if (::getsockname(out.fd.get(), &out.address.sa, &out.address.len) != 0) out.address.len = 0;
    if (out.address.family() == AF_INET || out.address.family() == AF_INET6) {
      auto e = set_tcp_options(out.fd.get(), spec, options, out.address, out.warning);
      if (!e.empty()) return unexpected(std::move(e));
    }
    if (::listen(out.fd.get(), options.backlog) != 0)
      return unexpected(failure("cannot listen to socket", errno, out.address));
    prepare_accepted(out.fd.get());
    return out;
  }
  auto resolved = resolve(spec.address, options.unix_prefix);
  if (!resolved) return unexpected(resolved.error());
  SocketAddress address = *resolved;
  if (address.family() == AF_UNIX) return open_unix(spec, address, options);
  address.set_port(port);

  OpenedListener out;
  int netns = -1;
  if (auto e = enter_namespace(spec, netns); !e.empty()) return unexpected(std::move(e));
  out.fd.reset(open_socket(netns, address.family(), SOCK_STREAM));
  const int fd = out.fd.get();
  if (fd < 0) return unexpected(failure("cannot create listening socket", errno, address));
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
#ifdef SO_REUSEPORT
  if (options.reuseport) set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#endif
  if (address.family() == AF_INET6) {
    if (spec.v6only) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (spec.v4v6) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
#ifdef IP_TRANSPARENT
  if (spec.transparent) {
    const int one = 1;
    const int rc = address.family() == AF_INET6 ? ::setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof one)
                                                : ::setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof one);
    if (rc != 0) return unexpected(failure("cannot make listening socket transparent", errno, address));
  }
#endif
#ifdef SO_BINDTODEVICE
  if (!spec.interface.empty() && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, spec.interface.c_str(),
                                              static_cast<socklen_t>(spec.interface.size() + 1)) != 0)
    return unexpected(failure("cannot bind listener to device", errno, address));
#endif
  if (auto e = set_tcp_options(fd, spec, options, address, out.warning); !e.empty()) return unexpected(std::move(e));
  if (::bind(fd, &address.sa, address.len) != 0) return unexpected(failure("cannot bind socket", errno, address));
  if (::listen(fd, options.backlog) != 0) return unexpected(failure("cannot listen to socket", errno, address));
  prepare_accepted(fd);
  // Port 0 was given: the kernel chose.
  out.address.len = sizeof(sockaddr_storage);
  if (::getsockname(fd, &out.address.sa, &out.address.len) != 0) out.address = address;
  return out;
}

}  // namespace sluice::net
