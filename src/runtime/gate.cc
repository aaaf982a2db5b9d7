#include "sluice/runtime/gate.h"

#include "sluice/runtime/loop.h"

namespace sluice::runtime {

void Gate::close(Task& emptied) noexcept {
  SLUICE_CHECK(!closed_);
  closed_ = true;
  emptied_ = &emptied;
  if (inside_ == 0) Loop::current()->schedule(emptied);
}

void Gate::left() noexcept {
  SLUICE_DCHECK(inside_ != 0);
  if (--inside_ == 0 && closed_) Loop::current()->schedule(*emptied_);
}

}  // namespace sluice::runtime
