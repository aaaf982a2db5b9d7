#include "process/old_processes.h"

#include <signal.h>
#include <time.h>

namespace sluice::process {

int OldProcesses::pause_signal() noexcept { return SIGTTOU; }
void OldProcesses::resume() noexcept { tell_all(SIGTTIN); }

bool OldProcesses::tell_all(int signo) noexcept {
  bool told = false;
  for (const pid_t pid : pids_) told = ::kill(pid, signo) == 0 || told;
  return told;
}

bool OldProcesses::Attempts::next() noexcept {
  if (left_ == 0) return false;
  --left_;
  const timespec wait{0, 10'000'000};
  ::nanosleep(&wait, nullptr);
  return true;
}

}  // namespace sluice::process
