#include <algorithm>
#include <list>
#include <random>
#include <vector>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

using base::Millis;
using base::Nanos;
using base::TimePoint;

class TimerWheelTest : public ::testing::Test {
 protected:
  TimePoint at(Nanos d) const { return start + d; }
  unsigned fire_at(Nanos d, unsigned budget = 1000000) { return wheel.fire(at(d), budget, nullptr); }

  const TimePoint start{Nanos{123'456'789}};  // not on a millisecond
  TimerWheel wheel{start};
};

TEST_F(TimerWheelTest, FiresOnceAndNotBeforeItsDeadline) {
  TestTimer t;
  wheel.arm(t, at(Millis{5}));
  EXPECT_TRUE(t.armed());
  EXPECT_EQ(t.when(), at(Millis{5}));
  EXPECT_EQ(fire_at(Millis{4}), 0U);
  EXPECT_EQ(fire_at(Millis{5} - Nanos{1}), 0U);
  EXPECT_EQ(fire_at(Millis{5}), 1U);
  EXPECT_FALSE(t.armed());
  EXPECT_EQ(t.when(), base::kNever);
  EXPECT_EQ(fire_at(Millis{500}), 0U);
  EXPECT_EQ(t.fired, 1);
}

TEST_F(TimerWheelTest, FractionsOfAMillisecondAreRoundedUp) {
  TestTimer t;
  wheel.arm(t, at(Millis{5} + Nanos{1}));
  EXPECT_EQ(fire_at(Millis{5} + Nanos{900'000}), 0U);
  EXPECT_EQ(fire_at(Millis{6}), 1U);
}

TEST_F(TimerWheelTest, ThePastFiresAtOnce) {
  TestTimer before, now, ancient;
  fire_at(Millis{100});
  wheel.arm(before, at(Millis{50}));
  wheel.arm(now, at(Millis{100}));
  wheel.arm(ancient, TimePoint{});
  EXPECT_LE(wheel.next_wake(), at(Millis{100}));
  EXPECT_EQ(fire_at(Millis{100}), 3U);
}

TEST_F(TimerWheelTest, NeverDisarms) {
  TestTimer t;
  wheel.arm(t, base::kNever);
  EXPECT_FALSE(t.armed());
  wheel.arm(t, at(Millis{1}));
  wheel.arm(t, base::kNever);
  EXPECT_FALSE(t.armed());
  EXPECT_EQ(t.when(), base::kNever);
  EXPECT_EQ(wheel.next_wake(), base::kNever);
  EXPECT_EQ(fire_at(Millis{10}), 0U);
}

TEST_F(TimerWheelTest, DisarmAndRearm) {
  TestTimer t;
  wheel.arm(t, at(Millis{10}));
  t.disarm();
  EXPECT_EQ(wheel.next_wake(), base::kNever) << "the slot it left is not waited for";
  EXPECT_EQ(fire_at(Millis{20}), 0U);
  wheel.arm(t, at(Millis{30}));
  wheel.arm(t, at(Millis{25}));
  EXPECT_EQ(fire_at(Millis{25}), 1U);
  wheel.arm(t, at(Millis{30}));
  wheel.arm(t, at(Millis{40}));
  EXPECT_EQ(fire_at(Millis{30}), 0U);
  EXPECT_EQ(fire_at(Millis{40}), 1U);
}

TEST_F(TimerWheelTest, ATimerThatDiesDisarms) {
  {
    TestTimer t;
    wheel.arm(t, at(Millis{10}));
    EXPECT_EQ(wheel.armed_count(), 1U);
  }
  EXPECT_EQ(wheel.armed_count(), 0U);
  EXPECT_EQ(fire_at(Millis{20}), 0U);
}

TEST_F(TimerWheelTest, AWheelThatDiesDisarms) {
  TestTimer near, far, due;
  {
    TimerWheel other{start};
    other.arm(near, at(Millis{1}));
    other.arm(far, at(std::chrono::hours{100}));
    other.arm(due, start);
  }
  for (const TestTimer* t : {&near, &far, &due}) {
    EXPECT_FALSE(t->armed());
    EXPECT_EQ(t->when(), base::kNever);
  }
}

// One step below, on and above every boundary between levels, from several starting points.
TEST_F(TimerWheelTest, EveryLevelWrapsExactly) {
  for (int level = 1; level <= 6; ++level) {
    const std::int64_t span = std::int64_t{1} << (6 * level);
    for (std::int64_t from : {std::int64_t{0}, span - 1, span, 3 * span + span / 2, 63 * span + 5}) {
      TimerWheel w{start};
      w.fire(at(Millis{from}), 1, nullptr);
      for (std::int64_t d : {span - 1, span, span + 1, 2 * span, 63 * span, 64 * span - 1}) {
        if (from + d >= std::int64_t{1} << 42) break;  // 139 years
        TestTimer t;
        w.arm(t, at(Millis{from + d}));
        w.fire(at(Millis{from + d - 1}), 1, nullptr);
        ASSERT_EQ(t.fired, 0) << level << ' ' << from << ' ' << d;
        w.fire(at(Millis{from + d}), 1, nullptr);
        ASSERT_EQ(t.fired, 1) << level << ' ' << from << ' ' << d;
        from += d;
      }
    }
  }
}

TEST_F(TimerWheelTest, FarDeadlinesStayFar) {
  TestTimer years, ages;
  wheel.arm(years, at(std::chrono::hours{24 * 365 * 20}));
  wheel.arm(ages, base::kNever - Nanos{1});
  EXPECT_EQ(fire_at(std::chrono::hours{24 * 365 * 19}), 0U);
  EXPECT_EQ(fire_at(std::chrono::hours{24 * 365 * 20}), 1U);
  EXPECT_TRUE(ages.armed());
}

TEST_F(TimerWheelTest, FiresInTheOrderOfTheDeadlines) {
  std::mt19937 random(1);
  std::vector<TestTimer> timers(2000);
  std::vector<std::int64_t> order;
  for (auto& t : timers) {
    const std::int64_t d = 1 + static_cast<std::int64_t>(random() % 300000);
    t.then = [&order, d] { order.push_back(d); };
    wheel.arm(t, at(Millis{d}));
  }
  EXPECT_EQ(fire_at(Millis{400000}), 2000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// Random arming, re-arming, disarming and steps of time against a sorted table.
TEST_F(TimerWheelTest, AgreesWithAModel) {
  std::mt19937_64 random(42);
  constexpr int kTimers = 300;
  std::vector<TestTimer> timers(kTimers);
  std::vector<std::int64_t> model(kTimers, -1);  // deadline in ms, -1: not armed
  std::vector<int> expected(kTimers, 0);
  std::int64_t now = 0;
  for (int step = 0; step < 20000; ++step) {
    const auto i = random() % kTimers;
    switch (random() % 4) {
      case 0:
      case 1: {
        const unsigned bits = static_cast<unsigned>(random() % 34);
        const std::int64_t d = static_cast<std::int64_t>(random() & ((std::uint64_t{1} << bits) - 1));
        model[i] = now + d;
        wheel.arm(timers[i], at(Millis{now + d}));
        break;
      }
      case 2:
        model[i] = -1;
        timers[i].disarm();
        break;
      default: {
        // Sleeping as the loop does: to the next wake, or less, or far beyond.
        const TimePoint wake = wheel.next_wake();
        std::int64_t earliest = -1;
        for (std::int64_t d : model)
          if (d >= 0 && (earliest < 0 || d < earliest)) earliest = d;
        if (earliest < 0)
          ASSERT_EQ(wake, base::kNever);
        else
          ASSERT_LE(wake, at(Millis{earliest})) << "would oversleep";
        if (random() % 3 != 0 && wake != base::kNever)
          now = std::max<std::int64_t>(now, (wake - start) / Millis{1});
        else
          now += static_cast<std::int64_t>(random() & ((std::uint64_t{1} << (random() % 22)) - 1));
        for (int k = 0; k < kTimers; ++k)
          if (model[static_cast<std::size_t>(k)] >= 0 && model[static_cast<std::size_t>(k)] <= now) {
            ++expected[static_cast<std::size_t>(k)];
            model[static_cast<std::size_t>(k)] = -1;
          }
        fire_at(Millis{now});
        for (int k = 0; k < kTimers; ++k) {
          ASSERT_EQ(timers[static_cast<std::size_t>(k)].fired, expected[static_cast<std::size_t>(k)]) << "at " << now;
          ASSERT_EQ(timers[static_cast<std::size_t>(k)].armed(), model[static_cast<std::size_t>(k)] >= 0);
        }
      }
    }
  }
}

TEST_F(TimerWheelTest, FollowingNextWakeReachesADeadlineInFewSteps) {
  TestTimer t;
  wheel.arm(t, at(Millis{987'654'321}));
  int steps = 0;
  while (t.fired == 0 && steps < 100) {
    wheel.fire(wheel.next_wake(), 10, nullptr);
    ++steps;
  }
  EXPECT_EQ(t.fired, 1);
  EXPECT_LE(steps, 7);
}

TEST_F(TimerWheelTest, ATimerMayCancelOthersThatAreDueWithIt) {
  TestTimer first, second, third;
  first.then = [&] {
    second.disarm();
    wheel.arm(third, at(Millis{50}));
  };
  wheel.arm(first, at(Millis{5}));
  wheel.arm(second, at(Millis{5}));
  wheel.arm(third, at(Millis{6}));
  EXPECT_EQ(fire_at(Millis{10}), 1U);
  EXPECT_EQ(second.fired, 0);
  EXPECT_EQ(fire_at(Millis{50}), 1U);
  EXPECT_EQ(third.fired, 1);
}

TEST_F(TimerWheelTest, ATimerMayDestroyOthersThatAreDueWithIt) {
  TestTimer first;
  auto second = std::make_unique<TestTimer>();
  first.then = [&] { second.reset(); };
  wheel.arm(first, at(Millis{5}));
  wheel.arm(*second, at(Millis{5}));
  EXPECT_EQ(fire_at(Millis{10}), 1U);
}

TEST_F(TimerWheelTest, RearmingFromOnTimerWaitsForTheNextCall) {
  TestTimer now, later;
  now.then = [&] {
    if (now.fired < 3) wheel.arm(now, at(Millis{1}));
  };
  later.then = [&] {
    if (later.fired < 3) wheel.arm(later, at(Millis{10 * (later.fired + 1)}));
  };
  wheel.arm(now, at(Millis{10}));
  wheel.arm(later, at(Millis{10}));
  EXPECT_EQ(fire_at(Millis{10}), 2U);
  EXPECT_EQ(wheel.next_wake(), start) << "at once";
  EXPECT_EQ(fire_at(Millis{10}), 1U);
  EXPECT_EQ(fire_at(Millis{20}), 2U);
  EXPECT_EQ(fire_at(Millis{30}), 1U);
  EXPECT_EQ(now.fired, 3);
  EXPECT_EQ(later.fired, 3);
}

TEST_F(TimerWheelTest, TheBudgetLeavesTheRestForLaterInOrder) {
  std::vector<TestTimer> timers(5000);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].then = [&order, i] { order.push_back(i); };
    wheel.arm(timers[i], at(Millis{7}));
  }
  TestTimer late;
  EXPECT_EQ(fire_at(Millis{7}, 1000), 1000U);
  EXPECT_EQ(wheel.next_wake(), start);
  wheel.arm(late, at(Millis{8}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(fire_at(Millis{8}, 1000), 1000U);
  EXPECT_EQ(late.fired, 0) << "behind those that were due before";
  EXPECT_EQ(fire_at(Millis{8}, 1000), 1U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 5000U);
}

TEST_F(TimerWheelTest, MemberTimerCallsItsOwner) {
  struct Owner {
    int calls = 0;
    void on_timeout() noexcept { ++calls; }
    MemberTimer<&Owner::on_timeout> timer{*this};
  } owner;
  wheel.arm(owner.timer, at(Millis{1}));
  fire_at(Millis{1});
  EXPECT_EQ(owner.calls, 1);
}

}  // namespace
}  // namespace sluice::runtime::test
