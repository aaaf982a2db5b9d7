// What Backend::mutex_ guards: the balancer, the queues, the health of the servers.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sluice/backend/backend.h"
#include "sluice/base/list.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend {

// One waiting stream. Belongs to its ticket (QueuePlace) and, while a wake-up travels, to the message too; the last of
// both deletes it, on the home thread.
struct QueueEntry {
  enum class Phase : std::uint8_t { Waiting, Granted, Again };

  base::ListHook hook;
  Backend* backend = nullptr;
  Server* queue_of = nullptr;  // null: the backend's queue
  std::uint64_t number = 0;    // order of arrival
  runtime::Loop* loop = nullptr;
  QueueWaiter* waiter = nullptr;  // home thread only; null once the ticket has gone

  // Guarded by Backend::mutex_.
  Phase phase = Phase::Waiting;
  bool in_flight = false;     // a wake-up travels
  Server* granted = nullptr;  // Phase::Granted: its slot is counted already
};
using QueueList = base::List<QueueEntry, &QueueEntry::hook>;

// The changing part of one server.
struct ServerState {
  QueueList queue;
  Health health;
  CheckResult check;
  CheckResult agent;
  base::TimePoint last_change;
  base::Nanos downtime{0};
  std::uint64_t failed_checks = 0;
  std::uint64_t down_transitions = 0;
};

// A message to be sent once the lock is gone.
struct PendingReport {
  base::LogLevel level;
  StateReporter::Console console;
  std::string console_text;
  std::string log_text;  // differs from the console's in one case; empty = the same
};

struct Backend::State {
  std::unique_ptr<Balancer> balancer;
  std::vector<ServerState> servers;  // by Server::index()
  std::vector<Candidate> in_use;     // what the balancer has
  QueueList queue;
  std::uint64_t arrivals = 0;
  bool wake_failed = false;  // a mailbox was full: somebody waits although there may be room
  base::TimePoint last_change;
  base::Nanos downtime{0};
  std::uint64_t down_transitions = 0;
  std::unordered_map<std::string_view, Server*> by_name;  // from 8 servers on
  std::vector<PendingReport> reports;
};

// What one thread keeps about a server; made at its first use.
struct ServerThread {
  ServerThread() = default;
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;
  ~ServerThread() { delete pool.load(std::memory_order_relaxed); }

  ServerCounters counters;
  std::atomic<IdlePool*> pool{nullptr};  // owned; made by the thread, its figures are read by others
  base::List<SessionHook, &SessionHook::session_hook_> sessions;
  runtime::Loop* loop = nullptr;
};

// The time of this turn, or of the system's clock outside of loops.
inline base::TimePoint time_now() noexcept {
  const runtime::Loop* loop = runtime::Loop::current();
  return loop != nullptr ? loop->now() : base::Clock::now();
}
inline std::int64_t to_ms(base::TimePoint t) noexcept {
  return std::chrono::duration_cast<base::Millis>(t.time_since_epoch()).count();
}

}  // namespace sluice::backend
