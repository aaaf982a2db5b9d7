// The dates of log headers, made once per second and thread; only the microseconds change from line to line.
// Thread: each has its own.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sluice/runtime/loop.h"

namespace sluice::ops {

class LogClock {
 public:
  // "Nov  5 13:56:39", local time (RFC 3164 4.1.2).
  std::string_view rfc3164(const runtime::WallSplit& t) noexcept {
    refresh(t.seconds);
    return {short_.data(), short_len_};
  }
  // "2026-11-22T13:56:39.123456+00:00", local time (RFC 5424 6.2.3).
  std::string_view iso(const runtime::WallSplit& t) noexcept;

 private:
  void refresh(std::int64_t seconds) noexcept {
    if (seconds != seconds_) render(seconds);
  }
  void render(std::int64_t seconds) noexcept;

  std::int64_t seconds_ = -1;
  std::array<char, 24> short_{};
  std::array<char, 40> iso_{};
  std::size_t short_len_ = 0;
  std::size_t iso_len_ = 0;
};

// The current time: the loop's, or the system's where there is no loop.
runtime::WallSplit log_now() noexcept;

}  // namespace sluice::ops
