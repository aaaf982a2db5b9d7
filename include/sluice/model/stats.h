// The running Model as the CLI shows it: rows of `show stat`, fields of `show info`, captures of `show errors`.
//
// Both sources only read: relaxed counters, atomics, and the short locks of the doors they ask. They borrow the Model,
// which outlives them. Thread: any; a row is consistent per figure, not as a whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "sluice/base/time.h"
#include "sluice/model/model.h"
#include "sluice/ops/captures.h"
#include "sluice/ops/console.h"
#include "sluice/ops/stats.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::model {

// What a thread tells about itself once a second: its pools and pipes belong to it alone and cannot be looked at from
// outside. One writer.
struct alignas(64) ThreadFigures {
  std::atomic<std::uint64_t> pool_allocated_bytes{0}, pool_used_bytes{0};
  std::atomic<std::uint64_t> bytes_out_rate{0};  // to clients, per second
  std::atomic<std::uint32_t> pipes_used{0}, pipes_free{0};
  std::atomic<std::uint32_t> tasks_waiting{0};  // in the run queue
};

// What `process` knows and the Model does not. Fixed while the threads run; pointers are borrowed and may be null.
struct ProcessSide {
  std::string name, version, release_date, description;
  base::TimePoint started{};
  std::uint32_t boot_time_ms = 0;
  std::uint32_t memory_limit_mb = 0;  // 0 = none
  std::uint32_t fds_needed = 0;       // RLIMIT_NOFILE asked for
  std::uint32_t max_pipes = 0;        // of the process; 0 = not limited
  std::uint32_t cli_listeners = 0;    // stats sockets
  bool busy_polling = false;
  runtime::ThreadGroup* threads = nullptr;
  const ops::Console* console = nullptr;
  std::span<const ThreadFigures> figures;  // by thread
  // Called before the figures are read, on the reader's thread: those of this thread can then be of now.
  void (*refresh)(void* ctx) noexcept = nullptr;
  void* refresh_ctx = nullptr;
};

class Stats final : public ops::StatsSource {
 public:
  Stats(const Model& model, ProcessSide process);

  void process(ops::ProcessInfo& out) const override;
  [[nodiscard]] std::size_t proxies() const override { return model_.global.proxies.size(); }
  bool proxy(std::size_t i, ops::ProxyIdentity& out) const override;
  bool frontend(std::size_t i, ops::FrontendStats& out) const override;
  // Works for every listener, though proxy() announces none as long as "option socket-stats" is not in the language.
  bool listener(std::size_t i, std::size_t j, ops::ListenerStats& out) const override;
  bool server(std::size_t i, std::size_t j, ops::ServerStats& out) const override;
  bool backend(std::size_t i, ops::BackendStats& out) const override;

 private:
  [[nodiscard]] std::uint32_t maxconn_of(const proxy::Proxy& p) const noexcept;

  const Model& model_;
  const ProcessSide process_;
  std::uint32_t checks_ = 0;  // servers with health checks
};

// Slot 2n is the last malformed request of proxy n, slot 2n+1 its last malformed response.
class Captures final : public ops::CaptureSource {
 public:
  explicit Captures(const Model& model) noexcept : model_(model) {}

  [[nodiscard]] std::uint64_t events() const override {
    return model_.global.error_events.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t slots() const override { return model_.global.proxies.size() * 2; }
  bool capture(std::size_t slot, ops::CapturedError& out) const override;

 private:
  const Model& model_;
};

}  // namespace sluice::model
