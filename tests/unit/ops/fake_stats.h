// Proxies with the counters that tests/cases/stats/show_stat.csv was printed from.
#pragma once

#include <vector>

#include "sluice/ops/stats.h"

namespace sluice::ops::test {

struct FakeProxy {
  ProxyIdentity identity;
  FrontendStats frontend;
  BackendStats backend;
  std::vector<ServerStats> servers;
  std::vector<ListenerStats> listeners;
};

class FakeStats final : public StatsSource {
 public:
  std::vector<FakeProxy> all;
  ProcessInfo info;
  mutable std::size_t rows_asked = 0;

  void process(ProcessInfo& out) const override { out = info; }
  [[nodiscard]] std::size_t proxies() const override { return all.size(); }
  bool proxy(std::size_t i, ProxyIdentity& out) const override {
    out = all[i].identity;
    out.servers = static_cast<std::uint32_t>(all[i].servers.size());
    out.listeners = static_cast<std::uint32_t>(all[i].listeners.size());
    return true;
  }
  bool frontend(std::size_t i, FrontendStats& out) const override {
    out = all[i].frontend;
    return true;
  }
  bool listener(std::size_t i, std::size_t j, ListenerStats& out) const override {
    out = all[i].listeners[j];
    return true;
  }
  bool server(std::size_t i, std::size_t j, ServerStats& out) const override {
    ++rows_asked;
    out = all[i].servers[j];
    return true;
  }
  bool backend(std::size_t i, BackendStats& out) const override {
    out = all[i].backend;
    return true;
  }

  FakeProxy& add(std::uint32_t id, std::string_view name, bool http, bool frontend, bool backend) {
    FakeProxy p;
    p.identity.id = id;
    p.identity.name = name;
    p.identity.http = http;
    p.identity.frontend = frontend;
    p.identity.backend = backend;
    all.push_back(std::move(p));
    return all.back();
  }
};

inline ServerStats fake_server(std::string name, std::uint32_t sid, std::string addr) {
  ServerStats s;
  s.name = std::move(name);
  s.sid = sid;
  s.addr = std::move(addr);
  s.lastchg_s = 4;
  return s;
}

// Counters of something that carried n small exchanges.
template <class S>
void carried(S& s, std::uint64_t n, std::uint64_t in, std::uint64_t out, std::uint64_t response_out,
             std::uint32_t rate) {
  s.smax = 1;
  s.stot = n;
  s.bin = in;
  s.bout = out;
  s.lbtot = n;
  s.rate = rate;
  s.rate_max = static_cast<std::uint32_t>(n);
  s.req_tot = n;
  s.responses.by_class[1] = n;
  s.lastsess_s = 1;
  s.connect = n;
  s.bytes = {in, in, out, response_out};
}

// The proxies of show_stat.csv.
inline void fill_reference(FakeStats& f) {
  FakeProxy& www = f.add(2, "www", true, true, false);
  FrontendStats& w = www.frontend;
  w.smax = 1;
  w.slim = 9984;
  w.stot = 7;
  w.bin = 501;
  w.bout = 942;
  w.ereq = 1;
  w.rate = w.req_rate = w.conn_rate = 6;
  w.rate_max = w.req_rate_max = w.conn_rate_max = 7;
  w.responses.by_class[1] = 6;
  w.responses.by_class[3] = 1;
  w.req_tot = w.conn_tot = w.h1_sess = w.h1_req = 7;
  w.bytes = {501, 501, 942, 1014};
  w.h1 = {0, 0, 7, 7, 513, 1239, 0, 0};

  FakeProxy& app = f.add(3, "app", true, false, true);
  ServerStats s1 = fake_server("s1", 1, "127.0.0.1:9001");
  carried(s1, 3, 243, 471, 543, 2);
  s1.cookie = "s1";
  s1.status = "UP";
  s1.weight = s1.uweight = 10;
  s1.checked = true;
  s1.check.status = "L4OK";
  s1.check.description = "Layer4 check passed";
  s1.check.duration_ms = 0;
  s1.check.health = 4;
  s1.idle = 1;
  s1.idle_unsafe = 1;
  s1.need = 1;
  ServerStats s2 = fake_server("s2", 2, "127.0.0.1:9999");
  s2.cookie = "s2";
  s2.status = "DOWN";
  s2.chkdown = 1;
  s2.lastchg_s = s2.downtime_s = 3;
  s2.checked = true;
  s2.check.status = "L4CON";
  s2.check.description = "Layer4 connection problem";
  s2.check.duration_ms = 0;
  s2.check.last = "ECONNREFUSED returned by OS (Connection refused)";
  s2.need = 1;
  ServerStats s3 = fake_server("s3", 3, "127.0.0.1:9998");
  s3.status = "MAINT";
  s3.active = false;
  s3.backup = true;
  app.servers = {s1, s2, s3};
  carried(app.backend, 3, 243, 471, 543, 2);
  app.backend.slim = 999;
  app.backend.weight = app.backend.uweight = 10;
  app.backend.act = 1;
  app.backend.lastchg_s = 4;
  app.backend.cookie = "SRV";
  app.backend.algo = "roundrobin";
  app.backend.h1 = {1, 0, 3, 3, 546, 234, 0, 0};

  FakeProxy& api = f.add(4, "api", true, false, true);
  ServerStats a1 = fake_server("a1", 1, "127.0.0.1:9001");
  carried(a1, 3, 258, 471, 471, 2);
  a1.idle = a1.idle_unsafe = a1.need = 1;
  api.servers = {a1};
  carried(api.backend, 3, 258, 471, 471, 2);
  api.backend.slim = 999;
  api.backend.weight = api.backend.uweight = api.backend.act = 1;
  api.backend.lastchg_s = 4;
  api.backend.h1 = {1, 0, 3, 3, 546, 249, 0, 0};

  FakeProxy& st = f.add(5, "st", true, false, true);
  st.backend.slim = 1;
  st.backend.has_servers = false;
  st.backend.lastchg_s = 4;

  FakeProxy& tcp = f.add(6, "tcpsvc", false, true, true);
  FrontendStats& t = tcp.frontend;
  t.smax = 1;
  t.slim = 9984;
  t.stot = t.conn_tot = t.sess_other = 3;
  t.bin = 234;
  t.bout = 546;
  t.rate = t.conn_rate = 2;
  t.rate_max = t.conn_rate_max = 3;
  t.bytes = {234, 234, 546, 546};
  ServerStats t1 = fake_server("t1", 1, "127.0.0.1:9001");
  carried(t1, 3, 234, 546, 546, 2);
  t1.need = 1;
  tcp.servers = {t1};
  carried(tcp.backend, 3, 234, 546, 546, 2);
  tcp.backend.slim = 999;
  tcp.backend.weight = tcp.backend.uweight = tcp.backend.act = 1;
  tcp.backend.lastchg_s = 4;

  ProcessInfo& p = f.info;
  p.version = "3.5-dev5-50872d-2";
  p.release_date = "2026/08/21";
  p.nbthread = 2;
  p.pid = 28945;
  p.uptime_ms = 4321;
  p.pool_allocated_bytes = p.pool_used_bytes = 304512;
  p.ulimit_n = p.maxsock = 20000;
  p.maxconn = p.hard_maxconn = 9984;
  p.cum_conns = 17;
  p.cum_req = 12;
  p.conn_rate = p.sess_rate = 9;
  p.max_conn_rate = p.max_sess_rate = 10;
  p.tasks = 85;
  p.node = "vm";
  p.jobs = 6;
  p.listeners = 4;
  p.total_bytes_out = 13943;
  p.bytes_out_rate = 13792;
  p.start_time_s = 1795355796;
  p.total_warnings = 3;
  p.boot_time_ms = 59;
  p.curr_streams = 1;
  p.cum_streams = 11;
}

}  // namespace sluice::ops::test
