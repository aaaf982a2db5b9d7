#include "sluice/net/socks4.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::net {

namespace {
constexpr char kVersion = 4;
constexpr char kConnect = 1;
constexpr char kGranted = 0x5a;
// Who asks, as the reference calls itself; with its end.
constexpr char kUser[8] = "HAProxy";
}  // namespace

Socks4::Socks4(const SocketAddress& target) noexcept {
  request_[0] = kVersion;
  request_[1] = kConnect;
  std::memcpy(&request_[2], &target.in.sin_port, 2);
  std::memcpy(&request_[4], &target.in.sin_addr, 4);
  std::copy(std::begin(kUser), std::end(kUser), request_.begin() + 8);
}

Socks4::Step Socks4::go_on(int fd) noexcept {
  while (!asked()) {
    const ssize_t n = ::send(fd, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (n > 0) {
      sent_ = static_cast<std::uint8_t>(sent_ + n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Step::Wait;
    } else if (errno != EINTR) {
      return Step::Broken;
    }
  }
  while (got_ < reply_.size()) {
    const ssize_t n = ::recv(fd, reply_.data() + got_, reply_.size() - got_, 0);
    if (n > 0) {
      got_ = static_cast<std::uint8_t>(got_ + n);
    } else if (n == 0) {
      errno = ECONNRESET;
      return Step::Broken;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Step::Wait;
    } else if (errno != EINTR) {
      return Step::Broken;
    }
  }
  return reply_[0] == 0 && reply_[1] == kGranted ? Step::Done : Step::Refused;
}

}  // namespace sluice::net
