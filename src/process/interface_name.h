// The interface a socket is bound to ("interface" of a bind line), "" for all. Thread: any.
#pragma once

#include <net/if.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

namespace sluice::process {

inline std::string interface_of(int fd) {
#ifdef SO_BINDTODEVICE
  char name[IFNAMSIZ] = "";
  socklen_t len = sizeof name;
  if (::getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) == 0) return {name, ::strnlen(name, len)};
#else
  (void)fd;
#endif
  return {};
}

}  // namespace sluice::process
