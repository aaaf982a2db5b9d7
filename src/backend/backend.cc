#include "sluice/backend/backend.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "backend/state.h"
#include "sluice/net/socket_options.h"

namespace sluice::backend {
namespace {

bool every_connect_has_port(const std::vector<CheckStep>& steps) {
  const auto without = [](const CheckStep& s) { return s.kind == CheckStep::Kind::Connect && s.port == 0; };
  const auto first =
      std::find_if(steps.begin(), steps.end(), [](const CheckStep& s) { return s.kind != CheckStep::Kind::Comment; });
  return first != steps.end() && first->kind == CheckStep::Kind::Connect &&
         std::none_of(steps.begin(), steps.end(), without);
}

const SavedServer* saved_of(const SavedServers* saved, const Server& s) {
  if (saved == nullptr) return nullptr;
  const auto it = saved->find(s.name());
  return it == saved->end() ? nullptr : &it->second;
}

}  // namespace

Backend::Backend(const BackendInit& init)
    : name_(init.name),
      id_(init.id),
      http_(init.http),
      algorithm_(init.spec->algorithm.value_or(Algorithm::Random)),
      spec_(*init.spec),
      connect_timeout_(init.connect_timeout),
      reporter_(init.reporter),
      counters_(init.threads),
      state_(std::make_unique<State>()) {
  fullconn_ = spec_.fullconn != 0 ? spec_.fullconn : init.fullconn;
  state_->balancer = make_balancer(algorithm_, spec_, init.seed);
  tracks_load_ = state_->balancer->wants_load();
  keyed_ = algorithm_ == Algorithm::Source;
  state_->last_change = time_now();
  state_->servers = std::vector<ServerState>(spec_.servers.size());
}

Backend::~Backend() = default;

std::unique_ptr<Backend> Backend::make(const BackendInit& init, config::Diagnostics& diag) {
  std::unique_ptr<Backend> b(new Backend(init));
  const std::size_t errors = diag.errors();

  if (!b->check_specs(diag)) return nullptr;

  // Ids that were given are kept; the others get the lowest that is free, in order.
  std::unordered_set<std::uint32_t> taken;
  for (const ServerSpec& s : b->spec_.servers) {
    if (s.id != 0) taken.insert(s.id);
  }
  std::uint32_t next = 1;
  for (ServerSpec& s : b->spec_.servers) {
    s.id_given = s.id != 0;
    if (s.id == 0) {
      while (taken.contains(next)) ++next;
      s.id = next++;
    }
    b->servers_.emplace_back(new Server(*b, s, static_cast<std::uint32_t>(b->servers_.size()), init.threads));
  }
  b->spec_.servers.clear();
  b->spec_.servers.shrink_to_fit();
  if (b->servers_.size() >= 8) {
    for (const auto& s : b->servers_) b->state_->by_name.emplace(s->name(), s.get());
  }
  if (!b->resolve_all(init, diag) || diag.errors() != errors) return nullptr;
  b->init_states(init.saved);
  return b;
}

// What only shows when all servers are known.
bool Backend::check_specs(config::Diagnostics& diag) const {
  bool good = true;
  const auto subject = [this](const ServerSpec& s) { return "'server " + name_ + "/" + s.name + "' : "; };
  const auto line = [](const ServerSpec& s) { return std::to_string(s.at.line); };
  std::unordered_map<std::string_view, const ServerSpec*> names;
  std::unordered_map<std::uint32_t, const ServerSpec*> ids;
  for (const ServerSpec& s : spec_.servers) {
    if (const auto [it, added] = names.emplace(s.name, &s); !added) {
      good = false;
      diag.error(s.at, subject(s) + "another server named '" + s.name + "' was already defined at line " +
                           line(*it->second) + ", please use distinct names.");
    }
    if (s.id != 0) {
      if (const auto [it, added] = ids.emplace(s.id, &s); !added) {
        good = false;
        diag.error(s.at, subject(s) + "'id' : custom id " + std::to_string(s.id) + " already used at line " +
                             line(*it->second) + " ('server " + it->second->name + "').");
      }
    }
    if (s.options.agent_check && s.options.agent_port == 0) {
      good = false;
      diag.error(s.at, subject(s) + "server " + s.name + " does not have agent port. Agent check has been disabled.",
                 "add \"agent-port <port>\" to the server line");
    }
    if (!s.options.check || s.address.kind != net::AddressKind::Ip) continue;
    const bool fixed = s.address.port_kind == net::PortKind::Fixed && s.address.port != 0;
    bool script_port = spec_.check.type != CheckType::Tcp;
    if (spec_.check.type == CheckType::TcpScript) script_port = every_connect_has_port(spec_.check.tcp_steps);
    if (spec_.check.type == CheckType::Http) script_port = every_connect_has_port(spec_.check.http_steps);
    if (!fixed && s.options.check_port == 0 && !script_port) {
      good = false;
      diag.error(s.at,
                 subject(s) + "server " + s.name +
                     " has neither service port nor check port, nor tcp_check rule 'connect' with port "
                     "information.",
                 "add \"port <port>\" to the server line");
    }
  }
  return good;
}

// The server's own address, by the first of its "init-addr" methods that gives one.
bool Backend::resolve_server(Server& s, const BackendInit& init, config::Diagnostics& diag) {
  net::AddressSpec address = s.spec_.address;
  ServerTarget& target = s.target_;
  target.port_kind = address.kind == net::AddressKind::Ip ? address.port_kind : net::PortKind::Fixed;
  target.port = address.port;
  if (init.prefer_ip4 && address.needs_resolving && address.family == AF_UNSPEC) address.family = AF_INET;

  std::vector<InitAddress> methods = s.options().init_addr;
  if (methods.empty()) methods = {{InitAddress::Kind::Last, {}}, {InitAddress::Kind::Libc, {}}};
  if (!init.resolve_names) methods.push_back({InitAddress::Kind::None, {}});
  if (!address.needs_resolving) methods = {{InitAddress::Kind::Libc, {}}};

  bool done = false;
  for (const InitAddress& m : methods) {
    switch (m.kind) {
      case InitAddress::Kind::Last: {
        const SavedServer* saved = saved_of(init.saved, s);
        if (saved == nullptr || !saved->address) break;
        net::Address ip = *saved->address;
        if (target.port_kind == net::PortKind::Fixed) ip.set_port(address.port);
        target.address = net::SocketAddress(ip);
        done = true;
        break;
      }
      case InitAddress::Kind::Libc: {
        auto resolved = net::resolve(address);
        if (!resolved) break;
        target.address = resolved.value();
        done = true;
        break;
      }
      case InitAddress::Kind::None:
        s.admin_.store(static_cast<std::uint8_t>(s.admin() | kMaintResolution), std::memory_order_relaxed);
        done = true;
        break;
      case InitAddress::Kind::Ip: {
        net::Address ip = m.ip;
        if (target.port_kind == net::PortKind::Fixed) ip.set_port(address.port);
        target.address = net::SocketAddress(ip);
        done = true;
        break;
      }
    }
    if (done) break;
  }
  if (target.port_kind != net::PortKind::Fixed && target.address.len != 0) target.address.set_port(0);
  if (!done) {
    diag.error(s.spec_.address_at,
               "'server " + name_ + "/" + s.name() + "' : could not resolve address '" + address.host + "'.",
               "write an address, or let the server start without one: init-addr last,libc,none");
  }
  return done;
}

// Where its checks go, and the namespace of its sockets.
bool Backend::resolve_checks(Server& s, config::Diagnostics& diag) {
  bool good = true;
  // Addresses of checks by name: resolved now, checks must not block.
  const auto resolve_now = [&](std::optional<net::AddressSpec>& to, const char* what) {
    if (!to || !to->needs_resolving) return;
    auto resolved = net::resolve(*to);
    if (resolved) {
      to->host = resolved.value().address().ip_text();
      to->family = resolved.value().family();
      to->needs_resolving = false;
    } else {
      good = false;
      diag.error(s.spec_.at, "'server " + name_ + "/" + s.name() + "' : '" + what + "' : " + resolved.error());
    }
  };
  resolve_now(s.spec_.options.check_address, "addr");
  resolve_now(s.spec_.options.agent_address, "agent-addr");

  s.agent_target_.port = s.options().agent_port;
  if (const auto& agent = s.options().agent_address; agent && !agent->needs_resolving) {
    if (auto resolved = net::resolve(*agent)) s.agent_target_.address = resolved.value();
  }
  s.check_target_.port = s.options().check_port;
  if (const auto& check = s.options().check_address; check && !check->needs_resolving) {
    if (auto resolved = net::resolve(*check)) {
      s.check_target_.address = resolved.value();
      if (check->port_kind == net::PortKind::None) s.check_target_.address->set_port(0);
    }
  }
  if (const std::string& netns = s.options().netns; !netns.empty()) {
    auto opened = net::open_namespace(netns);
    if (opened) {
      s.netns_ = *opened;
    } else {
      good = false;
      diag.error(s.spec_.at, "'server " + name_ + "/" + s.name() + "' : " + opened.error());
    }
  }
  return good;
}

// "source": what its connections come from.
bool Backend::resolve_source(Server& s, config::Diagnostics& diag) {
  const SourceSpec& source = s.options().source.set ? s.options().source : spec_.source;
  if (!source.set) return true;
  bool good = true;
  s.source_interface_ = source.interface;
  s.presented_ = {source.present, {}, source.header, source.occurrence};
  if (source.present == SourceSpec::Present::Fixed) {
    auto fixed = net::resolve(source.present_address);
    if (fixed) {
      s.presented_.fixed = fixed.value().address();
    } else {
      good = false;
      diag.error(s.spec_.at, "'server " + name_ + "/" + s.name() + "' : 'usesrc' : " + fixed.error());
    }
  }
  if (source.address.host.empty() && source.address.port == 0 && source.address.family == AF_UNSPEC) return good;
  auto resolved = net::resolve(source.address);
  if (resolved) {
    s.source_ = resolved.value();
  } else {
    good = false;
    diag.error(s.spec_.at, "'server " + name_ + "/" + s.name() + "' : 'source' : " + resolved.error());
  }
  return good;
}

bool Backend::resolve_all(const BackendInit& init, config::Diagnostics& diag) {
  bool good = true;
  for (const auto& s : servers_) {
    good = resolve_server(*s, init, diag) && good;
    good = resolve_checks(*s, diag) && good;
    good = resolve_source(*s, diag) && good;
  }
  return good;
}

void Backend::init_states(const SavedServers* saved) noexcept {
  const base::TimePoint now = time_now();
  bool backup_up_matters = false;
  for (const auto& s : servers_) {
    backup_up_matters |= s->options().shutdown_backup_sessions_on_up;
  }
  for (const auto& s : servers_) {
    ServerState& state = state_->servers[s->index()];
    const ServerOptions& o = s->options();
    state.last_change = now;
    state.health.rise = static_cast<std::uint16_t>(std::min<std::uint32_t>(o.rise, 30000));
    state.health.fall = static_cast<std::uint16_t>(std::min<std::uint32_t>(o.fall, 30000));
    // Up, but the first failed check is enough to take it down.
    state.health.counter = state.health.rise;
    OpState op = OpState::Running;
    if (o.check) {
      if (o.init_state == InitState::FullyUp)
        state.health.counter = static_cast<std::uint16_t>(state.health.rise + state.health.fall - 1);
      if (o.init_state == InitState::Down) state.health.counter = static_cast<std::uint16_t>(state.health.rise - 1);
      if (o.init_state == InitState::FullyDown) state.health.counter = 0;
      if (o.init_state == InitState::Down || o.init_state == InitState::FullyDown) op = OpState::Stopped;
    }
    std::uint8_t admin = s->admin();
    if (o.disabled) admin |= kMaintForced | kMaintConfig;
    if ((admin & kMaint) != 0) {
      op = OpState::Stopped;
      state.health.counter = 0;
    }
    s->admin_.store(admin, std::memory_order_relaxed);
    s->op_state_.store(op, std::memory_order_relaxed);
    s->weight_.store(o.weight, std::memory_order_relaxed);
    s->may_shut_sessions_ = o.shutdown_sessions_on_down || (o.backup && backup_up_matters);
    const std::lock_guard lock(mutex_);
    if (const SavedServer* before = saved_of(saved, *s)) restore_locked(*s, *before);
    update_weight_locked(*s);
  }
  const std::lock_guard lock(mutex_);
  refresh_locked();
  no_server_ = false;  // what starts without servers is not news
  state_->down_transitions = 0;
}

// manual 4.2 "load-server-state-from-file". What the files say now wins over what they said then; what an administrator
// did since then is kept.
void Backend::restore_locked(Server& s, const SavedServer& saved) noexcept {
  ServerState& state = state_->servers[s.index()];
  const ServerOptions& o = s.options();
  std::uint8_t admin = s.admin();
  if (o.disabled) {
    // Enabled from the CLI although the configuration disabled it then, too.
    if ((saved.admin & kMaintConfig) != 0 && (saved.admin & kMaintForced) == 0) admin &= ~kMaintForced;
  } else if ((saved.admin & kMaintForced) != 0 && (saved.admin & kMaintConfig) == 0) {
    admin |= kMaintForced;
  }
  if ((saved.admin & kDrainForced) != 0) admin |= kDrainForced;
  s.admin_.store(admin, std::memory_order_relaxed);

  const bool maint = (admin & kMaint) != 0;
  OpState op = saved.op_state == OpState::Starting ? OpState::Running : saved.op_state;
  if (!maint && (saved.admin & kMaint) != 0) op = OpState::Running;  // it was stopped for that reason only
  if (maint) op = OpState::Stopped;
  s.op_state_.store(op, std::memory_order_relaxed);
  const auto full = static_cast<std::uint32_t>(state.health.rise + state.health.fall - 1);
  std::uint32_t health = o.check ? std::min(saved.check_health, full) : full;
  if (op == OpState::Stopped) health = std::min<std::uint32_t>(health, state.health.rise - 1U);
  if (op != OpState::Stopped) health = std::max<std::uint32_t>(health, state.health.rise);
  if (op == OpState::Stopped && !o.check) health = 0;
  state.health.counter = static_cast<std::uint16_t>(health);
  if (o.check && !maint && saved.check_status != CheckStatus::Unknown && saved.check_status != CheckStatus::Checked)
    state.check.status = saved.check_status;
  state.last_change = time_now() - std::chrono::seconds(saved.seconds_since_change);
  if (saved.configured_weight == o.weight && (state_->balancer->dynamic() || saved.weight == 0))
    s.weight_.store(saved.weight, std::memory_order_relaxed);

  const std::lock_guard lock(s.target_mutex_);
  ServerTarget& target = s.target_;
  if (saved.port != 0 && target.port_kind == net::PortKind::Fixed && target.address.family() != AF_UNIX) {
    target.port = saved.port;
    target.address.set_port(saved.port);
  }
  if (saved.check_port != 0) s.check_target_.port = saved.check_port;
  if (saved.check_address) s.check_target_.address = net::SocketAddress(*saved.check_address);
  if (saved.agent_port != 0) s.agent_target_.port = saved.agent_port;
  if (saved.agent_address) s.agent_target_.address = net::SocketAddress(*saved.agent_address);
}

std::string_view Backend::algorithm_name() const noexcept { return backend::algorithm_name(algorithm_); }

Server* Backend::find(std::string_view server_name) noexcept {
  if (servers_.size() >= 8) {
    const auto it = state_->by_name.find(server_name);
    return it == state_->by_name.end() ? nullptr : it->second;
  }
  for (const auto& s : servers_) {
    if (s->name() == server_name) return s.get();
  }
  return nullptr;
}

}  // namespace sluice::backend
