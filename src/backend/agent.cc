// What agents do to servers (manual 5.2 "agent-check"). Texts are those of the reference.
#include <fmt/format.h>

#include "backend/change.h"

namespace sluice::backend {

namespace {

using Console = StateReporter::Console;

// ", reason: Layer7 wrong status, code: 0, info: "via agent : down", check duration: 1ms"
std::string reason(const CheckResult& c) {
  return fmt::format(", reason: {}, code: 0, info: \"{}\", check duration: {}ms", description(c.status), c.text,
                     c.duration_ms);
}

}  // namespace

void Backend::agent_started(Server& s) noexcept {
  const std::lock_guard lock(mutex_);
  state_->servers[s.index()].agent.running = true;
}

void Backend::agent_done(Server& s, const CheckResult& result, AgentSays says) noexcept {
  const Change change(*this);
  ServerState& state = state_->servers[s.index()];
  const CheckStatus status_before = state.agent.status;
  state.agent = result;
  if (says == AgentSays::Nothing) return;
  const bool up = says == AgentSays::Up;
  const bool was_up = s.agent_up_.exchange(up, std::memory_order_relaxed);

  const bool logs = spec_.check.log_health_checks;
  if (logs && (result.status != status_before || up != was_up)) {
    report_locked(
        base::LogLevel::Notice, Console::Warning,
        fmt::format("Agent check for {}server {}/{} {}{}, status: {}/1 {}.", s.options().backup ? "backup " : "", name_,
                    s.name(), up ? "succeeded" : "failed", reason(result), up ? 1 : 0, up ? "UP" : "DOWN"));
  }
  if (s.in_maintenance()) return;
  const bool is_up = s.op_state() != OpState::Stopped;
  if (up == is_up) return;
  // With log-health-checks the check has been told already.
  const std::string why = logs ? std::string() : reason(result);
  if (!up) {
    enter_locked(s, OpState::Stopped);
    stopped_locked(s, " is DOWN" + why);
  } else if (!s.checks_enabled() || state.health.up()) {
    go_up_locked(s, why);
  }
}

void Backend::force_agent(Server& s, bool up, std::string_view why) noexcept {
  const Change change(*this);
  s.agent_up_.store(up, std::memory_order_relaxed);
  if (s.in_maintenance() || up == (s.op_state() != OpState::Stopped)) return;
  if (up) return go_up_locked(s, std::string(why));
  enter_locked(s, OpState::Stopped);
  stopped_locked(s, " is DOWN" + std::string(why));
}

void Backend::set_agent(Server& s, bool enabled) noexcept {
  const Change change(*this);
  s.agent_enabled_.store(enabled, std::memory_order_relaxed);
}

void Backend::set_agent_target(Server& s, const CheckTarget& target) noexcept {
  const std::lock_guard lock(s.target_mutex_);
  s.agent_target_ = target;
}

void Backend::set_agent_send(Server& s, std::string_view text) noexcept {
  const std::lock_guard lock(s.target_mutex_);
  s.agent_send_ = text;
}

}  // namespace sluice::backend
