#include "sluice/proxy/global.h"

#include <absl/container/flat_hash_map.h>

#include <chrono>

namespace sluice::proxy {

struct Global::NameIndex {
  absl::flat_hash_map<std::string_view, Proxy*> frontends;
  absl::flat_hash_map<std::string_view, Proxy*> backends;
};

void Global::NameIndexDeleter::operator()(NameIndex* p) const noexcept { delete p; }

Proxy::Proxy(std::unique_ptr<CompiledProxy> compiled, unsigned threads)
    : rules(std::move(compiled)), counters(threads) {
  identity.name = rules->name;
  identity.id = rules->id;
}

void Global::index_names() {
  names_.reset(new NameIndex);
  for (const auto& p : proxies) {
    if (p->rules->front) names_->frontends.emplace(p->rules->name, p.get());
    if (p->rules->back) names_->backends.emplace(p->rules->name, p.get());
  }
}

Proxy* Global::find_frontend(std::string_view name) const noexcept {
  if (names_ == nullptr) return nullptr;
  const auto it = names_->frontends.find(name);
  return it == names_->frontends.end() ? nullptr : it->second;
}

const CompiledProxy* Global::find_backend(std::string_view name) const noexcept {
  if (names_ == nullptr) return nullptr;
  const auto it = names_->backends.find(name);
  return it == names_->backends.end() ? nullptr : it->second->rules.get();
}

namespace {
std::int64_t monotonic_ms() noexcept {
  return std::chrono::duration_cast<base::Millis>(base::Clock::now().time_since_epoch()).count();
}
}  // namespace

bool Global::frontend(std::string_view name, policy::ProxyState& out) const noexcept {
  const Proxy* p = find_frontend(name);
  if (p == nullptr) return false;
  const std::int64_t ms = monotonic_ms();
  out.id = p->rules->id;
  out.connections = p->connections.load(std::memory_order_relaxed);
  out.session_rate = p->session_rate.read(ms);
  out.request_rate = p->request_rate.read(ms);
  return true;
}

bool Global::backend(std::string_view name, policy::ProxyState& out) const noexcept {
  const CompiledProxy* c = find_backend(name);
  if (c == nullptr) return false;
  const backend::Backend& b = *proxy_of(*c)->servers;
  out.id = b.id();
  out.connections = b.current();
  out.session_rate = b.session_rate().read(monotonic_ms());
  out.queued = b.total_queued();
  out.usable_servers = b.usable_servers();
  for (std::size_t i = 0; i < b.size(); ++i) {
    const backend::Server& s = b.server(i);
    if (!s.usable()) continue;
    const std::uint32_t limit = s.dynamic_maxconn();
    if (limit == 0) continue;
    const std::uint32_t used = s.current();
    if (used < limit) out.free_connections += limit - used;
    const std::uint32_t slots = limit + s.options().maxqueue;
    const std::uint32_t taken = used + s.queued();
    if (taken < slots) out.free_slots += slots - taken;
  }
  return true;
}

bool Global::server(std::string_view backend, std::string_view server, policy::ServerState& out) const noexcept {
  const CompiledProxy* c = find_backend(backend);
  if (c == nullptr) return false;
  const backend::Server* s = proxy_of(*c)->servers->find(server);
  if (s == nullptr) return false;
  out.connections = s->current();
  out.queued = s->queued();
  out.session_rate = s->session_rate().read(monotonic_ms());
  out.weight = s->effective_weight();
  out.user_weight = s->weight();
  out.initial_weight = s->options().weight;
  const std::uint32_t limit = s->dynamic_maxconn();
  out.free_connections =
      limit == 0 ? -1 : static_cast<std::int32_t>(limit > out.connections ? limit - out.connections : 0);
  out.up = s->running();
  return true;
}

}  // namespace sluice::proxy
