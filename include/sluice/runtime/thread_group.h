// N threads with one loop each: made, pinned, named, started, stopped and joined together.
#pragma once

#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sluice/base/error.h"
#include "sluice/base/result.h"
#include "sluice/runtime/loop.h"

namespace sluice::runtime {

// A set of CPUs by number.
struct CpuSet {
  static constexpr std::size_t kMaxCpus = 1024;
  std::bitset<kMaxCpus> bits;

  // Those this process may run on (all of the machine where the system cannot say).
  static CpuSet allowed() noexcept;
  [[nodiscard]] unsigned count() const noexcept { return static_cast<unsigned>(bits.count()); }
  [[nodiscard]] bool empty() const noexcept { return bits.none(); }
};

// manual 3.1 "nbthread": as many as there are CPUs in the affinity mask, at least 1, at most kMaxThreads.
unsigned default_thread_count() noexcept;
inline constexpr unsigned kMaxThreads = 256;

struct ThreadGroupOptions {
  unsigned threads = 0;         // 0: default_thread_count()
  std::vector<CpuSet> cpus;     // by thread number; missing or empty: not pinned (manual 3.1 "cpu-map")
  std::string name = "sluice";  // threads are called name/1, name/2, ... (cut to what the system takes)
  LoopOptions loop;             // `index` is filled in

  // Both run on the thread of the loop, which is bound: on_start before its first turn, on_stop after its last.
  void (*on_start)(void* ctx, Loop& loop) noexcept = nullptr;
  void (*on_stop)(void* ctx, Loop& loop) noexcept = nullptr;
  void* ctx = nullptr;
};

class ThreadGroup {
 public:
  // Makes all loops; starts nothing.
  [[nodiscard]] static base::Result<std::unique_ptr<ThreadGroup>, base::Error> make(ThreadGroupOptions options);
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;
  // Stops and joins.
  ~ThreadGroup();

  [[nodiscard]] std::size_t size() const noexcept { return loops_.size(); }
  [[nodiscard]] Loop& loop(std::size_t i) noexcept { return *loops_[i]; }

  // Starts a thread for every loop, the first one excepted when the caller will run that one itself with run_first().
  // ErrorCode::System with errno when the system refuses a thread; those already started are stopped.
  [[nodiscard]] base::Result<void, base::Error> start(bool caller_runs_first = false);
  // Loop 0 on the calling thread; returns when it has been stopped.
  void run_first() noexcept;
  // Any thread.
  void stop() noexcept;
  // Waits until all started threads have ended. Not from one of them.
  void join() noexcept;
  // Any thread. Posts to every loop; returns how many took the message.
  std::size_t post_each(const Message& m) noexcept;

 private:
  explicit ThreadGroup(ThreadGroupOptions options) : options_(std::move(options)) {}
  void run_thread(std::size_t i) noexcept;

  ThreadGroupOptions options_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::runtime
