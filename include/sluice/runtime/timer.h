// Deadlines. A Timer is an intrusive node: arming allocates nothing, costs O(1), and a timer that dies disarms itself.
//
// Resolution is one millisecond; a timer never fires before its deadline. Timers of one loop fire in the order of their
// deadlines (those of the same millisecond in the order in which they were armed, as a rule).
//
// Cheap timeouts: keep the real deadline in your object, move it as often as you like without touching the timer, and
// in on_timer() re-arm when the deadline lies in the future. Only a deadline that moves *earlier* needs arm() at once:
//     if (deadline < timer.when()) loop.arm(timer, deadline);
// Thread: the loop's.
#pragma once

#include "sluice/base/list.h"
#include "sluice/base/time.h"

namespace sluice::runtime {

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] bool armed() const noexcept { return hook_.linked(); }
  // The deadline it is armed for; kNever when it is not armed.
  [[nodiscard]] base::TimePoint when() const noexcept { return when_; }
  // Nothing happens when it is not armed. Safe at any time, also while other timers fire.
  void disarm() noexcept {
    hook_.unlink();
    when_ = base::kNever;
  }

 protected:
  ~Timer() = default;  // the hook unlinks itself
  // The deadline has passed; the timer is no longer armed and may be armed again from here, for the past too (it then
  // fires in the next turn).
  virtual void on_timer() noexcept = 0;

 private:
  friend class TimerWheel;
  base::ListHook hook_;
  base::TimePoint when_ = base::kNever;
};

// A timer as a member: MemberTimer<&Session::on_client_timeout> client_timer_{*this};
template <auto Method>
class MemberTimer;
template <class Owner, void (Owner::*Method)() noexcept>
class MemberTimer<Method> final : public Timer {
 public:
  explicit MemberTimer(Owner& owner) noexcept : owner_(owner) {}

 private:
  void on_timer() noexcept override { (owner_.*Method)(); }
  Owner& owner_;
};

}  // namespace sluice::runtime
