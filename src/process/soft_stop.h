// The way from SIGUSR1 to the end of the process (manual 3.1 "grace", "close-spread-time", "hard-stop-after").
//
//   Running ── begin() ──> Announced ── grace ──> Leaving ── moment ──> Draining ── last session ──> loops stop
//                          accepts as before      last clients          nobody accepts
//                                                 are let in            hard-stop-after: loops stop at once
//
// Thread: that of the first loop.
#pragma once

#include <cstdint>

#include "process/listener_control.h"
#include "sluice/runtime/timer.h"

namespace sluice::process {

class SoftStop {
 public:
  SoftStop(Launch& launch, Running& running, Threads& threads, ListenerControl& listeners)
      : launch_(launch), running_(running), threads_(threads), listeners_(listeners) {}
  // Once; later calls do nothing.
  void begin() noexcept;

 private:
  enum class State : std::uint8_t { Running, Announced, Leaving, Draining };

  void leave() noexcept;
  void close() noexcept;
  void end_hard() noexcept;

  Launch& launch_;
  Running& running_;
  Threads& threads_;
  ListenerControl& listeners_;
  State state_ = State::Running;
  runtime::MemberTimer<&SoftStop::leave> grace_{*this};
  runtime::MemberTimer<&SoftStop::close> moment_{*this};
  runtime::MemberTimer<&SoftStop::end_hard> hard_{*this};
};

}  // namespace sluice::process
