// Agents of servers: what they say, how it is read, and what comes of it. Texts are those of the reference.
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "sluice/backend/agent_report.h"
#include "sluice/backend/check.h"
#include "sluice/base/unique_fd.h"

namespace sluice::backend::test {
namespace {

using std::chrono::milliseconds;
using Health = AgentReport::Health;
using Mode = AgentReport::Mode;

// ---- the line -----------------------------------------------------------------------------------------------------

TEST(AgentReportTest, WordsInAnyOrder) {
  const AgentReport r = parse_agent_report("UP,75%\tmaxconn:30 Ready # all is well ");
  EXPECT_EQ(r.health, Health::Up);
  EXPECT_EQ(r.health_word, "UP");
  EXPECT_EQ(r.mode, Mode::Ready);
  EXPECT_EQ(r.weight, "75%");
  EXPECT_EQ(r.maxconn, "30");
  EXPECT_EQ(r.description, "all is well ");
  EXPECT_TRUE(r.understood);
}

TEST(AgentReportTest, NothingSaidIsNothing) {
  for (const std::string_view line : {"", " ,\t ", "#", "# down", "#down"}) {
    const AgentReport r = parse_agent_report(line);
    EXPECT_EQ(r.health, Health::Unsaid) << line;
    EXPECT_EQ(r.mode, Mode::Unsaid) << line;
    EXPECT_FALSE(r.weight || r.maxconn) << line;
    EXPECT_TRUE(r.understood) << line;
  }
}

TEST(AgentReportTest, WordsOfEachKind) {
  for (const std::string_view w : {"down", "fail", "stopped"}) EXPECT_EQ(parse_agent_report(w).health, Health::Down);
  EXPECT_EQ(parse_agent_report("drain").mode, Mode::Drain);
  EXPECT_EQ(parse_agent_report("maint").mode, Mode::Maint);
  EXPECT_EQ(parse_agent_report("weight:5").weight, "5");
  EXPECT_EQ(parse_agent_report("weight:50%").weight, "50%");
  EXPECT_EQ(parse_agent_report("maxconn:").maxconn, "");
}

TEST(AgentReportTest, TheFirstWordThatMeansNothingIsKeptAndTheOthersCount) {
  const AgentReport r = parse_agent_report("stopped#planned,foo down");
  EXPECT_FALSE(r.understood);
  EXPECT_EQ(r.description, "stopped#planned");
  EXPECT_EQ(r.health, Health::Down);
  for (const std::string_view w : {"%", "-5%", "5", "upp", "1x%", "weigh:3"}) {
    EXPECT_FALSE(parse_agent_report(w).understood) << w;
    EXPECT_FALSE(parse_agent_report(w).weight) << w;
  }
}

TEST(AgentReportTest, Weights) {
  std::string_view error;
  EXPECT_EQ(parse_weight("50%", 10, error), 5U);
  EXPECT_EQ(parse_weight("200%", 10, error), 20U);
  EXPECT_EQ(parse_weight("99999999999999999999%", 10, error), std::nullopt);  // no number
  EXPECT_EQ(parse_weight("100000%", 10, error), 256U);
  EXPECT_EQ(parse_weight("256", 10, error), 256U);
  EXPECT_EQ(parse_weight("257", 10, error), std::nullopt);
  EXPECT_EQ(error, "Absolute weight can only be between 0 and 256 inclusive.");
  EXPECT_EQ(parse_weight("-1%", 10, error), std::nullopt);
  EXPECT_EQ(error, "Relative weight must be positive.");
  EXPECT_EQ(parse_weight("", 10, error), std::nullopt);
  EXPECT_EQ(parse_weight("-", 10, error), std::nullopt);
  EXPECT_EQ(parse_weight("5x", 10, error), std::nullopt);
  EXPECT_EQ(error, "Trailing garbage in weight string");
}

TEST(AgentReportTest, WhatItSaidCannotWriteToATerminalOrFillALog) {
  EXPECT_EQ(fit_to_show("via agent : down (\x1b[2Jgone\x7f\t)"), "via agent : down (?[2Jgone?\?)");
  EXPECT_EQ(fit_to_show("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(fit_to_show(std::string(5000, 'x')).size(), kMostShown);
}

// ---- an agent on the loopback -------------------------------------------------------------------------------------

class AgentTest : public BackendTest {
 protected:
  AgentTest() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const net::SocketAddress any(net::Address::ip4(0x7f000001U, 0));
    SLUICE_CHECK(::bind(fd.get(), &any.sa, any.len) == 0);
    SLUICE_CHECK(::listen(fd.get(), 8) == 0);
    net::SocketAddress got;
    got.len = sizeof got.storage;
    SLUICE_CHECK(::getsockname(fd.get(), &got.sa, &got.len) == 0);
    port = got.address().port();
  }
  Server& go(Algorithm a = Algorithm::RoundRobin) {
    ServerSpec& s = add("s1");
    s.options.weight = 10;
    s.options.agent_check = true;
    s.options.agent_port = port;
    s.options.agent_inter = milliseconds(1000);
    s.options.agent_send = "hello\n";
    add("s2");
    start(a);
    checker = std::make_unique<Checker>(*loop, CheckerOptions{});
    checker->add(*backend);
    checker->start();
    turns();
    return backend->server(0);
  }
  void turns() {
    for (int i = 0; i < 6; ++i) loop->turn();
  }
  bool accept() {
    peer.reset(::accept(fd.get(), nullptr, nullptr));
    turns();
    return peer.valid();
  }
  std::string read() {
    char buffer[4096];
    const ssize_t n = ::recv(peer.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
  }
  // One run of the agent, which says this.
  void says(std::string_view text) {
    EXPECT_TRUE(accept());
    (void)read();
    SLUICE_CHECK(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
    peer.reset();
    turns();
    clock.advance(milliseconds(1000));
    turns();
  }
  [[nodiscard]] std::string last() const { return messages.log.empty() ? "" : messages.log.back(); }

  base::UniqueFd fd, peer;
  std::uint16_t port = 0;
  std::unique_ptr<Checker> checker;
};

TEST_F(AgentTest, WhatItSaysIsShownWithoutControlCharacters) {
  Server& s = go();
  says("down # \x1b[31mred\n");
  EXPECT_EQ(s.last_agent().text, "via agent : down (?[31mred)");
  EXPECT_EQ(last().find('\x1b'), std::string::npos);
}

TEST_F(AgentTest, IsAskedAtItsPortEveryInterval) {
  Server& s = go();
  EXPECT_EQ(s.last_agent().status, CheckStatus::Init);
  EXPECT_TRUE(s.last_agent().running);
  ASSERT_TRUE(accept());
  EXPECT_EQ(read(), "hello\n");
  peer.reset();
  turns();
  clock.advance(milliseconds(990));
  turns();
  EXPECT_FALSE(accept());
  clock.advance(milliseconds(20));
  turns();
  EXPECT_TRUE(accept());
}

TEST_F(AgentTest, DownAndUp) {
  Server& s = go();
  says("down # bye\r\nup\n");
  EXPECT_EQ(s.status_text(), "DOWN (agent)");
  EXPECT_EQ(s.last_agent().status, CheckStatus::L7Status);
  EXPECT_EQ(s.last_agent().text, "via agent : down (bye)");
  EXPECT_EQ(last(),
            "Server app/s1 is DOWN, reason: Layer7 wrong status, code: 0, info: \"via agent : down (bye)\", check "
            "duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(name_of(assign()), "s2");
  says("up\n");
  EXPECT_EQ(s.status_text(), "no check");
  EXPECT_EQ(last(),
            "Server app/s1 is UP, reason: Layer7 check passed, code: 0, info: \"via agent : up\", check duration: 0ms. "
            "2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.");
}

TEST_F(AgentTest, WeightAndLimit) {
  Server& s = go();
  says("50% maxconn:30\n");
  EXPECT_EQ(s.weight(), 5U);
  EXPECT_EQ(s.maxconn(), 30U);
  EXPECT_EQ(s.last_agent().status, CheckStatus::Checked);
  EXPECT_EQ(s.last_agent().text, "");
  says("weight:7\n");
  EXPECT_EQ(s.weight(), 7U);
  says("maxconn:abc\n");
  EXPECT_EQ(s.last_agent().text, "agent warns : maxconn string empty or preceded by garbage");
  EXPECT_EQ(s.maxconn(), 30U);
  says("garbage 100%\n");
  EXPECT_EQ(s.last_agent().text, "agent reports an error : garbage");
  EXPECT_EQ(s.weight(), 10U);
}

TEST_F(AgentTest, AStaticBalancerHasItsOwnMind) {
  Server& s = go(Algorithm::StaticRr);
  says("50%\n");
  EXPECT_EQ(s.weight(), 10U);
  EXPECT_EQ(s.last_agent().text,
            "agent warns : Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.");
  says("0%\n");
  EXPECT_EQ(s.weight(), 0U);
}

TEST_F(AgentTest, ModesOfTheAdministrator) {
  Server& s = go();
  says("drain\n");
  EXPECT_EQ(s.status_text(), "DRAIN (agent)");
  says("maint\n");
  EXPECT_EQ(s.status_text(), "MAINT");
  says("down\n");  // goes on in maintenance
  EXPECT_EQ(s.status_text(), "MAINT");
  says("ready\n");
  EXPECT_EQ(s.status_text(), "DOWN (agent)");  // what it said before is not forgotten
  EXPECT_EQ(s.admin(), 0U);
  says("up\n");
  EXPECT_EQ(s.status_text(), "no check");
}

TEST_F(AgentTest, FailuresChangeNothing) {
  Server& s = go();
  says("down\n");
  says("");
  EXPECT_EQ(s.last_agent().status, CheckStatus::L7Response);
  says("up");  // not a whole line
  EXPECT_EQ(s.last_agent().text, "Ignoring incomplete line from agent");
  says(std::string(20000, 'x'));
  EXPECT_EQ(s.last_agent().status, CheckStatus::L7Response);
  ASSERT_TRUE(accept());
  clock.advance(milliseconds(1001));
  turns();
  EXPECT_EQ(s.last_agent().status, CheckStatus::L7Timeout);
  fd.reset();
  peer.reset();
  clock.advance(milliseconds(1001));
  turns();
  clock.advance(milliseconds(1001));
  turns();
  EXPECT_EQ(s.last_agent().status, CheckStatus::L4Connection);
  EXPECT_EQ(s.status_text(), "DOWN (agent)");
}

TEST_F(AgentTest, DisabledItIsNotAskedAndNoLongerHoldsDown) {
  Server& s = go();
  says("down\n");
  backend->set_agent(s, false);
  EXPECT_EQ(s.status_text(), "DOWN");
  ASSERT_TRUE(accept());  // had begun
  clock.advance(milliseconds(1001));
  turns();
  clock.advance(milliseconds(1001));
  turns();
  EXPECT_FALSE(accept());
  backend->set_agent(s, true);
  clock.advance(milliseconds(1001));
  turns();
  EXPECT_TRUE(accept());
}

TEST_F(AgentTest, ALateResultOfADisabledOneLeavesTheWeight) {
  Server& s = go();
  ASSERT_TRUE(accept());
  backend->set_agent(s, false);
  ASSERT_EQ(::send(peer.get(), "down 50% drain\n", 15, MSG_NOSIGNAL), 15);
  turns();
  EXPECT_EQ(s.weight(), 10U);
  EXPECT_EQ(s.admin(), 0U);
  EXPECT_EQ(s.op_state(), OpState::Stopped);
}

TEST_F(AgentTest, ForcedFromTheCli) {
  Server& s = go();
  backend->force_agent(s, false, ", changed from CLI");
  EXPECT_EQ(s.status_text(), "DOWN (agent)");
  EXPECT_EQ(last(),
            "Server app/s1 is DOWN, changed from CLI. 1 active and 0 backup servers left. 0 sessions active, 0 "
            "requeued, 0 remaining in queue.");
  backend->force_agent(s, true, ", changed from CLI");
  EXPECT_EQ(s.status_text(), "no check");
}

TEST_F(AgentTest, GoesWhereItIsTold) {
  Server& s = go();
  CheckTarget target = s.agent_target();
  EXPECT_EQ(target.port, port);
  target.port = 1;
  says("up\n");
  backend->set_agent_target(s, target);
  backend->set_agent_send(s, "again\n");
  says("up\n");  // had been connected already
  EXPECT_EQ(s.last_agent().status, CheckStatus::L4Connection);
  target.port = port;
  backend->set_agent_target(s, target);
  clock.advance(milliseconds(1001));
  turns();
  ASSERT_TRUE(accept());
  EXPECT_EQ(read(), "again\n");
}

// ---- together with health checks ----------------------------------------------------------------------------------

class AgentAndChecksTest : public BackendTest {
 protected:
  Server& go(bool logs = false) {
    ServerSpec& s = add("s1");
    s.options.check = s.options.agent_check = true;
    s.options.agent_port = 1;
    s.options.rise = 1;
    s.options.fall = 1;
    add("s2");
    spec.check.log_health_checks = logs;
    start();
    return backend->server(0);
  }
  void agent(AgentSays what) {
    CheckResult r;
    r.status = what == AgentSays::Up ? CheckStatus::L7Ok : CheckStatus::L7Status;
    r.text = what == AgentSays::Up ? "via agent : up" : "via agent : down";
    r.duration_ms = 0;
    backend->agent_done(backend->server(0), r, what);
  }
};

TEST_F(AgentAndChecksTest, BothHaveToSayUp) {
  Server& s = go();
  agent(AgentSays::Down);
  check("s1", CheckOutcome::Passed);
  EXPECT_EQ(s.status_text(), "DOWN (agent)");
  check("s1", CheckOutcome::Failed);
  agent(AgentSays::Up);
  EXPECT_EQ(s.status_text(), "DOWN");
  check("s1", CheckOutcome::Passed);
  EXPECT_EQ(s.status_text(), "UP");
  // One message for each way.
  EXPECT_EQ(messages.log.size(), 2U);
}

TEST_F(AgentAndChecksTest, ACheckBringsBackWhatADisabledAgentLeftDown) {
  Server& s = go();
  agent(AgentSays::Down);
  backend->set_agent(s, false);
  EXPECT_EQ(s.op_state(), OpState::Stopped);
  check("s1", CheckOutcome::Passed);
  EXPECT_EQ(s.status_text(), "UP");
}

TEST_F(AgentAndChecksTest, ChecksMayBeLogged) {
  go(true);
  agent(AgentSays::Down);
  ASSERT_EQ(messages.log.size(), 2U);
  EXPECT_EQ(messages.log[0],
            "Agent check for server app/s1 failed, reason: Layer7 wrong status, code: 0, info: \"via agent : down\", "
            "check duration: 0ms, status: 0/1 DOWN.");
  EXPECT_EQ(messages.log[1],
            "Server app/s1 is DOWN. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in "
            "queue.");
  agent(AgentSays::Down);
  EXPECT_EQ(messages.log.size(), 2U);
}

TEST_F(AgentAndChecksTest, SlowStartsWithoutChecksReachTheirWeight) {
  ServerSpec& s = add("s1");
  s.options.weight = 10;
  s.options.slowstart = milliseconds(1000);
  start();
  Checker checker(*loop, CheckerOptions{});
  checker.add(*backend);
  checker.start();
  Server& server = backend->server(0);
  backend->set_mode(server, AdminMode::Maint);
  backend->set_mode(server, AdminMode::Ready);
  EXPECT_EQ(server.op_state(), OpState::Starting);
  EXPECT_LT(server.effective_weight(), 10U);
  for (int i = 0; i < 30; ++i) {
    clock.advance(milliseconds(50));
    loop->turn();
  }
  EXPECT_EQ(server.op_state(), OpState::Running);
  EXPECT_EQ(server.effective_weight(), 10U);
}

}  // namespace
}  // namespace sluice::backend::test
