// Asks a SOCKS4 proxy to connect us to somebody else (manual 5.2 "socks4"). Both sides of the exchange are small and of
// fixed size: a request, eight bytes back, then the connection is the other one's. Thread: the connection's loop.
#pragma once

#include <array>
#include <cstdint>

#include "sluice/net/address.h"

namespace sluice::net {

class Socks4 {
 public:
  // target: IPv4, the protocol knows no other.
  explicit Socks4(const SocketAddress& target) noexcept;

  enum class Step : std::uint8_t {
    Wait,     // for the socket: to be writable until asked(), then to be readable
    Done,     // what is read from now on comes from the target
    Refused,  // the proxy will not or cannot
    Broken,   // the connection to the proxy has failed; errno
  };
  // fd: connected to the proxy, non-blocking. Nothing of what the target says is read.
  Step go_on(int fd) noexcept;
  // The request has been sent.
  [[nodiscard]] bool asked() const noexcept { return sent_ == request_.size(); }

 private:
  std::array<char, 16> request_;
  std::array<char, 8> reply_{};
  std::uint8_t sent_ = 0;
  std::uint8_t got_ = 0;
};

}  // namespace sluice::net
