// Makes listening stats sockets.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "sluice/ops/cli_server.h"

namespace sluice::ops {

namespace {

constexpr int kBacklog = 1024;

std::string failure(const StatsSocketSpec& spec, const char* what) {
  return std::string("cannot ") + what + " stats socket [" + spec.text + "] (" + std::strerror(errno) + ")";
}

base::Result<base::UniqueFd, std::string> take_inherited(const StatsSocketSpec& spec) {
  const int fd = spec.address.fd;
  int listening = 0;
  socklen_t len = sizeof(listening);
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || listening == 0)
    return base::unexpected("stats socket [" + spec.text + "] is not a listening socket");
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return base::UniqueFd(fd);
}

// Applies mode and owner to a path; errno on failure.
bool set_rights(const char* path, const StatsSocketSpec& spec) {
  if (spec.mode && ::chmod(path, *spec.mode) != 0) return false;
  if (spec.uid || spec.gid) {
    const uid_t uid = spec.uid ? *spec.uid : static_cast<uid_t>(-1);
    const gid_t gid = spec.gid ? *spec.gid : static_cast<gid_t>(-1);
    if (::chown(path, uid, gid) != 0) return false;
  }
  return true;
}

base::Result<base::UniqueFd, std::string> bind_path(base::UniqueFd fd, const net::SocketAddress& address,
                                                    const StatsSocketSpec& spec) {
  const std::string path = address.un.sun_path;
  struct stat st {};
  if (::lstat(path.c_str(), &st) == 0 && !S_ISSOCK(st.st_mode))
    return base::unexpected("cannot bind stats socket [" + spec.text + "]: the path exists and is not a socket");
  const std::string fresh = path + "." + std::to_string(::getpid()) + ".tmp";
  net::SocketAddress temporary = address;
  if (fresh.size() >= sizeof(temporary.un.sun_path))
    return base::unexpected("path too long for stats socket [" + spec.text + "]");
  std::memcpy(temporary.un.sun_path, fresh.c_str(), fresh.size() + 1);
  temporary.len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + fresh.size() + 1);
  ::unlink(fresh.c_str());
  if (::bind(fd.get(), &temporary.sa, temporary.len) != 0) return base::unexpected(failure(spec, "bind"));
  if (!set_rights(fresh.c_str(), spec)) {
    auto error = failure(spec, "change rights of");
    ::unlink(fresh.c_str());
    return base::unexpected(std::move(error));
  }
  if (::listen(fd.get(), spec.backlog != 0 ? static_cast<int>(spec.backlog) : kBacklog) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    auto error = failure(spec, "listen on");
    ::unlink(fresh.c_str());
    return base::unexpected(std::move(error));
  }
  return fd;
}

}  // namespace

base::Result<base::UniqueFd, std::string> open_stats_socket(const StatsSocketSpec& spec) {
  if (spec.address.kind == net::AddressKind::InheritedFd) return take_inherited(spec);
  auto address = net::resolve(spec.address);
  if (!address) return base::unexpected(std::string(address.error()));
  base::UniqueFd fd(::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::unexpected(failure(spec, "create"));
  if (spec.address.kind == net::AddressKind::Unix) return bind_path(std::move(fd), *address, spec);
  const int one = 1;
  if (address->family() != AF_UNIX) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (::bind(fd.get(), &address->sa, address->len) != 0) return base::unexpected(failure(spec, "bind"));
  if (::listen(fd.get(), spec.backlog != 0 ? static_cast<int>(spec.backlog) : kBacklog) != 0)
    return base::unexpected(failure(spec, "listen on"));
  return fd;
}

}  // namespace sluice::ops
