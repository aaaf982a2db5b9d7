// Lists of backends and servers: show backend, show servers state, show servers conn (management manual 9.3).
#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "ops/server_state_text.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

Answer show_backend(CliCall& c) {
  c.out += "# name\n";
  const proxy::Global* g = context_of(c).global;
  if (g == nullptr) return nullptr;
  for (const auto& p : g->proxies) {
    if (p->rules->back) c.out += p->rules->name + "\n";
  }
  return nullptr;
}

// app/s1 3/1 127.0.0.1 9001 - 5000 0 0 1 1 0 1 0 -1 1 1 0
void append_connections(std::string& out, const proxy::Proxy& p, const backend::Server& s) {
  const backend::ServerTarget target = s.target();
  const backend::Server::IdleFigures idle = s.idle_figures();
  const auto& b = *p.servers;
  const bool ip = target.address.family() == AF_INET || target.address.family() == AF_INET6;
  out += p.rules->name + "/" + s.name() + " " + std::to_string(p.rules->id) + "/" + std::to_string(s.id()) + " " +
         (ip ? target.address.address().ip_text() : std::string("-")) + " " + std::to_string(target.port) + " - " +
         std::to_string(s.options().pool_purge_delay.count());
  for (const std::uint32_t n : {s.current(), idle.used, idle.used_max, idle.estimate, 0U, idle.idle, idle.safe})
    out += " " + std::to_string(n);
  out += " " + std::to_string(s.options().pool_max_conn) + " " + std::to_string(idle.idle + idle.safe);
  for (unsigned t = 0; t < b.threads(); ++t) out += " " + std::to_string(s.idle_on_thread(t));
  out += '\n';
}

// One line per server, of one backend or of all.
class ServersAnswer final : public CliAnswer {
 public:
  using Line = void (*)(std::string& out, const proxy::Proxy& p, const backend::Server& s);
  ServersAnswer(const proxy::Global& global, const proxy::Proxy* only, Line line)
      : global_(global), only_(only), line_(line) {}

  Progress produce(std::string& out) noexcept override {
    if (proxy_ >= global_.proxies.size()) return Progress::Done;
    const proxy::Proxy& p = *global_.proxies[proxy_];
    const bool wanted = p.servers != nullptr && !p.rules->spec.disabled && (only_ == nullptr || only_ == &p);
    if (!wanted || server_ >= p.servers->size()) {
      ++proxy_;
      server_ = 0;
      return Progress::More;
    }
    line_(out, p, p.servers->server(server_++));
    return Progress::More;
  }

 private:
  const proxy::Global& global_;
  const proxy::Proxy* only_;
  const Line line_;
  std::size_t proxy_ = 0;
  std::size_t server_ = 0;
};

Answer list_servers(CliCall& c, const std::string& head, ServersAnswer::Line line) {
  proxy::Global* g = context_of(c).global;
  const proxy::Proxy* only = nullptr;
  if (std::string_view word = c.word(3); !word.empty()) {
    only = find_backend(g, word);
    if (only == nullptr && base::parse_int<std::uint32_t>(word)) only = find_backend(g, "#" + std::string(word));
    if (only == nullptr) {
      c.say("Can't find backend.", CliSeverity::Err);
      return nullptr;
    }
  }
  c.out += head;
  if (g == nullptr) return nullptr;
  return std::make_unique<ServersAnswer>(*g, only, line);
}

Answer show_servers_state(CliCall& c) { return list_servers(c, std::string(server_state_head()), append_server_state); }

Answer show_servers_conn(CliCall& c) {
  const proxy::Global* g = context_of(c).global;
  return list_servers(c,
                      "# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess "
                      "unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[" +
                          std::to_string(g == nullptr ? 1 : g->settings.threads) + "]\n",
                      append_connections);
}

constexpr CliCommand kCommands[] = {
    {"show backend", CliLevel::User, "show backend", "list backends in the current running config", show_backend},
    {"show servers conn", CliLevel::User, "show servers conn [<backend>]",
     "dump server connections status (all or for a single backend)", show_servers_conn},
    {"show servers state", CliLevel::User, "show servers state [<backend>]",
     "dump volatile server information (all or for a single backend)", show_servers_state},
};

}  // namespace

void add_servers_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
