#include "sluice/runtime/stall_detector.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {

// Named: its name is looked for in reports.
struct StubbornHandler final : IoHandler {
  std::function<void()> then;
  void on_io(unsigned) noexcept override {
    if (then) then();
  }
};
struct StubbornTask final : Task {
  std::function<void()> then;
  void run(unsigned) noexcept override { then(); }
};

namespace {

using base::Millis;

class StallWatchTest : public ::testing::Test {
 protected:
  // What a look says `d` after the start.
  std::optional<StallReport> look(Millis d) { return watch.look(start + d); }

  std::unique_ptr<Loop> loop = make_loop();
  StallWatch watch{*loop, Millis{2000}};
  const base::TimePoint start = base::Clock::now();
};

TEST_F(StallWatchTest, ALoopThatWaitsOrTurnsIsFine) {
  for (int s = 0; s < 10; ++s) EXPECT_FALSE(look(Millis{1000 * s}));
  StubbornTask task;
  task.then = [&] {
    // In the middle of a turn, but of another one each time.
    EXPECT_FALSE(look(Millis{10000 + 1000 * static_cast<int>(loop->stats().turns)}));
    if (loop->stats().turns < 10) loop->schedule(task);
  };
  loop->schedule(task);
  for (int i = 0; i < 10; ++i) loop->turn();
}

TEST_F(StallWatchTest, ATurnThatLastsIsReportedOnceAndItsEndToo) {
  StubbornTask task;
  task.then = [&] {
    EXPECT_FALSE(look(Millis{0}));
    EXPECT_FALSE(look(Millis{1999}));
    const auto report = look(Millis{2000});
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->over);
    EXPECT_EQ(report->loop_index, 0U);
    EXPECT_EQ(report->lasted, Millis{2000});
    EXPECT_EQ(report->doing, Doing::Task);
    EXPECT_NE(report->what.find("StubbornTask"), std::string::npos) << report->what;
    EXPECT_FALSE(look(Millis{5000})) << "once";
  };
  loop->schedule(task);
  loop->turn();
  const auto over = look(Millis{6000});
  ASSERT_TRUE(over);
  EXPECT_TRUE(over->over);
  EXPECT_EQ(over->lasted, Millis{6000});
  EXPECT_FALSE(look(Millis{9000}));
}

TEST_F(StallWatchTest, NamesWhatIsRunning) {
  const auto name_inside = [&](auto&& start_work) {
    std::string name;
    start_work([&] {
      watch.start_over(start);
      if (auto r = look(Millis{2000})) name = std::string(doing_name(r->doing)) + ' ' + r->what;
    });
    loop->turn();
    (void)look(Millis{2001});  // over
    return name;
  };
  Pair pair;
  StubbornHandler h;
  loop->watch(pair.a.get(), kOut, h);
  EXPECT_EQ(name_inside([&](auto f) { h.then = f; }), "io sluice::runtime::test::StubbornHandler");
  loop->unwatch(pair.a.get());
  TestTimer timer;
  EXPECT_EQ(name_inside([&](auto f) {
              timer.then = f;
              loop->arm(timer, loop->now());
            }),
            "timer sluice::runtime::test::TestTimer");
  static std::function<void()> in_message;
  const std::string message = name_inside([&](auto f) {
    in_message = f;
    ASSERT_TRUE(loop->post({[](void*, std::uintptr_t) noexcept { in_message(); }}));
  });
  in_message = nullptr;
  EXPECT_EQ(message.rfind("message ", 0), 0U) << message;
}

TEST_F(StallWatchTest, WhenNobodyLookedForAWhileItMeasuresAnew) {
  StubbornTask task;
  task.then = [&] {
    EXPECT_FALSE(look(Millis{0}));
    watch.start_over(start + Millis{60000});
    EXPECT_FALSE(look(Millis{60000}));
    EXPECT_FALSE(look(Millis{61999}));
    EXPECT_TRUE(look(Millis{62000}));
  };
  loop->schedule(task);
  loop->turn();
}

// The thread around it: a loop that hangs until the report has come.
TEST(StallDetector, ReportsALoopThatHangs) {
  auto loop = make_loop();
  struct Reports {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<StallReport> seen;  // guarded by mutex
    static void add(void* ctx, const StallReport& r) {
      auto& self = *static_cast<Reports*>(ctx);
      const std::lock_guard lock(self.mutex);
      self.seen.push_back(r);
      self.changed.notify_all();
    }
    void wait_for(std::size_t n) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return seen.size() >= n; });
    }
  } reports;
  StallDetector detector(Millis{2}, &Reports::add, &reports, Millis{1});
  detector.watch(*loop);
  detector.start();
  StubbornTask task;
  task.then = [&] { reports.wait_for(1); };
  loop->schedule(task);
  loop->turn();
  reports.wait_for(2);
  detector.stop();
  EXPECT_NE(reports.seen[0].what.find("StubbornTask"), std::string::npos) << reports.seen[0].what;
  EXPECT_FALSE(reports.seen[0].over);
  EXPECT_TRUE(reports.seen[1].over);
}

TEST(StallDetector, StopsAtOnceAndMayBeStoppedTwice) {
  StallDetector detector(
      Millis{1000}, [](void*, const StallReport&) {}, nullptr, std::chrono::hours{1});
  detector.start();
  detector.stop();
  detector.stop();
}

}  // namespace
}  // namespace sluice::runtime::test
