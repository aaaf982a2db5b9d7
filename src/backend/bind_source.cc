#include "sluice/backend/bind_source.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "sluice/backend/server.h"

namespace sluice::backend {

int bind_source(int fd, const Server& server) noexcept {
#ifdef SO_BINDTODEVICE
  if (const std::string& device = server.source_interface(); !device.empty()) {
    if (::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size() + 1)) != 0)
      return errno;
  }
#endif
  const net::SocketAddress* source = server.source();
  if (source == nullptr) return 0;
  const int one = 1;
  const bool any_port = source->address().port() == 0;
#ifdef IP_BIND_ADDRESS_NO_PORT
  // The port is chosen at connect(), where it only has to be unique together with the destination.
  if (any_port) (void)::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
#endif
  if (!any_port) (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return ::bind(fd, &source->sa, source->len) == 0 ? 0 : errno;
}

}  // namespace sluice::backend
