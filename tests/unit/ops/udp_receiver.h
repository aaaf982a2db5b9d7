// A syslog server on loopback: one UDP socket on a port of the system's choice.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sluice/base/unique_fd.h"

namespace sluice::ops::test {

class UdpReceiver {
 public:
  UdpReceiver() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof(a);
    ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&a), len);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&a), &len);
    port_ = ntohs(a.sin_port);
  }
  [[nodiscard]] unsigned port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The datagrams that are there.
  std::vector<std::string> take() {
    std::vector<std::string> out;
    char buf[70000];
    ssize_t n;
    while ((n = ::recv(fd_.get(), buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
      out.emplace_back(buf, static_cast<std::size_t>(n));
    return out;
  }
  void close() { fd_.reset(); }

 private:
  base::UniqueFd fd_;
  unsigned port_ = 0;
};

}  // namespace sluice::ops::test
