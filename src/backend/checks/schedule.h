// When the next check is due. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sluice/backend/health.h"
#include "sluice/backend/spec.h"
#include "sluice/base/time.h"

namespace sluice::backend {

// manual 5.2 "inter": inter at full health, downinter when down for good, fastinter in between.
inline base::Millis check_interval(const ServerOptions& o, const Health& h) noexcept {
  if (h.full()) return o.inter;
  if (h.counter == 0) return o.downinter.count() != 0 ? o.downinter : o.inter;
  return o.fastinter.count() != 0 ? o.fastinter : o.inter;
}

// The start of check `index` of `count`, all within the shortest interval of them.
inline base::Millis first_offset(base::Millis shortest, std::size_t index, std::size_t count) noexcept {
  return count == 0
             ? base::Millis{0}
             : base::Millis{shortest.count() * static_cast<std::int64_t>(index) / static_cast<std::int64_t>(count)};
}

// The next of a sequence of random numbers.
inline std::uint32_t next_random(std::uint64_t& state) noexcept {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<std::uint32_t>(state >> 32U);
}

// global "spread-checks": the interval moved by up to +/- percent. random: 0 .. 2^32 - 1.
inline base::Millis spread(base::Millis interval, unsigned percent, std::uint32_t random) noexcept {
  if (percent == 0) return interval;
  const std::int64_t range = interval.count() * percent / 100;
  const auto shift = static_cast<std::int64_t>(static_cast<std::uint64_t>(2 * range + 1) * random >> 32U) - range;
  return base::Millis{std::max<std::int64_t>(1, interval.count() + shift)};
}

}  // namespace sluice::backend
