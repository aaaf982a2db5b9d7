// The health machine over all states, counters and outcomes.
#include "sluice/backend/health.h"

#include <gtest/gtest.h>

namespace sluice::backend {
namespace {

constexpr CheckOutcome kOutcomes[] = {CheckOutcome::Passed, CheckOutcome::PassedConditionally, CheckOutcome::Failed};

TEST(Health, EveryPairKeepsItsInvariants) {
  for (std::uint16_t rise = 1; rise <= 4; ++rise) {
    for (std::uint16_t fall = 1; fall <= 4; ++fall) {
      for (std::uint16_t counter = 0; counter <= rise + fall - 1; ++counter) {
        for (const OpState state : {OpState::Stopped, OpState::Starting, OpState::Running, OpState::Stopping}) {
          const Health h{rise, fall, counter};
          if (h.up() != (state != OpState::Stopped)) continue;
          for (const CheckOutcome o : kOutcomes) {
            const HealthStep s = apply_check(h, state, o);
            EXPECT_LE(s.health.counter, rise + fall - 1);
            EXPECT_EQ(s.health.up(), s.state != OpState::Stopped);
            EXPECT_EQ(s.event == HealthEvent::WentUp, state == OpState::Stopped && s.state != OpState::Stopped);
            EXPECT_EQ(s.event == HealthEvent::WentDown, state != OpState::Stopped && s.state == OpState::Stopped);
            if (o == CheckOutcome::Passed && s.health.up()) {
              EXPECT_TRUE(s.health.full());
              EXPECT_NE(s.state, OpState::Stopping);
            }
            if (o == CheckOutcome::PassedConditionally && s.health.up()) {
              EXPECT_EQ(s.state, OpState::Stopping);
            }
            if (o == CheckOutcome::Failed) {
              EXPECT_LE(s.health.counter, counter);
            }
          }
        }
      }
    }
  }
}

TEST(Health, FallsAfterFallFailures) {
  Health h{2, 3, 4};
  HealthStep s = apply_check(h, OpState::Running, CheckOutcome::Failed);
  EXPECT_EQ(s.event, HealthEvent::Changing);
  s = apply_check(s.health, s.state, CheckOutcome::Failed);
  EXPECT_EQ(s.health.counter, 2);
  s = apply_check(s.health, s.state, CheckOutcome::Failed);
  EXPECT_EQ(s.event, HealthEvent::WentDown);
  EXPECT_EQ(s.health.counter, 0);
}

TEST(Health, UncheckedServerFallsAtOnce) {
  const HealthStep s = apply_check({2, 3, 2}, OpState::Running, CheckOutcome::Failed);
  EXPECT_EQ(s.event, HealthEvent::WentDown);
}

TEST(Health, RisesAfterRiseSuccesses) {
  HealthStep s = apply_check({2, 3, 0}, OpState::Stopped, CheckOutcome::Passed);
  EXPECT_EQ(s.event, HealthEvent::Changing);
  s = apply_check(s.health, s.state, CheckOutcome::Failed);
  EXPECT_EQ(s.health.counter, 0);
  s = apply_check(s.health, s.state, CheckOutcome::Passed);
  s = apply_check(s.health, s.state, CheckOutcome::Passed);
  EXPECT_EQ(s.event, HealthEvent::WentUp);
  EXPECT_TRUE(s.health.full());
}

TEST(Health, StopsOn404AndResumes) {
  HealthStep s = apply_check({2, 3, 4}, OpState::Running, CheckOutcome::PassedConditionally);
  EXPECT_EQ(s.event, HealthEvent::Stopping);
  s = apply_check(s.health, s.state, CheckOutcome::PassedConditionally);
  EXPECT_EQ(s.event, HealthEvent::None);
  s = apply_check(s.health, s.state, CheckOutcome::Passed);
  EXPECT_EQ(s.event, HealthEvent::Resumed);
}

}  // namespace
}  // namespace sluice::backend
