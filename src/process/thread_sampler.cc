#include "process/thread_sampler.h"

namespace sluice::process {

namespace {

constexpr base::Millis kPeriod{1000};

}  // namespace

ThreadSampler::ThreadSampler(runtime::Loop& loop, proxy::Worker& worker, model::ThreadFigures& out) noexcept
    : loop_(loop), worker_(worker), out_(out), looked_(loop.now()) {
  look();
  loop_.arm_after(*this, kPeriod);
}

void ThreadSampler::on_timer() noexcept {
  const std::uint64_t bytes = worker_.counters().bytes_out.get();
  const auto ms = std::chrono::duration_cast<base::Millis>(loop_.now() - looked_).count();
  if (ms > 0) {
    const std::uint64_t rate = (bytes - bytes_out_) * 1000 / static_cast<std::uint64_t>(ms);
    out_.bytes_out_rate.store(rate, std::memory_order_relaxed);
    looked_ = loop_.now();
    bytes_out_ = bytes;
  }
  look();
  loop_.arm_after(*this, kPeriod);
}

void ThreadSampler::look() noexcept {
  std::uint64_t allocated = 0;
  std::uint64_t used = 0;
  for (const base::RawPool* pool :
       {&loop_.buffers().raw(), &worker_.session_memory(), &worker_.stream_memory(), &worker_.back_memory()}) {
    used += pool->used() * pool->object_bytes();
    allocated += (pool->used() + pool->free_count()) * pool->object_bytes();
  }
  out_.pool_allocated_bytes.store(allocated, std::memory_order_relaxed);
  out_.pool_used_bytes.store(used, std::memory_order_relaxed);
  out_.tasks_waiting.store(static_cast<std::uint32_t>(loop_.tasks_waiting()), std::memory_order_relaxed);
  out_.pipes_used.store(static_cast<std::uint32_t>(worker_.pipes().used()), std::memory_order_relaxed);
  out_.pipes_free.store(static_cast<std::uint32_t>(worker_.pipes().free_count()), std::memory_order_relaxed);
}

}  // namespace sluice::process
