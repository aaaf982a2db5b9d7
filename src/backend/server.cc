#include "sluice/backend/server.h"

#include <algorithm>

#include "backend/state.h"

namespace sluice::backend {

void TimeAverages::add(std::uint32_t queue, std::uint32_t connect, std::uint32_t response,
                       std::uint32_t total) noexcept {
  // A sliding sum S over kWindow samples: each new sample takes one average one out. Races lose a sample at worst.
  const std::uint32_t n = samples_.load(std::memory_order_relaxed);
  if (n < kWindow) samples_.store(n + 1, std::memory_order_relaxed);
  const std::uint32_t values[4] = {queue, connect, response, total};
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t sum = sum_[i].load(std::memory_order_relaxed);
    const std::uint64_t out = n < kWindow ? 0 : (sum + kWindow - 1) / kWindow;
    sum_[i].store(sum - out + values[i], std::memory_order_relaxed);
    if (values[i] > max_[i].load(std::memory_order_relaxed)) max_[i].store(values[i], std::memory_order_relaxed);
  }
}

TimeAverages::Values TimeAverages::average() const noexcept {
  const std::uint64_t n = std::max<std::uint32_t>(1, samples_.load(std::memory_order_relaxed));
  std::uint32_t out[4];
  for (int i = 0; i < 4; ++i)
    out[i] = static_cast<std::uint32_t>((sum_[i].load(std::memory_order_relaxed) + n / 2) / n);
  return {out[0], out[1], out[2], out[3]};
}

TimeAverages::Values TimeAverages::maximum() const noexcept {
  return {max_[0].load(std::memory_order_relaxed), max_[1].load(std::memory_order_relaxed),
          max_[2].load(std::memory_order_relaxed), max_[3].load(std::memory_order_relaxed)};
}

void TimeAverages::clear_maxima() noexcept {
  for (auto& m : max_) m.store(0, std::memory_order_relaxed);
}

Server::Server(Backend& backend, const ServerSpec& spec, std::uint32_t index, unsigned threads)
    : backend_(&backend), spec_(spec), index_(index), agent_send_(spec.options.agent_send), threads_(threads) {
  maxconn_.store(spec.options.maxconn, std::memory_order_relaxed);
}

Server::~Server() = default;

ServerTarget Server::target() const noexcept {
  const std::lock_guard lock(target_mutex_);
  return target_;
}

CheckTarget Server::check_target() const noexcept {
  const std::lock_guard lock(target_mutex_);
  return check_target_;
}

CheckTarget Server::agent_target() const noexcept {
  const std::lock_guard lock(target_mutex_);
  return agent_target_;
}

std::string Server::agent_send() const {
  const std::lock_guard lock(target_mutex_);
  return agent_send_;
}

net::SocketAddress Server::connect_address(std::uint16_t client_port) const noexcept {
  const ServerTarget t = target();
  net::SocketAddress a = t.address;
  switch (t.port_kind) {
    case net::PortKind::None:
      a.set_port(client_port);
      break;
    case net::PortKind::OffsetPlus:
      a.set_port(static_cast<std::uint16_t>(client_port + t.port));
      break;
    case net::PortKind::OffsetMinus:
      a.set_port(static_cast<std::uint16_t>(client_port - t.port));
      break;
    case net::PortKind::Fixed:
    case net::PortKind::Range:
      break;
  }
  return a;
}

net::SocketAddress Server::connect_address(const net::Address& client_dst) const noexcept {
  net::SocketAddress a = connect_address(client_dst.port());
  if (a.address().is_unspecified() && !client_dst.ip_bytes().empty()) {
    net::Address same = client_dst;
    same.set_port(a.address().port());
    a = net::SocketAddress(same);
  }
  return a;
}

void Server::note_target() noexcept {
  follows_client_.store(target_.port_kind != net::PortKind::Fixed || target_.address.address().is_unspecified(),
                        std::memory_order_relaxed);
}

bool Server::usable() const noexcept {
  const OpState s = op_state();
  return (s == OpState::Running || s == OpState::Starting) && (admin() & (kMaint | kDrain)) == 0 && weight() != 0;
}

std::uint32_t Server::dynamic_maxconn() const noexcept {
  const ServerOptions& o = spec_.options;
  const std::uint32_t maxconn = this->maxconn();
  if (maxconn == 0) return 0;
  std::uint32_t limit = maxconn;
  const std::uint32_t full = backend_->fullconn();
  const std::uint32_t used = backend_->current();
  if (o.minconn != 0 && o.minconn < maxconn && full != 0 && used < full) {
    const auto ramp = static_cast<std::uint32_t>(std::uint64_t{used} * maxconn / full);
    limit = std::max(o.minconn, ramp);
  }
  if (op_state() == OpState::Starting) {
    // A slow start limits the connections as well as the weight.
    const auto percent = throttle_percent(time_now());
    if (percent) limit = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::uint64_t{limit} * *percent / 100));
  }
  return limit;
}

std::optional<unsigned> Server::throttle_percent(base::TimePoint now) const noexcept {
  const std::int64_t start = ramp_start_ms_.load(std::memory_order_relaxed);
  const std::int64_t length = spec_.options.slowstart.count();
  if (op_state() != OpState::Starting || start == 0 || length <= 0) return std::nullopt;
  const std::int64_t percent = (to_ms(now) - start) * 100 / length;
  return static_cast<unsigned>(std::clamp<std::int64_t>(percent, 1, 100));
}

Health Server::health() const noexcept {
  const std::lock_guard lock(backend_->mutex_);
  return backend_->state_->servers[index_].health;
}

CheckResult Server::last_check() const {
  const std::lock_guard lock(backend_->mutex_);
  return backend_->state_->servers[index_].check;
}

CheckResult Server::last_agent() const {
  const std::lock_guard lock(backend_->mutex_);
  return backend_->state_->servers[index_].agent;
}

Server::StateFigures Server::state_figures(base::TimePoint now) const noexcept {
  const std::lock_guard lock(backend_->mutex_);
  const ServerState& s = backend_->state_->servers[index_];
  base::Nanos down = s.downtime;
  if (op_state() == OpState::Stopped || in_maintenance()) down += now - s.last_change;
  using Seconds = std::chrono::seconds;
  return {s.failed_checks, s.down_transitions, std::chrono::duration_cast<Seconds>(now - s.last_change).count(),
          std::chrono::duration_cast<Seconds>(down).count()};
}

std::string Server::status_text() const {
  const std::uint8_t admin = this->admin();
  if ((admin & kMaintResolution) != 0) return "MAINT (resolution)";
  if ((admin & kMaint) != 0) return "MAINT";
  const Health h = health();
  const OpState op = op_state();
  const auto part = [](unsigned a, unsigned b) { return " " + std::to_string(a) + "/" + std::to_string(b); };
  const bool checked = checks_enabled();
  if (op == OpState::Stopped && agent_holds_down()) return "DOWN (agent)";
  if (op == OpState::Stopped) return h.counter == 0 || !checked ? "DOWN" : "DOWN" + part(h.counter, h.rise);
  const std::string climbing = h.full() || !checked ? "" : part(h.counter - h.rise + 1U, h.fall);
  if (op == OpState::Stopping) return "NOLB" + climbing;
  if ((admin & kDrain) != 0) return agent_enabled() ? "DRAIN (agent)" : "DRAIN";
  if (!checked) return "no check";
  return "UP" + climbing;
}

// ---- per thread ---------------------------------------------------------------------------------------------------

ServerThread& Server::local() noexcept {
  runtime::Loop* loop = runtime::Loop::current();
  SLUICE_DCHECK(loop != nullptr);
  ServerThread& t = threads_.local(loop->index());
  if (t.loop == nullptr) {
    const std::lock_guard lock(backend_->mutex_);  // post_each() reads it
    t.loop = loop;
  }
  return t;
}

ServerCounters& Server::counters(unsigned thread) noexcept { return threads_.local(thread).counters; }

void Server::total(ServerCounters& out) const noexcept {
  constexpr std::size_t kCounters = sizeof(ServerCounters) / sizeof(base::Counter);
  auto* to = reinterpret_cast<base::Counter*>(&out);
  for (unsigned i = 0; i < threads_.threads(); ++i) {
    const ServerThread* t = threads_.peek(i);
    if (t == nullptr) continue;
    const auto* from = reinterpret_cast<const base::Counter*>(&t->counters);
    for (std::size_t c = 0; c < kCounters; ++c) to[c].add(from[c].get());
  }
}

IdlePool& Server::idle_pool(unsigned thread) noexcept {
  ServerThread& t = threads_.local(thread);
  IdlePool* pool = t.pool.load(std::memory_order_relaxed);
  if (pool == nullptr) {
    (void)local();
    pool = std::make_unique<IdlePool>(spec_.options, idle_totals_).release();
    t.pool.store(pool, std::memory_order_release);
  }
  return *pool;
}

Server::IdleFigures Server::idle_figures() const noexcept {
  IdleFigures out{};
  for (unsigned i = 0; i < threads_.threads(); ++i) {
    const ServerThread* t = threads_.peek(i);
    const IdlePool* pool = t == nullptr ? nullptr : t->pool.load(std::memory_order_acquire);
    if (pool == nullptr) continue;
    out.idle += pool->idle();
    out.safe += pool->safe();
    out.used += pool->used();
    out.estimate += pool->estimate();
    out.used_max += pool->used_max();
  }
  return out;
}

std::uint32_t Server::idle_on_thread(unsigned thread) const noexcept {
  const ServerThread* t = threads_.peek(thread);
  const IdlePool* pool = t == nullptr ? nullptr : t->pool.load(std::memory_order_acquire);
  return pool == nullptr ? 0 : pool->idle() + pool->safe();
}

void Server::watch(SessionHook& hook) noexcept {
  hook.session_hook_.unlink();
  local().sessions.push_back(hook);
}

// With Backend::mutex_. A mailbox that is full or closed loses it: the sessions then end by themselves.
void Server::post_each(void (*fn)(void*, std::uintptr_t) noexcept) noexcept {
  for (unsigned i = 0; i < threads_.threads(); ++i) {
    ServerThread* t = threads_.peek(i);
    if (t != nullptr && t->loop != nullptr) (void)t->loop->post({fn, t, 0});
  }
}

void Server::end_sessions(void* ctx, std::uintptr_t) noexcept {
  auto& t = *static_cast<ServerThread*>(ctx);
  // A hook may watch again at once (a new session of the same stream): only those that are there now are told.
  base::List<SessionHook, &SessionHook::session_hook_> told;
  while (SessionHook* h = t.sessions.pop_front()) told.push_back(*h);
  while (SessionHook* h = told.pop_front()) h->on_server_shutdown();
}

void Server::close_idle(void* ctx, std::uintptr_t) noexcept {
  auto& t = *static_cast<ServerThread*>(ctx);
  if (IdlePool* pool = t.pool.load(std::memory_order_relaxed)) pool->close_all();
}

}  // namespace sluice::backend
