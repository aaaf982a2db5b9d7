// Idle connections to one server, kept by one thread for the next request (manual 4.2 "http-reuse").
//
//   connect ─> adopt() : Used ── give() ─> Idle or Safe ── take() ─> Used ...
//                          └── destroyed, or detach(): counted out
//
// Idle: has carried one request. Safe: has been reused at least once, so this server keeps its connections. The most
// recently given comes back first. Bounds: "pool-max-conn" (per server, all threads), "max-reuse". Every
// "pool-purge-delay" half of what the recent use did not need is closed. Thread: the owner's; the figures can be read
// by any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "sluice/backend/spec.h"
#include "sluice/base/list.h"
#include "sluice/base/time.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend {

class IdlePool;
class Server;

// What the back mux derives its connection from. It counts as used or idle as long as it belongs to a pool.
class PooledConnection {
 public:
  PooledConnection() = default;
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;

  // The pool does not want it any more (purge, server down, shutdown): it is detached already; close and destroy it.
  virtual void close_idle() noexcept = 0;
  // The server is gone while the connection counts as used: closes it when nobody is using it (one that is kept for a
  // single client).
  virtual void on_server_gone() noexcept {}

  // What makes connections to this server different from one another (source address ...): a hash, 0 = nothing.
  std::uint64_t pool_key = 0;
  // Requests it has carried so far; give() and take() do not touch it.
  std::uint32_t requests = 0;

  [[nodiscard]] IdlePool* pool() const noexcept { return pool_; }
  [[nodiscard]] bool idle() const noexcept { return idle_; }

 protected:
  ~PooledConnection();

 private:
  friend class IdlePool;
  base::ListHook pool_hook_;
  IdlePool* pool_ = nullptr;
  bool idle_ = false;
  bool safe_ = false;
};

// Shared by all threads' pools of a server.
struct IdleTotals {
  std::atomic<std::uint32_t> idle{0};  // idle and safe together
};

class IdlePool {
 public:
  // options, totals: the server's, outlive the pool. reuse: the backend's policy.
  IdlePool(const ServerOptions& options, IdleTotals& totals) noexcept : options_(&options), totals_(&totals) {}
  IdlePool(const IdlePool&) = delete;
  IdlePool& operator=(const IdlePool&) = delete;
  // Closes what is idle; used connections are detached.
  ~IdlePool();

  // A connection just made for this server: counts as used.
  void adopt(PooledConnection& c) noexcept;
  // No longer of this pool, used or idle (it died, it became a tunnel ...). Nothing happens when it is in no pool.
  static void detach(PooledConnection& c) noexcept;

  // An idle connection that this request may use, now counted as used; null = connect a new one.
  // first_request: the first of its client connection (policy Safe and Aggressive are careful with those).
  [[nodiscard]] PooledConnection* take(ReusePolicy policy, bool first_request, std::uint64_t key) noexcept;
  // Keeps a used connection for later; false when it must be closed instead (still used then: detach or destroy it).
  [[nodiscard]] bool give(PooledConnection& c) noexcept;
  // Closes all idle ones (server down or in maintenance), those kept for a single client too.
  void close_all() noexcept;

  // Figures for `show stat`; any thread.
  [[nodiscard]] std::uint32_t idle() const noexcept { return idle_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t safe() const noexcept { return safe_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t estimate() const noexcept { return estimate_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::uint32_t used_max() const noexcept { return used_peak_.load(std::memory_order_relaxed); }

  // Purging. Called by the pool's own timer; public for tests.
  void purge() noexcept;

 private:
  using ConnectionList = base::List<PooledConnection, &PooledConnection::pool_hook_>;
  static PooledConnection* find(ConnectionList& list, std::uint64_t key) noexcept;
  void unlink(PooledConnection& c) noexcept;
  void count_used() noexcept;
  void arm_purge() noexcept;
  void close_pooled() noexcept;
  static void bump(std::atomic<std::uint32_t>& n, int by) noexcept {
    n.store(n.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(by), std::memory_order_relaxed);
  }

  const ServerOptions* options_;
  IdleTotals* totals_;
  ConnectionList idle_list_;
  ConnectionList safe_list_;
  ConnectionList used_list_;
  std::atomic<std::uint32_t> idle_{0}, safe_{0}, used_{0}, estimate_{0};
  std::atomic<std::uint32_t> used_peak_{0};  // since start
  std::uint32_t max_used_ = 0;               // since the last purge
  runtime::MemberTimer<&IdlePool::purge> purge_timer_{*this};
};

}  // namespace sluice::backend
