// What the loop itself costs: per event, timer, task and message.
// room: runtime
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <vector>

#include "sluice/base/unique_fd.h"
#include "sluice/runtime/loop.h"

namespace sluice::runtime {
namespace {

std::unique_ptr<Loop> make_loop(PollerKind kind = default_poller()) {
  LoopOptions options;
  options.poller = kind;
  auto loop = Loop::make(options);
  if (!loop) ::abort();
  return std::move(loop).value();
}

// Events without any system call but the wait: a socket that is always writable.
struct Counter final : IoHandler {
  std::uint64_t calls = 0;
  void on_io(unsigned) noexcept override { ++calls; }
};

void BM_Dispatch(benchmark::State& state, PollerKind kind) {
  const auto loop = make_loop(kind);
  std::vector<base::UniqueFd> fds;
  std::vector<std::unique_ptr<Counter>> handlers;
  for (int i = 0; i < state.range(0); ++i) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) ::abort();
    fds.emplace_back(pair[0]);
    fds.emplace_back(pair[1]);
    handlers.push_back(std::make_unique<Counter>());
    loop->watch(pair[0], kOut, *handlers.back());
  }
  for (auto _ : state) loop->turn();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_Dispatch, epoll, PollerKind::Epoll)->Arg(1)->Arg(8)->Arg(64)->Arg(128);
BENCHMARK_CAPTURE(BM_Dispatch, poll, PollerKind::Poll)->Arg(1)->Arg(64);

// The same through a poller that costs nothing: what is left is ours.
struct NullPoller final : Poller {
  std::vector<PollEvent> ready;
  std::string_view name() const noexcept override { return "null"; }
  int change(int, unsigned, unsigned, std::uint64_t cookie) noexcept override {
    ready.push_back({cookie, kIn});
    return 0;
  }
  void forget(int, unsigned) noexcept override {}
  std::size_t wait(std::span<PollEvent> out, int) noexcept override {
    const std::size_t n = ready.size() - 1;  // without the mailbox, which is first
    for (std::size_t i = 0; i < n; ++i) out[i] = ready[i + 1];
    return n;
  }
};

void BM_TurnWithoutKernel(benchmark::State& state) {
  LoopOptions options;
  options.make_custom_poller = [](void*) -> std::unique_ptr<Poller> { return std::make_unique<NullPoller>(); };
  const auto loop = std::move(Loop::make(options)).value();
  std::vector<Counter> handlers(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < handlers.size(); ++i) loop->watch(static_cast<int>(1000 + i), kIn, handlers[i]);
  for (auto _ : state) loop->turn();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_TurnWithoutKernel)->Arg(0)->Arg(1)->Arg(8)->Arg(64);

struct NullTimer final : Timer {
  void on_timer() noexcept override {}
};

void BM_TimerRearm(benchmark::State& state) {
  const base::TimePoint start{base::Millis{1000000}};
  TimerWheel wheel(start);
  std::vector<NullTimer> timers(1024);
  std::mt19937 random(1);
  std::size_t i = 0;
  for (auto _ : state) {
    wheel.arm(timers[i & 1023], start + base::Millis{1 + (random() & 0xffff)});
    ++i;
  }
}
BENCHMARK(BM_TimerRearm);

void BM_TimerArmAndFire(benchmark::State& state) {
  const base::TimePoint start{base::Millis{1000000}};
  TimerWheel wheel(start);
  std::vector<NullTimer> timers(1000);
  base::TimePoint now = start;
  for (auto _ : state) {
    int d = 0;
    for (auto& t : timers) wheel.arm(t, now + base::Millis{1 + (d += 37) % 5000});
    now += base::Millis{5000};
    benchmark::DoNotOptimize(wheel.fire(now, 1U << 20, nullptr));
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_TimerArmAndFire);

struct NullTask final : Task {
  void run(unsigned) noexcept override {}
};

void BM_TaskScheduleAndRun(benchmark::State& state) {
  RunQueue queue{TaskShares{}};
  NullTask task;
  for (auto _ : state) {
    queue.schedule(task, TaskClass::Urgent, kWakeIo);
    benchmark::DoNotOptimize(queue.run_pass(nullptr));
  }
}
BENCHMARK(BM_TaskScheduleAndRun);

void BM_MessageBatch(benchmark::State& state) {
  const auto loop = make_loop();
  const Message m{[](void*, std::uintptr_t) noexcept {}};
  for (auto _ : state) {
    for (int i = 0; i < state.range(0); ++i) benchmark::DoNotOptimize(loop->post(m));
    loop->turn();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_MessageBatch)->Arg(1)->Arg(64);

// A connection that is watched and unwatched within one turn.
void BM_WatchAndUnwatchInOneTurn(benchmark::State& state) {
  const auto loop = make_loop();
  Counter h;
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) {
      loop->watch(500, kIn, h);
      loop->unwatch_closing(500);
    }
    loop->turn();
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_WatchAndUnwatchInOneTurn);

}  // namespace
}  // namespace sluice::runtime
