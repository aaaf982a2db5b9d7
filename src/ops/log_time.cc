#include "ops/log_time.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace sluice::ops {

namespace {
constexpr std::size_t kMicrosAt = 20;  // "2026-11-22T13:56:39." is before them
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
}  // namespace

void LogClock::render(std::int64_t seconds) noexcept {
  seconds_ = seconds;
  const std::time_t t = static_cast<std::time_t>(seconds);
  std::tm tm{};
  ::localtime_r(&t, &tm);
  const int n = std::snprintf(short_.data(), short_.size(), "%s %2d %02d:%02d:%02d", kMonths[tm.tm_mon % 12],
                              tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
  short_len_ = n < 0 ? 0 : static_cast<std::size_t>(n);
  const long offset = tm.tm_gmtoff / 60;
  const int m = std::snprintf(iso_.data(), iso_.size(), "%04d-%02d-%02dT%02d:%02d:%02d.000000%c%02ld:%02ld",
                              (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100, tm.tm_hour % 100,
                              tm.tm_min % 100, tm.tm_sec % 100, offset < 0 ? '-' : '+', std::labs(offset) / 60 % 100,
                              std::labs(offset) % 60);
  iso_len_ = m < 0 ? 0 : static_cast<std::size_t>(m);
}

std::string_view LogClock::iso(const runtime::WallSplit& t) noexcept {
  refresh(t.seconds);
  std::uint32_t left = t.micros;
  for (std::size_t i = 6; i-- > 0;) {
    iso_[kMicrosAt + i] = static_cast<char>('0' + left % 10);
    left /= 10;
  }
  return {iso_.data(), iso_len_};
}

runtime::WallSplit log_now() noexcept {
  if (const runtime::Loop* loop = runtime::Loop::current()) return loop->wall_split();
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec / 1000)};
}

}  // namespace sluice::ops
