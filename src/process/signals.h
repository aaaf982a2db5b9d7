// What signals do to a process that serves (management manual 4): the table of them, on the first loop's thread.
#pragma once

#include <signal.h>

#include "process/listener_control.h"
#include "process/soft_stop.h"
#include "process/threads.h"
#include "sluice/runtime/signal_source.h"

namespace sluice::process {

//   TERM, INT   ends at once, with the signal's status        HUP   servers and proxies to console and logs
//   USR1        soft stop                                     QUIT  pools to the console
//   TTOU, TTIN  listeners pause and resume                    PIPE, USR2 nothing
class Signals final : private runtime::SignalHandler {
 public:
  Signals(Launch& launch, Running& running, Threads& threads, ListenerControl& listeners, SoftStop& soft_stop);

  // The signal that ended the process; 0 = none did.
  [[nodiscard]] int ended_by() const noexcept { return ended_by_; }

 private:
  void on_signal(int signo) noexcept override;

  Launch& launch_;
  Running& running_;
  Threads& threads_;
  ListenerControl& listeners_;
  SoftStop& soft_stop_;
  runtime::SignalSource source_;
  int ended_by_ = 0;
};

// Holds the signals of the table back while it lives, up to end(): those that come meanwhile arrive then.
class SignalsWait {
 public:
  SignalsWait() noexcept;
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;
  ~SignalsWait() { end(); }
  void end() const noexcept;

 private:
  sigset_t before_;
};

// The process ends by the default action of the signal, so that whoever waits sees the usual status (143 for TERM, 130
// for INT, as shells count).
void die_of(int signo) noexcept;

}  // namespace sluice::process
