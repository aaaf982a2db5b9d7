// Turns signals into events of a loop. One per process; the handler that the kernel calls only notes the number and
// wakes the loop.
#pragma once

#include <signal.h>

#include <array>

#include "sluice/runtime/loop.h"

namespace sluice::runtime {

class SignalHandler {
 public:
  // On the loop's thread, outside of signal context. Several arrivals between two turns are one call.
  virtual void on_signal(int signo) noexcept = 0;

 protected:
  ~SignalHandler() = default;
};

class SignalSource final : private IoHandler {
 public:
  static constexpr int kMaxSignal = 64;  // signals 1 .. 63

  // Watches on `loop`, which outlives it. Thread: the loop's (or the builder's before run()).
  explicit SignalSource(Loop& loop) noexcept;
  SignalSource(const SignalSource&) = delete;
  SignalSource& operator=(const SignalSource&) = delete;
  // Every signal gets back what it had before.
  ~SignalSource();
  [[nodiscard]] bool valid() const noexcept { return wake_.valid(); }

  // h must live as long as the source.
  void handle(int signo, SignalHandler& h) noexcept;
  void ignore(int signo) noexcept;

 private:
  void on_io(unsigned ready) noexcept override;
  void describe(IoDescription& out) const noexcept override { out.kind = IoDescription::Kind::Pipe; }
  void install(int signo, void (*action)(int)) noexcept;

  Loop& loop_;
  WakeFd wake_;
  std::array<SignalHandler*, kMaxSignal> handlers_{};
  std::array<bool, kMaxSignal> installed_{};
  std::array<struct sigaction, kMaxSignal> before_{};
};

}  // namespace sluice::runtime
