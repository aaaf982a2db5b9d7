// Commands that change one server: states, weight, limit, checks (management manual 9.3). `set server ... addr` and its
// kin are in cli_server_address.cc. Texts are the reference's: tools compare them.
#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
using backend::Backend;

FoundServer server_of(CliCall& c, std::size_t word) { return find_server(c, context_of(c).global, c.word(word)); }

// --- states
// --------------------------------------------------------------------------------------------------------------------

Answer disable_server(CliCall& c) {
  if (const FoundServer s = server_of(c, 2)) s.backend->set_admin(*s.server, backend::kMaintForced, 0, "");
  return nullptr;
}
Answer enable_server(CliCall& c) {
  if (const FoundServer s = server_of(c, 2)) {
    s.backend->set_admin(*s.server, 0, backend::kMaintForced, "");
    s.backend->set_admin(*s.server, 0, backend::kDrainForced, "");
  }
  return nullptr;
}

Answer set_state(CliCall& c, const FoundServer& s) {
  const std::string_view to = c.word(4);
  if (to == "ready") {
    s.backend->set_admin(*s.server, 0, backend::kMaintForced, "");
    s.backend->set_admin(*s.server, 0, backend::kDrainForced, "");
  } else if (to == "drain") {
    s.backend->set_admin(*s.server, backend::kDrainForced, backend::kMaintForced, "");
  } else if (to == "maint") {
    s.backend->set_admin(*s.server, backend::kMaintForced, 0, "");
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

// No server has an agent as long as "agent-check" is not in the language.
Answer no_agent(CliCall& c) {
  c.say("agent checks are not enabled on this server.", CliSeverity::Err);
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
  (void)server_of(c, 2);
  return nullptr;
}
Answer enable_agent(CliCall& c) {
  if (server_of(c, 2)) c.say("Agent was not configured on this server, cannot enable.", CliSeverity::Err);
  return nullptr;
}

// --- weight and limit
// ----------------------------------------------------------------------------------------------------------

constexpr std::int64_t kMaxWeight = 256;

// "10" or "50%" of the configured one. Nothing: the client has been told.
std::optional<std::uint32_t> parse_weight(CliCall& c, std::string_view word, std::uint32_t configured) {
  const auto refuse = [&c](std::string_view why) {
    c.say(why, CliSeverity::Err);
    return std::nullopt;
  };
  if (word.empty()) return refuse("Require <weight> or <weight%>.");
  std::size_t digits = word[0] == '-' ? 1 : 0;
  const std::size_t first = digits;
  while (digits < word.size() && word[digits] >= '0' && word[digits] <= '9') ++digits;
  if (digits == first) return refuse("Empty weight string empty or preceded by garbage");
  const bool relative = word.substr(digits) == "%";
  if (!relative && digits != word.size()) return refuse("Trailing garbage in weight string");
  const auto number = base::parse_int<std::int64_t>(word.substr(0, digits));
  if (relative) {
    if (!number || *number < 0) return refuse("Relative weight must be positive.");
    const std::int64_t scaled = *number > 100 * kMaxWeight ? kMaxWeight : *number * configured / 100;
    return static_cast<std::uint32_t>(std::min(scaled, kMaxWeight));
  }
  if (!number || *number < 0 || *number > kMaxWeight)
    return refuse("Absolute weight can only be between 0 and 256 inclusive.");
  return static_cast<std::uint32_t>(*number);
}

Answer change_weight(CliCall& c, const FoundServer& s, std::string_view word) {
  const auto weight = parse_weight(c, word, s.server->options().weight);
  if (weight && !s.backend->set_weight(*s.server, *weight))
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
// ----------------------------------------------------------------------------------------------------------------

Answer set_server(CliCall& c) {
  const FoundServer s = server_of(c, 2);
  if (!s) return nullptr;
  const std::string_view what = c.word(3);
  if (what == "state") return set_state(c, s);
  if (what == "weight") return change_weight(c, s, c.word(4));
  if (what == "health") return set_health(c, s);
  if (what == "agent" || what == "agent-addr" || what == "agent-port" || what == "agent-send") return no_agent(c);
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
