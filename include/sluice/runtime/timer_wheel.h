// The set of armed timers of one loop: a hierarchical wheel of 7 levels with 64 slots each; a slot of level n spans
// 64^n ms.
//
// Invariants, with `elapsed_` = the last tick (millisecond since the wheel's start) that was looked at:
//  - a timer with tick t > elapsed_ hangs in level n = index of the highest 6-bit digit in which t and elapsed_ differ,
//  in the
//    slot numbered by that digit of t. So digits above n are equal, digit n is larger than elapsed_'s, and everything
//    in level n comes before anything in level n + 1: the next thing to do is the lowest slot of the lowest level in
//    use.
//  - a timer whose deadline has passed hangs in due_ (or late_, when it was armed while timers fire).
//  - occupied_[n] has a bit for every slot of level n that holds a timer. A bit may outlive its timers, since a
//  disarmed timer
//    unlinks itself without knowing the wheel; stale bits are cleared when they are met.
// When elapsed_ reaches the start of a slot of level n > 0, its timers move to lower levels; each timer moves at most 6
// times. Thread: the loop's.
#pragma once

#include <array>
#include <cstdint>

#include "sluice/runtime/timer.h"

namespace sluice::runtime {

class RunningMark;

class TimerWheel {
 public:
  explicit TimerWheel(base::TimePoint start) noexcept : start_(start), now_(start) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  // Timers that are still armed are disarmed.
  ~TimerWheel();

  // (Re-)arms. kNever disarms. A deadline that has passed fires with the next fire().
  void arm(Timer& t, base::TimePoint when) noexcept;

  // A time at which fire() has something to do: never later than the earliest deadline, and not earlier than the start
  // of its slot (waking there costs one turn that finds nothing). kNever when no timer is armed; start() or before = at
  // once.
  [[nodiscard]] base::TimePoint next_wake() noexcept;

  // Fires the timers whose deadline is at or before `now`, at most `budget` of them; the others follow in the next
  // call. Timers that are armed from on_timer() never fire in the same call. Returns how many fired. mark may be null.
  unsigned fire(base::TimePoint now, unsigned budget, RunningMark* mark) noexcept;

  // O(slots + timers); for tests and reports.
  [[nodiscard]] std::size_t armed_count() noexcept;

 private:
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1U << kBits;
  static constexpr unsigned kLevels = 7;  // 2^42 ms: 139 years
  static constexpr std::uint64_t kMaxTick = (std::uint64_t{1} << (kBits * kLevels)) - 1;
  using TimerList = base::List<Timer, &Timer::hook_>;
  struct NextSlot {
    unsigned level;  // kLevels: none
    unsigned slot;
    std::uint64_t tick;  // where the slot starts
  };

  [[nodiscard]] std::uint64_t tick_of_deadline(base::TimePoint when) const noexcept;
  void place(Timer& t, std::uint64_t tick) noexcept;
  [[nodiscard]] NextSlot next_slot() noexcept;
  void collect_until(std::uint64_t tick) noexcept;
  void empty_slot(const NextSlot& at) noexcept;

  const base::TimePoint start_;
  base::TimePoint now_;  // of the last fire()
  std::uint64_t elapsed_ = 0;
  bool firing_ = false;
  std::array<std::uint64_t, kLevels> occupied_{};
  TimerList due_;
  TimerList late_;
  std::array<std::array<TimerList, kSlots>, kLevels> slots_;
};

}  // namespace sluice::runtime
