// Commands that change one server: states, weight, limit, checks (management manual 9.3). `set server ... addr` and its
// kin are in cli_server_address.cc. Texts are the reference's: tools compare them.
#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "sluice/backend/agent_report.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
using backend::Backend;

FoundServer server_of(CliCall& c, std::size_t word) { return find_server(c, context_of(c).global, c.word(word)); }

// --- states

using backend::AdminMode;

Answer disable_server(CliCall& c) {
  if (const FoundServer s = server_of(c, 2)) s.backend->set_mode(*s.server, AdminMode::Maint);
  return nullptr;
}
Answer enable_server(CliCall& c) {
  if (const FoundServer s = server_of(c, 2)) s.backend->set_mode(*s.server, AdminMode::Ready);
  return nullptr;
}

Answer set_state(CliCall& c, const FoundServer& s) {
  const std::string_view to = c.word(4);
  if (to == "ready") {
    s.backend->set_mode(*s.server, AdminMode::Ready);
  } else if (to == "drain") {
    s.backend->set_mode(*s.server, AdminMode::Drain);
  } else if (to == "maint") {
    s.backend->set_mode(*s.server, AdminMode::Maint);
  } else {
    c.say("'set server <srv> state' expects 'ready', 'drain' and 'maint'.", CliSeverity::Err);
  }
  return nullptr;
}

Answer set_health(CliCall& c, const FoundServer& s) {
  constexpr std::string_view kWhy = ", changed from CLI";
  const std::string_view to = c.word(4);
  if (to == "up")
    s.backend->force_health(*s.server, Backend::ForcedHealth::Up, kWhy);
  else if (to == "stopping")
    s.backend->force_health(*s.server, Backend::ForcedHealth::Stopping, kWhy);
  else if (to == "down")
    s.backend->force_health(*s.server, Backend::ForcedHealth::Down, kWhy);
  else
    c.say("'set server <srv> health' expects 'up', 'stopping', or 'down'.", CliSeverity::Err);
  return nullptr;
}

Answer set_agent(CliCall& c, const FoundServer& s) {
  constexpr std::string_view kWhy = ", changed from CLI";
  const std::string_view to = c.word(4);
  if (!s.server->agent_enabled())
    c.say("agent checks are not enabled on this server.", CliSeverity::Err);
  else if (to == "up" || to == "down")
    s.backend->force_agent(*s.server, to == "up", kWhy);
  else
    c.say("'set server <srv> agent' expects 'up' or 'down'.", CliSeverity::Err);
  return nullptr;
}

Answer disable_health(CliCall& c) {
  if (const FoundServer s = server_of(c, 2); s && s.server->checked()) s.backend->set_checks(*s.server, false);
  return nullptr;
}
Answer enable_health(CliCall& c) {
  const FoundServer s = server_of(c, 2);
  if (!s) return nullptr;
  if (s.server->checked())
    s.backend->set_checks(*s.server, true);
  else
    c.say("Health check was not configured on this server, cannot enable.", CliSeverity::Err);
  return nullptr;
}
Answer disable_agent(CliCall& c) {
  if (const FoundServer s = server_of(c, 2); s && s.server->has_agent()) s.backend->set_agent(*s.server, false);
  return nullptr;
}
Answer enable_agent(CliCall& c) {
  const FoundServer s = server_of(c, 2);
  if (!s) return nullptr;
  if (s.server->has_agent())
    s.backend->set_agent(*s.server, true);
  else
    c.say("Agent was not configured on this server, cannot enable.", CliSeverity::Err);
  return nullptr;
}

// --- weight and limit

Answer change_weight(CliCall& c, const FoundServer& s, std::string_view word) {
  std::string_view error;
  const auto weight = backend::parse_weight(word, s.server->options().weight, error);
  if (!weight)
    c.say(error, CliSeverity::Err);
  else if (!s.backend->set_weight(*s.server, *weight))
    c.say("Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.", CliSeverity::Err);
  return nullptr;
}

Answer set_weight(CliCall& c) {
  const FoundServer s = server_of(c, 2);
  return s ? change_weight(c, s, c.word(3)) : nullptr;
}

Answer get_weight(CliCall& c) {
  if (const FoundServer s = server_of(c, 2)) {
    c.out += std::to_string(s.server->weight()) + " (initial " + std::to_string(s.server->options().weight) + ")\n";
  }
  return nullptr;
}

Answer set_maxconn(CliCall& c) {
  const FoundServer s = server_of(c, 3);
  if (!s) return nullptr;
  const std::string_view word = c.word(4);
  if (word.empty()) {
    c.say("Require <maxconn>.", CliSeverity::Err);
    return nullptr;
  }
  const auto number = base::parse_int<std::uint32_t>(word);
  if (number)
    s.backend->set_maxconn(*s.server, *number);
  else
    c.say("maxconn string empty or preceded by garbage", CliSeverity::Err);
  return nullptr;
}

// --- set server

Answer set_server(CliCall& c) {
  const FoundServer s = server_of(c, 2);
  if (!s) return nullptr;
  const std::string_view what = c.word(3);
  if (what == "state") return set_state(c, s);
  if (what == "weight") return change_weight(c, s, c.word(4));
  if (what == "health") return set_health(c, s);
  if (what == "agent") return set_agent(c, s);
  if (what == "agent-addr") return set_server_agent_address(c, s);
  if (what == "agent-port") return set_server_agent_port(c, s);
  if (what == "agent-send") return set_server_agent_send(c, s);
  if (what == "addr") return set_server_address(c, s);
  if (what == "check-addr") return set_server_check_address(c, s);
  if (what == "check-port") return set_server_check_port(c, s);
  if (what == "fqdn") {
    c.say("set server <b>/<s> fqdn failed because no resolution is configured.", CliSeverity::Err);
  } else if (what == "ssl") {
    c.say("'set server <srv> ssl' cannot be set.  default-server should define ssl settings", CliSeverity::Err);
  } else if (what == "name") {
    c.say("'set server <srv> name' is not supported yet.", CliSeverity::Err);
  } else {
    c.say(
        "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | "
        "check-port | fqdn | health | name | ssl | state | weight",
        CliSeverity::Err);
  }
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"disable agent", CliLevel::Admin, "disable agent", "disable agent checks", disable_agent},
    {"disable health", CliLevel::Admin, "disable health", "disable health checks", disable_health},
    {"disable server", CliLevel::Admin, "disable server (DEPRECATED)",
     "disable a server for maintenance (use 'set server' instead)", disable_server},
    {"enable agent", CliLevel::Admin, "enable agent", "enable agent checks", enable_agent},
    {"enable health", CliLevel::Admin, "enable health", "enable health checks", enable_health},
    {"enable server", CliLevel::Admin, "enable server  (DEPRECATED)",
     "enable a disabled server (use 'set server' instead)", enable_server},
    {"get weight", CliLevel::User, "get weight <bk>/<srv>", "report a server's current weight", get_weight},
    {"set maxconn server", CliLevel::Admin, "set maxconn server <bk>/<srv>", "change a server's maxconn setting",
     set_maxconn},
    {"set server", CliLevel::Admin, "set server <bk>/<srv> [opts]",
     "change a server's state, weight, address, name or ssl", set_server},
    {"set weight", CliLevel::Admin, "set weight <bk>/<srv>  (DEPRECATED)",
     "change a server's weight (use 'set server' instead)", set_weight},
};

}  // namespace

void add_server_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
