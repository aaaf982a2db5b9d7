#include "sluice/proxy/draining.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::proxy {

namespace {

// A connection that has been quiet for so long may be closed without a word.
constexpr base::Millis kQuiet{1000};

// 0 .. below; not for secrets.
std::int64_t random_below(std::int64_t below) noexcept {
  static std::atomic<std::uint64_t> turn{0};
  std::uint64_t x = turn.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed) + 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  x ^= x >> 31U;
  return static_cast<std::int64_t>(x % static_cast<std::uint64_t>(std::max<std::int64_t>(below, 1)));
}

}  // namespace

void Draining::begin(base::TimePoint now, base::Millis spread) noexcept {
  spread_ = spread;
  until_ = base::deadline_after(now, spread);
  active_.store(true, std::memory_order_release);
}

// The nearer the end of the time, the likelier.
bool Draining::draw(base::TimePoint now) const noexcept {
  if (spread_ == base::kNoTimeout) return false;
  if (until_ <= now) return true;
  const auto left = std::chrono::duration_cast<base::Millis>(until_ - now).count();
  return random_below(spread_.count()) >= left;
}

base::TimePoint Draining::idle_end(base::TimePoint since, base::TimePoint now) const noexcept {
  if (spread_ == base::kNoTimeout) return base::kNever;
  const base::TimePoint quiet = since + kQuiet;
  if (until_ <= now) return quiet;
  const auto left = std::chrono::duration_cast<base::Millis>(until_ - now).count();
  return std::max(quiet, now + base::Millis{random_below(left)});
}

}  // namespace sluice::proxy
