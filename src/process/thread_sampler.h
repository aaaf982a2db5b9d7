// Looks once a second at what belongs to one thread alone (pools, pipes) and leaves it where other threads can read it.
// Thread: that of its loop.
#pragma once

#include "sluice/model/stats.h"
#include "sluice/proxy/worker.h"
#include "sluice/runtime/loop.h"

namespace sluice::process {

class ThreadSampler final : public runtime::Timer {
 public:
  // All outlive it. Begins at once.
  ThreadSampler(runtime::Loop& loop, proxy::Worker& worker, model::ThreadFigures& out) noexcept;

  // Between two turns of the clock: pools and pipes as they are now.
  void look() noexcept;

 private:
  void on_timer() noexcept override;

  runtime::Loop& loop_;
  proxy::Worker& worker_;
  model::ThreadFigures& out_;
  base::TimePoint looked_;
  std::uint64_t bytes_out_ = 0;  // at looked_
};

}  // namespace sluice::process
