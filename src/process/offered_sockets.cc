#include "process/offered_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "process/interface_name.h"
#include "process/listen_filter.h"
#include "sluice/base/strings.h"

namespace sluice::process {

namespace {

int get_int(int fd, int level, int option) noexcept {
  int v = 0;
  socklen_t len = sizeof v;
  return ::getsockopt(fd, level, option, &v, &len) == 0 ? v : 0;
}

// Name of a unix socket with what follows its NUL in the abstract name space.
std::string_view unix_name(const net::SocketAddress& a) noexcept {
  const std::size_t head = offsetof(sockaddr_un, sun_path);
  if (a.len <= head) return {};
  std::string_view name(a.un.sun_path, a.len - head);
  if (name.front() != '\0') name = name.substr(0, name.find('\0'));
  return name;
}

bool same_address(const net::SocketAddress& a, const net::SocketAddress& b) noexcept {
  if (a.family() != b.family()) return false;
  switch (a.family()) {
    case AF_INET:
      return a.in.sin_port == b.in.sin_port && a.in.sin_addr.s_addr == b.in.sin_addr.s_addr;
    case AF_INET6:
      return a.in6.sin6_port == b.in6.sin6_port &&
             std::memcmp(&a.in6.sin6_addr, &b.in6.sin6_addr, sizeof a.in6.sin6_addr) == 0;
    case AF_UNIX:
      return without_temporary_suffix(unix_name(a)) == without_temporary_suffix(unix_name(b));
    default:
      return false;
  }
}

}  // namespace

std::string_view without_temporary_suffix(std::string_view path) noexcept {
  constexpr std::string_view kEnd = ".tmp";
  if (!path.ends_with(kEnd) || path.front() == '\0') return path;
  const std::string_view rest = path.substr(0, path.size() - kEnd.size());
  const auto dot = rest.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == rest.size()) return path;
  const std::string_view pid = rest.substr(dot + 1);
  return std::all_of(pid.begin(), pid.end(), base::is_digit) ? rest.substr(0, dot) : path;
}

void OfferedSockets::add(base::UniqueFd fd, std::string_view netns) {
  if (!fd.valid()) return;
  Socket s;
  s.address.len = sizeof(sockaddr_storage);
  if (get_int(fd.get(), SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
      ::getsockname(fd.get(), &s.address.sa, &s.address.len) != 0)
    return;
  (void)::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  remove_listen_filters(fd.get());
  s.interface = interface_of(fd.get());
  s.where = net::namespace_of_socket(fd.get());
  s.netns = netns;
  if (s.address.family() == AF_INET6) {
    s.v6only = get_int(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY) != 0;
#ifdef IPV6_TRANSPARENT
    s.transparent = get_int(fd.get(), IPPROTO_IPV6, IPV6_TRANSPARENT) != 0;
#endif
  }
#ifdef IP_TRANSPARENT
  if (s.address.family() == AF_INET) s.transparent = get_int(fd.get(), IPPROTO_IP, IP_TRANSPARENT) != 0;
#endif
  s.fd = std::move(fd);
  sockets_.push_back(std::move(s));
}

std::vector<base::UniqueFd> OfferedSockets::take(const net::BindSpec& spec, std::uint16_t port,
                                                 std::string_view unix_prefix) {
  std::vector<base::UniqueFd> out;
  if (sockets_.empty() || spec.address.kind == net::AddressKind::InheritedFd ||
      spec.address.kind == net::AddressKind::SocketPair)
    return out;
  const bool ip = spec.address.kind == net::AddressKind::Ip;
  if (ip && port == 0) return out;
  auto wanted = net::resolve(spec.address, unix_prefix);
  if (!wanted) return out;
  if (ip) wanted->set_port(port);
  int netns = -1;
  if (!spec.netns.empty()) {
    const auto opened = net::open_namespace(spec.netns);
    if (!opened) return out;
    netns = *opened;
  }
  const auto where = net::namespace_id(netns);
  // A path leads to the same socket from every namespace.
  const bool anywhere = spec.address.kind == net::AddressKind::Unix;
  for (auto s = sockets_.begin(); s != sockets_.end();) {
    const bool v6 = wanted->family() == AF_INET6;
    // Without a word about it the line takes what the system or the last owner chose.
    const bool same_v6 = !v6 || (!spec.v6only && !spec.v4v6) || s->v6only == spec.v6only;
    const bool same_place = anywhere || (s->where && where ? *s->where == *where : s->netns == spec.netns);
    if (!same_address(s->address, *wanted) || s->interface != spec.interface || s->transparent != spec.transparent ||
        !same_v6 || !same_place) {
      ++s;
      continue;
    }
    out.push_back(std::move(s->fd));
    s = sockets_.erase(s);
  }
  return out;
}

}  // namespace sluice::process
