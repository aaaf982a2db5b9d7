// Changes of state, what they print and what they do.
#include "fixture.h"

namespace sluice::backend::test {
namespace {

class TransitionTest : public BackendTest {
 protected:
  void start_two() {
    spec.default_server.check = true;
    add("s1");
    add("s2");
    start();
    check("s1", CheckOutcome::Passed);
    check("s2", CheckOutcome::Passed);
    messages.log.clear();
  }
};

TEST_F(TransitionTest, DownAndUpAsTheReferencePrintsThem) {
  start_two();
  for (int i = 0; i < 3; ++i) check("s1", CheckOutcome::Failed);
  ASSERT_EQ(messages.log.size(), 1U);
  EXPECT_EQ(
      messages.log[0],
      "Server app/s1 is DOWN, reason: Layer4 connection problem, check duration: 0ms. 1 active and 0 backup servers "
      "left. 0 sessions active, 0 requeued, 0 remaining in queue.");
  EXPECT_EQ(backend->find("s1")->status_text(), "DOWN");
  check("s1", CheckOutcome::Passed);
  EXPECT_EQ(backend->find("s1")->status_text(), "DOWN 1/2");
  check("s1", CheckOutcome::Passed);
  ASSERT_EQ(messages.log.size(), 2U);
  EXPECT_EQ(
      messages.log[1],
      "Server app/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 2 active and 0 backup servers online. 0 "
      "sessions requeued, 0 total in queue.");
  check("s1", CheckOutcome::Failed);
  EXPECT_EQ(backend->find("s1")->status_text(), "UP 2/3");
}

TEST_F(TransitionTest, LastServerGone) {
  start_two();
  for (const char* s : {"s1", "s2"}) {
    for (int i = 0; i < 3; ++i) check(s, CheckOutcome::Failed);
  }
  EXPECT_EQ(messages.log.back(), "backend app has no server available!");
  EXPECT_EQ(messages.console.back(), "backend 'app' has no server available!");
  EXPECT_FALSE(backend->up());
  EXPECT_EQ(backend->state_figures(loop->now()).down_transitions, 1U);
}

TEST_F(TransitionTest, LogHealthChecks) {
  spec.check.log_health_checks = true;
  start_two();
  check("s1", CheckOutcome::Failed);
  ASSERT_EQ(messages.log.size(), 1U);
  EXPECT_EQ(
      messages.log[0],
      "Health check for server app/s1 failed, reason: Layer4 connection problem, check duration: 0ms, status: 2/3 UP.");
  check("s1", CheckOutcome::Failed);
  check("s1", CheckOutcome::Failed);
  EXPECT_EQ(messages.log[3],
            "Server app/s1 is DOWN. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in "
            "queue.");
  const std::size_t before = messages.log.size();
  check("s1", CheckOutcome::Failed);  // nothing new
  EXPECT_EQ(messages.log.size(), before);
}

TEST_F(TransitionTest, Stopping) {
  start_two();
  check("s1", CheckOutcome::PassedConditionally);
  EXPECT_EQ(backend->find("s1")->status_text(), "NOLB");
  EXPECT_EQ(messages.log.back(),
            "Server app/s1 is stopping, reason: Layer7 check conditionally passed, check duration: 0ms. 1 active and 0 "
            "backup "
            "servers online. 0 sessions requeued, 0 total in queue.");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(name_of(assign()), "s2");
  check("s1", CheckOutcome::Passed);
  EXPECT_EQ(backend->find("s1")->status_text(), "UP");
}

TEST_F(TransitionTest, MaintenanceAndDrain) {
  start_two();
  Server& s = *backend->find("s1");
  backend->set_admin(s, kDrainForced, 0, "");
  EXPECT_EQ(s.status_text(), "DRAIN");
  EXPECT_EQ(
      messages.log.back(),
      "Server app/s1 enters drain state. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.");
  backend->set_admin(s, 0, kDrainForced, "");
  EXPECT_EQ(messages.log.back(), "Server app/s1 is UP (leaving forced drain).");
  backend->set_admin(s, kMaintForced, 0, "");
  EXPECT_EQ(s.status_text(), "MAINT");
  EXPECT_EQ(messages.log.back(),
            "Server app/s1 is going DOWN for maintenance. 1 active and 0 backup servers left. 0 sessions active, 0 "
            "requeued, 0 "
            "remaining in queue.");
  backend->set_admin(s, 0, kMaintForced, "");
  EXPECT_EQ(messages.log.back(), "Server app/s1 is UP/READY (leaving forced maintenance).");
  EXPECT_TRUE(s.usable());
}

TEST_F(TransitionTest, WeightsAtRunTime) {
  start_two();
  EXPECT_TRUE(backend->set_weight(*backend->find("s1"), 0));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(name_of(assign()), "s2");
  EXPECT_EQ(backend->usable_weight(), 1U);
  EXPECT_TRUE(backend->set_weight(*backend->find("s1"), 3));
  EXPECT_EQ(backend->usable_weight(), 4U);
}

TEST_F(TransitionTest, SlowstartRamps) {
  spec.default_server.slowstart = base::Millis{10000};
  start_two();
  Server& s = *backend->find("s1");
  for (int i = 0; i < 3; ++i) check("s1", CheckOutcome::Failed);
  for (int i = 0; i < 2; ++i) check("s1", CheckOutcome::Passed);
  EXPECT_EQ(s.op_state(), OpState::Starting);
  EXPECT_LT(s.scaled_weight(), kWeightScale);
  clock.advance(std::chrono::seconds(5));
  loop->turn();
  EXPECT_TRUE(backend->ramp_up(s));
  EXPECT_EQ(s.throttle_percent(loop->now()), 50U);
  EXPECT_EQ(s.scaled_weight(), kWeightScale / 2);
  clock.advance(std::chrono::seconds(6));
  loop->turn();
  EXPECT_FALSE(backend->ramp_up(s));
  EXPECT_EQ(s.op_state(), OpState::Running);
  EXPECT_EQ(s.scaled_weight(), kWeightScale);
}

TEST_F(TransitionTest, InitStates) {
  spec.default_server.check = true;
  add("a").options.init_state = InitState::FullyUp;
  add("b").options.init_state = InitState::Up;
  add("c").options.init_state = InitState::Down;
  add("d").options.init_state = InitState::FullyDown;
  start();
  EXPECT_EQ(backend->find("a")->status_text(), "UP");
  EXPECT_EQ(backend->find("b")->status_text(), "UP 1/3");
  EXPECT_EQ(backend->find("c")->status_text(), "DOWN 1/2");
  EXPECT_EQ(backend->find("d")->status_text(), "DOWN");
  EXPECT_EQ(backend->active_servers(), 2U);
}

struct Session final : SessionHook {
  void on_server_shutdown() noexcept override { ended = true; }
  bool ended = false;
};

TEST_F(TransitionTest, SessionsEndWhenTheServerGoes) {
  spec.default_server.shutdown_sessions_on_down = true;
  start_two();
  Session on_s1, on_s2;
  EXPECT_TRUE(backend->find("s1")->may_shut_sessions());
  backend->find("s1")->watch(on_s1);
  backend->find("s2")->watch(on_s2);
  for (int i = 0; i < 3; ++i) check("s1", CheckOutcome::Failed);
  loop->turn();
  EXPECT_TRUE(on_s1.ended);
  EXPECT_FALSE(on_s2.ended);
}

TEST_F(TransitionTest, DowntimeIsCounted) {
  start_two();
  for (int i = 0; i < 3; ++i) check("s1", CheckOutcome::Failed);
  clock.advance(std::chrono::seconds(7));
  loop->turn();
  const auto figures = backend->find("s1")->state_figures(loop->now());
  EXPECT_EQ(figures.down_transitions, 1U);
  EXPECT_EQ(figures.failed_checks, 3U);
  EXPECT_EQ(figures.downtime_seconds, 7);
  EXPECT_EQ(figures.last_change_seconds, 7);
}

}  // namespace
}  // namespace sluice::backend::test
