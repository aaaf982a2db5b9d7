#include "sluice/runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "sluice/runtime/running_mark.h"

namespace sluice::runtime {

namespace {

constexpr std::uint64_t kNanosPerTick = 1000000;

}  // namespace

TimerWheel::~TimerWheel() {
  const auto disarm_all = [](TimerList& list) {
    while (Timer* t = list.front()) t->disarm();
  };
  disarm_all(due_);
  disarm_all(late_);
  for (auto& level : slots_)
    for (auto& slot : level) disarm_all(slot);
}

std::uint64_t TimerWheel::tick_of_deadline(base::TimePoint when) const noexcept {
  if (when <= start_) return 0;
  const auto nanos = static_cast<std::uint64_t>((when - start_).count());
  // Rounded up: never before the deadline.
  return std::min(nanos / kNanosPerTick + (nanos % kNanosPerTick != 0), kMaxTick);
}

void TimerWheel::arm(Timer& t, base::TimePoint when) noexcept {
  t.disarm();
  if (when == base::kNever) return;
  t.when_ = when;
  const std::uint64_t tick = tick_of_deadline(when);
  // A deadline of this very millisecond may have passed although its tick, rounded up, has not.
  if (tick > elapsed_ && when > now_)
    place(t, tick);
  else if (firing_)
    late_.push_back(t);
  else
    due_.push_back(t);
}

void TimerWheel::place(Timer& t, std::uint64_t tick) noexcept {
  SLUICE_DCHECK(tick > elapsed_);
  const auto level = static_cast<unsigned>(std::bit_width((tick ^ elapsed_) | 1U) - 1) / kBits;
  const auto slot = static_cast<unsigned>(tick >> (level * kBits)) % kSlots;
  occupied_[level] |= std::uint64_t{1} << slot;
  slots_[level][slot].push_back(t);
}

TimerWheel::NextSlot TimerWheel::next_slot() noexcept {
  for (unsigned level = 0; level < kLevels; ++level) {
    while (occupied_[level] != 0) {
      const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
      if (slots_[level][slot].empty()) {
        occupied_[level] &= occupied_[level] - 1;
        continue;
      }
      const unsigned above = (level + 1) * kBits;
      return {level, slot, ((elapsed_ >> above) << above) | (std::uint64_t{slot} << (level * kBits))};
    }
  }
  return {kLevels, 0, 0};
}

base::TimePoint TimerWheel::next_wake() noexcept {
  if (!due_.empty()) return start_;
  const NextSlot next = next_slot();
  if (next.level == kLevels) return base::kNever;
  return start_ + base::Millis{static_cast<base::Millis::rep>(next.tick)};
}

void TimerWheel::empty_slot(const NextSlot& at) noexcept {
  TimerList& slot = slots_[at.level][at.slot];
  occupied_[at.level] &= ~(std::uint64_t{1} << at.slot);
  while (Timer* t = slot.pop_front()) {
    const std::uint64_t tick = at.level == 0 ? at.tick : tick_of_deadline(t->when_);
    if (tick <= elapsed_)
      due_.push_back(*t);
    else
      place(*t, tick);
  }
}

void TimerWheel::collect_until(std::uint64_t tick) noexcept {
  for (;;) {
    const NextSlot next = next_slot();
    if (next.level == kLevels || next.tick > tick) break;
    elapsed_ = next.tick;
    empty_slot(next);
  }
  // What is left starts behind `tick`, so its level and slot hold for the new elapsed_ as well.
  elapsed_ = std::max(elapsed_, tick);
}

unsigned TimerWheel::fire(base::TimePoint now, unsigned budget, RunningMark* mark) noexcept {
  now_ = std::max(now_, now);
  if (now > start_) collect_until(static_cast<std::uint64_t>((now - start_).count()) / kNanosPerTick);
  if (due_.empty()) return 0;
  unsigned fired = 0;
  firing_ = true;
  while (fired < budget) {
    Timer* t = due_.pop_front();
    if (t == nullptr) break;
    t->when_ = base::kNever;
    ++fired;
    if (mark != nullptr) mark->enter(*t);
    t->on_timer();
  }
  firing_ = false;
  while (Timer* t = late_.pop_front()) due_.push_back(*t);
  return fired;
}

std::size_t TimerWheel::armed_count() noexcept {
  std::size_t n = due_.size() + late_.size();
  for (auto& level : slots_)
    for (auto& slot : level) n += slot.size();
  return n;
}

}  // namespace sluice::runtime
