// A server as it runs: fixed configuration, state shared by all threads, statistics.
//
// Thread: reading is free on any thread. State is written by Backend under its mutex only (one writer function: see
// backend.h); counters are atomics or per-thread blocks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/backend/check_result.h"
#include "sluice/backend/health.h"
#include "sluice/backend/idle_pool.h"
#include "sluice/backend/queue.h"
#include "sluice/backend/source_ports.h"
#include "sluice/backend/spec.h"
#include "sluice/base/counters.h"
#include "sluice/base/list.h"
#include "sluice/base/time.h"
#include "sluice/base/unique_fd.h"
#include "sluice/net/address.h"

namespace sluice::backend {

class Backend;

// Per thread; summed for `show stat` (column names in comments). The proxy adds to them unless said otherwise.
struct ServerCounters {
  base::Counter sessions;          // stot: attempts to use it; see count_attempt()
  base::Counter picked;            // lbtot: chosen by the balancer (counted by assign)
  base::Counter bytes_in;          // bin
  base::Counter bytes_out;         // bout
  base::Counter denied_responses;  // dresp
  base::Counter connect_errors;    // econ
  base::Counter response_errors;   // eresp
  base::Counter retries;           // wretr
  base::Counter redispatches;      // wredis
  base::Counter client_aborts;     // cli_abrt
  base::Counter server_aborts;     // srv_abrt
  base::Counter responses[6];      // hrsp_1xx .. hrsp_5xx, hrsp_other
  base::Counter requests;          // req_tot
  base::Counter connections;       // connect: connections opened
  base::Counter reuses;            // reuse
  base::Counter internal_errors;   // eint
  base::Counter rewrite_failures;  // wrew
  base::Counter req_bytes_in, req_bytes_out, res_bytes_in, res_bytes_out;
};

// Times of the last 1024 requests or so, as the reference averages them; and the largest. Shared, approximate under
// races.
class TimeAverages {
 public:
  struct Values {
    std::uint32_t queue, connect, response, total;
  };
  // Milliseconds, all >= 0. http: responses are averaged over HTTP requests only.
  void add(std::uint32_t queue, std::uint32_t connect, std::uint32_t response, std::uint32_t total) noexcept;
  [[nodiscard]] Values average() const noexcept;
  [[nodiscard]] Values maximum() const noexcept;
  void clear_maxima() noexcept;

 private:
  static constexpr std::uint32_t kWindow = 1024;
  std::atomic<std::uint64_t> sum_[4] = {};
  std::atomic<std::uint32_t> max_[4] = {};
  std::atomic<std::uint32_t> samples_{0};
};

// A stream that wants to know when all sessions of its server are to end ("on-marked-down shutdown-sessions",
// "on-marked-up shutdown-backup-sessions", the CLI). Home thread only; a hook that dies is forgotten.
class SessionHook {
 public:
  SessionHook() = default;
  SessionHook(const SessionHook&) = delete;
  SessionHook& operator=(const SessionHook&) = delete;

 protected:
  ~SessionHook() = default;
  // On the loop that called Server::watch(). The hook is no longer watching. Must not destroy its stream at once.
  virtual void on_server_shutdown() noexcept = 0;

 private:
  friend class Server;
  friend struct ServerThread;
  base::ListHook session_hook_;
};

// What one thread keeps about a server.
struct ServerThread;

// Where a server is.
struct ServerTarget {
  net::SocketAddress address;  // port 0 where it follows the client's
  net::PortKind port_kind = net::PortKind::Fixed;
  std::uint16_t port = 0;  // the port, or the offset to the client's
};

// Where its checks go when that is somewhere else.
struct CheckTarget {
  std::optional<net::SocketAddress> address;  // "addr"; its port counts unless it is 0
  std::uint16_t port = 0;                     // "port"; 0 = the server's
};

class Server {
 public:
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // -- fixed
  [[nodiscard]] Backend& backend() const noexcept { return *backend_; }
  [[nodiscard]] const std::string& name() const noexcept { return spec_.name; }
  [[nodiscard]] std::uint32_t id() const noexcept { return spec_.id; }
  [[nodiscard]] const ServerOptions& options() const noexcept { return spec_.options; }
  [[nodiscard]] const ServerSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }  // position in the backend, from 0
  // Where to connect to. client_port: the port the client connected to, for addresses with an offset (":+10", no port).
  [[nodiscard]] net::SocketAddress connect_address(std::uint16_t client_port) const noexcept;
  // The same; a server at no address ("*", "0.0.0.0", "::") is the one the client connected to (manual 5.2 "server").
  [[nodiscard]] net::SocketAddress connect_address(const net::Address& client_dst) const noexcept;
  // Whether where to connect to depends on the client: its connections are then no use to clients of other addresses.
  [[nodiscard]] bool follows_client() const noexcept { return follows_client_.load(std::memory_order_relaxed); }
  // As configured and resolved, or as set since; its port is 0 where it follows the client's. Any thread.
  [[nodiscard]] net::SocketAddress address() const noexcept { return target().address; }
  [[nodiscard]] ServerTarget target() const noexcept;
  [[nodiscard]] CheckTarget check_target() const noexcept;
  // Where its agent is, and what that is sent first.
  [[nodiscard]] CheckTarget agent_target() const noexcept;
  [[nodiscard]] std::string agent_send() const;
  // Bind the socket to this before connecting; null = no "source".
  [[nodiscard]] const net::SocketAddress* source() const noexcept { return source_ ? &*source_ : nullptr; }
  [[nodiscard]] const std::string& source_interface() const noexcept { return source_interface_; }
  // What connections for clients present as their source ("source ... usesrc"); `header` and `fixed` belong to the
  // modes.
  struct Presented {
    SourceSpec::Present how = SourceSpec::Present::Own;
    net::Address fixed;
    std::string header;
    int occurrence = -1;
  };
  [[nodiscard]] const Presented& presented() const noexcept { return presented_; }
  // Where the source has a range of ports; null: one, or any. Its port is given back when the connection ends.
  [[nodiscard]] SourcePorts* source_ports() const noexcept { return source_ports_.get(); }
  // Its namespace, -1 = ours; that of the client with "namespace *".
  [[nodiscard]] int netns() const noexcept { return netns_; }
  [[nodiscard]] bool in_client_namespace() const noexcept { return client_netns_; }
  // The SOCKS4 proxy that traffic goes through ("socks4"); null: none.
  [[nodiscard]] const net::SocketAddress* socks4() const noexcept { return socks4_ ? &*socks4_ : nullptr; }
  // "sockpair@": where the far ends of its connections go.
  [[nodiscard]] int passes_to() const noexcept { return passes_to_.get(); }

  // -- load, any thread
  [[nodiscard]] std::uint32_t current() const noexcept { return current_.load(std::memory_order_relaxed); }  // scur
  [[nodiscard]] std::uint32_t current_max() const noexcept {
    return current_max_.load(std::memory_order_relaxed);
  }                                                                                                        // smax
  [[nodiscard]] std::uint32_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }  // qcur
  [[nodiscard]] std::uint32_t queued_max() const noexcept { return queued_max_.load(std::memory_order_relaxed); }
  // "maxconn" as configured or set; 0 = none.
  [[nodiscard]] std::uint32_t maxconn() const noexcept { return maxconn_.load(std::memory_order_relaxed); }
  // The limit right now, between minconn and maxconn; 0 = none.
  [[nodiscard]] std::uint32_t dynamic_maxconn() const noexcept;

  // -- state, any thread
  [[nodiscard]] OpState op_state() const noexcept { return op_state_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint8_t admin() const noexcept { return admin_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool in_maintenance() const noexcept { return (admin() & kMaint) != 0; }
  [[nodiscard]] bool draining() const noexcept { return (admin() & kDrain) != 0; }
  // May be connected to: neither stopped nor in maintenance (persistence still reaches draining servers).
  [[nodiscard]] bool running() const noexcept { return op_state() != OpState::Stopped && !in_maintenance(); }
  // Takes balanced work: running, not stopping or draining, weight above 0.
  [[nodiscard]] bool usable() const noexcept;
  // Configured or set weight, and the one that counts now (slowstart).
  [[nodiscard]] std::uint32_t weight() const noexcept { return weight_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t effective_weight() const noexcept { return (scaled_weight() + 15) / 16; }
  // The same in sixteenths (kWeightScale): what the balancers work with.
  [[nodiscard]] std::uint32_t scaled_weight() const noexcept { return scaled_weight_.load(std::memory_order_relaxed); }
  // Whether sessions may have to be told to end: a stream then calls watch().
  [[nodiscard]] bool may_shut_sessions() const noexcept { return may_shut_sessions_; }
  // hook: told when this server's sessions end, until it dies or unwatch() is called.
  void watch(SessionHook& hook) noexcept;
  static void unwatch(SessionHook& hook) noexcept { hook.session_hook_.unlink(); }
  // `show stat` column "status": UP, UP 1/3, DOWN, DOWN 1/2, NOLB, MAINT, DRAIN, no check.
  [[nodiscard]] std::string status_text() const;
  // Consistent copies for statistics.
  [[nodiscard]] Health health() const noexcept;
  [[nodiscard]] CheckResult last_check() const;
  // Has checks configured; and whether they run ("disable health").
  [[nodiscard]] bool checked() const noexcept { return spec_.options.check; }
  [[nodiscard]] bool checks_enabled() const noexcept {
    return checked() && checks_enabled_.load(std::memory_order_relaxed);
  }
  // The same of its agent ("disable agent"); and whether it holds the server down.
  [[nodiscard]] bool has_agent() const noexcept { return spec_.options.agent_check; }
  [[nodiscard]] bool agent_enabled() const noexcept {
    return has_agent() && agent_enabled_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool agent_up() const noexcept { return agent_up_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool agent_holds_down() const noexcept { return agent_enabled() && !agent_up(); }
  [[nodiscard]] CheckResult last_agent() const;
  // chkfail, chkdown, seconds since the last change, seconds of downtime so far.
  struct StateFigures {
    std::uint64_t failed_checks, down_transitions;
    std::int64_t last_change_seconds, downtime_seconds;
  };
  [[nodiscard]] StateFigures state_figures(base::TimePoint now) const noexcept;
  // `throttle` column: percent while slowly starting, otherwise empty.
  [[nodiscard]] std::optional<unsigned> throttle_percent(base::TimePoint now) const noexcept;

  // -- statistics
  // This thread's block; thread = Loop::index().
  [[nodiscard]] ServerCounters& counters(unsigned thread) noexcept;
  void total(ServerCounters& out) const noexcept;
  // Counts in stot, rate and lastsess, as the reference does: once for the assignment (assign does that), once more for
  // every further attempt of the same stream on this server.
  void count_attempt(const runtime::Loop& loop) noexcept;
  // The block of one thread, by that thread.
  void clear_counters(unsigned thread) noexcept;
  [[nodiscard]] base::EventRate& session_rate() noexcept { return session_rate_; }
  [[nodiscard]] const base::EventRate& session_rate() const noexcept { return session_rate_; }
  [[nodiscard]] TimeAverages& times() noexcept { return times_; }
  [[nodiscard]] const TimeAverages& times() const noexcept { return times_; }
  // Monotonic milliseconds of the last session, 0 = never ("lastsess").
  std::atomic<std::int64_t> last_session_ms{0};

  // -- idle connections of one thread; made at first use, by that thread
  [[nodiscard]] IdlePool& idle_pool(unsigned thread) noexcept;
  struct IdleFigures {
    std::uint32_t idle, safe, used, estimate;
    std::uint32_t used_max;  // sum of the threads' highest
  };
  [[nodiscard]] IdleFigures idle_figures() const noexcept;
  [[nodiscard]] std::uint32_t idle_on_thread(unsigned thread) const noexcept;

 private:
  friend class Backend;
  friend class ServerSlot;
  friend class QueuePlace;
  friend struct QueueEntry;
  friend struct ServerThread;
  Server(Backend& backend, const ServerSpec& spec, std::uint32_t index, unsigned threads);
  ServerThread& local() noexcept;
  static void end_sessions(void* ctx, std::uintptr_t arg) noexcept;
  static void close_idle(void* ctx, std::uintptr_t arg) noexcept;
  void post_each(void (*fn)(void* ctx, std::uintptr_t arg) noexcept) noexcept;

  // Fixed after start.
  Backend* backend_;
  ServerSpec spec_;
  std::uint32_t index_;
  std::optional<net::SocketAddress> source_;
  std::string source_interface_;
  Presented presented_;
  std::unique_ptr<SourcePorts> source_ports_;
  std::optional<net::SocketAddress> socks4_;
  base::UniqueFd passes_to_;
  int netns_ = -1;
  bool client_netns_ = false;
  bool may_shut_sessions_ = false;
  bool in_use_ = false;  // the balancer has it; guarded by Backend::mutex_

  // Where it is. Read once per new connection; a lock of its own, nothing else is taken under it.
  mutable std::mutex target_mutex_;
  void note_target() noexcept;
  ServerTarget target_;  // guarded by target_mutex_
  std::atomic<bool> follows_client_{false};
  CheckTarget check_target_;  // guarded by target_mutex_
  CheckTarget agent_target_;  // guarded by target_mutex_
  std::string agent_send_;    // guarded by target_mutex_

  // Shared.
  alignas(64) std::atomic<std::uint32_t> current_{0};
  std::atomic<std::uint32_t> current_max_{0};
  std::atomic<std::uint32_t> queued_{0};
  std::atomic<std::uint32_t> queued_max_{0};
  base::EventRate session_rate_;
  TimeAverages times_;

  // Written under Backend::mutex_, read anywhere.
  std::atomic<OpState> op_state_{OpState::Running};
  std::atomic<std::uint8_t> admin_{0};
  std::atomic<std::uint32_t> weight_{1};
  std::atomic<std::uint32_t> scaled_weight_{16};
  std::atomic<std::uint32_t> maxconn_{0};
  std::atomic<bool> checks_enabled_{true};
  std::atomic<bool> agent_enabled_{true}, agent_up_{true};
  std::atomic<std::int64_t> ramp_start_ms_{0};  // slowstart: monotonic milliseconds when it went up; 0 = not starting
  IdleTotals idle_totals_;
  base::PerThread<ServerThread> threads_;
};

}  // namespace sluice::backend
