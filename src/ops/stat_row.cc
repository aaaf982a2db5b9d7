// Fills rows: which columns an object has depends on its kind and on the mode of its proxy, as with the reference.
#include "ops/stat_row.h"

#include <cstdio>

namespace sluice::ops {

namespace {

constexpr StatColumn kColumns[] = {
#include "ops/stat_columns.inc"
};
static_assert(std::size(kColumns) == kStatColumns);

constexpr StatColumn kFields[] = {
#include "ops/info_fields.inc"
};
static_assert(std::size(kFields) == kInfoFields);

enum Column : std::size_t {
#include "ops/stat_column_ids.inc"
  kStaticEnd
};
static_assert(kStaticEnd == kStaticColumns);

// Columns of modules.
constexpr std::size_t kSslBegin = 132;
constexpr std::size_t kSslEnd = 137;
constexpr std::size_t kH1Begin = 205;
static_assert(kColumns[kSslBegin].name == "ssl_sess" && kColumns[kSslEnd - 1].name == "ssl_failed_ocsp_staple");
static_assert(kColumns[kH1Begin].name == "h1_open_connections");

using Values = std::array<StatValue, kStatColumns>;

void fill_identity(StatRow& row, const ProxyIdentity& proxy, StatType type, std::uint32_t sid,
                   std::string_view name) noexcept {
  row = StatRow{};
  row.type = type;
  row.iid = proxy.id;
  row.sid = sid;
  Values& v = row.values;
  v[k_pxname] = proxy.name;
  v[k_svname] = name;
  v[k_pid] = std::uint64_t{1};
  v[k_iid] = std::uint64_t{proxy.id};
  v[k_sid] = std::uint64_t{sid};
  v[k_type] = static_cast<std::uint64_t>(type);
  v[k_mode] = std::string_view(proxy.http ? "http" : "tcp");
}

void fill_responses(Values& v, const HttpResponses& r) noexcept {
  for (std::size_t i = 0; i < 5; ++i) v[k_hrsp_1xx + i] = r.by_class[i];
  v[k_hrsp_other] = r.other;
}

void fill_bytes(Values& v, const TransferStats& b) noexcept {
  v[k_reqbin] = b.request_in;
  v[k_reqbout] = b.request_out;
  v[k_resbin] = b.response_in;
  v[k_resbout] = b.response_out;
}

void fill_times(Values& v, const TimeStats& t) noexcept {
  v[k_qtime] = std::uint64_t{t.queue};
  v[k_ctime] = std::uint64_t{t.connect};
  v[k_rtime] = std::uint64_t{t.response};
  v[k_ttime] = std::uint64_t{t.total};
  v[k_qtime_max] = std::uint64_t{t.queue_max};
  v[k_ctime_max] = std::uint64_t{t.connect_max};
  v[k_rtime_max] = std::uint64_t{t.response_max};
  v[k_ttime_max] = std::uint64_t{t.total_max};
}

// Modules that are not there count nothing: the reference prints 0 for them.
void fill_modules(Values& v, const H1Stats& h1) noexcept {
  for (std::size_t i = kStaticColumns; i < kH1Begin; ++i) v[i] = std::uint64_t{0};
  const std::uint64_t counts[] = {h1.open_connections, h1.open_streams, h1.total_connections, h1.total_streams,
                                  h1.bytes_in,         h1.bytes_out,    h1.spliced_bytes_in,  h1.spliced_bytes_out};
  for (std::size_t i = 0; i < std::size(counts); ++i) v[kH1Begin + i] = counts[i];
}
void fill_ssl(Values& v) noexcept {
  for (std::size_t i = kSslBegin; i < kSslEnd; ++i) v[i] = std::uint64_t{0};
}

void zero(Values& v, std::initializer_list<Column> columns) noexcept {
  for (const Column c : columns) v[c] = std::uint64_t{0};
}

// The rows share their columns in parts; a part reads members of the same name from whichever counters are given.

template <class Stats>
void fill_sessions(Values& v, const Stats& s) noexcept {
  v[k_status] = std::string_view(s.status);
  v[k_scur] = std::uint64_t{s.scur};
  v[k_smax] = std::uint64_t{s.smax};
  v[k_stot] = s.stot;
  v[k_bin] = s.bin;
  v[k_bout] = s.bout;
  v[k_dresp] = s.dresp;
  v[k_wrew] = s.wrew;
  v[k_eint] = s.eint;
  fill_bytes(v, s.bytes);
}

// Frontends and listeners.
template <class Stats>
void fill_front(Values& v, const Stats& s) noexcept {
  fill_sessions(v, s);
  v[k_slim] = std::uint64_t{s.slim};
  v[k_dreq] = s.dreq;
  v[k_ereq] = s.ereq;
  v[k_dcon] = s.dcon;
  v[k_dses] = s.dses;
}

// Servers and backends.
template <class Stats>
void fill_back(Values& v, const Stats& s, bool http) noexcept {
  fill_sessions(v, s);
  if (!s.cookie.empty()) v[k_cookie] = std::string_view(s.cookie);
  v[k_qcur] = std::uint64_t{s.qcur};
  v[k_qmax] = std::uint64_t{s.qmax};
  v[k_econ] = s.econ;
  v[k_eresp] = s.eresp;
  v[k_wretr] = s.wretr;
  v[k_wredis] = s.wredis;
  v[k_weight] = std::uint64_t{s.weight};
  v[k_uweight] = std::uint64_t{s.uweight};
  v[k_lastchg] = std::uint64_t{s.lastchg_s};
  v[k_lbtot] = s.lbtot;
  v[k_rate] = std::uint64_t{s.rate};
  v[k_rate_max] = std::uint64_t{s.rate_max};
  v[k_cli_abrt] = s.cli_abrt;
  v[k_srv_abrt] = s.srv_abrt;
  v[k_lastsess].set_signed(s.lastsess_s);
  fill_times(v, s.times);
  v[k_connect] = s.connect;
  v[k_reuse] = s.reuse;
  if (http) {
    fill_responses(v, s.responses);
    v[k_req_tot] = s.req_tot;
  }
}

}  // namespace

std::span<const StatColumn> stat_columns() noexcept { return kColumns; }
std::span<const StatColumn> info_fields() noexcept { return kFields; }

void fill(StatRow& row, const ProxyIdentity& proxy, const FrontendStats& s) noexcept {
  fill_identity(row, proxy, StatType::Frontend, 0, "FRONTEND");
  Values& v = row.values;
  fill_front(v, s);
  v[k_rate] = std::uint64_t{s.rate};
  v[k_rate_lim] = std::uint64_t{s.rate_lim};
  v[k_rate_max] = std::uint64_t{s.rate_max};
  v[k_req_rate] = std::uint64_t{s.req_rate};
  v[k_req_rate_max] = std::uint64_t{s.req_rate_max};
  v[k_req_tot] = s.req_tot;
  zero(v, {k_comp_in, k_comp_out, k_comp_byp, k_comp_rsp});
  v[k_conn_rate] = std::uint64_t{s.conn_rate};
  v[k_conn_rate_max] = std::uint64_t{s.conn_rate_max};
  v[k_conn_tot] = s.conn_tot;
  v[k_sess_other] = s.sess_other;
  v[k_h1sess] = s.h1_sess;
  v[k_req_other] = s.req_other;
  v[k_h1req] = s.h1_req;
  zero(v, {k_h2sess, k_h3sess, k_h2req, k_h3req});
  if (proxy.http) {
    fill_responses(v, s.responses);
    v[k_intercepted] = s.intercepted;
    zero(v, {k_cache_lookups, k_cache_hits, k_cache_hint_hits});
  }
  fill_modules(v, s.h1);
}

void fill(StatRow& row, const ProxyIdentity& proxy, const ListenerStats& s) noexcept {
  fill_identity(row, proxy, StatType::Listener, s.sid, s.name);
  Values& v = row.values;
  fill_front(v, s);
  v[k_addr] = std::string_view(s.addr);
  fill_ssl(v);
}

namespace {

void fill_check(Values& v, const ServerStats& s) noexcept {
  v[k_chkfail] = s.chkfail;
  v[k_chkdown] = s.chkdown;
  v[k_downtime] = std::uint64_t{s.downtime_s};
  v[k_check_status] = std::string_view(s.check.status);
  if (s.check.code) v[k_check_code] = std::uint64_t{*s.check.code};
  if (s.check.duration_ms) v[k_check_duration] = std::uint64_t{*s.check.duration_ms};
  v[k_check_desc] = std::string_view(s.check.description);
  v[k_last_chk] = std::string_view(s.check.last);
  v[k_check_rise] = std::uint64_t{s.check.rise};
  v[k_check_fall] = std::uint64_t{s.check.fall};
  v[k_check_health] = std::uint64_t{s.check.health};
}

void fill_agent(Values& v, const ServerStats::Check& agent) noexcept {
  v[k_agent_status] = std::string_view(agent.status);
  if (agent.code) v[k_agent_code] = std::uint64_t{*agent.code};
  if (agent.duration_ms) v[k_agent_duration] = std::uint64_t{*agent.duration_ms};
  v[k_agent_desc] = std::string_view(agent.description);
  v[k_last_agt] = std::string_view(agent.last);
  v[k_agent_rise] = std::uint64_t{agent.rise};
  v[k_agent_fall] = std::uint64_t{agent.fall};
  v[k_agent_health] = std::uint64_t{agent.health};
}

}  // namespace

void fill(StatRow& row, const ProxyIdentity& proxy, const ServerStats& s) noexcept {
  fill_identity(row, proxy, StatType::Server, s.sid, s.name);
  Values& v = row.values;
  fill_back(v, s, proxy.http);
  if (!s.addr.empty()) v[k_addr] = std::string_view(s.addr);
  if (s.slim != 0) v[k_slim] = std::uint64_t{s.slim};
  v[k_act] = std::uint64_t{s.active};
  v[k_bck] = std::uint64_t{s.backup};
  if (s.qlimit != 0) v[k_qlimit] = std::uint64_t{s.qlimit};
  if (s.throttle) v[k_throttle] = std::uint64_t{*s.throttle};
  if (!s.tracked.empty()) v[k_tracked] = std::string_view(s.tracked);
  v[k_srv_icur] = std::uint64_t{s.idle};
  if (s.idle_limit) v[k_src_ilim] = std::uint64_t{*s.idle_limit};
  v[k_idle_conn_cur] = std::uint64_t{s.idle_unsafe};
  v[k_safe_conn_cur] = std::uint64_t{s.idle_safe};
  v[k_used_conn_cur] = std::uint64_t{s.used};
  v[k_need_conn_est] = std::uint64_t{s.need};
  v[k_priv_idle_cur] = std::uint64_t{s.idle_private};
  v[k_srid] = std::uint64_t{s.srid};
  if (s.checked) fill_check(v, s);
  if (s.has_agent) fill_agent(v, s.agent);
  fill_ssl(v);
}

void fill(StatRow& row, const ProxyIdentity& proxy, const BackendStats& s) noexcept {
  fill_identity(row, proxy, StatType::Backend, 0, "BACKEND");
  Values& v = row.values;
  fill_back(v, s, proxy.http);
  v[k_slim] = std::uint64_t{s.slim};
  v[k_dreq] = s.dreq;
  v[k_act] = std::uint64_t{s.act};
  v[k_bck] = std::uint64_t{s.bck};
  v[k_chkdown] = s.chkdown;
  if (s.has_servers) v[k_downtime] = std::uint64_t{s.downtime_s};
  zero(v, {k_comp_in, k_comp_out, k_comp_byp, k_comp_rsp});
  v[k_algo] = s.algo.empty() ? std::string_view("unknown") : s.algo;
  zero(v, {k_agg_server_status, k_agg_server_check_status, k_agg_check_status});
  if (proxy.http) {
    zero(v, {k_cache_lookups, k_cache_hits, k_cache_hint_hits});
  }
  fill_modules(v, s.h1);
}

// --- show info -------------------------------------------------------------------------------------------------------

namespace {

std::string uptime_text(std::uint64_t seconds) {
  char text[48];
  std::snprintf(text, sizeof(text), "%llud %lluh%02llum%02llus", static_cast<unsigned long long>(seconds / 86400),
                static_cast<unsigned long long>(seconds / 3600 % 24),
                static_cast<unsigned long long>(seconds / 60 % 60), static_cast<unsigned long long>(seconds % 60));
  return text;
}

constexpr std::uint64_t mebibytes(std::uint64_t bytes) noexcept { return bytes >> 20U; }

}  // namespace

void fill(InfoRow& row, const ProcessInfo& p, bool fractions) {
  row = InfoRow{};
  row.uptime = uptime_text(p.uptime_ms / 1000);
  std::size_t i = 0;
  auto number = [&](std::uint64_t n) { row.values[i++] = n; };
  auto text = [&](std::string_view t) { row.values[i++] = t; };
  auto none = [&](std::size_t n) {
    while (n-- > 0) number(0);
  };
  text(p.name);
  text(p.version);
  text(p.release_date);
  number(p.nbthread);
  number(1);  // Nbproc
  number(1);  // Process_num
  number(static_cast<std::uint64_t>(p.pid));
  text(row.uptime);
  if (fractions) {
    row.values[i].fraction = true;
    number(p.uptime_ms * 1000);
  } else {
    number(p.uptime_ms / 1000);
  }
  number(p.memmax_mb);
  number(mebibytes(p.pool_allocated_bytes));
  number(mebibytes(p.pool_used_bytes));
  number(p.pool_failed);
  number(p.ulimit_n);
  number(p.maxsock);
  number(p.maxconn);
  number(p.hard_maxconn);
  number(p.curr_conns);
  number(p.cum_conns);
  number(p.cum_req);
  none(3);  // MaxSslConns, CurrSslConns, CumSslConns
  number(p.max_pipes);
  number(p.pipes_used);
  number(p.pipes_free);
  number(p.conn_rate);
  number(p.conn_rate_limit);
  number(p.max_conn_rate);
  number(p.sess_rate);
  number(p.sess_rate_limit);
  number(p.max_sess_rate);
  none(15);  // SslRate .. MaxZlibMemUsage
  number(p.tasks);
  number(p.run_queue);
  number(p.idle_percent);
  text(p.node);
  if (p.description.empty())
    ++i;
  else
    text(p.description);
  number(p.stopping);
  number(p.jobs);
  number(p.unstoppable_jobs);
  number(p.listeners);
  none(2);  // ActivePeers, ConnectedPeers
  number(p.dropped_logs);
  number(p.busy_polling);
  number(p.failed_resolutions);
  number(p.total_bytes_out);
  number(p.total_spliced_bytes_out);
  number(p.bytes_out_rate);
  none(2);  // DebugCommandsIssued, CumRecvLogs
  text(p.version);
  number(std::uint64_t{p.memmax_mb} << 20U);
  number(p.pool_allocated_bytes);
  number(p.pool_used_bytes);
  number(static_cast<std::uint64_t>(p.start_time_s));
  text("0");  // Tainted
  number(p.total_warnings);
  number(p.maxconn_reached);
  number(p.boot_time_ms);
  none(1);  // Niced_tasks
  number(p.curr_streams);
  number(p.cum_streams);
  none(3);  // BlockedTrafficWarnings, PatternsAdded, PatternsFreed
  number(p.thread_groups);
}

}  // namespace sluice::ops
