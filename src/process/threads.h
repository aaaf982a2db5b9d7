// The threads that serve: one loop each, with a worker, the acceptors of its listening sockets, and its share of the
// health checks. They come and go together.
//
// Thread: made, started and joined by the main thread, which is also that of the first loop; post_* from any.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "process/receivers.h"
#include "process/running.h"
#include "process/thread_sampler.h"
#include "sluice/backend/check.h"
#include "sluice/proxy/acceptor.h"
#include "sluice/proxy/worker.h"
#include "sluice/runtime/stall_detector.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::process {

class Threads {
 public:
  Threads(Launch& launch, Running& running, Receivers& receivers)
      : launch_(launch), running_(running), receivers_(receivers) {}
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // Loops, without threads yet; after fork(). The error is a sentence for the user.
  base::Result<void, std::string> make(bool figures);
  // Starts all but the first, which run_first() runs until stop().
  base::Result<void, std::string> start();
  void run_first() noexcept { group_->run_first(); }
  // Any thread. All loops end; sessions that are left are cut.
  void stop() noexcept { group_->stop(); }
  void join() noexcept;

  [[nodiscard]] runtime::ThreadGroup& group() noexcept { return *group_; }
  [[nodiscard]] runtime::Loop& first() noexcept { return group_->loop(0); }
  [[nodiscard]] const std::vector<model::ThreadFigures>& figures() const noexcept { return figures_; }
  // The figures of the calling loop's thread are brought up to date.
  void refresh_figures() noexcept;

  // First loop. In the next turn of each thread its acceptors accept, or no longer do, as Proxy::front_state says. When
  // all have done so, then() runs on the first loop.
  void post_follow(void (*then)(void*) noexcept = nullptr, void* ctx = nullptr) noexcept;
  // First loop. fn runs on each thread, in its next turn.
  void post_each_worker(void (*fn)(void* ctx, runtime::Loop& loop, proxy::Worker& worker) noexcept, void* ctx) noexcept;
  // First loop. The connections that wait at this socket are accepted now, by this thread.
  void accept_waiting(Receiver& receiver, std::size_t socket) noexcept;
  // First loop. Sessions are told to end, checks end.
  void post_drain() noexcept;
  // First loop, once nobody accepts any more: the loops stop when the last session has gone.
  void post_finish() noexcept;

 private:
  struct Place {
    Receiver* receiver;
    std::size_t socket;  // position in the receiver
    bool shared;
    int fd = -1;  // what the acceptor was made for
    std::unique_ptr<proxy::Acceptor> acceptor{};
    bool accepting = false;
  };
  // Used by that thread only, once it runs.
  struct State {
    Threads* owner = nullptr;
    std::unique_ptr<proxy::Worker> worker;
    std::vector<Place> places;
    std::unique_ptr<backend::Checker> checker;
    std::unique_ptr<ThreadSampler> sampler;  // null: nobody asks for its figures
    bool finishing = false;
    bool done = false;
  };

  bool choose_poller(runtime::LoopOptions& options) const;
  void start_thread(runtime::Loop& loop) noexcept;
  void end_thread(runtime::Loop& loop) noexcept;
  void start_checks(State& state, runtime::Loop& loop);
  struct Follow;
  void follow(State& state, Follow* request) noexcept;
  void let_accept(State& state, Place& place) noexcept;
  void finish(State& state) noexcept;
  void look_if_done(State& state) noexcept;
  State& here() noexcept { return states_[runtime::Loop::current()->index()]; }

  Launch& launch_;
  Running& running_;
  Receivers& receivers_;
  std::vector<State> states_;
  std::vector<model::ThreadFigures> figures_;  // by thread; empty: nobody asks
  std::unique_ptr<runtime::ThreadGroup> group_;
  std::unique_ptr<runtime::StallDetector> stalls_;
  std::atomic<unsigned> with_sessions_{0};  // threads that still have some, once they finish
};

}  // namespace sluice::process
