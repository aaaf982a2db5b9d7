#include <memory>
#include <vector>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

class RunQueueTest : public ::testing::Test {
 protected:
  static TaskShares shares() {
    TaskShares s;
    s.of[0] = 4;
    s.of[1] = 2;
    s.of[2] = 1;
    return s;
  }
  RunQueue queue{shares()};
};

TEST_F(RunQueueTest, RunsATaskOnceWithAllItsReasons) {
  TestTask t;
  queue.schedule(t, TaskClass::Normal, kWakeTimer);
  queue.schedule(t, TaskClass::Normal, kWakeIo);
  EXPECT_TRUE(t.scheduled());
  EXPECT_EQ(t.reasons(), unsigned{kWakeTimer | kWakeIo});
  EXPECT_EQ(queue.run_pass(nullptr), 1U);
  EXPECT_EQ(t.last, unsigned{kWakeTimer | kWakeIo});
  EXPECT_FALSE(t.scheduled());
  EXPECT_EQ(t.reasons(), 0U);
  EXPECT_EQ(queue.run_pass(nullptr), 0U);
  queue.schedule(t, TaskClass::Normal, kWakeSignal);
  queue.run_pass(nullptr);
  EXPECT_EQ(t.last, unsigned{kWakeSignal}) << "old reasons are gone";
}

TEST_F(RunQueueTest, EveryClassGetsItsShareOfAPass) {
  std::vector<TestTask> urgent(10), normal(10), bulk(10);
  for (std::size_t i = 0; i < 10; ++i) {
    queue.schedule(bulk[i], TaskClass::Bulk, kWakeOther);
    queue.schedule(normal[i], TaskClass::Normal, kWakeOther);
    queue.schedule(urgent[i], TaskClass::Urgent, kWakeOther);
  }
  const auto ran = [](const std::vector<TestTask>& tasks) {
    int n = 0;
    for (const auto& t : tasks) n += t.runs;
    return n;
  };
  EXPECT_EQ(queue.run_pass(nullptr), 7U);
  EXPECT_EQ(ran(urgent), 4);
  EXPECT_EQ(ran(normal), 2);
  EXPECT_EQ(ran(bulk), 1);
  EXPECT_EQ(queue.run_pass(nullptr), 7U);
  EXPECT_EQ(queue.run_pass(nullptr), 5U) << "2 urgent, 2 normal, 1 bulk";
  for (int i = 0; i < 20 && !queue.empty(); ++i) queue.run_pass(nullptr);
  EXPECT_EQ(ran(urgent) + ran(normal) + ran(bulk), 30);
}

TEST_F(RunQueueTest, FirstInFirstOutWithinAClass) {
  std::vector<int> order;
  std::vector<TestTask> tasks(3);
  for (int i = 0; i < 3; ++i) {
    tasks[static_cast<std::size_t>(i)].then = [&order, i](unsigned) { order.push_back(i); };
    queue.schedule(tasks[static_cast<std::size_t>(i)], TaskClass::Urgent, kWakeOther);
  }
  queue.run_pass(nullptr);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST_F(RunQueueTest, ATaskThatSchedulesItselfRunsOncePerPass) {
  TestTask t;
  t.then = [&](unsigned) { queue.schedule(t, TaskClass::Urgent, kWakeOther); };
  queue.schedule(t, TaskClass::Urgent, kWakeOther);
  for (int pass = 1; pass <= 5; ++pass) {
    EXPECT_EQ(queue.run_pass(nullptr), 1U);
    EXPECT_EQ(t.runs, pass);
  }
}

TEST_F(RunQueueTest, ATaskScheduledByATaskWaitsForTheNextPass) {
  TestTask first, second;
  first.then = [&](unsigned) { queue.schedule(second, TaskClass::Bulk, kWakeMessage); };
  queue.schedule(first, TaskClass::Urgent, kWakeOther);
  queue.run_pass(nullptr);
  EXPECT_EQ(second.runs, 0);
  queue.run_pass(nullptr);
  EXPECT_EQ(second.runs, 1);
}

TEST_F(RunQueueTest, AMoreUrgentWakeMovesItUpALessUrgentOneDoesNotMoveItDown) {
  std::vector<TestTask> filler(4);
  TestTask t;
  for (auto& f : filler) queue.schedule(f, TaskClass::Bulk, kWakeOther);
  queue.schedule(t, TaskClass::Bulk, kWakeTimer);
  queue.schedule(t, TaskClass::Urgent, kWakeIo);
  queue.schedule(t, TaskClass::Normal, kWakeMessage);
  queue.run_pass(nullptr);
  EXPECT_EQ(t.runs, 1);
  EXPECT_EQ(t.last, unsigned{kWakeTimer | kWakeIo | kWakeMessage});
}

TEST_F(RunQueueTest, CancelledAndDestroyedTasksDoNotRun) {
  TestTask cancelled;
  auto destroyed = std::make_unique<TestTask>();
  TestTask killer;
  killer.then = [&](unsigned) {
    cancelled.cancel();
    destroyed.reset();
  };
  queue.schedule(killer, TaskClass::Urgent, kWakeOther);
  queue.schedule(cancelled, TaskClass::Urgent, kWakeOther);
  queue.schedule(*destroyed, TaskClass::Normal, kWakeOther);
  EXPECT_EQ(queue.run_pass(nullptr), 1U);
  EXPECT_EQ(cancelled.runs, 0);
  EXPECT_TRUE(queue.empty());
}

TEST_F(RunQueueTest, MemberTaskCallsItsOwner) {
  struct Owner {
    unsigned reasons = 0;
    void step(unsigned r) noexcept { reasons = r; }
    MemberTask<&Owner::step> task{*this};
  } owner;
  queue.schedule(owner.task, TaskClass::Normal, kWakeIo);
  queue.run_pass(nullptr);
  EXPECT_EQ(owner.reasons, unsigned{kWakeIo});
}

}  // namespace
}  // namespace sluice::runtime::test
