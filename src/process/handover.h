// Giving listening sockets to another process, and getting those of one that runs (-x, "expose-fd listeners"; the
// command _getsocks of the stats socket). The same on the wire as the reference's, in both directions:
//
//   taker                                   giver
//   "_getsocks\n"                ------->
//                                <-------   int32 (of this machine): how many sockets
//                                <-------   one message: up to 252 descriptors (SCM_RIGHTS), and for each of them
//                                           u8 length, name space; u8 length, interface; int32 options (0)
//   int32: how many so far       ------->   when it was full; then the next message
//
// A taker that says "_getsocks all" uses every socket, however many an address has, and gets them. Any other would use
// one of each address (the reference: the one that came last) and close the rest, so it is given the first alone.
// Giving is SocketGiver (socket_giver.h). Taking blocks, each step a second at most. Thread: that of the start.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "process/offered_sockets.h"
#include "sluice/base/result.h"

namespace sluice::process {

// From the stats socket at that path. The error is a sentence for the user.
base::Result<OfferedSockets, std::string> take_sockets(const std::string& path);

// How many descriptors a message has at most.
constexpr std::size_t kSocketsPerMessage = 252;  // SCM_MAX_FD is 253
// One message; never waits. What sendmsg() returns.
ssize_t send_rights(int fd, const void* data, std::size_t bytes, const int* fds, std::size_t count) noexcept;
struct GivenSocket {
  int fd = -1;             // borrowed
  std::string_view netns;  // name of its namespace, "" = ours
};
// What a message says about these sockets.
std::string describe_sockets(std::span<const GivenSocket> sockets);

}  // namespace sluice::process
