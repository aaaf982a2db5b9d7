// Into the background (-D, "daemon"; management manual 3). The parent stays until the child serves, or has failed, so
// that its exit status tells how the start went. Thread: start-up, before any other thread.
#pragma once

#include <string>

#include "sluice/base/result.h"
#include "sluice/base/unique_fd.h"
#include "sluice/ops/console.h"

namespace sluice::process {

class Daemon {
 public:
  // Goes on in the child, in a session of its own; the parent waits and exits with 0 once ready() was called, or with
  // the child's status. Messages still go to the terminal.
  base::Result<void, std::string> detach();
  // For a child of one that has done so: only the terminal is to be left, in ready().
  void follow() noexcept;
  // The start is over: lets the terminal and the parent go. Nothing happens without detach() or follow().
  void ready(ops::Console& console) noexcept;

 private:
  base::UniqueFd nowhere_;  // /dev/null, opened before chroot
  base::UniqueFd parent_;   // a pipe: one byte means ready
};

}  // namespace sluice::process
