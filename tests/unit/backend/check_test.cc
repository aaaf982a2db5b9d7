// Health checks against real sockets on the loopback, with a clock that only moves when told to.
#include "sluice/backend/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "backend/checks/expect.h"
#include "backend/checks/request.h"
#include "backend/checks/schedule.h"
#include "fixture.h"
#include "sluice/base/unique_fd.h"

namespace sluice::backend::test {
namespace {

using std::chrono::milliseconds;

// A listening socket that the test serves by hand.
class Origin {
 public:
  Origin() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const net::SocketAddress any(net::Address::ip4(0x7f000001U, 0));
    SLUICE_CHECK(::bind(fd_.get(), &any.sa, any.len) == 0);
    SLUICE_CHECK(::listen(fd_.get(), 8) == 0);
    net::SocketAddress got;
    got.len = sizeof got.storage;
    SLUICE_CHECK(::getsockname(fd_.get(), &got.sa, &got.len) == 0);
    port = got.address().port();
  }
  // Whether a connection had come.
  bool accept() {
    peer_.reset(::accept(fd_.get(), nullptr, nullptr));
    return peer_.valid();
  }
  std::string read() {
    char buffer[4096];
    const ssize_t n = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
  }
  void write(std::string_view s) {
    SLUICE_CHECK(::send(peer_.get(), s.data(), s.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(s.size()));
  }
  void close() { peer_.reset(); }
  void reset() {
    const linger now{1, 0};
    SLUICE_CHECK(::setsockopt(peer_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    peer_.reset();
  }
  void stop_listening() { fd_.reset(); }
  std::uint16_t port = 0;

 private:
  base::UniqueFd fd_, peer_;
};

class CheckTest : public BackendTest {
 protected:
  Server& go() {
    ServerSpec& s = add("s1");
    s.address.port = origin.port;
    s.options.check = true;
    start();
    checker = std::make_unique<Checker>(*loop, CheckerOptions{});
    checker->add(*backend);
    checker->start();
    turns();
    return backend->server(0);
  }
  void turns() {
    for (int i = 0; i < 6; ++i) loop->turn();
  }
  void wait(milliseconds t) {
    clock.advance(t);
    turns();
  }
  // The request of the check that is running.
  std::string request() {
    EXPECT_TRUE(origin.accept());
    turns();
    return origin.read();
  }
  CheckResult answer(std::string_view response, bool close = false) {
    (void)request();
    origin.write(response);
    if (close) origin.close();
    turns();
    return backend->server(0).last_check();
  }
  // As answer(), and the connection breaks off.
  CheckResult break_off(std::string_view response) {
    (void)request();
    if (!response.empty()) origin.write(response);
    turns();
    origin.reset();
    turns();
    return backend->server(0).last_check();
  }
  Origin origin;
  std::unique_ptr<Checker> checker;
};

TEST_F(CheckTest, TcpConnect) {
  Server& s = go();
  EXPECT_EQ(s.last_check().status, CheckStatus::L4Ok);
  EXPECT_EQ(s.status_text(), "UP");
  EXPECT_EQ(s.last_check().duration_ms, 0);
}

TEST_F(CheckTest, NobodyListens) {
  origin.stop_listening();
  Server& s = go();
  EXPECT_EQ(s.last_check().status, CheckStatus::L4Connection);
  EXPECT_EQ(s.last_check().text, "ECONNREFUSED returned by OS (Connection refused)");
  EXPECT_EQ(s.status_text(), "DOWN");
  ASSERT_FALSE(messages.log.empty());
  EXPECT_EQ(messages.log[0],
            "Server app/s1 is DOWN, reason: Layer4 connection problem, info: \"ECONNREFUSED returned by OS (Connection "
            "refused)\", check duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 "
            "remaining in "
            "queue.");
}

TEST_F(CheckTest, ResetDuringAnHttpCheckIsASocketError) {
  spec.check.type = CheckType::Http;
  go();
  const CheckResult r = break_off("");
  EXPECT_EQ(r.status, CheckStatus::SockError);
  EXPECT_EQ(r.text, "Connection reset by peer");
}

TEST_F(CheckTest, ResetInTheMiddleOfAnHttpAnswer) {
  spec.check.type = CheckType::Http;
  go();
  const CheckResult r = break_off("HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(r.status, CheckStatus::SockError);
  EXPECT_EQ(r.text, "Connection reset by peer");
}

TEST_F(CheckTest, RunsEveryInterval) {
  spec.default_server.inter = milliseconds(1000);
  go();
  EXPECT_TRUE(origin.accept());
  wait(milliseconds(990));
  EXPECT_FALSE(origin.accept());
  wait(milliseconds(20));
  EXPECT_TRUE(origin.accept());
}

TEST_F(CheckTest, MaintenanceStopsChecks) {
  Server& s = go();
  EXPECT_TRUE(origin.accept());
  backend->set_admin(s, kMaintForced, 0, "");
  wait(milliseconds(2100));
  EXPECT_FALSE(origin.accept());
  backend->set_admin(s, 0, kMaintForced, "");
  wait(milliseconds(2100));
  EXPECT_TRUE(origin.accept());
}

TEST_F(CheckTest, HttpRequestAndStatus) {
  spec.check.type = CheckType::Http;
  go();
  EXPECT_EQ(request(), "OPTIONS / HTTP/1.0\r\n\r\n");
  origin.write("HTTP/1.1 204 No Content\r\n\r\n");
  turns();
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::L7Ok);
  EXPECT_EQ(backend->server(0).last_check().code, 204);
}

TEST_F(CheckTest, HttpWrongStatus) {
  spec.check.type = CheckType::Http;
  go();
  const CheckResult r = answer("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(r.status, CheckStatus::L7Status);
  EXPECT_EQ(r.code, 500);
  EXPECT_EQ(r.text, "Internal Server Error");
}

TEST_F(CheckTest, HttpJunkAndSilence) {
  spec.check.type = CheckType::Http;
  go();
  EXPECT_EQ(answer("garbage\r\n\r\n").status, CheckStatus::L7Response);
  wait(milliseconds(2000));
  EXPECT_EQ(answer("", true).status, CheckStatus::L7Response);
  wait(milliseconds(2000));
  (void)request();
  wait(milliseconds(2000));
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::L7Timeout);
  EXPECT_EQ(backend->server(0).last_check().duration_ms, 2000);
}

TEST_F(CheckTest, DisableOn404) {
  spec.check.type = CheckType::Http;
  spec.check.disable_on_404 = true;
  go();
  EXPECT_EQ(answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").status, CheckStatus::L7OkConditional);
  EXPECT_EQ(backend->server(0).status_text(), "NOLB");
  // A server that is down does not come back with a 404.
  for (int i = 0; i < 3; ++i) check("s1", CheckOutcome::Failed);
  wait(milliseconds(2000));
  const CheckResult r = answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(r.status, CheckStatus::L7Status);
  EXPECT_EQ(backend->server(0).status_text(), "DOWN");
}

TEST_F(CheckTest, ExpectStringInChunkedBody) {
  spec.check.type = CheckType::Http;
  CheckStep step;
  step.kind = CheckStep::Kind::Expect;
  step.expect.kind = CheckExpect::Kind::String;
  step.expect.pattern = "all is well";
  spec.check.http_steps.push_back(step);
  go();
  (void)request();
  origin.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nall is \r\n");
  turns();
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::Init);  // still running
  origin.write("4\r\nwell\r\n0\r\n\r\n");
  turns();
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::L7Ok);
  wait(milliseconds(2000));
  const CheckResult r = answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
  EXPECT_EQ(r.status, CheckStatus::L7Response);
  EXPECT_EQ(r.text, "HTTP content check did not match");
}

TEST_F(CheckTest, TcpScript) {
  spec.check.type = CheckType::TcpScript;
  CheckStep send;
  send.kind = CheckStep::Kind::Send;
  send.data = "PING\r\n";
  CheckStep expect;
  expect.kind = CheckStep::Kind::Expect;
  expect.expect.kind = CheckExpect::Kind::String;
  expect.expect.pattern = "+PONG";
  spec.check.tcp_steps = {send, expect};
  go();
  EXPECT_EQ(request(), "PING\r\n");
  origin.write("+PO");
  turns();
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::Init);
  origin.write("NG\r\n");
  turns();
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::L7Ok);
  wait(milliseconds(2000));
  const CheckResult r = answer("-ERR\r\n", true);
  EXPECT_EQ(r.status, CheckStatus::L7Response);
  EXPECT_EQ(r.text, "TCPCHK did not match content '+PONG' at step 2");  // the implied connect is not counted
}

TEST_F(CheckTest, TcpScriptThatIsResetLooksAtWhatCameBefore) {
  spec.check.type = CheckType::TcpScript;
  CheckStep expect;
  expect.kind = CheckStep::Kind::Expect;
  expect.expect.kind = CheckExpect::Kind::String;
  expect.expect.pattern = "+PONG";
  spec.check.tcp_steps = {expect};
  go();
  EXPECT_TRUE(origin.accept());
  turns();
  origin.reset();
  turns();
  CheckResult r = backend->server(0).last_check();
  EXPECT_EQ(r.status, CheckStatus::SockError);
  EXPECT_EQ(r.text, "Connection reset by peer at step 1 of tcp-check (expect string '+PONG')");
  wait(milliseconds(2000));
  EXPECT_TRUE(origin.accept());
  turns();
  origin.close();
  turns();
  r = backend->server(0).last_check();
  EXPECT_EQ(r.status, CheckStatus::L7Response);
  EXPECT_EQ(r.text, "TCPCHK got an empty response at step 1");
}

TEST_F(CheckTest, TimeoutCheckReplacesTheInterval) {
  spec.check.type = CheckType::Http;
  spec.check.timeout = milliseconds(300);
  go();
  (void)request();
  wait(milliseconds(310));
  EXPECT_EQ(backend->server(0).last_check().status, CheckStatus::L7Timeout);
}

TEST(CheckRequest, Rendering) {
  const HttpSend none{"", "", "", {}, "", ""};
  HttpSend option;
  EXPECT_EQ(render_check_request(none, option, ""), "OPTIONS / HTTP/1.0\r\n\r\n");
  option = {"GET", "/a", "HTTP/1.1", {{"Host", "x"}}, "", ""};
  EXPECT_EQ(render_check_request(none, option, ""), "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const HttpSend send{"POST", "/b", "HTTP/1.0", {{"Host", "y"}}, "hello", ""};
  EXPECT_EQ(render_check_request(send, option, "UP; x=y"),
            "POST /b HTTP/1.0\r\nhost: y\r\nx-haproxy-server-state: UP; x=y\r\ncontent-length: 5\r\n\r\nhello");
}

TEST_F(CheckTest, ServerState) {
  Server& s = go();
  EXPECT_EQ(render_server_state(s, "node1"), "UP; address=127.0.0.1; port=" + std::to_string(origin.port) +
                                                 "; name=app/s1; node=node1; weight=1/1; scur=0/0; qcur=0");
}

TEST(CheckExpectations, StatusRangesAndNegation) {
  CheckExpect e;
  e.ranges = {{200, 299}, {404, 404}};
  EXPECT_EQ(Expect(e).judge_status(204), Verdict::Match);
  EXPECT_EQ(Expect(e).judge_status(404), Verdict::Match);
  EXPECT_EQ(Expect(e).judge_status(301), Verdict::Mismatch);
  e.negated = true;
  EXPECT_EQ(Expect(e).judge_status(204), Verdict::Mismatch);
  e = {};
  e.kind = CheckExpect::Kind::StatusRegex;
  e.pattern = "^[23]";
  EXPECT_EQ(Expect(e).judge_status(302), Verdict::Match);
  EXPECT_EQ(Expect(e).judge_status(502), Verdict::Mismatch);
}

TEST(CheckExpectations, ContentMinRecvAndRegex) {
  CheckExpect e;
  e.kind = CheckExpect::Kind::String;
  e.pattern = "ok";
  EXPECT_EQ(Expect(e).judge_content("o", false), Verdict::NeedMore);
  EXPECT_EQ(Expect(e).judge_content("o", true), Verdict::Mismatch);
  EXPECT_EQ(Expect(e).judge_content("xok", false), Verdict::Match);
  e.min_recv = 5;
  EXPECT_EQ(Expect(e).judge_content("ok", false), Verdict::NeedMore);
  EXPECT_EQ(Expect(e).judge_content("abcde", false), Verdict::Mismatch);
  e.min_recv = -1;
  e.negated = true;
  EXPECT_EQ(Expect(e).judge_content("", false), Verdict::NeedMore);
  EXPECT_EQ(Expect(e).judge_content("", true), Verdict::Match);
  EXPECT_EQ(Expect(e).judge_content("ok", false), Verdict::Mismatch);
  e = {};
  e.kind = CheckExpect::Kind::Regex;
  e.pattern = "^a+$";
  EXPECT_EQ(Expect(e).judge_content("aaa", true), Verdict::Match);
  EXPECT_EQ(Expect(e).judge_content("aab", true), Verdict::Mismatch);
}

TEST(CheckSchedule, Intervals) {
  ServerOptions o;
  o.inter = milliseconds(2000);
  o.fastinter = milliseconds(200);
  o.downinter = milliseconds(9000);
  EXPECT_EQ(check_interval(o, {2, 3, 4}).count(), 2000);
  EXPECT_EQ(check_interval(o, {2, 3, 3}).count(), 200);
  EXPECT_EQ(check_interval(o, {2, 3, 1}).count(), 200);
  EXPECT_EQ(check_interval(o, {2, 3, 0}).count(), 9000);
  o.fastinter = o.downinter = milliseconds(0);
  EXPECT_EQ(check_interval(o, {2, 3, 1}).count(), 2000);
  EXPECT_EQ(check_interval(o, {2, 3, 0}).count(), 2000);
  EXPECT_EQ(first_offset(milliseconds(1000), 3, 4).count(), 750);
  EXPECT_EQ(spread(milliseconds(1000), 0, 123).count(), 1000);
  EXPECT_EQ(spread(milliseconds(1000), 50, 0).count(), 500);
  EXPECT_EQ(spread(milliseconds(1000), 50, 0xffffffffU).count(), 1500);
}

}  // namespace
}  // namespace sluice::backend::test
