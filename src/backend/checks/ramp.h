// Lets a server that starts slowly get its weight step by step, whoever started it: a check, its agent, an
// administrator (manual 5.2 "slowstart"). Thread: the loop's.
#pragma once

#include <algorithm>

#include "sluice/backend/backend.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend {

class Ramp {
 public:
  Ramp(runtime::Loop& loop, Server& server) : loop_(loop), server_(server) {}
  void start() noexcept { loop_.arm_after(timer_, step()); }
  void stop() noexcept { timer_.disarm(); }

 private:
  [[nodiscard]] base::Millis step() const noexcept {
    return std::clamp(server_.options().slowstart / 20, base::Millis{20}, base::Millis{1000});
  }
  void on_step() noexcept {
    if (server_.op_state() == OpState::Starting) (void)server_.backend().ramp_up(server_);
    start();
  }

  runtime::Loop& loop_;
  Server& server_;
  runtime::MemberTimer<&Ramp::on_step> timer_{*this};
};

}  // namespace sluice::backend
