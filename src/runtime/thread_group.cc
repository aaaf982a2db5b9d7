#include "sluice/runtime/thread_group.h"

#include <algorithm>
#include <system_error>

#include "runtime/os.h"

namespace sluice::runtime {

CpuSet CpuSet::allowed() noexcept {
  CpuSet set = os::allowed_cpus();
  if (set.empty()) {
    const unsigned n = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < std::min<std::size_t>(n, kMaxCpus); ++i) set.bits.set(i);
  }
  return set;
}

unsigned default_thread_count() noexcept { return std::clamp(CpuSet::allowed().count(), 1U, kMaxThreads); }

base::Result<std::unique_ptr<ThreadGroup>, base::Error> ThreadGroup::make(ThreadGroupOptions options) {
  const unsigned n = options.threads != 0 ? std::min(options.threads, kMaxThreads) : default_thread_count();
  std::unique_ptr<ThreadGroup> group(new ThreadGroup(std::move(options)));
  group->loops_.reserve(n);
  for (unsigned i = 0; i < n; ++i) {
    LoopOptions loop_options = group->options_.loop;
    loop_options.index = i;
    auto loop = Loop::make(loop_options);
    if (!loop) return base::unexpected(loop.error());
    group->loops_.push_back(std::move(loop).value());
  }
  return group;
}

ThreadGroup::~ThreadGroup() {
  stop();
  join();
}

base::Result<void, base::Error> ThreadGroup::start(bool caller_runs_first) {
  for (std::size_t i = caller_runs_first ? 1 : 0; i < loops_.size(); ++i) {
    try {
      threads_.emplace_back([this, i] { run_thread(i); });
    } catch (const std::system_error& e) {
      stop();
      join();
      return base::unexpected(
          base::Error{base::ErrorCode::System, base::Side::Internal, base::Retry::No, e.code().value()});
    }
  }
  return {};
}

void ThreadGroup::run_thread(std::size_t i) noexcept {
  // The first thread of a process carries the process's name, which tools look for.
  if (i != 0) os::name_this_thread(options_.name + '/' + std::to_string(i + 1));
  if (i < options_.cpus.size() && !options_.cpus[i].empty()) (void)os::pin_this_thread(options_.cpus[i]);
  Loop& loop = *loops_[i];
  const LoopBinding binding(loop);
  if (options_.on_start != nullptr) options_.on_start(options_.ctx, loop);
  loop.run();
  if (options_.on_stop != nullptr) options_.on_stop(options_.ctx, loop);
}

void ThreadGroup::run_first() noexcept { run_thread(0); }

void ThreadGroup::stop() noexcept {
  for (auto& loop : loops_) loop->stop();
}

void ThreadGroup::join() noexcept {
  for (auto& t : threads_)
    if (t.joinable()) t.join();
  threads_.clear();
}

std::size_t ThreadGroup::post_each(const Message& m) noexcept {
  std::size_t taken = 0;
  for (auto& loop : loops_) taken += loop->post(m) ? 1 : 0;
  return taken;
}

}  // namespace sluice::runtime
