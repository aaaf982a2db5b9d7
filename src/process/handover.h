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
// Blocks, each step a second at most. Thread: start-up for taking, the first loop's for giving.
#pragma once

#include <string>
#include <vector>

#include "process/offered_sockets.h"
#include "sluice/base/result.h"

namespace sluice::process {

// From the stats socket at that path. The error is a sentence for the user.
base::Result<OfferedSockets, std::string> take_sockets(const std::string& path);

// fd: a stream socket on which _getsocks was asked, any mode. False when the taker went away or is too slow.
bool give_sockets(int fd, const std::vector<int>& sockets) noexcept;

}  // namespace sluice::process
