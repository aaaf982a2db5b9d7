// Hashes that more than one room has to agree on.
#pragma once

#include <cstdint>

namespace sluice::base {

// Robert Jenkins' 32-bit integer mix, and a multiplication behind it as the reference's results show: converters with
// "avalanche", "hash-type ... avalanche", places on the ring of "hash-type consistent" (manual 4.2).
[[nodiscard]] constexpr std::uint32_t avalanche(std::uint32_t a) noexcept {
  a = (a + 0x7ed55d16U) + (a << 12U);
  a = (a ^ 0xc761c23cU) ^ (a >> 19U);
  a = (a + 0x165667b1U) + (a << 5U);
  a = (a + 0xd3a2646cU) ^ (a << 9U);
  a = (a + 0xfd7046c5U) + (a << 3U);
  a = (a ^ 0xb55a4f09U) ^ (a >> 16U);
  // A prime near three quarters of the range.
  return a * 3221225473U;
}

}  // namespace sluice::base
