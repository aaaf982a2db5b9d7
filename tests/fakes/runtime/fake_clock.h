// A clock that only moves when told to.
#pragma once

#include "sluice/runtime/clock_source.h"

namespace sluice::runtime::test {

class FakeClock final : public ClockSource {
 public:
  base::TimePoint now() noexcept override { return now_; }
  base::WallTime wall_now() noexcept override {
    return base::WallTime{
        std::chrono::duration_cast<base::WallClock::duration>(now_.time_since_epoch() + wall_offset_)};
  }
  void advance(base::Nanos d) noexcept { now_ += d; }
  // A step of the system date, as by NTP or an administrator.
  void step_wall(base::Nanos d) noexcept { wall_offset_ += d; }

 private:
  base::TimePoint now_{base::Nanos{1'000'000'000'000}};
  base::Nanos wall_offset_{1'700'000'000'000'000'000};
};

}  // namespace sluice::runtime::test
