// Where a loop takes the time from. The loop reads the system clocks directly unless it is given one of these (tests:
// FakeClock).
#pragma once

#include "sluice/base/time.h"

namespace sluice::runtime {

class ClockSource {
 public:
  virtual base::TimePoint now() noexcept = 0;
  virtual base::WallTime wall_now() noexcept = 0;

 protected:
  ~ClockSource() = default;
};

}  // namespace sluice::runtime
