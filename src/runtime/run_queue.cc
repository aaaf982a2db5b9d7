#include "sluice/runtime/run_queue.h"

#include "sluice/runtime/running_mark.h"

namespace sluice::runtime {

unsigned RunQueue::run_pass(RunningMark* mark) noexcept {
  ++pass_;  // what is scheduled from now on carries this number and waits
  unsigned ran = 0;
  for (unsigned cls = 0; cls < kTaskClasses; ++cls) {
    for (unsigned n = 0; n < shares_.of[cls]; ++n) {
      Task* t = queues_[cls].front();
      if (t == nullptr || t->pass_ == pass_) break;
      t->hook_.unlink();
      ++ran;
      if (mark != nullptr) mark->enter(*t);
      t->run(t->reasons_);
    }
  }
  return ran;
}

}  // namespace sluice::runtime
