// Opens what a `bind` line asks for: bound, listening, non-blocking sockets. Thread: start-up.
#pragma once

#include <string>
#include <string_view>

#include "sluice/base/result.h"
#include "sluice/base/unique_fd.h"
#include "sluice/net/bind_spec.h"

namespace sluice::net {

struct ListenOptions {
  bool reuseport = true;  // several sockets on one address (one per thread)
  int backlog = 1024;
  bool delay_ack = false;  // no empty ACK for the first bytes ("option tcp-smart-accept"); accepted sockets inherit it
  std::string_view unix_prefix;   // global "unix-bind prefix"
  UnixPermissions unix_defaults;  // global "unix-bind mode ..."
};

struct OpenedListener {
  base::UniqueFd fd;
  SocketAddress address;   // as bound
  bool inherited = false;  // fd@: came from the parent
  std::string warning;     // "" = all that was asked for could be done
};

// The error is the reference's: "cannot bind socket (Address already in use) [127.0.0.1:80]", with who holds a TCP port
// where /proc tells.
base::Result<OpenedListener, std::string> open_listener(const BindSpec& spec, std::uint16_t port,
                                                        const ListenOptions& options);

// What every accepted socket shall have and, on Linux, inherits: no Nagle delay. For TCP listening sockets that
// somebody else opened, too.
void prepare_accepted(int listening_fd) noexcept;

// The address that every connection of this listener was sent to, Family::None when there can be several (wildcard,
// transparent): saves asking for each connection.
Address single_destination(const BindSpec& spec, const SocketAddress& bound) noexcept;

}  // namespace sluice::net
