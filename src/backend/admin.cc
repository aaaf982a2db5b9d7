// What an administrator changes while it runs, apart from states: weights, limits, addresses, checks, counters.
#include <algorithm>

#include "backend/change.h"

namespace sluice::backend {

bool Backend::set_weight(Server& s, std::uint32_t weight) noexcept {
  const Change change(*this);
  if (!state_->balancer->dynamic() && weight != 0 && weight != s.options().weight) return false;
  s.weight_.store(weight, std::memory_order_relaxed);
  update_weight_locked(s);
  refresh_locked();
  serve_locked(s);
  return true;
}

void Backend::set_maxconn(Server& s, std::uint32_t maxconn) noexcept {
  const Change change(*this);
  s.maxconn_.store(maxconn, std::memory_order_relaxed);
  refresh_locked();  // a server without a limit may serve without the lock
  serve_locked(s);
}

void Backend::set_checks(Server& s, bool enabled) noexcept {
  const Change change(*this);
  s.checks_enabled_.store(enabled, std::memory_order_relaxed);
}

void Backend::set_address(Server& s, const ServerTarget& target) noexcept {
  const Change change(*this);
  {
    const std::lock_guard lock(s.target_mutex_);
    s.target_ = target;
    s.note_target();
  }
  // One that had no address gets to work with it.
  const std::uint8_t admin = s.admin();
  if ((admin & kMaintResolution) != 0) s.admin_.store(static_cast<std::uint8_t>(admin & ~kMaintResolution));
  if ((admin & kMaint) == kMaintResolution) {
    ServerState& state = state_->servers[s.index()];
    state.health.counter = state.health.rise;
    enter_locked(s, OpState::Running);
    refresh_locked();
    serve_locked(s);
  }
  s.post_each(&Server::close_idle);  // connections to where it was
}

void Backend::set_check_target(Server& s, const CheckTarget& target) noexcept {
  const std::lock_guard lock(s.target_mutex_);
  s.check_target_ = target;
}

void Backend::clear_maxima() noexcept {
  current_max_.store(0, std::memory_order_relaxed);
  queued_max_.store(0, std::memory_order_relaxed);
  session_rate_.clear_max();
  times_.clear_maxima();
  for (const auto& s : servers_) {
    s->current_max_.store(0, std::memory_order_relaxed);
    s->queued_max_.store(0, std::memory_order_relaxed);
    s->session_rate_.clear_max();
    s->times_.clear_maxima();
  }
}

void Backend::clear_totals() noexcept {
  const std::lock_guard lock(mutex_);
  state_->down_transitions = 0;
  last_session_ms.store(0, std::memory_order_relaxed);
  for (const auto& s : servers_) clear_totals_locked(*s);
}

void Backend::clear_totals_locked(Server& s) noexcept {
  ServerState& state = state_->servers[s.index()];
  state.failed_checks = 0;
  state.down_transitions = 0;
  s.last_session_ms.store(0, std::memory_order_relaxed);
}

void Backend::clear_server(Server& s) noexcept {
  const std::lock_guard lock(mutex_);
  s.current_max_.store(0, std::memory_order_relaxed);
  s.queued_max_.store(0, std::memory_order_relaxed);
  s.session_rate_.clear_max();
  s.times_.clear_maxima();
  clear_totals_locked(s);
}

void Backend::clear_counters(unsigned thread) noexcept {
  base::clear(counters_, thread);
  for (const auto& s : servers_) s->clear_counters(thread);
}

void Server::clear_counters(unsigned thread) noexcept {
  if (ServerThread* t = threads_.peek(thread)) base::clear_block(t->counters);
}

}  // namespace sluice::backend
