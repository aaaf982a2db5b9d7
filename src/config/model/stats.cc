// Rows of `show stat` and fields of `show info` from the counters of the running Model (management manual 9.1, 9.3).
#include "sluice/model/stats.h"

#include <unistd.h>

#include <algorithm>

#include "sluice/backend/balancer.h"

namespace sluice::model {

namespace {

constexpr std::size_t kResponseClasses = 5;

std::int64_t to_ms(base::TimePoint t) noexcept {
  return std::chrono::duration_cast<base::Millis>(t.time_since_epoch()).count();
}

std::uint32_t seconds(std::int64_t s) noexcept { return s <= 0 ? 0 : static_cast<std::uint32_t>(s); }

// last_ms: 0 = never.
std::int32_t seconds_since(std::int64_t last_ms, std::int64_t now_ms) noexcept {
  return last_ms == 0 ? -1 : static_cast<std::int32_t>(std::max<std::int64_t>(0, now_ms - last_ms) / 1000);
}

// Columns that all counter blocks with that member have under the same name.
template <class Block>
void fill_responses(ops::HttpResponses& out, const Block& c) noexcept {
  for (std::size_t i = 0; i < kResponseClasses; ++i) out.by_class[i] = c.responses[i].get();
  out.other = c.responses[kResponseClasses].get();
}

template <class Block>
void fill_bytes(ops::TransferStats& out, const Block& c) noexcept {
  out = {c.req_bytes_in.get(), c.req_bytes_out.get(), c.res_bytes_in.get(), c.res_bytes_out.get()};
}

void fill_times(ops::TimeStats& out, const backend::TimeAverages& times) noexcept {
  const backend::TimeAverages::Values a = times.average();
  const backend::TimeAverages::Values m = times.maximum();
  out = {a.queue, a.connect, a.response, a.total, m.queue, m.connect, m.response, m.total};
}

// What servers and backends count alike.
template <class Row, class Block>
void fill_back_side(Row& out, const Block& c) noexcept {
  out.stot = c.sessions.get();
  out.lbtot = c.picked.get();
  out.bin = c.bytes_in.get();
  out.bout = c.bytes_out.get();
  out.dresp = c.denied_responses.get();
  out.econ = c.connect_errors.get();
  out.eresp = c.response_errors.get();
  out.wretr = c.retries.get();
  out.wredis = c.redispatches.get();
  out.cli_abrt = c.client_aborts.get();
  out.srv_abrt = c.server_aborts.get();
  out.req_tot = c.requests.get();
  out.connect = c.connections.get();
  out.reuse = c.reuses.get();
  out.eint = c.internal_errors.get();
  out.wrew = c.rewrite_failures.get();
  fill_responses(out.responses, c);
  fill_bytes(out.bytes, c);
}

std::string address_text(const net::SocketAddress& a) {
  switch (a.family()) {
    case AF_INET:
      return a.text();
    case AF_INET6:
      return "[" + a.address().ip_text() + "]:" + std::to_string(a.address().port());
    case AF_UNIX:
      return "unix";
    default:
      return {};
  }
}

void fill_check(ops::ServerStats::Check& out, const backend::Server& s) {
  const backend::CheckResult result = s.last_check();
  out.status = result.running ? "* " : "";
  out.status += backend::short_name(result.status);
  out.description = backend::description(result.status);
  if (backend::has_code(result.status) && result.code != 0) out.code = static_cast<std::uint32_t>(result.code);
  if (result.duration_ms >= 0) out.duration_ms = static_cast<std::uint32_t>(result.duration_ms);
  out.last = result.text;
  const backend::Health h = s.health();
  out.rise = h.rise;
  out.fall = h.fall;
  out.health = h.counter;
}

void fill_agent(ops::ServerStats::Check& out, const backend::Server& s) {
  const backend::CheckResult result = s.last_agent();
  out.status = result.running ? "* " : "";
  out.status += backend::short_name(result.status);
  out.description = backend::description(result.status);
  if (backend::has_code(result.status)) out.code = 0;
  out.duration_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(0, result.duration_ms));
  out.last = result.text;
  out.rise = out.fall = 1;  // an agent is believed at once
  out.health = s.agent_up() ? 1 : 0;
}

// Connections of frontends in tcp mode: each counts as one request.
std::uint64_t tcp_sessions(const proxy::Global& g) noexcept {
  proxy::FrontendCounters sum;
  for (const auto& p : g.proxies) {
    if (p->rules->front && p->rules->spec.mode == proxy::Mode::Tcp) base::add_up(p->counters, sum);
  }
  return sum.sessions.get();
}

}  // namespace

Stats::Stats(const Model& model, ProcessSide process) : model_(model), process_(std::move(process)) {
  for (const auto& p : model.global.proxies) {
    if (p->servers == nullptr) continue;
    for (std::size_t i = 0; i < p->servers->size(); ++i) {
      const backend::ServerOptions& o = p->servers->server(i).options();
      checks_ += (o.check ? 1U : 0U) + (o.agent_check ? 1U : 0U);
    }
  }
}

std::uint32_t Stats::maxconn_of(const proxy::Proxy& p) const noexcept {
  const std::uint32_t own = p.maxconn.load(std::memory_order_relaxed);
  return own != 0 ? own : model_.global.limits.maxconn.load(std::memory_order_relaxed);
}

bool Stats::proxy(std::size_t i, ops::ProxyIdentity& out) const {
  const proxy::Proxy& p = *model_.global.proxies[i];
  out.id = p.rules->id;
  out.name = p.rules->name;
  out.http = p.rules->spec.mode == proxy::Mode::Http;
  out.frontend = p.rules->front;
  out.backend = p.rules->back;
  out.disabled = p.rules->spec.disabled;
  out.listeners = 0;
  out.servers = p.servers == nullptr ? 0 : static_cast<std::uint32_t>(p.servers->size());
  return true;
}

bool Stats::frontend(std::size_t i, ops::FrontendStats& out) const {
  const proxy::Proxy& p = *model_.global.proxies[i];
  if (!p.rules->front) return false;
  const bool http = p.rules->spec.mode == proxy::Mode::Http;
  const std::int64_t now_ms = to_ms(base::Clock::now());
  proxy::FrontendCounters c;
  base::add_up(p.counters, c);
  switch (p.front_state.load(std::memory_order_relaxed)) {
    case proxy::FrontState::Running:
      if (model_.global.stopping.load(std::memory_order_relaxed)) out.status = "STOP";
      break;
    case proxy::FrontState::Paused:
      out.status = "PAUSED";
      break;
    case proxy::FrontState::Stopped:
      out.status = "STOP";
      break;
  }
  out.scur = p.connections.load(std::memory_order_relaxed);
  out.smax = p.connections_max.load(std::memory_order_relaxed);
  out.slim = maxconn_of(p);
  out.stot = c.sessions.get();
  out.bin = c.bytes_in.get();
  out.bout = c.bytes_out.get();
  out.dreq = c.denied_requests.get();
  out.dresp = c.denied_responses.get();
  out.ereq = c.request_errors.get();
  out.rate = p.session_rate.read(now_ms);
  out.rate_max = p.session_rate.max();
  out.rate_lim = p.rules->spec.rate_limit_sessions;
  fill_responses(out.responses, c);
  out.req_rate = p.request_rate.read(now_ms);
  out.req_rate_max = p.request_rate.max();
  out.req_tot = c.requests.get();
  out.conn_rate = p.connection_rate.read(now_ms);
  out.conn_rate_max = p.connection_rate.max();
  out.conn_tot = c.connections.get();
  out.intercepted = c.intercepted.get();
  out.dcon = c.denied_connections.get();
  out.dses = c.denied_sessions.get();
  out.wrew = c.rewrite_failures.get();
  out.eint = c.internal_errors.get();
  fill_bytes(out.bytes, c);
  if (!http) {
    out.sess_other = out.stot;
    return true;
  }
  // HTTP/1 is the only one so far.
  out.h1_sess = out.stot;
  out.h1_req = out.req_tot;
  out.h1.open_connections = out.scur;
  out.h1.total_connections = out.stot;
  out.h1.total_streams = out.req_tot;
  out.h1.bytes_in = out.bytes.request_in;
  out.h1.bytes_out = out.bytes.response_out;
  return true;
}

bool Stats::listener(std::size_t i, std::size_t j, ops::ListenerStats& out) const {
  const proxy::Proxy& p = *model_.global.proxies[i];
  if (j >= p.listeners.size()) return false;
  const proxy::ListenerInfo& l = *p.listeners[j];
  proxy::ListenerCounters c;
  base::add_up(l.counters, c);
  out.name = l.name;
  out.sid = l.identity.id;
  out.addr = l.address;
  out.scur = l.current.load(std::memory_order_relaxed);
  out.smax = l.current_max.load(std::memory_order_relaxed);
  out.slim = l.maxconn;
  if (l.maxconn != 0 && out.scur >= l.maxconn) {
    out.status = "FULL";
  } else if (const std::uint32_t limit = maxconn_of(p);
             limit != 0 && p.connections.load(std::memory_order_relaxed) >= limit) {
    out.status = "WAITING";
  }
  out.stot = c.sessions.get();
  out.bin = out.bytes.request_in = c.bytes_in.get();
  out.bout = out.bytes.response_out = c.bytes_out.get();
  return true;
}

bool Stats::server(std::size_t i, std::size_t j, ops::ServerStats& out) const {
  const proxy::Proxy& p = *model_.global.proxies[i];
  if (p.servers == nullptr || j >= p.servers->size()) return false;
  const backend::Server& s = p.servers->server(j);
  const backend::ServerOptions& options = s.options();
  const base::TimePoint now = base::Clock::now();
  const std::int64_t now_ms = to_ms(now);
  backend::ServerCounters c;
  s.total(c);
  fill_back_side(out, c);
  out.name = s.name();
  out.sid = s.id();
  out.addr = address_text(s.address());
  out.status = s.status_text();
  out.qcur = s.queued();
  out.qmax = s.queued_max();
  out.qlimit = options.maxqueue;
  out.scur = s.current();
  out.smax = s.current_max();
  out.slim = s.maxconn();
  out.weight = s.effective_weight();
  out.uweight = s.weight();
  out.active = !options.backup;
  out.backup = options.backup;
  const backend::Server::StateFigures state = s.state_figures(now);
  out.chkfail = state.failed_checks;
  out.chkdown = state.down_transitions;
  out.lastchg_s = seconds(state.last_change_seconds);
  out.downtime_s = seconds(state.downtime_seconds);
  out.throttle = s.throttle_percent(now);
  out.rate = s.session_rate().read(now_ms);
  out.rate_max = s.session_rate().max();
  out.lastsess_s = seconds_since(s.last_session_ms.load(std::memory_order_relaxed), now_ms);
  fill_times(out.times, s.times());
  const backend::Server::IdleFigures idle = s.idle_figures();
  out.idle = idle.idle + idle.safe;
  out.idle_unsafe = idle.idle;
  out.idle_safe = idle.safe;
  out.used = idle.used;
  out.need = idle.estimate;
  if (options.pool_max_conn >= 0) out.idle_limit = static_cast<std::uint32_t>(options.pool_max_conn);
  out.checked = s.checks_enabled() && !s.in_maintenance();  // in maintenance its check columns are empty
  if (out.checked) fill_check(out.check, s);
  out.has_agent = s.agent_enabled();
  if (out.has_agent) fill_agent(out.agent, s);
  return true;
}

bool Stats::backend(std::size_t i, ops::BackendStats& out) const {
  const proxy::Proxy& p = *model_.global.proxies[i];
  if (p.servers == nullptr) return false;
  const backend::Backend& b = *p.servers;
  const base::TimePoint now = base::Clock::now();
  const std::int64_t now_ms = to_ms(now);
  backend::BackendCounters c;
  b.total(c);
  fill_back_side(out, c);
  out.dreq = c.denied_requests.get();
  out.qcur = b.queued();  // those without a server
  out.qmax = b.queued_max();
  out.scur = b.current();
  out.smax = b.current_max();
  out.slim = b.fullconn();
  out.weight = b.usable_weight();
  out.act = b.active_servers();
  out.bck = b.backup_servers();
  out.has_servers = b.size() != 0;
  const backend::Backend::StateFigures state = b.state_figures(now);
  out.lastchg_s = seconds(state.last_change_seconds);
  // One without servers answers by itself: the reference never calls it down.
  if (out.has_servers) {
    out.status = b.up() ? "UP" : "DOWN";
    out.chkdown = state.down_transitions;
    out.downtime_s = seconds(state.downtime_seconds);
  }
  out.rate = b.session_rate().read(now_ms);
  out.rate_max = b.session_rate().max();
  out.lastsess_s = seconds_since(b.last_session_ms.load(std::memory_order_relaxed), now_ms);
  fill_times(out.times, b.times());
  // As the reference calls it, whether written or by default.
  out.algo = b.algorithm() == backend::Algorithm::Random ? std::string_view("unknown") : b.algorithm_name();
  for (std::size_t k = 0; k < b.size(); ++k) {
    const backend::Server& s = b.server(k);
    if (s.usable() && s.options().backup == (out.act == 0)) out.uweight += s.weight();
    if (!b.http()) continue;
    const backend::Server::IdleFigures idle = s.idle_figures();
    out.h1.open_connections += std::uint64_t{idle.idle} + idle.safe + idle.used;
    out.h1.open_streams += s.current();
  }
  if (!b.http()) return true;
  out.h1.total_connections = out.connect;
  out.h1.total_streams = out.connect + out.reuse;
  out.h1.bytes_in = out.bytes.response_in;
  out.h1.bytes_out = out.bytes.request_out;
  return true;
}

void Stats::process(ops::ProcessInfo& out) const {
  const proxy::Global& g = model_.global;
  const base::TimePoint now = base::Clock::now();
  const std::int64_t now_ms = to_ms(now);
  out.name = process_.name;
  out.version = process_.version;
  out.release_date = process_.release_date;
  out.nbthread = g.settings.threads;
  out.pid = ::getpid();
  out.uptime_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ms - to_ms(process_.started)));
  out.start_time_s = g.process.start_wall_us / 1000000;
  out.boot_time_ms = process_.boot_time_ms;
  out.memmax_mb = process_.memory_limit_mb;
  if (process_.refresh != nullptr) process_.refresh(process_.refresh_ctx);
  for (const ThreadFigures& f : process_.figures) {
    out.pool_allocated_bytes += f.pool_allocated_bytes.load(std::memory_order_relaxed);
    out.pool_used_bytes += f.pool_used_bytes.load(std::memory_order_relaxed);
    out.pipes_used += f.pipes_used.load(std::memory_order_relaxed);
    out.pipes_free += f.pipes_free.load(std::memory_order_relaxed);
    out.bytes_out_rate += f.bytes_out_rate.load(std::memory_order_relaxed);
    out.run_queue += f.tasks_waiting.load(std::memory_order_relaxed);
  }
  out.max_pipes = process_.max_pipes;
  out.ulimit_n = out.maxsock = process_.fds_needed;
  out.hard_maxconn = g.settings.maxconn;
  out.maxconn = g.limits.maxconn.load(std::memory_order_relaxed);
  out.conn_rate_limit = g.limits.connection_rate.load(std::memory_order_relaxed);
  out.sess_rate_limit = g.limits.session_rate.load(std::memory_order_relaxed);
  out.curr_conns = g.connections.load(std::memory_order_relaxed);
  proxy::ThreadCounters c;
  base::add_up(g.counters, c);
  out.cum_conns = c.connections.get();
  out.cum_req = c.requests.get() + tcp_sessions(g);
  out.cum_streams = c.streams.get();
  out.curr_streams = g.streams.load(std::memory_order_relaxed);
  // What a loop wakes by itself: streams and health checks.
  out.tasks = out.curr_streams + checks_;
  out.total_bytes_out = c.bytes_out.get();
  out.total_spliced_bytes_out = c.spliced_bytes.get();
  out.conn_rate = g.connection_rate.read(now_ms);
  out.max_conn_rate = g.connection_rate.max();
  out.sess_rate = g.session_rate.read(now_ms);
  out.max_sess_rate = g.session_rate.max();
  if (process_.threads != nullptr && process_.threads->size() != 0) {
    std::uint64_t idle = 0;
    for (std::size_t i = 0; i < process_.threads->size(); ++i) idle += process_.threads->loop(i).stats().idle_percent;
    out.idle_percent = static_cast<std::uint32_t>(idle / process_.threads->size());
  }
  out.node = g.process.node;
  out.description = process_.description;
  out.stopping = g.stopping.load(std::memory_order_relaxed);
  out.busy_polling = process_.busy_polling;
  // A soft stop closes the listeners of the proxies first; the stats sockets stay.
  out.listeners = process_.cli_listeners;
  if (!out.stopping) out.listeners += static_cast<std::uint32_t>(model_.listeners.size());
  out.jobs = out.listeners + out.curr_conns;
  out.dropped_logs = model_.outputs.dropped();
  if (process_.console != nullptr) out.total_warnings = process_.console->warnings();
  out.maxconn_reached = g.maxconn_reached.load(std::memory_order_relaxed);
}

}  // namespace sluice::model
