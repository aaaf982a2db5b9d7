// Changes of state: check results, maintenance, weights; what follows for the balancer, the queues and the messages.
//
// Texts are those of the reference, to the byte: monitoring reads them.
#include <fmt/format.h>

#include <iterator>

#include "backend/change.h"

namespace sluice::backend {

void Backend::report_locked(base::LogLevel level, StateReporter::Console console, std::string text,
                            std::string log_text) noexcept {
  state_->reports.push_back({level, console, std::move(text), std::move(log_text)});
}

// ---- what is in use -----------------------------------------------------------------------------------------------

void Backend::refresh_locked() noexcept {
  State& st = *state_;
  std::uint32_t active = 0;
  std::uint32_t backup = 0;
  for (const auto& s : servers_) {
    if (!s->usable()) continue;
    ++(s->options().backup ? backup : active);
  }
  st.in_use.clear();
  std::uint32_t weight = 0;
  for (const auto& s : servers_) {
    // manual 4.2 "option allbackups": without it only the first backup server that is up works.
    const bool use =
        s->usable() && s->options().backup == (active == 0) && (active != 0 || spec_.all_backups || st.in_use.empty());
    s->in_use_ = use;
    if (!use) continue;
    weight += s->weight();
    st.in_use.push_back({s->index(), s->id(), s->scaled_weight(), s->current() + s->queued()});
  }
  st.balancer->set_servers(st.in_use);
  active_.store(active, std::memory_order_relaxed);
  backup_.store(backup, std::memory_order_relaxed);
  usable_weight_.store(weight, std::memory_order_relaxed);

  Server* sole = nullptr;
  if (st.in_use.size() == 1 && !tracks_load_) {
    Server* s = servers_[st.in_use.front().server].get();
    if (s->maxconn() == 0) sole = s;
  }
  sole_.store(sole, std::memory_order_release);

  const bool up = active + backup != 0;
  if (up == up_.load(std::memory_order_relaxed)) return;
  const base::TimePoint now = time_now();
  if (up) st.downtime += now - st.last_change;
  if (!up) ++st.down_transitions;
  st.last_change = now;
  up_.store(up, std::memory_order_relaxed);
  if (!up) no_server_ = true;  // told behind the server's own message
}

std::uint32_t Backend::usable_servers() const noexcept { return active_servers() + backup_servers(); }

Backend::StateFigures Backend::state_figures(base::TimePoint now) const noexcept {
  const std::lock_guard lock(mutex_);
  base::Nanos down = state_->downtime;
  if (!up()) down += now - state_->last_change;
  using Seconds = std::chrono::seconds;
  return {state_->down_transitions, std::chrono::duration_cast<Seconds>(now - state_->last_change).count(),
          std::chrono::duration_cast<Seconds>(down).count()};
}

// Those who wait for this server look for another one.
std::uint32_t Backend::requeue_locked(Server& s) noexcept {
  std::uint32_t n = 0;
  QueueList& own = state_->servers[s.index()].queue;
  while (QueueEntry* e = own.front()) {
    e->phase = QueueEntry::Phase::Again;
    if (!wake_locked(*e)) {
      // Its loop cannot be told now; it leaves at its queue timeout.
      e->phase = QueueEntry::Phase::Waiting;
      break;
    }
    unqueue_locked(*e);
    ++n;
  }
  return n;
}

// ---- messages -----------------------------------------------------------------------------------------------------

namespace {

using Console = StateReporter::Console;

// ", reason: Layer7 wrong status, code: 500, info: "...", check duration: 1ms"
std::string reason(const CheckResult& c) {
  std::string out = fmt::format(", reason: {}", description(c.status));
  if (has_code(c.status) && c.code != 0) out += fmt::format(", code: {}", c.code);
  if (!c.text.empty()) out += fmt::format(", info: \"{}\"", c.text);
  if (c.duration_ms >= 0) out += fmt::format(", check duration: {}ms", c.duration_ms);
  return out;
}

}  // namespace

std::string subject(const Server& s) {
  return fmt::format("{}Server {}/{}", s.options().backup ? "Backup " : "", s.backend().name(), s.name());
}

std::string Backend::servers_left_locked(bool going_down, const Server& s, std::uint32_t requeued) const {
  const std::uint32_t active = active_servers();
  const std::uint32_t backup = backup_servers();
  const char* on_backup = active == 0 && backup != 0 ? " Running on backup." : "";
  if (going_down) {
    return fmt::format(
        ". {} active and {} backup servers left.{} {} sessions active, {} requeued, {} remaining in queue.", active,
        backup, on_backup, s.current(), requeued, s.queued());
  }
  return fmt::format(". {} active and {} backup servers online.{} {} sessions requeued, {} total in queue.", active,
                     backup, on_backup, requeued, s.queued());
}

void Backend::report_no_server_locked() noexcept {
  if (!std::exchange(no_server_, false)) return;
  report_locked(base::LogLevel::Emerg, Console::Alert, fmt::format("backend '{}' has no server available!", name_),
                fmt::format("backend {} has no server available!", name_));
}

// ---- transitions --------------------------------------------------------------------------------------------------

// The only writer of op_state_.
void Backend::enter_locked(Server& s, OpState to) noexcept {
  const OpState from = s.op_state_.load(std::memory_order_relaxed);
  if (from == to) return;
  ServerState& state = state_->servers[s.index()];
  const base::TimePoint now = time_now();
  if (from == OpState::Stopped) state.downtime += now - state.last_change;
  if (to == OpState::Stopped) ++state.down_transitions;
  state.last_change = now;
  if (to == OpState::Starting) s.ramp_start_ms_.store(to_ms(now), std::memory_order_relaxed);
  s.op_state_.store(to, std::memory_order_relaxed);
  update_weight_locked(s);
}

void Backend::update_weight_locked(Server& s) noexcept {
  std::uint32_t weight = s.weight();
  // Fixed-point weights would make a server of weight 1 start at nothing; it always has at least 1 of 16 parts.
  std::uint32_t scaled = weight * kWeightScale;
  if (state_->balancer->dynamic()) {
    if (const auto percent = s.throttle_percent(time_now()); percent && weight != 0)
      scaled = std::max<std::uint32_t>(1, scaled * *percent / 100);
  }
  s.scaled_weight_.store(scaled, std::memory_order_relaxed);
}

bool Backend::ramp_up(Server& s) noexcept {
  const Change change(*this);
  if (s.op_state() != OpState::Starting) return false;
  const auto percent = s.throttle_percent(time_now());
  const bool done = !percent || *percent >= 100;
  if (done) {
    s.op_state_.store(OpState::Running, std::memory_order_relaxed);
    s.ramp_start_ms_.store(0, std::memory_order_relaxed);
  }
  update_weight_locked(s);
  refresh_locked();
  serve_locked(s);
  return !done;
}

// Behind a change to Stopped or into maintenance.
void Backend::stopped_locked(Server& s, const std::string& how) noexcept {
  const std::uint32_t requeued = requeue_locked(s);
  refresh_locked();
  if (s.options().shutdown_sessions_on_down) s.post_each(&Server::end_sessions);
  s.post_each(&Server::close_idle);
  report_locked(base::LogLevel::Alert, Console::Warning, subject(s) + how + servers_left_locked(true, s, requeued));
  report_no_server_locked();
  if (!s.in_maintenance()) remains_draining_locked(s);
}

// Behind a change to Running or Starting.
void Backend::started_locked(Server& s, const std::string& how) noexcept {
  const std::uint32_t waiting_before = total_queued();
  refresh_locked();
  if (s.options().shutdown_backup_sessions_on_up && !s.options().backup) {
    for (const auto& other : servers_) {
      if (other->options().backup) other->post_each(&Server::end_sessions);
    }
  }
  serve_locked(s);
  const std::uint32_t served = waiting_before - std::min(waiting_before, total_queued());
  report_locked(base::LogLevel::Notice, Console::Warning, subject(s) + how + servers_left_locked(false, s, served));
  remains_draining_locked(s);
}

// To Running, slowly where that is asked for.
void Backend::go_up_locked(Server& s, const std::string& why) noexcept {
  enter_locked(s, s.options().slowstart.count() > 0 ? OpState::Starting : OpState::Running);
  started_locked(s, " is UP" + why);
}

// Behind every other message of a server that an administrator drains.
void Backend::remains_draining_locked(const Server& s) noexcept {
  if ((s.admin() & kDrainForced) == 0) return;
  report_locked(base::LogLevel::Notice, Console::Warning, subject(s) + " remains in forced drain mode.");
}

void Backend::check_started(Server& s) noexcept {
  const std::lock_guard lock(mutex_);
  state_->servers[s.index()].check.running = true;
}

void Backend::check_done(Server& s, const CheckResult& result, CheckOutcome outcome) noexcept {
  const Change change(*this);
  ServerState& state = state_->servers[s.index()];
  if (s.in_maintenance() || !s.checks_enabled()) {
    state.check.running = false;
    return;
  }
  const Health before = state.health;
  const CheckStatus status_before = state.check.status;
  if (outcome == CheckOutcome::Failed && before.up()) ++state.failed_checks;
  const HealthStep step = apply_check(before, s.op_state(), outcome);
  state.health = step.health;
  state.check = result;
  state.check.running = false;

  const bool logs = spec_.check.log_health_checks;
  if (logs && (result.status != status_before || step.health.counter != before.counter)) {
    const Health& h = step.health;
    const char* verdict = outcome == CheckOutcome::Failed                ? "failed"
                          : outcome == CheckOutcome::PassedConditionally ? "conditionally succeeded"
                                                                         : "succeeded";
    report_locked(
        base::LogLevel::Notice, Console::Warning,
        fmt::format("Health check for {}server {}/{} {}{}, status: {}/{} {}.", s.options().backup ? "backup " : "",
                    name_, s.name(), verdict, reason(result), h.up() ? h.counter - h.rise + 1 : h.counter,
                    h.up() ? h.fall : h.rise, h.up() ? "UP" : "DOWN"));
  }
  // With log-health-checks the check has been told already.
  const std::string why = logs ? std::string() : reason(result);
  HealthEvent event = step.event;
  if (s.op_state() == OpState::Stopped) {
    // Down for another reason than the checks: it stays so while its agent says so, and comes back when that is over.
    if (event == HealthEvent::WentDown || s.agent_holds_down())
      event = HealthEvent::None;
    else if (step.health.up() && outcome != CheckOutcome::Failed)
      event = HealthEvent::WentUp;
  }
  switch (event) {
    case HealthEvent::None:
    case HealthEvent::Changing:
      break;
    case HealthEvent::WentDown:
      enter_locked(s, OpState::Stopped);
      stopped_locked(s, " is DOWN" + why);
      break;
    case HealthEvent::WentUp:
    case HealthEvent::Resumed: {
      if (step.state == OpState::Stopping) {
        enter_locked(s, OpState::Stopping);
        refresh_locked();
        report_locked(base::LogLevel::Notice, Console::Warning,
                      subject(s) + " is stopping" + why + servers_left_locked(false, s, 0));
        break;
      }
      if (event == HealthEvent::WentUp) {
        go_up_locked(s, why);
        break;
      }
      enter_locked(s, OpState::Running);
      started_locked(s, " is UP" + why);
      break;
    }
    case HealthEvent::Stopping: {
      enter_locked(s, OpState::Stopping);
      const std::uint32_t requeued = requeue_locked(s);
      refresh_locked();
      report_locked(base::LogLevel::Notice, Console::Warning,
                    subject(s) + " is stopping" + why + servers_left_locked(false, s, requeued));
      report_no_server_locked();
      break;
    }
  }
}

void Backend::set_admin(Server& s, std::uint8_t set, std::uint8_t clear, std::string_view why) noexcept {
  const Change change(*this);
  const std::uint8_t before = s.admin();
  const auto after = static_cast<std::uint8_t>((before & ~clear) | set);
  if (before == after) return;
  ServerState& state = state_->servers[s.index()];
  const base::TimePoint now = time_now();
  const std::string reason_text(why);
  s.admin_.store(after, std::memory_order_relaxed);

  const bool maint_before = (before & kMaint) != 0;
  const bool maint_after = (after & kMaint) != 0;
  if (!maint_before && maint_after) {
    const bool was_up = s.op_state() != OpState::Stopped;
    if (was_up) {
      ++state.down_transitions;
      state.last_change = now;
    }
    s.op_state_.store(OpState::Stopped, std::memory_order_relaxed);
    state.check = {};
    if (was_up) {
      stopped_locked(s, " is going DOWN for maintenance" + reason_text);
    } else {
      (void)requeue_locked(s);
      refresh_locked();
      report_locked(base::LogLevel::Notice, Console::Warning,
                    subject(s) + " was DOWN and now enters maintenance" + reason_text + ".");
    }
    return;
  }
  if (maint_before && !maint_after) {
    state.downtime += now - state.last_change;
    state.last_change = now;
    state.health.counter = state.health.rise;  // up until the next check says otherwise
    state.check = {};
    const bool down = s.agent_holds_down();
    const bool slow = !down && s.options().slowstart.count() > 0;
    if (!down) s.op_state_.store(slow ? OpState::Starting : OpState::Running, std::memory_order_relaxed);
    if (slow) s.ramp_start_ms_.store(to_ms(now), std::memory_order_relaxed);
    update_weight_locked(s);
    refresh_locked();
    serve_locked(s);
    report_locked(base::LogLevel::Notice, Console::Warning,
                  fmt::format("{} is {}/{} (leaving forced maintenance){}.", subject(s), down ? "DOWN" : "UP",
                              s.draining() ? "DRAIN" : "READY", reason_text));
    remains_draining_locked(s);
    return;
  }
  const bool drain_before = (before & kDrain) != 0;
  const bool drain_after = (after & kDrain) != 0;
  if (maint_after || drain_before == drain_after) return;
  if (drain_after) {
    const std::uint32_t requeued = requeue_locked(s);
    state.last_change = now;
    refresh_locked();
    report_locked(base::LogLevel::Notice, Console::Warning,
                  subject(s) + " enters drain state" + reason_text +
                      servers_left_locked(s.op_state() == OpState::Stopped, s, requeued));
    report_no_server_locked();
    return;
  }
  state.last_change = now;
  refresh_locked();
  serve_locked(s);
  report_locked(base::LogLevel::Notice, Console::Warning,
                fmt::format("{} is {} (leaving forced drain){}.", subject(s),
                            s.op_state() == OpState::Stopped ? "DOWN" : "UP", reason_text));
}

void Backend::set_mode(Server& s, AdminMode to) noexcept {
  switch (to) {
    case AdminMode::Ready:
      set_admin(s, 0, kMaintForced, "");
      set_admin(s, 0, kDrainForced, "");
      return;
    case AdminMode::Drain:
      return set_admin(s, kDrainForced, kMaintForced, "");
    case AdminMode::Maint:
      return set_admin(s, kMaintForced, 0, "");
  }
}

void Backend::force_health(Server& s, ForcedHealth to, std::string_view why) noexcept {
  const Change change(*this);
  if (s.in_maintenance()) return;
  ServerState& state = state_->servers[s.index()];
  const auto full = static_cast<std::uint16_t>(state.health.rise + state.health.fall - 1);
  state.health.counter = to == ForcedHealth::Down ? 0 : full;
  const std::string reason_text(why);
  switch (to) {
    case ForcedHealth::Up: {
      if (s.op_state() == OpState::Running || s.op_state() == OpState::Starting) return;
      if (s.op_state() == OpState::Stopped) return go_up_locked(s, reason_text);
      enter_locked(s, OpState::Running);
      started_locked(s, " is UP" + reason_text);
      return;
    }
    case ForcedHealth::Stopping: {
      if (s.op_state() == OpState::Stopping) return;
      enter_locked(s, OpState::Stopping);
      const std::uint32_t requeued = requeue_locked(s);
      refresh_locked();
      report_locked(base::LogLevel::Notice, Console::Warning,
                    subject(s) + " is stopping" + reason_text + servers_left_locked(false, s, requeued));
      report_no_server_locked();
      remains_draining_locked(s);
      return;
    }
    case ForcedHealth::Down:
      if (s.op_state() == OpState::Stopped) return;
      enter_locked(s, OpState::Stopped);
      stopped_locked(s, " is DOWN" + reason_text);
      return;
  }
}

}  // namespace sluice::backend
