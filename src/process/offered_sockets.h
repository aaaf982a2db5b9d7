// Listening sockets that another process opened and gave us: from the master (by inheritance), or from a process that
// runs (`_getsocks`, see handover.h). They are told apart by what the kernel says of them: address, interface, network
// namespace. Only where it does not tell the namespace (it asks for a right) the giver's word counts. Thread: start-up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/unique_fd.h"
#include "sluice/net/address.h"
#include "sluice/net/bind_spec.h"
#include "sluice/net/socket_options.h"

namespace sluice::process {

class OfferedSockets {
 public:
  OfferedSockets() = default;
  OfferedSockets(OfferedSockets&&) = default;
  OfferedSockets& operator=(OfferedSockets&&) = default;

  // Anything that is no listening stream socket is closed. A socket is made ready to be used: close-on-exec, and
  // without filters that its last owner may have left.
  // netns: the namespace's name as the giver has it, "" for its own.
  void add(base::UniqueFd fd, std::string_view netns = {});
  // All sockets that listen where this line wants to, in the order they were added; they are no longer offered. port:
  // the line's, or one of its range.
  std::vector<base::UniqueFd> take(const net::BindSpec& spec, std::uint16_t port, std::string_view unix_prefix);
  [[nodiscard]] std::size_t size() const noexcept { return sockets_.size(); }
  // Closes what nobody took.
  void close() noexcept { sockets_.clear(); }

 private:
  struct Socket {
    base::UniqueFd fd;
    net::SocketAddress address;
    std::string interface;
    std::optional<net::NamespaceId> where;
    std::string netns;  // the giver's word
    bool v6only = false;
    bool transparent = false;
  };
  std::vector<Socket> sockets_;
};

// A unix socket is bound under "path.<pid>.tmp" and then renamed: what the kernel reports, without that ending.
std::string_view without_temporary_suffix(std::string_view path) noexcept;

}  // namespace sluice::process
