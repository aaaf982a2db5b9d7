#include "sluice/runtime/graveyard.h"

#include <utility>

#include "sluice/runtime/running_mark.h"

namespace sluice::runtime {

unsigned Graveyard::destroy_all(RunningMark* mark) noexcept {
  unsigned n = 0;
  while (first_ != nullptr) {
    Buried* x = first_;
    if (x->next_ == x)
      first_ = last_ = nullptr;
    else
      first_ = x->next_;
    ++n;
    if (mark != nullptr) mark->enter(*x);
    x->destroy();
  }
  return n;
}

}  // namespace sluice::runtime
