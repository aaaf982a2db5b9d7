// What an administrator does to servers while they run. Texts are those of the reference.
#include "fixture.h"

namespace sluice::backend::test {
namespace {

using ForcedHealth = Backend::ForcedHealth;
constexpr std::string_view kCli = ", changed from CLI";

class AdminTest : public BackendTest {
 protected:
  Server& server(const char* name) { return *backend->find(name); }
  void start_two() {
    add("s1");
    add("s2");
    start();
  }
};

TEST_F(AdminTest, ForcedHealthIsAtOnceAndTold) {
  start_two();
  backend->force_health(server("s1"), ForcedHealth::Down, kCli);
  EXPECT_EQ(server("s1").status_text(), "DOWN");
  EXPECT_EQ(messages.log.back(),
            "Server app/s1 is DOWN, changed from CLI. 1 active and 0 backup servers left. 0 sessions active, 0 "
            "requeued, 0 remaining in queue.");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(name_of(assign()), "s2");
  backend->force_health(server("s1"), ForcedHealth::Stopping, kCli);
  EXPECT_EQ(server("s1").status_text(), "NOLB");
  backend->force_health(server("s1"), ForcedHealth::Up, kCli);
  EXPECT_EQ(server("s1").status_text(), "no check");
  const std::size_t told = messages.log.size();
  backend->force_health(server("s1"), ForcedHealth::Up, kCli);
  EXPECT_EQ(messages.log.size(), told);  // nothing new
}

TEST_F(AdminTest, MaintenanceIsNotLeftByHealth) {
  start_two();
  backend->set_admin(server("s1"), kMaintForced, 0, "");
  backend->force_health(server("s1"), ForcedHealth::Up, kCli);
  EXPECT_EQ(server("s1").status_text(), "MAINT");
}

TEST_F(AdminTest, DrainIsRememberedThroughDownAndMaintenance) {
  start_two();
  backend->set_admin(server("s1"), kDrainForced, 0, "");
  backend->force_health(server("s1"), ForcedHealth::Down, kCli);
  EXPECT_EQ(messages.log.back(), "Server app/s1 remains in forced drain mode.");
  backend->force_health(server("s1"), ForcedHealth::Up, kCli);
  EXPECT_EQ(messages.log.back(), "Server app/s1 remains in forced drain mode.");
  backend->set_admin(server("s1"), kMaintForced, 0, "");
  backend->set_admin(server("s1"), 0, kMaintForced, "");
  ASSERT_GE(messages.log.size(), 2U);
  EXPECT_EQ(messages.log[messages.log.size() - 2], "Server app/s1 is UP/DRAIN (leaving forced maintenance).");
  EXPECT_EQ(server("s1").status_text(), "DRAIN");
}

TEST_F(AdminTest, ARaisedLimitServesThoseWhoWait) {
  add("s1").options.maxconn = 1;
  start();
  AssignResult first = assign();
  Waiter second;
  AssignResult waiting = assign(&second);
  ASSERT_EQ(waiting.outcome, AssignOutcome::Queued);
  second.place = std::move(waiting.place);
  backend->set_maxconn(server("s1"), 2);
  loop->turn();
  EXPECT_EQ(second.wakes, 1);
  EXPECT_TRUE(second.slot);
  EXPECT_EQ(server("s1").maxconn(), 2U);
}

TEST_F(AdminTest, ALimitTakenAwayAndGivenAgainHolds) {
  add("s1").options.maxconn = 1;
  start();
  backend->set_maxconn(server("s1"), 0);
  AssignResult a = assign();
  AssignResult b = assign();
  EXPECT_TRUE(b.slot);
  backend->set_maxconn(server("s1"), 2);
  EXPECT_EQ(assign().outcome, AssignOutcome::Full);  // nobody waits in this test
}

TEST_F(AdminTest, ANewAddressIsUsedByTheNextConnection) {
  start_two();
  ServerTarget t = server("s1").target();
  net::Address ip;
  ASSERT_TRUE(net::parse_ip("127.0.0.9", ip));
  ip.set_port(80);
  t.address = net::SocketAddress(ip);
  t.port = 80;
  backend->set_address(server("s1"), t);
  EXPECT_EQ(server("s1").connect_address(1234).text(), "127.0.0.9:80");
  t.port_kind = net::PortKind::OffsetPlus;
  t.port = 10;
  backend->set_address(server("s1"), t);
  EXPECT_EQ(server("s1").connect_address(1234).text(), "127.0.0.9:1244");
}

TEST_F(AdminTest, AnAddressEndsTheWaitForOne) {
  ServerSpec& s = add("s1");
  s.address = net::parse_address("nosuch.invalid:80", {}).value();
  s.options.init_addr = {{InitAddress::Kind::None, {}}};
  start();
  EXPECT_EQ(server("s1").status_text(), "MAINT (resolution)");
  net::Address ip;
  ASSERT_TRUE(net::parse_ip("127.0.0.1", ip));
  ServerTarget t = server("s1").target();
  t.address = net::SocketAddress(ip);
  backend->set_address(server("s1"), t);
  EXPECT_EQ(name_of(assign()), "s1");
}

TEST_F(AdminTest, ResultsOfChecksThatWereSwitchedOffAreIgnored) {
  spec.default_server.check = true;
  start_two();
  backend->set_checks(server("s1"), false);
  EXPECT_EQ(server("s1").status_text(), "no check");
  for (int i = 0; i < 5; ++i) check("s1", CheckOutcome::Failed);
  EXPECT_EQ(server("s1").op_state(), OpState::Running);
  backend->set_checks(server("s1"), true);
  check("s1", CheckOutcome::Failed);
  EXPECT_EQ(server("s1").op_state(), OpState::Stopped);  // one is enough after the start
}

TEST_F(AdminTest, CountersBeginAnew) {
  start_two();
  { const AssignResult r = assign(); }
  backend->server(0).counters(0).bytes_in.add(7);
  backend->clear_maxima();
  EXPECT_EQ(backend->server(0).current_max() + backend->server(1).current_max(), 0U);
  backend->clear_counters(0);
  ServerCounters sum;
  backend->server(0).total(sum);
  backend->server(1).total(sum);
  EXPECT_EQ(sum.sessions.get() + sum.bytes_in.get(), 0U);
  backend->clear_totals();
  EXPECT_EQ(backend->server(0).last_session_ms.load() + backend->server(1).last_session_ms.load(), 0);
}

// --- server state files

class SavedTest : public AdminTest {
 protected:
  // "s1" as configured by `options`, restored from `saved`.
  Server& restored(const SavedServer& saved, const ServerOptions& options = {}, const char* address = "127.0.0.1:1") {
    ServerSpec& s = add("s1");
    s.options = options;
    s.address = net::parse_address(address, {}).value();
    spec.algorithm = Algorithm::RoundRobin;
    SavedServers all{{"s1", saved}};
    BackendInit init;
    init.name = "app";
    init.spec = &spec;
    init.threads = 1;
    init.reporter = &messages;
    init.saved = &all;
    backend = Backend::make(init, diag);
    EXPECT_NE(backend, nullptr);
    return server("s1");
  }
};

TEST_F(SavedTest, WhatWasDoneByCommandIsKept) {
  SavedServer saved;
  saved.admin = kMaintForced;
  saved.op_state = OpState::Stopped;
  EXPECT_EQ(restored(saved).status_text(), "MAINT");
}

TEST_F(SavedTest, DrainIsKept) {
  SavedServer saved;
  saved.admin = kDrainForced;
  EXPECT_EQ(restored(saved).status_text(), "DRAIN");
}

TEST_F(SavedTest, MaintenanceOfTheOldConfigurationIsNot) {
  SavedServer saved;
  saved.admin = kMaintForced | kMaintConfig;
  saved.op_state = OpState::Stopped;
  EXPECT_EQ(restored(saved).status_text(), "no check");
}

TEST_F(SavedTest, OneDisabledThenAndNowButEnabledByCommandIsEnabled) {
  SavedServer saved;
  saved.admin = kMaintConfig;
  ServerOptions o;
  o.disabled = true;
  EXPECT_EQ(restored(saved, o).status_text(), "no check");
}

TEST_F(SavedTest, DownStaysDownAndTheTimeGoesOn) {
  SavedServer saved;
  saved.op_state = OpState::Stopped;
  saved.seconds_since_change = 100;
  Server& s = restored(saved);
  EXPECT_EQ(s.status_text(), "DOWN");
  EXPECT_EQ(s.state_figures(loop->now()).last_change_seconds, 100);
}

TEST_F(SavedTest, HealthIsBoundedByRiseAndFall) {
  SavedServer saved;
  saved.check_health = 1000;
  ServerOptions o;
  o.check = true;
  EXPECT_EQ(restored(saved, o).status_text(), "UP");
}

TEST_F(SavedTest, AWeightNotChangedIsRestored) {
  SavedServer saved;
  saved.weight = 3;
  saved.configured_weight = 10;
  ServerOptions o;
  o.weight = 10;
  EXPECT_EQ(restored(saved, o).weight(), 3U);
}

TEST_F(SavedTest, AWeightChangedInTheFilesWins) {
  SavedServer saved;
  saved.weight = 3;
  saved.configured_weight = 9;
  ServerOptions o;
  o.weight = 10;
  EXPECT_EQ(restored(saved, o).weight(), 10U);
}

TEST_F(SavedTest, PortsAreRestoredAddressesOfNumbersAreNot) {
  SavedServer saved;
  net::Address ip;
  ASSERT_TRUE(net::parse_ip("127.0.0.9", ip));
  saved.address = ip;
  saved.port = 81;
  saved.check_port = 82;
  Server& s = restored(saved);
  EXPECT_EQ(s.connect_address(0).text(), "127.0.0.1:81");
  EXPECT_EQ(s.check_target().port, 82);
}

TEST_F(SavedTest, ANameTakesTheLastAddress) {
  SavedServer saved;
  net::Address ip;
  ASSERT_TRUE(net::parse_ip("127.0.0.9", ip));
  saved.address = ip;
  EXPECT_EQ(restored(saved, {}, "nosuch.invalid:80").connect_address(0).text(), "127.0.0.9:80");
}

}  // namespace
}  // namespace sluice::backend::test
