// Health and agent checks of servers, run on loops (manual 5.2 "check", "agent-check", 4.2 "option httpchk",
// "http-check", "tcp-check"), and their slow starts.
//
// Each checked server has one check. It opens a connection of its own to the server, does its steps, closes it, and
// hands the result to Backend::check_done(). The checks of all servers start spread over the first interval. Thread:
// the loop's; add() before the loop runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sluice/backend/backend.h"
#include "sluice/backend/spec.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend {

struct CheckerOptions {
  GlobalCheckSpec global;
  std::uint64_t seed = 1;  // of the random spread
  std::string node;        // "node" of the global section, for "http-check send-state"; "" = host name
};

class AgentCheck;
class Check;
class Ramp;

class Checker {
 public:
  Checker(runtime::Loop& loop, const CheckerOptions& options);
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  // Stops all checks without a result.
  ~Checker();

  // All servers of the backend that have `check`, `agent-check` or `slowstart`. The backend outlives the checker.
  void add(Backend& backend);
  // Schedules the first round. On the loop's thread, or before it runs.
  void start() noexcept;
  void stop() noexcept;
  // Health and agent checks.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  runtime::Loop& loop_;
  CheckerOptions options_;
  struct Plans;
  std::unique_ptr<Plans> plans_;
  std::vector<std::unique_ptr<Check>> checks_;
  std::vector<std::unique_ptr<AgentCheck>> agents_;
  std::vector<std::unique_ptr<Ramp>> ramps_;
};

}  // namespace sluice::backend
