// What happens in a turn, in which order, and how long the loop sleeps.
#include "fakes/runtime/fake_clock.h"
#include "fakes/runtime/fake_poller.h"
#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

using base::Micros;
using base::Millis;
using base::Nanos;

struct TestTurnEnd final : TurnEnd {
  std::function<void()> then;
  int runs = 0;
  void on_turn_end() noexcept override {
    ++runs;
    if (then) then();
  }
};

class LoopTurn : public ::testing::Test {
 protected:
  LoopTurn() { loop->turn(); }
  int timeout_of_next_turn(Millis max_wait = base::kNoTimeout) {
    script.timeouts.clear();
    loop->turn(max_wait);
    return script.timeouts.back();
  }
  PollEvent event(int fd, unsigned ready) { return {script.cookies[fd], ready}; }

  FakeClock clock;
  FakePoller::Script script{&clock, {}, {}, {}, {}, {}, {}, 0};
  std::unique_ptr<Loop> loop = make_loop(FakePoller::options(script));
  std::string order;
};

TEST_F(LoopTurn, RunsEventsThenTimersThenTasksThenTheGraveyardThenTheTurnEnd) {
  struct Dying final : Buried {
    std::string& log;
    explicit Dying(std::string& l) : log(l) {}
    void destroy() noexcept override {
      log += "grave ";
      delete this;
    }
  };
  Handler h;
  TestTimer timer;
  TestTask task;
  TestTurnEnd turn_end;
  h.then = [&](unsigned) {
    order += "io ";
    loop->bury(*new Dying(order));
    loop->at_turn_end(turn_end);
    loop->schedule(task);
  };
  timer.then = [&] { order += "timer "; };
  task.then = [&](unsigned) { order += "task "; };
  turn_end.then = [&] { order += "end "; };
  loop->watch(10, kIn, h);
  loop->arm(timer, loop->now());
  loop->turn();  // registers 10, fires the timer
  order.clear();
  loop->arm(timer, loop->now());
  script.coming.push_back({event(10, kIn)});
  loop->turn();
  EXPECT_EQ(order, "io timer task grave end ");
}

TEST_F(LoopTurn, SleepsWithoutLimitWhenThereIsNothingToDo) { EXPECT_EQ(timeout_of_next_turn(), -1); }

TEST_F(LoopTurn, SleepsUntilTheNextTimerAndNotLonger) {
  TestTimer t;
  loop->arm_after(t, Millis{40});
  EXPECT_EQ(timeout_of_next_turn(), 40);
  EXPECT_EQ(t.fired, 1);
  loop->arm(t, loop->now() + Micros{1500});
  EXPECT_EQ(timeout_of_next_turn(), 2) << "rounded up";
  EXPECT_EQ(t.fired, 2);
  loop->arm_after(t, base::kNoTimeout);
  EXPECT_FALSE(t.armed());
}

TEST_F(LoopTurn, SleepsNoLongerThanAllowed) {
  TestTimer t;
  loop->arm_after(t, Millis{40});
  EXPECT_EQ(timeout_of_next_turn(Millis{7}), 7);
  EXPECT_EQ(timeout_of_next_turn(Millis{0}), 0);
}

TEST_F(LoopTurn, DoesNotSleepWhileTasksWait) {
  TestTask t;
  loop->schedule(t);
  EXPECT_EQ(timeout_of_next_turn(), 0);
  EXPECT_EQ(t.runs, 1);
  t.then = [&](unsigned) {
    if (t.runs == 2) loop->schedule(t, TaskClass::Bulk);
  };
  loop->schedule(t);
  EXPECT_EQ(timeout_of_next_turn(), 0);
  EXPECT_EQ(timeout_of_next_turn(), 0);
  EXPECT_EQ(t.runs, 3);
  EXPECT_EQ(timeout_of_next_turn(), -1);
}

TEST_F(LoopTurn, DoesNotSleepWhileTimersAreLeftOver) {
  LoopOptions options = FakePoller::options(script);
  options.timer_budget = 3;
  loop = make_loop(options);
  loop->turn();
  std::vector<TestTimer> timers(7);
  for (auto& t : timers) loop->arm_after(t, Millis{5});
  EXPECT_EQ(timeout_of_next_turn(), 5);
  EXPECT_EQ(timeout_of_next_turn(), 0);
  EXPECT_EQ(timeout_of_next_turn(), 0);
  EXPECT_EQ(loop->stats().timers_fired, 7U);
  EXPECT_EQ(timeout_of_next_turn(), -1);
}

TEST_F(LoopTurn, BusyPollingNeverSleeps) {
  LoopOptions options = FakePoller::options(script);
  options.busy_poll = true;
  loop = make_loop(options);
  EXPECT_EQ(timeout_of_next_turn(), 0);
}

TEST_F(LoopTurn, TurnEndRunsOncePerAskingAndAtOnceWhenItAsksAgain) {
  TestTurnEnd h;
  loop->at_turn_end(h);
  loop->at_turn_end(h);
  EXPECT_TRUE(h.pending());
  loop->turn();
  loop->turn();
  EXPECT_EQ(h.runs, 1);
  h.then = [&] {
    if (h.runs == 2) loop->at_turn_end(h);
  };
  loop->at_turn_end(h);
  loop->turn();
  EXPECT_EQ(h.runs, 2);
  EXPECT_EQ(timeout_of_next_turn(), 0);
  EXPECT_EQ(h.runs, 3);
}

TEST_F(LoopTurn, ATurnEndMayDestroyAnother) {
  TestTurnEnd first;
  auto second = std::make_unique<TestTurnEnd>();
  first.then = [&] { second.reset(); };
  loop->at_turn_end(first);
  loop->at_turn_end(*second);
  loop->turn();
  EXPECT_EQ(first.runs, 1);
}

TEST_F(LoopTurn, NowStandsStillDuringATurn) {
  TestTask t;
  base::TimePoint seen, refreshed;
  const auto before = loop->now();
  t.then = [&](unsigned) {
    clock.advance(Millis{3});
    seen = loop->now();
    refreshed = loop->refresh_now();
  };
  loop->schedule(t);
  loop->turn();
  EXPECT_EQ(seen, before);
  EXPECT_EQ(refreshed, before + Millis{3});
}

TEST_F(LoopTurn, NowNeverGoesBack) {
  const auto before = loop->now();
  clock.advance(Nanos{-1'000'000});
  loop->turn();
  EXPECT_EQ(loop->now(), before);
}

TEST_F(LoopTurn, WallClockFollowsAndItsStepsMoveNoTimer) {
  EXPECT_EQ(loop->wall_now(), clock.wall_now());
  TestTimer t;
  loop->arm_after(t, Millis{200});
  clock.step_wall(std::chrono::hours{-5});
  clock.advance(Millis{100});
  loop->turn();
  EXPECT_EQ(loop->wall_now(), clock.wall_now());
  EXPECT_EQ(t.fired, 0);
  clock.step_wall(std::chrono::hours{500});
  clock.advance(Millis{99});
  loop->turn();
  EXPECT_EQ(t.fired, 0);
  clock.advance(Millis{1});
  loop->turn();
  EXPECT_EQ(t.fired, 1);
  EXPECT_EQ(loop->wall_now(), clock.wall_now());
}

TEST_F(LoopTurn, WallSplitIsTheWallClockInSecondsAndMicroseconds) {
  clock.advance(Nanos{1'234'567'890});
  loop->turn();
  const auto nanos = loop->wall_now().time_since_epoch().count();
  const WallSplit split = loop->wall_split();
  EXPECT_EQ(split.seconds, nanos / 1'000'000'000);
  EXPECT_EQ(split.micros, nanos % 1'000'000'000 / 1000);
  EXPECT_EQ(loop->wall_split_at(loop->now() - std::chrono::seconds{2}).seconds, split.seconds - 2);
}

TEST_F(LoopTurn, IdleIsTheShareOfTheTimeSpentWaiting) {
  TestTimer t;
  // 10 ms of work, then 30 ms of sleep, and so on.
  t.then = [&] {
    clock.advance(Millis{10});
    loop->arm(t, clock.now() + Millis{30});
  };
  loop->arm(t, loop->now());
  for (int i = 0; i < 60; ++i) loop->turn(base::kNoTimeout);
  EXPECT_NEAR(loop->stats().idle_percent, 75, 3);
  // Only work.
  TestTask busy;
  t.disarm();
  busy.then = [&](unsigned) {
    clock.advance(Millis{10});
    loop->schedule(busy);
  };
  loop->schedule(busy);
  for (int i = 0; i < 250; ++i) loop->turn(base::kNoTimeout);
  EXPECT_EQ(loop->stats().idle_percent, 0U);
}

TEST_F(LoopTurn, IdleIsRightWithShortTurnsToo) {
  Handler h;
  loop->watch(10, kIn, h);
  loop->turn();
  // 300 us of work; the wait, 100 us, passes inside the poller.
  h.then = [&](unsigned) { clock.advance(Micros{300}); };
  script.on_wait = [&] { clock.advance(Micros{100}); };
  for (int i = 0; i < 12000; ++i) {
    script.coming.push_back({event(10, kIn)});
    loop->turn(base::kNoTimeout);
  }
  EXPECT_NEAR(loop->stats().idle_percent, 25, 3);
}

TEST_F(LoopTurn, CurrentIsTheLoopThatTurns) {
  EXPECT_EQ(Loop::current(), nullptr);
  TestTask t;
  Loop* seen = nullptr;
  t.then = [&](unsigned) { seen = Loop::current(); };
  loop->schedule(t);
  loop->turn();
  EXPECT_EQ(seen, loop.get());
  EXPECT_EQ(Loop::current(), nullptr);
  const LoopBinding binding(*loop);
  EXPECT_TRUE(loop->on_home_thread());
  std::thread([&] { EXPECT_FALSE(loop->on_home_thread()); }).join();
}

TEST_F(LoopTurn, AMessageFromTheOwnThreadRunsInTheNextTurn) {
  auto real = make_loop();
  static int ran;
  ran = 0;
  ASSERT_TRUE(real->post({[](void*, std::uintptr_t arg) noexcept { ran += static_cast<int>(arg); }, nullptr, 3}));
  EXPECT_EQ(ran, 0);
  real->turn();
  EXPECT_EQ(ran, 3);
}

TEST_F(LoopTurn, StopBeforeRunMeansNoRun) {
  auto real = make_loop();
  real->stop();
  real->run();
  EXPECT_FALSE(real->stopping());
  EXPECT_FALSE(real->post({[](void*, std::uintptr_t) noexcept {}}));
}

TEST_F(LoopTurn, BuffersHaveTheSizeAskedFor) {
  LoopOptions options;
  options.buffer_bytes = 4096;
  auto real = make_loop(options);
  base::Buffer b;
  ASSERT_TRUE(b.attach(real->buffers()));
  EXPECT_EQ(b.capacity(), 4096U);
}

}  // namespace
}  // namespace sluice::runtime::test
