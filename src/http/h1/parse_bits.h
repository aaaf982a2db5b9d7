// What the lines of one head said, gathered while they pass. Private to the parser.
#pragma once

#include <cstdint>

namespace sluice::http::h1 {

enum Seen : std::uint32_t {
  kSeenHost = 1U << 0,
  kSeenContentLength = 1U << 1,
  kSeenTransferEncoding = 1U << 2,
  kSeenChunked = 1U << 3,       // "chunked" was named
  kSeenOtherCoding = 1U << 4,   // a coding that is not chunked, or an empty element
  kSeenTokenUpgrade = 1U << 5,  // Connection: upgrade
  kSeenUpgrade = 1U << 6,       // an Upgrade field
  kSeenUpgradeWebsocket = 1U << 7,
  kSeenWebsocketKey = 1U << 8,  // well-formed; of a response: Sec-WebSocket-Accept
  kSeenTe = 1U << 9,
  kSeenUpperUnknown = 1U << 10,  // an unknown name holds upper-case letters
};

}  // namespace sluice::http::h1
