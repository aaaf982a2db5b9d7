// When client connections end while the process stops softly (manual 3.1 "close-spread-time").
//
//   at once (default)  the answer that is due says "Connection: close"; connections without a request close as soon as
//                      they have been quiet for a second. Closing one that had an answer a moment ago would meet its
//                      next request on the way; left alone, that request still gets its answer, and the close with it.
//   spread             the same, but at a random moment of the given time for each connection
//   never              connections go on until their own timeouts
//
// Thread: begin() by one, before which nothing else is read; the rest any.
#pragma once

#include <atomic>

#include "sluice/base/time.h"

namespace sluice::proxy {

class Draining {
 public:
  // spread: 0 = at once, base::kNoTimeout = never.
  void begin(base::TimePoint now, base::Millis spread) noexcept;
  [[nodiscard]] bool active() const noexcept { return active_.load(std::memory_order_acquire); }
  // Whether the answer that is about to be sent is the last of its connection.
  [[nodiscard]] bool ends_now(base::TimePoint now) const noexcept { return active() && draw(now); }
  // When a connection closes that has been idle from `since` on; kNever: not because of this.
  [[nodiscard]] base::TimePoint idle_end(base::TimePoint since, base::TimePoint now) const noexcept;

 private:
  [[nodiscard]] bool draw(base::TimePoint now) const noexcept;

  std::atomic<bool> active_{false};
  base::Millis spread_{0};   // constant from begin() on
  base::TimePoint until_{};  // end of the spread; constant from begin() on
};

}  // namespace sluice::proxy
