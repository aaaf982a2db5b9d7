// Counters as the CLI, the statistics page and exporters show them.
//
// ops sits above the rooms that count, but does not know their objects: whoever has them (the running model) implements
// StatsSource and fills the plain structs below. Every struct is one row of `show stat` (management manual 9.1); a
// member is named after its column, and absent values are empty optionals or empty strings. Thread: a source is asked
// on the loop of a CLI session, while all others work; it reads relaxed counters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::ops {

// Layouts of the rows.
enum class StatType : std::uint8_t { Frontend, Backend, Server, Listener };  // values of column 32

struct HttpResponses {
  std::uint64_t by_class[5] = {};  // 1xx .. 5xx
  std::uint64_t other = 0;
};

// Average times in ms over the last 1024 requests, and the highest ones.
struct TimeStats {
  std::uint32_t queue = 0, connect = 0, response = 0, total = 0;
  std::uint32_t queue_max = 0, connect_max = 0, response_max = 0, total_max = 0;
};

// HTTP/1 connections and streams ("h1_*" columns).
struct H1Stats {
  std::uint64_t open_connections = 0, open_streams = 0, total_connections = 0, total_streams = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0, spliced_bytes_in = 0, spliced_bytes_out = 0;
};

// Bytes of messages: received and sent, per direction.
struct TransferStats {
  std::uint64_t request_in = 0, request_out = 0, response_in = 0, response_out = 0;
};

struct FrontendStats {
  std::string_view status = "OPEN";  // OPEN, FULL, STOP, PAUSED
  std::uint32_t scur = 0, smax = 0, slim = 0;
  std::uint64_t stot = 0, bin = 0, bout = 0, dreq = 0, dresp = 0, ereq = 0;
  std::uint32_t rate = 0, rate_lim = 0, rate_max = 0;
  HttpResponses responses;
  std::uint32_t req_rate = 0, req_rate_max = 0;
  std::uint64_t req_tot = 0;
  std::uint32_t conn_rate = 0, conn_rate_max = 0;
  std::uint64_t conn_tot = 0, intercepted = 0, dcon = 0, dses = 0, wrew = 0, eint = 0;
  std::uint64_t sess_other = 0, h1_sess = 0, req_other = 0, h1_req = 0;
  TransferStats bytes;
  H1Stats h1;
};

struct ListenerStats {
  std::string name;  // svname
  std::uint32_t sid = 0;
  std::string addr;                  // "127.0.0.1:80", "[::1]:80", "unix"
  std::string_view status = "OPEN";  // OPEN, FULL, WAITING
  std::uint32_t scur = 0, smax = 0, slim = 0;
  std::uint64_t stot = 0, bin = 0, bout = 0, dreq = 0, dresp = 0, ereq = 0, dcon = 0, dses = 0, wrew = 0, eint = 0;
  TransferStats bytes;
};

struct ServerStats {
  std::string name;
  std::uint32_t sid = 0;
  std::string addr;  // "127.0.0.1:80", "[::1]:80", "unix"; empty when it has none
  std::string cookie;
  std::uint32_t qcur = 0, qmax = 0, scur = 0, smax = 0;
  std::uint32_t slim = 0;  // maxconn; 0 = none, shown empty
  std::uint64_t stot = 0, bin = 0, bout = 0, dresp = 0, econ = 0, eresp = 0, wretr = 0, wredis = 0;
  std::string status =
      "no check";  // "UP", "UP 1/3", "DOWN 1/2", "MAINT", "MAINT (via x/y)", "DRAIN", "NOLB", "no check" ...
  std::uint32_t weight = 1, uweight = 1;
  bool active = true, backup = false;  // act, bck
  std::uint64_t chkfail = 0, chkdown = 0;
  std::uint32_t lastchg_s = 0, downtime_s = 0;
  std::uint32_t qlimit = 0;               // maxqueue; 0 = none, shown empty
  std::optional<std::uint32_t> throttle;  // percent, while slowstart runs
  std::uint64_t lbtot = 0;
  std::string tracked;  // "proxy/server"
  std::uint32_t rate = 0, rate_max = 0;
  HttpResponses responses;
  std::uint64_t req_tot = 0, cli_abrt = 0, srv_abrt = 0;
  std::int32_t lastsess_s = -1;  // -1: never
  TimeStats times;
  std::uint64_t wrew = 0, eint = 0, connect = 0, reuse = 0;
  std::uint32_t idle = 0;                   // srv_icur
  std::optional<std::uint32_t> idle_limit;  // src_ilim
  std::uint32_t idle_unsafe = 0, idle_safe = 0, used = 0, need = 0, idle_private = 0;
  std::uint32_t srid = 0;
  TransferStats bytes;

  bool checked = false;  // has health checks: the columns below are shown
  struct Check {
    std::string status;       // "L4OK", "* L7OK", "INI" ...
    std::string description;  // "Layer4 check passed"
    std::optional<std::uint32_t> code;
    std::optional<std::uint32_t> duration_ms;
    std::string last;  // contents or textual error
    std::uint32_t rise = 2, fall = 3, health = 0;
  } check;
  bool has_agent = false;  // it runs: the agent's columns are shown
  Check agent;
};

struct BackendStats {
  std::uint32_t qcur = 0, qmax = 0, scur = 0, smax = 0, slim = 0;
  std::uint64_t stot = 0, bin = 0, bout = 0, dreq = 0, dresp = 0, econ = 0, eresp = 0, wretr = 0, wredis = 0;
  std::string_view status = "UP";  // UP, DOWN
  std::uint32_t weight = 0, uweight = 0, act = 0, bck = 0;
  std::uint64_t chkdown = 0;
  std::uint32_t lastchg_s = 0, downtime_s = 0;
  bool has_servers = true;  // downtime is shown only then
  std::uint64_t lbtot = 0;
  std::uint32_t rate = 0, rate_max = 0;
  HttpResponses responses;
  std::uint64_t req_tot = 0, cli_abrt = 0, srv_abrt = 0;
  std::int32_t lastsess_s = -1;
  TimeStats times;
  std::string cookie;     // name of the persistence cookie
  std::string_view algo;  // "roundrobin", ...
  std::uint64_t wrew = 0, eint = 0, connect = 0, reuse = 0;
  TransferStats bytes;
  H1Stats h1;
};

// Who a proxy is and how many rows it has.
struct ProxyIdentity {
  std::uint32_t id = 0;  // iid
  std::string_view name;
  bool http = false;
  bool frontend = false, backend = false;
  bool disabled = false;        // not shown
  std::uint32_t listeners = 0;  // rows of their own: only with "option socket-stats"
  std::uint32_t servers = 0;
};

// `show info` (management manual 9.3). Values that do not apply stay 0, as the reference prints them.
struct ProcessInfo {
  std::string name = "HAProxy", version, release_date;
  std::uint32_t nbthread = 1, thread_groups = 1;
  std::int64_t pid = 0;
  std::uint64_t uptime_ms = 0;
  std::int64_t start_time_s = 0;
  std::uint32_t boot_time_ms = 0;
  std::uint32_t memmax_mb = 0;
  std::uint64_t pool_allocated_bytes = 0, pool_used_bytes = 0, pool_failed = 0;
  std::uint32_t ulimit_n = 0, maxsock = 0, maxconn = 0, hard_maxconn = 0, curr_conns = 0;
  std::uint64_t cum_conns = 0, cum_req = 0;
  std::uint32_t max_pipes = 0, pipes_used = 0, pipes_free = 0;
  std::uint32_t conn_rate = 0, conn_rate_limit = 0, max_conn_rate = 0;
  std::uint32_t sess_rate = 0, sess_rate_limit = 0, max_sess_rate = 0;
  std::uint32_t tasks = 0, run_queue = 0, idle_percent = 100;
  std::string node, description;
  bool stopping = false, busy_polling = false;
  std::uint32_t jobs = 0, unstoppable_jobs = 0, listeners = 0;
  std::uint64_t dropped_logs = 0, failed_resolutions = 0;
  std::uint64_t total_bytes_out = 0, total_spliced_bytes_out = 0, bytes_out_rate = 0;
  std::uint64_t total_warnings = 0, maxconn_reached = 0;
  std::uint64_t curr_streams = 0, cum_streams = 0;
};

class StatsSource {
 public:
  virtual void process(ProcessInfo& out) const = 0;

  // Proxies in the order of `show stat`, 0 .. proxies()-1; the count may only grow while a session reads. Indices of
  // listeners and servers count from 0 in the order of the configuration. False: it is gone, the row is left out.
  [[nodiscard]] virtual std::size_t proxies() const = 0;
  virtual bool proxy(std::size_t i, ProxyIdentity& out) const = 0;
  virtual bool frontend(std::size_t i, FrontendStats& out) const = 0;
  virtual bool listener(std::size_t i, std::size_t j, ListenerStats& out) const = 0;
  virtual bool server(std::size_t i, std::size_t j, ServerStats& out) const = 0;
  virtual bool backend(std::size_t i, BackendStats& out) const = 0;

 protected:
  ~StatsSource() = default;
};

}  // namespace sluice::ops
