#include "sluice/net/socket_options.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "sluice/base/check.h"
#include "sluice/base/unique_fd.h"

namespace sluice::net {

using base::unexpected;

bool set_congestion(int fd, const std::string& algorithm) noexcept {
#ifdef TCP_CONGESTION
  return ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, algorithm.c_str(), static_cast<socklen_t>(algorithm.size())) ==
         0;
#else
  return false;
#endif
}

int set_md5_password(int fd, const std::string& password, const SocketAddress& peer) noexcept {
#ifdef TCP_MD5SIG_EXT
  tcp_md5sig m{};
  if (password.size() > sizeof m.tcpm_key) return EINVAL;
  std::memcpy(&m.tcpm_addr, &peer.storage, sizeof m.tcpm_addr);
  const Address address = peer.address();
  const std::string_view ip = address.ip_bytes();
  const bool any = ip.find_first_not_of('\0') == std::string_view::npos;
  if (any) m.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;  // length 0: every address of the family
  m.tcpm_keylen = static_cast<std::uint16_t>(password.size());
  std::memcpy(m.tcpm_key, password.data(), password.size());
  return ::setsockopt(fd, IPPROTO_TCP, any ? TCP_MD5SIG_EXT : TCP_MD5SIG, &m, sizeof m) == 0 ? 0 : errno;
#else
  (void)fd, (void)password, (void)peer;
  return ENOPROTOOPT;
#endif
}

#ifdef __linux__

namespace {

constexpr const char* kNamespaces = "/var/run/netns/";

// Ours, to come back to. Opened before the first other one.
int own_namespace() noexcept {
  static const int fd = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  return fd;
}

}  // namespace

base::Result<int, std::string> open_namespace(const std::string& name) {
  static std::map<std::string, base::UniqueFd> opened;
  if (const auto it = opened.find(name); it != opened.end()) return it->second.get();
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    return unexpected("'" + name + "' is not the name of a network namespace");
  if (own_namespace() < 0)
    return unexpected(std::string("network namespaces are not available: ") + std::strerror(errno));
  base::UniqueFd fd(::open((kNamespaces + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return unexpected("cannot open network namespace '" + name + "': " + std::strerror(errno));
  return opened.emplace(name, std::move(fd)).first->second.get();
}

std::optional<NamespaceId> namespace_id(int netns) noexcept {
  struct stat st {};
  const int fd = netns < 0 ? own_namespace() : netns;
  if (fd < 0 || ::fstat(fd, &st) != 0) return std::nullopt;
  return NamespaceId{st.st_dev, st.st_ino};
}

std::optional<NamespaceId> namespace_of_socket(int fd) noexcept {
#ifdef SIOCGSKNS
  const base::UniqueFd netns(::ioctl(fd, SIOCGSKNS));
  if (netns.valid()) return namespace_id(netns.get());
#else
  (void)fd;
#endif
  return std::nullopt;
}

int open_socket(int netns, int family, int type) noexcept {
  type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (netns < 0) return ::socket(family, type, 0);
  // The calling thread moves over, opens and comes back.
  if (::setns(netns, CLONE_NEWNET) != 0) return -1;
  const int fd = ::socket(family, type, 0);
  const int sys = errno;
  SLUICE_CHECK(::setns(own_namespace(), CLONE_NEWNET) == 0);
  errno = sys;
  return fd;
}

#else

base::Result<int, std::string> open_namespace(const std::string&) {
  return unexpected(std::string("network namespaces are not available on this system"));
}

std::optional<NamespaceId> namespace_id(int) noexcept { return std::nullopt; }
std::optional<NamespaceId> namespace_of_socket(int) noexcept { return std::nullopt; }

int open_socket(int, int family, int type) noexcept { return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

#endif

}  // namespace sluice::net
