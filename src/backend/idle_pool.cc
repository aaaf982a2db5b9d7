#include "sluice/backend/idle_pool.h"

#include <algorithm>

namespace sluice::backend {

PooledConnection::~PooledConnection() { IdlePool::detach(*this); }

IdlePool::~IdlePool() {
  close_pooled();
  while (PooledConnection* c = used_list_.front()) detach(*c);
}

void IdlePool::count_used() noexcept {
  bump(used_, 1);
  max_used_ = std::max(max_used_, used());
  if (used() > used_max()) used_peak_.store(used(), std::memory_order_relaxed);
}

void IdlePool::adopt(PooledConnection& c) noexcept {
  SLUICE_DCHECK(c.pool_ == nullptr);
  c.pool_ = this;
  c.idle_ = false;
  c.safe_ = false;
  used_list_.push_front(c);
  count_used();
}

void IdlePool::unlink(PooledConnection& c) noexcept {
  c.pool_hook_.unlink();
  if (!c.idle_) {
    bump(used_, -1);
    return;
  }
  c.idle_ = false;
  bump(c.safe_ ? safe_ : idle_, -1);
  totals_->idle.fetch_sub(1, std::memory_order_relaxed);
}

void IdlePool::detach(PooledConnection& c) noexcept {
  if (c.pool_ == nullptr) return;
  c.pool_->unlink(c);
  c.pool_ = nullptr;
}

PooledConnection* IdlePool::find(ConnectionList& list, std::uint64_t key) noexcept {
  // Keys are all alike in nearly every configuration; where they are not, the search stays short.
  constexpr int kLookAt = 64;
  int looked = 0;
  for (PooledConnection* c = list.front(); c != nullptr && looked < kLookAt; c = list.next(*c), ++looked) {
    if (c->pool_key == key) return c;
  }
  return nullptr;
}

PooledConnection* IdlePool::take(ReusePolicy policy, bool first_request, std::uint64_t key) noexcept {
  // manual 4.2 "http-reuse": what a first request may use.
  bool from_safe = policy != ReusePolicy::Never;
  bool from_idle = from_safe;
  if (first_request) {
    from_safe = policy == ReusePolicy::Aggressive || policy == ReusePolicy::Always;
    from_idle = policy == ReusePolicy::Always;
  }
  PooledConnection* c = nullptr;
  // A first request is best off with a connection that has proved itself; the others leave those to it.
  if (first_request) {
    if (from_safe) c = find(safe_list_, key);
    if (c == nullptr && from_idle) c = find(idle_list_, key);
  } else {
    if (from_idle) c = find(idle_list_, key);
    if (c == nullptr && from_safe) c = find(safe_list_, key);
  }
  if (c == nullptr) return nullptr;
  unlink(*c);
  c->safe_ = true;  // from here on it has been reused
  used_list_.push_front(*c);
  count_used();
  return c;
}

bool IdlePool::give(PooledConnection& c) noexcept {
  SLUICE_DCHECK(c.pool_ == this && !c.idle());
  const ServerOptions& o = *options_;
  // manual 5.2 "max-reuse": a connection carries one request and that many reuses.
  if (o.max_reuse >= 0 && c.requests > static_cast<std::uint32_t>(o.max_reuse)) return false;
  // manual 5.2 "pool-purge-delay": 0 keeps nothing.
  if (o.pool_purge_delay.count() == 0) return false;
  // No more than recent use needed at a time: a burst of short client connections must not leave one server connection
  // each behind. "pool-low-conn" (manual 5.2) wants a few more with each thread; the purge does not spare them, as with
  // the reference.
  const std::uint32_t kept = idle_.load(std::memory_order_relaxed) + safe_.load(std::memory_order_relaxed);
  const std::uint32_t in_use = used_.load(std::memory_order_relaxed);
  const std::uint32_t needed =
      std::max({max_used_, in_use, estimate_.load(std::memory_order_relaxed)}) + o.pool_low_conn;
  if (kept + in_use > needed) return false;
  if (totals_->idle.fetch_add(1, std::memory_order_relaxed) + 1 > static_cast<std::uint32_t>(o.pool_max_conn) &&
      o.pool_max_conn >= 0) {
    totals_->idle.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  unlink(c);
  c.idle_ = true;
  bump(c.safe_ ? safe_ : idle_, 1);
  (c.safe_ ? safe_list_ : idle_list_).push_front(c);
  arm_purge();
  return true;
}

void IdlePool::arm_purge() noexcept {
  if (purge_timer_.armed()) return;
  runtime::Loop* loop = runtime::Loop::current();
  if (loop != nullptr) loop->arm_after(purge_timer_, options_->pool_purge_delay);
}

void IdlePool::purge() noexcept {
  // The need is estimated from the peak of connections in use, and forgets old peaks slowly.
  const std::uint32_t before = estimate();
  const std::uint32_t need = max_used_ >= before ? max_used_ : (before + max_used_) / 2;
  estimate_.store(need, std::memory_order_relaxed);
  max_used_ = used();

  const std::uint32_t kept = idle() + safe();
  const std::uint32_t have = kept + used();
  std::uint32_t excess = have > need ? (have - need + 1) / 2 : 0;
  excess = std::min(excess, kept);
  // The oldest go first: they are at the end. Those not proved first.
  for (; excess != 0; --excess) {
    PooledConnection* c = idle_list_.back();
    if (c == nullptr) c = safe_list_.back();
    if (c == nullptr) break;
    detach(*c);
    c->close_idle();
  }
  if (!idle_list_.empty() || !safe_list_.empty()) arm_purge();
}

void IdlePool::close_all() noexcept {
  close_pooled();
  for (PooledConnection* c = used_list_.front(); c != nullptr;) {
    PooledConnection* const next = used_list_.next(*c);
    c->on_server_gone();
    c = next;
  }
}

void IdlePool::close_pooled() noexcept {
  while (PooledConnection* c = idle_list_.front()) {
    detach(*c);
    c->close_idle();
  }
  while (PooledConnection* c = safe_list_.front()) {
    detach(*c);
    c->close_idle();
  }
}

}  // namespace sluice::backend
