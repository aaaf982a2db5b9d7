// The processes that this one takes over from (-sf, -st; management manual 4): asked to let go of their ports when ours
// cannot be bound, and told to finish once we are listening. Thread: start-up.
#pragma once

#include <sys/types.h>

#include <vector>

namespace sluice::process {

class OldProcesses {
 public:
  OldProcesses(std::vector<pid_t> pids, int finish_signal) : pids_(std::move(pids)), finish_signal_(finish_signal) {}

  // SIGTTOU. False when there is nobody to ask; a process that is gone is no error.
  bool pause() noexcept { return tell_all(pause_signal()); }
  // SIGTTIN: we did not make it.
  void resume() noexcept;
  // SIGUSR1 or SIGTERM, as the command line wants.
  void finish() noexcept {
    if (finish_signal_ != 0) tell_all(finish_signal_);
  }

  // Waits a little before each further try to bind: for (Attempts a; failed && a.next();) ...
  class Attempts {
   public:
    bool next() noexcept;

   private:
    unsigned left_ = 100;
  };

 private:
  static int pause_signal() noexcept;
  bool tell_all(int signo) noexcept;

  std::vector<pid_t> pids_;
  int finish_signal_;
};

}  // namespace sluice::process
