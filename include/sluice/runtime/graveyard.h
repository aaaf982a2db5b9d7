// Where objects wait that may still be on the call stack. The loop destroys them in the order of arrival after the
// events of the turn; a destructor may bury more, which go in the same round. Thread: the loop's.
#pragma once

#include "sluice/base/check.h"

namespace sluice::runtime {

class RunningMark;

class Buried {
 public:
  Buried() = default;
  Buried(const Buried&) = delete;
  Buried& operator=(const Buried&) = delete;
  // Whether it waits in a graveyard: events may still come in until it is destroyed (timers that are armed, tasks that
  // are scheduled); disarm, cancel and unwatch before you bury.
  [[nodiscard]] bool buried() const noexcept { return next_ != nullptr; }

 protected:
  ~Buried() = default;
  // Ends the object and gives its memory back: `delete this`, or pool.destroy(this).
  virtual void destroy() noexcept = 0;

 private:
  friend class Graveyard;
  Buried* next_ = nullptr;  // itself at the end of the queue
};

class Graveyard {
 public:
  Graveyard() = default;
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;
  ~Graveyard() { destroy_all(nullptr); }

  // From here the graveyard owns x. Burying x twice is harmless.
  void bury(Buried& x) noexcept {
    if (x.next_ != nullptr) return;
    x.next_ = &x;
    if (last_ == nullptr)
      first_ = &x;
    else
      last_->next_ = &x;
    last_ = &x;
  }
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  // Destroys until nothing is left, what destructors bury included. Returns how many that were. mark may be null.
  unsigned destroy_all(RunningMark* mark) noexcept;

 private:
  Buried* first_ = nullptr;
  Buried* last_ = nullptr;
};

}  // namespace sluice::runtime
