// Time types used everywhere. Monotonic for timers and durations, wall clock only for what people read.
#pragma once

#include <chrono>

namespace sluice::base {

using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using Nanos = std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;  // monotonic
using WallClock = std::chrono::system_clock;
using WallTime = WallClock::time_point;  // date, for logs

// "Never": compares later than any deadline.
inline constexpr TimePoint kNever = TimePoint::max();
// An unset timeout. Configuration keeps timeouts as Millis with this meaning "none".
inline constexpr Millis kNoTimeout = Millis{-1};

// now + timeout, or kNever for an unset one and for one that lies beyond what a TimePoint can say.
inline TimePoint deadline_after(TimePoint now, Millis timeout) noexcept {
  if (timeout == kNoTimeout || timeout >= std::chrono::duration_cast<Millis>(kNever - now)) return kNever;
  return now + timeout;
}

}  // namespace sluice::base
