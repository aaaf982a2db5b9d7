// Rows of a built Model, compared with those of the reference for the same configuration.
#include "sluice/model/stats.h"

#include <gtest/gtest.h>

#include "unit/config_model/built.h"

namespace sluice::model {
namespace {

using testing::Built;

constexpr char kConfig[] = R"(
global
  stats socket /tmp/never-opened.sock level admin
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 1s
frontend www
  bind 127.0.0.1:9180 name plain
  bind 127.0.0.1:9182-9183
  rate-limit sessions 77
  use_backend api if { path_beg /api }
  default_backend app
frontend off
  disabled
  bind 127.0.0.1:9184
backend app
  balance roundrobin
  server s1 127.0.0.1:9001 check weight 10
  server s2 127.0.0.1:9999 check rise 4 fall 5
  server s3 127.0.0.1:9998 disabled backup
backend api
  server a1 [::1]:9001 maxconn 5 maxqueue 3 pool-max-conn 7 id 42
backend empty
listen tcpsvc
  mode tcp
  maxconn 50
  bind 127.0.0.1:9181
  server t1 unix@/tmp/nothing
)";

// Places of the proxies in kConfig.
enum : std::size_t { kWww, kOff, kApp, kApi, kEmpty, kTcp };

class StatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(built_.said(), "");
    ASSERT_NE(built_.model, nullptr);
    ASSERT_EQ(stats_.proxies(), 6U);
  }
  proxy::Proxy& at(std::size_t i) { return *built_.model->global.proxies[i]; }
  ops::ProxyIdentity identity(std::size_t i) {
    ops::ProxyIdentity out;
    EXPECT_TRUE(stats_.proxy(i, out));
    return out;
  }
  ops::FrontendStats frontend(std::size_t i) {
    ops::FrontendStats out;
    EXPECT_TRUE(stats_.frontend(i, out));
    return out;
  }
  ops::BackendStats backend(std::size_t i) {
    ops::BackendStats out;
    EXPECT_TRUE(stats_.backend(i, out));
    return out;
  }
  ops::ServerStats server(std::size_t i, std::size_t j) {
    ops::ServerStats out;
    EXPECT_TRUE(stats_.server(i, j, out));
    return out;
  }

  Built built_{kConfig};
  Stats stats_{*built_.model, {}};
};

TEST_F(StatsTest, ProxiesKeepTheOrderOfTheFileAndTheNumbersOfTheReference) {
  // The stats socket is frontend number 1.
  const std::uint32_t ids[] = {2, 3, 4, 5, 6, 7};
  for (std::size_t i = 0; i < std::size(ids); ++i) EXPECT_EQ(identity(i).id, ids[i]) << i;
  EXPECT_EQ(identity(kApp).name, "app");
  EXPECT_TRUE(identity(kWww).frontend);
  EXPECT_FALSE(identity(kWww).backend);
  EXPECT_TRUE(identity(kTcp).frontend && identity(kTcp).backend);
  EXPECT_TRUE(identity(kApp).http);
  EXPECT_FALSE(identity(kTcp).http);
  EXPECT_TRUE(identity(kOff).disabled);
  EXPECT_EQ(identity(kApp).servers, 3U);
  EXPECT_EQ(identity(kWww).listeners, 0U);
}

TEST_F(StatsTest, ASideThatAProxyLacksHasNoRow) {
  ops::FrontendStats f;
  ops::BackendStats b;
  ops::ServerStats s;
  EXPECT_FALSE(stats_.frontend(kApp, f));
  EXPECT_FALSE(stats_.backend(kWww, b));
  EXPECT_FALSE(stats_.server(kWww, 0, s));
  EXPECT_FALSE(stats_.server(kApp, 3, s));
}

TEST_F(StatsTest, FrontendLimits) {
  EXPECT_EQ(frontend(kWww).slim, 9984U);  // the process's
  EXPECT_EQ(frontend(kTcp).slim, 50U);
  EXPECT_EQ(frontend(kWww).rate_lim, 77U);
  EXPECT_EQ(frontend(kWww).status, "OPEN");
  built_.model->global.stopping = true;
  EXPECT_EQ(frontend(kWww).status, "STOP");
}

TEST_F(StatsTest, FrontendCountsOfAllThreadsAreAddedUp) {
  at(kWww).counters.local(0).sessions.add(2);
  at(kWww).counters.local(1).sessions.add(5);
  at(kWww).counters.local(1).requests.add(9);
  at(kWww).counters.local(0).responses[1].add(4);
  at(kWww).counters.local(0).responses[5].add(1);
  at(kWww).counters.local(0).req_bytes_in.add(100);
  const ops::FrontendStats f = frontend(kWww);
  EXPECT_EQ(f.stot, 7U);
  EXPECT_EQ(f.h1_sess, 7U);
  EXPECT_EQ(f.sess_other, 0U);
  EXPECT_EQ(f.h1_req, 9U);
  EXPECT_EQ(f.responses.by_class[1], 4U);
  EXPECT_EQ(f.responses.other, 1U);
  EXPECT_EQ(f.h1.bytes_in, 100U);

  at(kTcp).counters.local(0).sessions.add(3);
  EXPECT_EQ(frontend(kTcp).sess_other, 3U);
  EXPECT_EQ(frontend(kTcp).h1_sess, 0U);
}

TEST_F(StatsTest, Listeners) {
  ops::ListenerStats l;
  ASSERT_TRUE(stats_.listener(kWww, 0, l));
  EXPECT_EQ(l.name, "plain");
  EXPECT_EQ(l.sid, 1U);
  EXPECT_EQ(l.slim, 0U);
  EXPECT_EQ(l.status, "OPEN");
  ASSERT_TRUE(stats_.listener(kWww, 2, l));
  EXPECT_EQ(l.name, "sock-3");
  EXPECT_EQ(l.sid, 3U);
  EXPECT_FALSE(stats_.listener(kWww, 3, l));
  at(kTcp).connections = 50;
  ASSERT_TRUE(stats_.listener(kTcp, 0, l));
  EXPECT_EQ(l.status, "WAITING");
}

TEST_F(StatsTest, CheckedServer) {
  const ops::ServerStats s1 = server(kApp, 0);
  EXPECT_EQ(s1.name, "s1");
  EXPECT_EQ(s1.sid, 1U);
  EXPECT_EQ(s1.addr, "127.0.0.1:9001");
  EXPECT_TRUE(s1.status.starts_with("UP")) << s1.status;
  EXPECT_EQ(s1.weight, 10U);
  EXPECT_EQ(s1.uweight, 10U);
  EXPECT_TRUE(s1.active);
  EXPECT_FALSE(s1.backup);
  EXPECT_EQ(s1.slim, 0U);
  EXPECT_EQ(s1.qlimit, 0U);
  EXPECT_EQ(s1.lastsess_s, -1);
  EXPECT_FALSE(s1.idle_limit);
  EXPECT_FALSE(s1.throttle);
  ASSERT_TRUE(s1.checked);
  EXPECT_EQ(s1.check.status, "INI");
  EXPECT_EQ(s1.check.description, "Initializing");
  EXPECT_FALSE(s1.check.duration_ms);
  EXPECT_EQ(server(kApp, 1).check.rise, 4U);
  EXPECT_EQ(server(kApp, 1).check.fall, 5U);
}

TEST_F(StatsTest, AServerThatFailsItsChecksTakesItsColumnsAlong) {
  backend::Backend& app = *at(kApp).servers;
  backend::CheckResult result;
  result.status = backend::CheckStatus::L4Connection;
  result.duration_ms = 1;
  result.text = "ECONNREFUSED returned by OS (Connection refused)";
  for (int i = 0; i < 5; ++i) app.check_done(app.server(1), result, backend::CheckOutcome::Failed);
  const ops::ServerStats s = server(kApp, 1);
  EXPECT_EQ(s.status, "DOWN");
  EXPECT_EQ(s.chkdown, 1U);
  EXPECT_GE(s.chkfail, 1U);
  EXPECT_EQ(s.check.status, "L4CON");
  EXPECT_EQ(s.check.description, "Layer4 connection problem");
  EXPECT_EQ(s.check.last, "ECONNREFUSED returned by OS (Connection refused)");
  EXPECT_EQ(s.check.duration_ms, 1U);
  EXPECT_EQ(s.check.health, 0U);
  EXPECT_EQ(backend(kApp).act, 1U);
  EXPECT_EQ(backend(kApp).weight, 10U);
  EXPECT_EQ(backend(kApp).status, "UP");
}

TEST_F(StatsTest, ServersWithoutChecks) {
  const ops::ServerStats s3 = server(kApp, 2);
  EXPECT_EQ(s3.status, "MAINT");
  EXPECT_FALSE(s3.active);
  EXPECT_TRUE(s3.backup);
  EXPECT_FALSE(s3.checked);

  const ops::ServerStats a1 = server(kApi, 0);
  EXPECT_EQ(a1.status, "no check");
  EXPECT_EQ(a1.addr, "[::1]:9001");
  EXPECT_EQ(a1.sid, 42U);
  EXPECT_EQ(a1.slim, 5U);
  EXPECT_EQ(a1.qlimit, 3U);
  EXPECT_EQ(a1.idle_limit, 7U);

  EXPECT_EQ(server(kTcp, 0).addr, "unix");
}

TEST_F(StatsTest, Backends) {
  const ops::BackendStats app = backend(kApp);
  EXPECT_EQ(app.slim, 999U);  // a tenth of www's
  EXPECT_EQ(app.status, "UP");
  EXPECT_EQ(app.algo, "roundrobin");
  EXPECT_EQ(app.act, 2U);
  EXPECT_EQ(app.bck, 0U);
  EXPECT_EQ(app.weight, 11U);
  EXPECT_EQ(app.uweight, 11U);
  EXPECT_EQ(app.lastsess_s, -1);
  EXPECT_TRUE(app.has_servers);
  EXPECT_EQ(backend(kApi).algo, "unknown");  // what the reference calls "random"
  EXPECT_EQ(backend(kTcp).slim, 5U);
}

TEST_F(StatsTest, ABackendWithoutServersIsNeverDown) {
  const ops::BackendStats b = backend(kEmpty);
  EXPECT_EQ(b.status, "UP");
  EXPECT_EQ(b.chkdown, 0U);
  EXPECT_FALSE(b.has_servers);
  EXPECT_EQ(b.act, 0U);
  EXPECT_EQ(b.weight, 0U);
  EXPECT_EQ(b.slim, 1U);
}

TEST_F(StatsTest, BackSideCounts) {
  at(kApp).servers->counters(1).sessions.add(3);
  at(kApp).servers->counters(0).denied_requests.add(1);
  at(kApp).servers->counters(0).connections.add(2);
  at(kApp).servers->counters(0).reuses.add(1);
  at(kApp).servers->server(0).counters(0).response_errors.add(6);
  at(kApp).servers->server(0).counters(1).res_bytes_in.add(50);
  const ops::BackendStats b = backend(kApp);
  EXPECT_EQ(b.stot, 3U);
  EXPECT_EQ(b.dreq, 1U);
  EXPECT_EQ(b.h1.total_connections, 2U);
  EXPECT_EQ(b.h1.total_streams, 3U);
  EXPECT_EQ(server(kApp, 0).eresp, 6U);
  EXPECT_EQ(server(kApp, 0).bytes.response_in, 50U);
}

TEST_F(StatsTest, Process) {
  proxy::Global& g = built_.model->global;
  g.counters.local(0).connections.add(4);
  g.counters.local(1).connections.add(3);
  g.counters.local(1).requests.add(9);
  at(kTcp).counters.local(0).sessions.add(2);  // each is one request
  g.connections = 5;
  std::vector<ThreadFigures> figures(2);
  figures[0].pool_used_bytes = 1000;
  figures[1].pool_used_bytes = 24;
  figures[1].pipes_free = 3;
  ProcessSide side;
  side.name = "HAProxy";
  side.version = "3.5.0-x";
  side.description = "the one";
  side.fds_needed = 20000;
  side.cli_listeners = 1;
  side.started = base::Clock::now() - base::Millis{61500};
  side.figures = figures;
  ops::ProcessInfo info;
  Stats(*built_.model, side).process(info);
  EXPECT_EQ(info.version, "3.5.0-x");
  EXPECT_EQ(info.description, "the one");
  EXPECT_EQ(info.node, "testnode");
  EXPECT_EQ(info.nbthread, 2U);
  EXPECT_EQ(info.start_time_s, 1795355796);
  EXPECT_EQ(info.uptime_ms / 1000, 61U);
  EXPECT_EQ(info.maxconn, 9984U);
  EXPECT_EQ(info.ulimit_n, 20000U);
  EXPECT_EQ(info.cum_conns, 7U);
  EXPECT_EQ(info.cum_req, 11U);
  EXPECT_EQ(info.curr_conns, 5U);
  EXPECT_EQ(info.pool_used_bytes, 1024U);
  EXPECT_EQ(info.pipes_free, 3U);
  EXPECT_EQ(info.listeners, 5U);  // three of www, one of tcpsvc, the stats socket
  EXPECT_EQ(info.jobs, 10U);
  EXPECT_EQ(info.idle_percent, 100U);
}

TEST_F(StatsTest, CapturesOfAProxy) {
  const Captures captures(*built_.model);
  ops::CapturedError e;
  ASSERT_EQ(captures.slots(), 12U);
  for (std::size_t i = 0; i < captures.slots(); ++i) EXPECT_FALSE(captures.capture(i, e)) << i;
  EXPECT_EQ(captures.events(), 0U);

  auto kept = std::make_unique<proxy::CapturedError>();
  kept->capture.data = "GET / HTTP/1.1\r\nbad header\r\n\r\n";
  kept->capture.buffer_bytes = 16384;
  kept->capture.error = {http::h1::ErrorCode::BadHeaderName, http::h1::MsgState::HeaderName, 19};
  kept->source = net::Address::ip4(0x7f000001, 59884);
  at(kWww).request_error = std::move(kept);
  ASSERT_TRUE(captures.capture(2 * kWww, e));
  EXPECT_TRUE(e.request);
  EXPECT_EQ(e.proxy, "www");
  EXPECT_EQ(e.proxy_id, 2U);
  EXPECT_EQ(e.backend, "");
  EXPECT_EQ(e.backend_id, -1);
  EXPECT_EQ(e.server_id, -1);
  EXPECT_EQ(e.source, "127.0.0.1:59884");
  EXPECT_EQ(e.free_bytes, 16354U);
  EXPECT_EQ(e.error_at, 19U);
  EXPECT_EQ(e.state_name, "MSG_HDR_NAME");
  EXPECT_EQ(e.state, 17U);

  kept = std::make_unique<proxy::CapturedError>();
  kept->other_proxy = "www";
  kept->other_id = 2;
  kept->server = "s1";
  kept->server_id = 1;
  kept->event = 1;
  at(kApp).response_error = std::move(kept);
  ops::CapturedError r;
  ASSERT_TRUE(captures.capture(2 * kApp + 1, r));
  EXPECT_FALSE(r.request);
  EXPECT_EQ(r.frontend, "www");
  EXPECT_EQ(r.frontend_id, 2U);
  EXPECT_EQ(r.server, "s1");
  EXPECT_EQ(r.server_id, 1);
  EXPECT_EQ(r.event, 1U);
}

}  // namespace
}  // namespace sluice::model
