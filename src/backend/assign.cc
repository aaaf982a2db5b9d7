// The door for requests: who serves, who waits, and what happens when a slot comes back.
#include "backend/state.h"
#include "sluice/base/hash.h"

namespace sluice::backend {

// ---- picking ------------------------------------------------------------------------------------------------------

bool Backend::has_room(const Server& s) const noexcept {
  const std::uint32_t limit = s.dynamic_maxconn();
  return limit == 0 || (s.current() < limit && s.queued() == 0);
}

// A request may wait at this server.
bool Backend::queue_has_place(const Server& s) const noexcept {
  const std::uint32_t max = s.options().maxqueue;
  return max == 0 || s.queued() < max;
}

bool Backend::blocked(const void* ctx, std::uint32_t server) noexcept {
  const auto& b = *static_cast<const Backend*>(ctx);
  const Server& s = *b.servers_[server];
  if (b.has_room(s)) return false;
  // manual 5.2 "maxqueue": leastconn fills the queues of servers that have an explicit limit.
  return !(b.tracks_load_ && s.options().maxqueue != 0 && s.queued() < s.options().maxqueue);
}

std::uint32_t Backend::load_of(const void* ctx, std::uint32_t server) noexcept {
  const Server& s = *static_cast<const Backend*>(ctx)->servers_[server];
  return s.current() + s.queued();
}

AssignResult Backend::assign(const AssignRequest& request) noexcept {
  runtime::Loop& loop = *runtime::Loop::current();
  Server* sole = sole_.load(std::memory_order_acquire);
  if (sole != nullptr && (request.wanted == nullptr || request.wanted == sole) &&
      (request.preferred == nullptr || request.preferred == sole)) {
    take_locked(*sole);  // no limit and no order to keep: nothing here needs the lock
    return assigned_locked(*sole, loop, true);
  }
  const std::lock_guard lock(mutex_);
  return assign_locked(request, loop);
}

AssignResult Backend::assign_locked(const AssignRequest& request, runtime::Loop& loop) noexcept {
  State& st = *state_;
  if (st.wake_failed) serve_all_locked();

  if (Server* w = request.wanted; w != nullptr && w->running()) {
    if (has_room(*w)) {
      take_locked(*w);
      return assigned_locked(*w, loop, false);
    }
    if (queue_has_place(*w)) return enqueue_locked(w, request, loop);
    if (request.insist) {
      AssignResult full;
      full.outcome = AssignOutcome::Full;
      return full;
    }
  }
  if (Server* p = request.preferred; p != nullptr && p->usable() && has_room(*p)) {
    take_locked(*p);
    return assigned_locked(*p, loop, false);
  }
  if (st.in_use.empty()) return {};

  // Whoever waits in the backend's queue waits for any server: then all are full, and the newcomer goes behind.
  const bool all_full = !st.queue.empty() && !keyed_ && !tracks_load_;
  int chosen = kNobody;
  if (!all_full) {
    PickRequest pick;
    pick.blocked = &Backend::blocked;
    pick.load = &Backend::load_of;
    pick.ctx = this;
    pick.avoid = request.avoid == nullptr ? kNobody : static_cast<int>(request.avoid->index());
    if (keyed_ && request.source != nullptr) {
      pick.hash = hash_address(*request.source);
      pick.has_key = request.source->family() == net::Family::Ip4 || request.source->family() == net::Family::Ip6;
    }
    chosen = st.balancer->pick(pick);
    if (chosen != kNobody && keyed_ && !has_room(server(static_cast<std::size_t>(chosen))) &&
        !queue_has_place(server(static_cast<std::size_t>(chosen)))) {
      // Its queue is full: any other one (manual 5.2 "maxqueue").
      pick.has_key = false;
      chosen = st.balancer->pick(pick);
    }
  }
  if (chosen == kNobody) return enqueue_locked(nullptr, request, loop);
  Server& s = *servers_[static_cast<std::size_t>(chosen)];
  if (!has_room(s)) return enqueue_locked(&s, request, loop);
  take_locked(s);
  return assigned_locked(s, loop, true);
}

void Backend::take_locked(Server& s) noexcept {
  const std::uint32_t n = s.current_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (n > s.current_max_.load(std::memory_order_relaxed)) s.current_max_.store(n, std::memory_order_relaxed);
  if (tracks_load_) load_changed_locked(s);
}

void Backend::load_changed_locked(Server& s) noexcept {
  if (tracks_load_) state_->balancer->load_changed(s.index(), s.current() + s.queued());
}

void Server::count_attempt(const runtime::Loop& loop) noexcept {
  counters(loop.index()).sessions.add();
  const std::int64_t now_ms = to_ms(loop.now());
  session_rate_.add(now_ms);
  last_session_ms.store(now_ms, std::memory_order_relaxed);
}

AssignResult Backend::assigned_locked(Server& s, runtime::Loop& loop, bool picked) noexcept {
  s.count_attempt(loop);
  last_session_ms.store(to_ms(loop.now()), std::memory_order_relaxed);
  if (picked) {
    s.counters(loop.index()).picked.add();
    counters_.local(loop.index()).picked.add();
  }
  AssignResult r;
  r.outcome = AssignOutcome::Assigned;
  r.slot = ServerSlot(&s);
  return r;
}

std::uint32_t Backend::hash_address(const net::Address& a) noexcept {
  // The 32-bit words of the address in host order, added up: IPv4 addresses keep their order, neighbours go to
  // different servers.
  const std::string_view bytes = a.ip_bytes();
  std::uint32_t h = 0;
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 4; ++j) word = word << 8U | static_cast<std::uint8_t>(bytes[i + j]);
    h ^= word;
  }
  return spec_.hash_avalanche ? base::avalanche(h) : h;
}

// ---- queues -------------------------------------------------------------------------------------------------------

AssignResult Backend::enqueue_locked(Server* s, const AssignRequest& request, runtime::Loop& loop) noexcept {
  State& st = *state_;
  AssignResult r;
  r.outcome = AssignOutcome::Full;
  if (request.waiter == nullptr) return r;
  auto* e = new (std::nothrow) QueueEntry;
  if (e == nullptr) return r;
  r.outcome = AssignOutcome::Queued;
  r.server_queue = s == nullptr ? 0 : s->queued();
  r.backend_queue = queued();
  r.place = QueuePlace(e);

  e->backend = this;
  e->queue_of = s;
  e->number = ++st.arrivals;
  e->loop = &loop;
  e->waiter = request.waiter;
  std::atomic<std::uint32_t>& count = s == nullptr ? queued_ : s->queued_;
  std::atomic<std::uint32_t>& max = s == nullptr ? queued_max_ : s->queued_max_;
  const std::uint32_t n = count.fetch_add(1, std::memory_order_relaxed) + 1;
  if (n > max.load(std::memory_order_relaxed)) max.store(n, std::memory_order_relaxed);
  (s == nullptr ? st.queue : st.servers[s->index()].queue).push_back(*e);
  if (s != nullptr) load_changed_locked(*s);
  // A slot may have come back since we looked: its thread has seen an empty queue and left. Either it sees this, or we
  // see it.
  total_queued_.fetch_add(1, std::memory_order_seq_cst);
  if (s != nullptr)
    serve_locked(*s);
  else
    serve_all_locked();
  return r;
}

void Backend::unqueue_locked(QueueEntry& e) noexcept {
  e.hook.unlink();
  total_queued_.fetch_sub(1, std::memory_order_relaxed);
  if (e.queue_of == nullptr) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
  } else {
    e.queue_of->queued_.fetch_sub(1, std::memory_order_relaxed);
    load_changed_locked(*e.queue_of);
  }
}

// Gives free slots to those who wait, in the order of arrival over both queues.
void Backend::serve_locked(Server& s) noexcept {
  State& st = *state_;
  QueueList& own = st.servers[s.index()].queue;
  if (!s.running()) return;
  for (;;) {
    const std::uint32_t limit = s.dynamic_maxconn();
    if (limit != 0 && s.current_.load(std::memory_order_seq_cst) >= limit) return;
    QueueEntry* e = own.front();
    if (s.in_use_) {
      QueueEntry* any = st.queue.front();
      if (e == nullptr || (any != nullptr && any->number < e->number)) e = any;
    }
    if (e == nullptr) return;
    e->phase = QueueEntry::Phase::Granted;
    e->granted = &s;
    if (!wake_locked(*e)) {
      e->phase = QueueEntry::Phase::Waiting;
      e->granted = nullptr;
      st.wake_failed = true;
      return;
    }
    unqueue_locked(*e);
    take_locked(s);
  }
}

void Backend::serve_all_locked() noexcept {
  state_->wake_failed = false;
  for (const auto& s : servers_) {
    if (s->in_use_ || s->queued() != 0) serve_locked(*s);
  }
}

bool Backend::wake_locked(QueueEntry& e) noexcept {
  e.in_flight = true;
  if (e.loop->post({&Backend::on_wake, &e, 0})) return true;
  e.in_flight = false;
  return false;
}

void Backend::on_wake(void* ctx, std::uintptr_t) noexcept {
  auto* e = static_cast<QueueEntry*>(ctx);
  QueueEntry::Phase phase;
  {
    const std::lock_guard lock(e->backend->mutex_);
    e->in_flight = false;
    phase = e->phase;
  }
  if (e->waiter == nullptr) {
    delete e;
    return;
  }
  e->waiter->on_queue_wake(phase == QueueEntry::Phase::Granted ? QueueWake::Granted : QueueWake::Again);
}

// A slot has come back.
void Backend::release(Server& s) noexcept {
  s.current_.fetch_sub(1, std::memory_order_seq_cst);
  if (!tracks_load_ && total_queued_.load(std::memory_order_seq_cst) == 0) return;
  const std::lock_guard lock(mutex_);
  load_changed_locked(s);
  serve_locked(s);
}

void ServerSlot::give_back(Server& s) noexcept { s.backend().release(s); }

Server* QueuePlace::server() const noexcept { return entry_ == nullptr ? nullptr : entry_->queue_of; }

ServerSlot QueuePlace::take_slot() noexcept {
  if (entry_ == nullptr) return {};
  Server* s = nullptr;
  bool travels = false;
  Backend& b = *entry_->backend;
  {
    const std::lock_guard lock(b.mutex_);
    s = std::exchange(entry_->granted, nullptr);
    if (s == nullptr) return {};
    travels = entry_->in_flight;
  }
  entry_->waiter = nullptr;
  QueueEntry* e = std::exchange(entry_, nullptr);
  runtime::Loop& loop = *e->loop;
  if (!travels) delete e;
  AssignResult r = b.assigned_locked(*s, loop, true);  // statistics only: needs no lock
  return std::move(r.slot);
}

void QueuePlace::leave_entry(QueueEntry* e) noexcept {
  Server* granted = nullptr;
  bool travels = false;
  Backend& b = *e->backend;
  {
    const std::lock_guard lock(b.mutex_);
    if (e->phase == QueueEntry::Phase::Waiting) {
      b.unqueue_locked(*e);
      e->phase = QueueEntry::Phase::Again;
    }
    granted = std::exchange(e->granted, nullptr);
    travels = e->in_flight;
  }
  e->waiter = nullptr;
  if (granted != nullptr) b.release(*granted);
  if (!travels) delete e;
}

// ---- streams in the backend ---------------------------------------------------------------------------------------

BackendUse Backend::enter() noexcept {
  const std::uint32_t n = current_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (n > current_max_.load(std::memory_order_relaxed)) current_max_.store(n, std::memory_order_relaxed);
  const runtime::Loop& loop = *runtime::Loop::current();
  counters_.local(loop.index()).sessions.add();
  session_rate_.add(to_ms(loop.now()));
  return BackendUse(this);
}

void BackendUse::leave() noexcept {
  if (backend_ == nullptr) return;
  std::exchange(backend_, nullptr)->current_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace sluice::backend
