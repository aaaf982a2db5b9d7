// Live state of frontends, backends and servers, through BackendLookup (manual 7.3.2).
#include "policy/registry.h"

namespace sluice::policy {
namespace {

bool backend_state(const SampleContext& ctx, const Arg& a, ProxyState& out) noexcept {
  if (ctx.lookup == nullptr) return false;
  std::string_view name = a.text;
  if (name.empty()) {
    if (ctx.stream != nullptr && ctx.stream->backend != nullptr) {
      name = ctx.stream->backend->name;
    } else if (ctx.conn != nullptr && ctx.conn->frontend != nullptr) {
      name = ctx.conn->frontend->name;  // a listen section is its own backend
    } else {
      return false;
    }
  }
  return ctx.lookup->backend(name, out);
}
bool frontend_state(const SampleContext& ctx, const Arg& a, ProxyState& out) noexcept {
  if (ctx.lookup == nullptr) return false;
  if (!a.text.empty()) return ctx.lookup->frontend(a.text, out);
  return ctx.conn != nullptr && ctx.conn->frontend != nullptr && ctx.lookup->frontend(ctx.conn->frontend->name, out);
}
bool server_state(const SampleContext& ctx, const Arg& a, ServerState& out) noexcept {
  if (ctx.lookup == nullptr) return false;
  const auto slash = a.text.find('/');
  if (slash != std::string_view::npos)
    return ctx.lookup->server(a.text.substr(0, slash), a.text.substr(slash + 1), out);
  return ctx.stream != nullptr && ctx.stream->backend != nullptr &&
         ctx.lookup->server(ctx.stream->backend->name, a.text, out);
}

bool put(Sample& s, std::int64_t v) noexcept {
  s.set_int(v);
  s.flags = kVolatile;
  return true;
}

template <auto Member>
bool backend(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  ProxyState state;
  return backend_state(ctx, a[0], state) && put(s, state.*Member);
}
template <auto Member>
bool frontend(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  ProxyState state;
  return frontend_state(ctx, a[0], state) && put(s, state.*Member);
}
template <auto Member>
bool server(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  ServerState state;
  return server_state(ctx, a[0], state) && put(s, state.*Member);
}
bool avg_queue(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  ProxyState state;
  if (!backend_state(ctx, a[0], state)) return false;
  // Without a server the queue stands for itself, doubled (manual: "avg_queue").
  const std::int64_t n = state.usable_servers;
  return put(s, n > 0 ? (state.queued + n - 1) / n : std::int64_t{state.queued} * 2);
}
bool srv_is_up(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  ServerState state;
  if (!server_state(ctx, a[0], state)) return false;
  s.set_bool(state.up);
  s.flags = kVolatile;
  return true;
}
bool prepare_server(Build& b) {
  if (b.args[0].given()) return true;
  b.error = "expected type 'server' at position 1, but got nothing";
  return false;
}

constexpr FetchRow kRows[] = {
    {"nbsrv", "backend", SampleType::Sint, kInternal, backend<&ProxyState::usable_servers>},
    {"be_conn", "backend", SampleType::Sint, kInternal, backend<&ProxyState::connections>},
    {"be_conn_free", "backend", SampleType::Sint, kInternal, backend<&ProxyState::free_connections>},
    {"be_sess_rate", "backend", SampleType::Sint, kInternal, backend<&ProxyState::session_rate>},
    {"connslots", "backend", SampleType::Sint, kInternal, backend<&ProxyState::free_slots>},
    {"queue", "backend", SampleType::Sint, kInternal, backend<&ProxyState::queued>},
    {"avg_queue", "backend", SampleType::Sint, kInternal, avg_queue},
    {"fe_conn", "frontend", SampleType::Sint, kInternal, frontend<&ProxyState::connections>},
    {"fe_sess_rate", "frontend", SampleType::Sint, kInternal, frontend<&ProxyState::session_rate>},
    {"fe_req_rate", "frontend", SampleType::Sint, kInternal, frontend<&ProxyState::request_rate>},
    {"srv_is_up", "server", SampleType::Bool, kInternal, srv_is_up, Need::None, prepare_server},
    {"srv_conn", "server", SampleType::Sint, kInternal, server<&ServerState::connections>, Need::None, prepare_server},
    {"srv_conn_free", "server", SampleType::Sint, kInternal, server<&ServerState::free_connections>, Need::None,
     prepare_server},
    {"srv_queue", "server", SampleType::Sint, kInternal, server<&ServerState::queued>, Need::None, prepare_server},
    {"srv_sess_rate", "server", SampleType::Sint, kInternal, server<&ServerState::session_rate>, Need::None,
     prepare_server},
    {"srv_weight", "server", SampleType::Sint, kInternal, server<&ServerState::weight>, Need::None, prepare_server},
    {"srv_uweight", "server", SampleType::Sint, kInternal, server<&ServerState::user_weight>, Need::None,
     prepare_server},
    {"srv_iweight", "server", SampleType::Sint, kInternal, server<&ServerState::initial_weight>, Need::None,
     prepare_server},
};

}  // namespace

std::span<const FetchRow> proxy_fetches() { return kRows; }

}  // namespace sluice::policy
