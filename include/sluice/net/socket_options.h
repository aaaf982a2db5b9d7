// Options of sockets that "bind" and "server" lines share (manual 5.1, 5.2), and sockets of other network namespaces.
// Thread: any, except where start-up is said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sluice/base/result.h"
#include "sluice/net/address.h"

namespace sluice::net {

// "cc": false when the system has not that algorithm, or not for us; the default stays.
bool set_congestion(int fd, const std::string& algorithm) noexcept;

// "tcp-md5sig": every segment to and from `peer` is signed (RFC 2385); family alone counts when its address is a
// wildcard. errno, 0 when done.
int set_md5_password(int fd, const std::string& password, const SocketAddress& peer) noexcept;

// Opens a network namespace of `ip netns` by its name; it stays open. Start-up.
base::Result<int, std::string> open_namespace(const std::string& name);

struct NamedNamespace {
  std::string name;
  int fd = -1;  // of open_namespace()
};

// What tells namespaces apart, under whatever name.
struct NamespaceId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const NamespaceId&) const = default;
};
// netns: from open_namespace(), < 0: our own. Unset: the system does not tell.
std::optional<NamespaceId> namespace_id(int netns) noexcept;
// Where a socket was opened. Unset: the system does not tell us (it asks for the right CAP_NET_ADMIN).
std::optional<NamespaceId> namespace_of_socket(int fd) noexcept;

// A non-blocking socket in that namespace; netns < 0: in our own. -1 with errno when that fails.
int open_socket(int netns, int family, int type) noexcept;

}  // namespace sluice::net
