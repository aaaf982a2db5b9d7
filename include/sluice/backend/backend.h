// A backend as it runs: its servers, who gets the next request, and who waits.
//
// assign() is the one door for requests: it picks a server by persistence or by the balancer, takes a slot on it, or a
// place in a queue. Turns are strict over all threads: the order belongs to the backend, not to the thread.
//
// Locks: mutex_ guards the balancer, the queues and all state changes; it is held for some tens of nanoseconds. A
// backend whose only usable server has no maxconn never takes it. Any thread unless said otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/backend/balancer.h"
#include "sluice/backend/queue.h"
#include "sluice/backend/saved_state.h"
#include "sluice/backend/server.h"
#include "sluice/backend/spec.h"
#include "sluice/base/counters.h"
#include "sluice/base/log_sink.h"
#include "sluice/config/diagnostics.h"

namespace sluice::runtime {
class Loop;
}

namespace sluice::backend {

// Per thread; summed for `show stat`. The proxy adds to them unless said otherwise.
struct BackendCounters {
  base::Counter sessions;  // stot (counted by enter())
  base::Counter picked;    // lbtot (counted by assign)
  base::Counter bytes_in, bytes_out;
  base::Counter denied_requests, denied_responses;  // dreq, dresp
  base::Counter connect_errors, response_errors;    // econ, eresp
  base::Counter retries, redispatches;              // wretr, wredis
  base::Counter client_aborts, server_aborts;
  base::Counter responses[6];
  base::Counter requests;  // req_tot
  base::Counter connections, reuses;
  base::Counter internal_errors, rewrite_failures;
  base::Counter compressed_in, compressed_out, compression_bypassed, compressed_responses;
  base::Counter req_bytes_in, req_bytes_out, res_bytes_in, res_bytes_out;
};

struct AssignRequest {
  QueueWaiter* waiter = nullptr;  // told when a queue place turns into a slot; null: never queue (NoServer instead)
  const net::Address* source = nullptr;  // client's address, hashed by "balance source"; null = no key: round robin
  Server* wanted = nullptr;              // use-server, persistence: this one or, when it is not running, any other
  Server* preferred = nullptr;  // where an idle connection of this client waits: taken when it has room at once
  Server* avoid = nullptr;      // redispatch: another one than this if there is any
  bool insist = false;          // "wanted" is not left because its queue is full: Full then
};

enum class AssignOutcome : std::uint8_t {
  Assigned,  // slot holds the server
  Queued,    // place holds the place
  NoServer,  // nothing usable: 503, termination "SC"
  Full,      // every queue that could take it is full, or waiter was null and all servers are busy: 503, "SQ"
};

struct AssignResult {
  AssignOutcome outcome = AssignOutcome::NoServer;
  ServerSlot slot;
  QueuePlace place;
  // How many were before it in the server's and in the backend's queue (log fields srv_queue, backend_queue).
  std::uint32_t server_queue = 0;
  std::uint32_t backend_queue = 0;
};

// A stream that uses this backend; counts in beconn while it lives. Give it back on the thread that entered.
class BackendUse {
 public:
  BackendUse() = default;
  BackendUse(BackendUse&& o) noexcept : backend_(std::exchange(o.backend_, nullptr)) {}
  BackendUse& operator=(BackendUse&& o) noexcept {
    if (this != &o) {
      leave();
      backend_ = std::exchange(o.backend_, nullptr);
    }
    return *this;
  }
  ~BackendUse() { leave(); }
  [[nodiscard]] Backend* backend() const noexcept { return backend_; }
  void leave() noexcept;

 private:
  friend class Backend;
  explicit BackendUse(Backend* b) noexcept : backend_(b) {}
  Backend* backend_ = nullptr;
};

// Where state messages go: "Server app/s1 is DOWN, reason: ..." Implemented above this room.
class StateReporter {
 public:
  enum class Console : std::uint8_t { None, Notice, Warning, Alert };
  // console: the severity on stderr while starting or in the foreground. Any thread; must not call back into the
  // backend.
  virtual void report(const Backend& backend, base::LogLevel level, Console console,
                      std::string_view message) noexcept = 0;
  // A message for stderr only: the one whose text differs from the log's.
  virtual void report_console(const Backend& backend, Console console, std::string_view message) noexcept = 0;

 protected:
  ~StateReporter() = default;
};

struct BackendInit {
  std::string name;
  std::uint32_t id = 0;
  bool http = true;
  const BackendSpec* spec = nullptr;
  unsigned threads = 1;
  std::uint32_t fullconn = 0;  // used when the spec has none: computed by the model from the frontends' maxconn
  base::Millis connect_timeout =
      base::kNoTimeout;               // "timeout connect": bounds the connects of checks with a "timeout check"
  StateReporter* reporter = nullptr;  // borrowed; null: messages are dropped
  bool resolve_names = true;          // false with -dr: a name that cannot be resolved leaves the server in maintenance
  bool prefer_ip4 = false;            // -4
  std::uint64_t seed = 0;             // "balance random" begins from it
  const SavedServers* saved = nullptr;  // states of the process before; null: none. Read by make() only.
};

// What an administrator or an agent wants of a server ("set server state").
enum class AdminMode : std::uint8_t { Ready, Drain, Maint };
// What an agent says of a server's health.
enum class AgentSays : std::uint8_t { Nothing, Up, Down };

class Backend {
 public:
  // Builds servers and resolves their addresses (may block). Errors are reported at their places; null when there were
  // any.
  static std::unique_ptr<Backend> make(const BackendInit& init, config::Diagnostics& diag);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  ~Backend();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  [[nodiscard]] bool http() const noexcept { return http_; }
  [[nodiscard]] const BackendSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] ReusePolicy reuse() const noexcept { return spec_.reuse; }
  // manual 4.2 "option prefer-last-server": the same client may get another server the next time.
  [[nodiscard]] bool deterministic() const noexcept { return keyed_ || algorithm_ == Algorithm::StaticRr; }
  [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
  // Whether the algorithm makes the server follow from the request (a hash), and not from turns or loads.
  [[nodiscard]] bool keyed() const noexcept { return keyed_; }
  [[nodiscard]] std::string_view algorithm_name() const noexcept;  // `show stat` column "algo"
  [[nodiscard]] unsigned threads() const noexcept { return counters_.threads(); }
  [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }
  [[nodiscard]] Server& server(std::size_t i) noexcept { return *servers_[i]; }
  [[nodiscard]] const Server& server(std::size_t i) const noexcept { return *servers_[i]; }
  [[nodiscard]] Server* find(std::string_view server_name) noexcept;  // linear below 8 servers, else by hash

  // -- data path; on a loop's thread
  [[nodiscard]] BackendUse enter() noexcept;
  [[nodiscard]] AssignResult assign(const AssignRequest& request) noexcept;

  // -- load and statistics
  [[nodiscard]] std::uint32_t current() const noexcept { return current_.load(std::memory_order_relaxed); }  // beconn
  [[nodiscard]] std::uint32_t current_max() const noexcept { return current_max_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }  // own queue
  [[nodiscard]] std::uint32_t queued_max() const noexcept { return queued_max_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t total_queued() const noexcept { return total_queued_.load(std::memory_order_relaxed); }
  [[nodiscard]] base::Millis connect_timeout() const noexcept { return connect_timeout_; }
  [[nodiscard]] std::uint32_t fullconn() const noexcept { return fullconn_; }
  [[nodiscard]] std::uint32_t active_servers() const noexcept {
    return active_.load(std::memory_order_relaxed);
  }  // act
  [[nodiscard]] std::uint32_t backup_servers() const noexcept {
    return backup_.load(std::memory_order_relaxed);
  }  // bck
  // The weight column: of those in use now.
  [[nodiscard]] std::uint32_t usable_weight() const noexcept { return usable_weight_.load(std::memory_order_relaxed); }
  // False when no server can take anything (`nbsrv` = 0): status DOWN.
  [[nodiscard]] bool up() const noexcept { return up_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t usable_servers() const noexcept;  // sample `nbsrv`
  struct StateFigures {
    std::uint64_t down_transitions;
    std::int64_t last_change_seconds, downtime_seconds;
  };
  [[nodiscard]] StateFigures state_figures(base::TimePoint now) const noexcept;
  [[nodiscard]] BackendCounters& counters(unsigned thread) noexcept { return counters_.local(thread); }
  void total(BackendCounters& out) const noexcept { base::add_up(counters_, out); }
  [[nodiscard]] base::EventRate& session_rate() noexcept { return session_rate_; }
  [[nodiscard]] const base::EventRate& session_rate() const noexcept { return session_rate_; }
  [[nodiscard]] TimeAverages& times() noexcept { return times_; }
  [[nodiscard]] const TimeAverages& times() const noexcept { return times_; }
  // Monotonic milliseconds of the last assignment of a server, 0 = never ("lastsess").
  std::atomic<std::int64_t> last_session_ms{0};

  // -- state changes (health checks, CLI)
  // A finished check: counters, transitions, messages, queues.
  void check_done(Server& s, const CheckResult& result, CheckOutcome outcome) noexcept;
  void check_started(Server& s) noexcept;
  // A finished run of the server's agent. "up" counts when the health checks find it up too.
  void agent_done(Server& s, const CheckResult& result, AgentSays says) noexcept;
  void agent_started(Server& s) noexcept;
  // Time passes for a server that starts slowly: true as long as it does (call again within a second).
  bool ramp_up(Server& s) noexcept;
  // Sets and clears Admin bits. `why` ends the message ("" = none).
  void set_admin(Server& s, std::uint8_t set, std::uint8_t clear, std::string_view why) noexcept;
  void set_mode(Server& s, AdminMode to) noexcept;
  // As a check would, at once ("set server health"); the next check decides anew. In maintenance nothing happens.
  // Servers without checks have a health too. why: as above.
  enum class ForcedHealth : std::uint8_t { Up, Stopping, Down };
  void force_health(Server& s, ForcedHealth to, std::string_view why) noexcept;
  // As the agent would, at once ("set server agent"), and without asking the health checks.
  void force_agent(Server& s, bool up, std::string_view why) noexcept;
  // 0 .. 256. False when the balancer is static and the weight cannot be 0 or the configured one.
  bool set_weight(Server& s, std::uint32_t weight) noexcept;
  // 0 = no limit. Those who wait are served when there is room now.
  void set_maxconn(Server& s, std::uint32_t maxconn) noexcept;
  // Idle connections to the old address are closed; those in use go on.
  void set_address(Server& s, const ServerTarget& target) noexcept;
  void set_check_target(Server& s, const CheckTarget& target) noexcept;
  // Only for servers with checked(). While off, no check starts and results are ignored.
  void set_checks(Server& s, bool enabled) noexcept;
  // Only for servers with has_agent(). While off, no run starts, and the agent does not hold the server down.
  void set_agent(Server& s, bool enabled) noexcept;
  void set_agent_target(Server& s, const CheckTarget& target) noexcept;
  void set_agent_send(Server& s, std::string_view text) noexcept;

  // -- "clear counters"
  // The highest values, of the backend and its servers.
  void clear_maxima() noexcept;
  // What is counted under the lock (failed checks, transitions), and when the last sessions were.
  void clear_totals() noexcept;
  // Both for one server.
  void clear_server(Server& s) noexcept;
  // The blocks of one thread, by that thread.
  void clear_counters(unsigned thread) noexcept;

 private:
  friend class Server;
  friend class ServerSlot;
  friend class QueuePlace;
  friend class BackendUse;
  friend struct QueueEntry;
  explicit Backend(const BackendInit& init);

  struct State;  // queues, balancer: private header
  class Change;  // scope of a state change

  bool check_specs(config::Diagnostics& diag) const;
  bool resolve_all(const BackendInit& init, config::Diagnostics& diag);
  bool resolve_server(Server& s, const BackendInit& init, config::Diagnostics& diag);
  bool resolve_checks(Server& s, config::Diagnostics& diag);
  bool resolve_way(Server& s, config::Diagnostics& diag);
  bool resolve_source(Server& s, config::Diagnostics& diag);
  void init_states(const SavedServers* saved) noexcept;
  void restore_locked(Server& s, const SavedServer& saved) noexcept;

  // assign.cc
  void release(Server& s) noexcept;
  bool has_room(const Server& s) const noexcept;
  void take_locked(Server& s) noexcept;
  AssignResult assigned_locked(Server& s, runtime::Loop& loop, bool picked) noexcept;
  AssignResult enqueue_locked(Server* s, const AssignRequest& request, runtime::Loop& loop) noexcept;
  AssignResult assign_locked(const AssignRequest& request, runtime::Loop& loop) noexcept;
  void serve_locked(Server& s) noexcept;
  void serve_all_locked() noexcept;
  void load_changed_locked(Server& s) noexcept;
  [[nodiscard]] std::uint32_t hash_address(const net::Address& a) noexcept;
  [[nodiscard]] bool queue_has_place(const Server& s) const noexcept;
  static bool wake_locked(QueueEntry& e) noexcept;
  static void on_wake(void* ctx, std::uintptr_t arg) noexcept;
  void unqueue_locked(QueueEntry& e) noexcept;
  static bool blocked(const void* ctx, std::uint32_t server) noexcept;
  static std::uint32_t load_of(const void* ctx, std::uint32_t server) noexcept;

  // transitions.cc
  void refresh_locked() noexcept;  // in_use, counts, sole_, the balancer
  std::uint32_t requeue_locked(Server& s) noexcept;
  void stopped_locked(Server& s, const std::string& how) noexcept;
  void go_up_locked(Server& s, const std::string& why) noexcept;
  void started_locked(Server& s, const std::string& how) noexcept;
  void update_weight_locked(Server& s) noexcept;
  void report_no_server_locked() noexcept;
  void remains_draining_locked(const Server& s) noexcept;
  void clear_totals_locked(Server& s) noexcept;
  [[nodiscard]] std::string servers_left_locked(bool going_down, const Server& s, std::uint32_t requeued) const;
  void enter_locked(Server& s, OpState to) noexcept;
  void report_locked(base::LogLevel level, StateReporter::Console console, std::string text,
                     std::string log_text = {}) noexcept;

  std::string name_;
  std::uint32_t id_;
  bool http_;
  Algorithm algorithm_;
  BackendSpec spec_;
  std::uint32_t fullconn_;
  base::Millis connect_timeout_;
  std::vector<std::unique_ptr<Server>> servers_;
  StateReporter* reporter_;
  bool tracks_load_ = false;  // the balancer wants every change of load
  bool keyed_ = false;        // the balancer has a key: requests wait at their server

  alignas(64) std::atomic<std::uint32_t> current_{0};
  std::atomic<std::uint32_t> current_max_{0};
  std::atomic<std::uint32_t> queued_{0}, queued_max_{0}, total_queued_{0};
  base::EventRate session_rate_;
  // The only server in use when it has no maxconn and nobody waits: assign() then needs no lock.
  std::atomic<Server*> sole_{nullptr};
  std::atomic<std::uint32_t> active_{0}, backup_{0}, usable_weight_{0};
  std::atomic<bool> up_{true};
  TimeAverages times_;
  base::PerThread<BackendCounters> counters_;
  mutable std::mutex mutex_;
  bool no_server_ = false;        // guarded by mutex_: "has no server available" is still to be told
  std::unique_ptr<State> state_;  // guarded by mutex_
};

}  // namespace sluice::backend
