// `set server ... addr`, `check-addr`, `check-port`, `agent-addr`, `agent-port`, `agent-send` (management manual 9.3).
#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

constexpr std::string_view kBy = " by 'stats socket command'";

struct Port {
  net::PortKind kind = net::PortKind::Fixed;
  std::uint16_t port = 0;
};

// "80", "+10", "-10".
std::optional<Port> parse_port(std::string_view word) noexcept {
  Port out;
  if (word.starts_with('+')) out.kind = net::PortKind::OffsetPlus;
  if (word.starts_with('-')) out.kind = net::PortKind::OffsetMinus;
  const auto number = base::parse_int<std::uint16_t>(out.kind == net::PortKind::Fixed ? word : word.substr(1));
  if (!number || (out.kind == net::PortKind::Fixed && *number == 0)) return std::nullopt;
  out.port = *number;
  return out;
}

std::string port_text(net::PortKind kind, std::uint16_t port) {
  switch (kind) {
    case net::PortKind::OffsetPlus:
      return "+" + std::to_string(port);
    case net::PortKind::OffsetMinus:
      return "-" + std::to_string(port);
    case net::PortKind::None:
      return "+0";  // the client's port as it is
    case net::PortKind::Fixed:
    case net::PortKind::Range:
      break;
  }
  return std::to_string(port);
}

}  // namespace

std::unique_ptr<CliAnswer> set_server_address(CliCall& c, const FoundServer& s) {
  const std::string_view word = c.word(4);
  const auto refuse = [&c](const std::string& why) {
    c.say(why + std::string(kBy), CliSeverity::Warning);
    return nullptr;
  };
  if (word.empty()) {
    c.say("set server <b>/<s> addr requires an address and optionally a port.", CliSeverity::Err);
    return nullptr;
  }
  net::Address ip;
  if (!net::parse_ip(word, ip)) return refuse("Invalid addr '" + std::string(word) + "'");
  const backend::ServerTarget before = s.server->target();
  if (before.address.family() == AF_UNIX)
    return refuse("Update for the current server address family is only supported through configuration file");

  backend::ServerTarget after = before;
  if (c.word(5) == "port") {
    const std::string_view text = c.word(6);
    const auto port = parse_port(text);
    if (!port) return refuse("problem converting port '" + std::string(text) + "' to an int");
    if (port->kind != net::PortKind::Fixed && s.server->check_target().port == 0)
      return refuse(
          "can't change <port> to port map because it is incompatible with current health check port configuration "
          "(use "
          "'port' statement from the 'server' directive.");
    after.port_kind = port->kind;
    after.port = port->port;
  } else if (!c.word(5).empty()) {
    return refuse("unexpected '" + std::string(c.word(5)) + "', only 'port' may follow the address");
  }
  ip.set_port(after.port_kind == net::PortKind::Fixed ? after.port : 0);
  after.address = net::SocketAddress(ip);

  const net::Address old = before.address.address();
  const bool moved = old.family() != ip.family() || old.ip_bytes() != ip.ip_bytes();
  const bool other_port = before.port_kind != after.port_kind || before.port != after.port;
  if (!moved && !other_port) {
    c.say("nothing changed", CliSeverity::Warning);
    return nullptr;
  }
  s.backend->set_address(*s.server, after);
  std::string text;
  if (moved) {
    text = "IP changed from '" + (before.address.len == 0 ? std::string("(none)") : old.ip_text()) + "' to '" +
           ip.ip_text() + "'";
  }
  if (other_port) {
    if (moved) text += ", ";
    text += "port changed from '" + port_text(before.port_kind, before.port) + "' to '" +
            port_text(after.port_kind, after.port) + "'";
  }
  c.say(text + std::string(kBy), CliSeverity::Warning);
  return nullptr;
}

std::unique_ptr<CliAnswer> set_server_check_address(CliCall& c, const FoundServer& s) {
  const std::string_view word = c.word(4);
  net::Address ip;
  if (!s.server->checked()) {
    c.say("health checks are not enabled on this server", CliSeverity::Err);
  } else if (word.empty()) {
    c.say("set server <b>/<s> check-addr requires an address and optionally a port.", CliSeverity::Err);
  } else if (!net::parse_ip(word, ip)) {
    c.say("invalid addr '" + std::string(word) + "'", CliSeverity::Err);
  } else {
    backend::CheckTarget target = s.server->check_target();
    if (c.word(5) == "port") {
      const auto port = base::parse_int<std::uint16_t>(c.word(6));
      if (!port || *port == 0) {
        c.say("provided port is not an integer", CliSeverity::Err);
        return nullptr;
      }
      target.port = *port;
    }
    target.address = net::SocketAddress(ip);
    s.backend->set_check_target(*s.server, target);
  }
  return nullptr;
}

std::unique_ptr<CliAnswer> set_server_check_port(CliCall& c, const FoundServer& s) {
  const std::string_view word = c.word(4);
  if (!s.server->checked()) {
    c.say("health checks are not enabled on this server", CliSeverity::Err);
    return nullptr;
  }
  if (word.empty()) {
    c.say("set server <b>/<s> check-port requires a port.", CliSeverity::Err);
    return nullptr;
  }
  const auto port = base::parse_int<std::int64_t>(word);
  if (!port || *port < 0 || *port > 65535) {
    c.say(port ? "provided port is not valid" : "provided port is not an integer", CliSeverity::Err);
    return nullptr;
  }
  backend::CheckTarget target = s.server->check_target();
  // Checks of a server whose port follows the client's need one of their own.
  if (*port == 0 && s.server->target().port_kind != net::PortKind::Fixed) {
    c.say("cannot remove the check port of a server whose port is mapped", CliSeverity::Err);
    return nullptr;
  }
  target.port = static_cast<std::uint16_t>(*port);
  s.backend->set_check_target(*s.server, target);
  return nullptr;
}

namespace {

// False: the client has been told that there is none.
bool agent_runs(CliCall& c, const FoundServer& s) {
  if (s.server->agent_enabled()) return true;
  c.say("agent checks are not enabled on this server.", CliSeverity::Err);
  return false;
}

// Nothing: the client has been told what is wrong.
std::optional<std::uint16_t> agent_port(CliCall& c, std::string_view word) {
  const auto port = base::parse_int<std::int64_t>(word);
  if (port && *port > 0 && *port <= 65535) return static_cast<std::uint16_t>(*port);
  c.say(port ? "provided port is invalid" : "provided port is not an integer", CliSeverity::Err);
  return std::nullopt;
}

}  // namespace

std::unique_ptr<CliAnswer> set_server_agent_address(CliCall& c, const FoundServer& s) {
  const std::string_view word = c.word(4);
  net::Address ip;
  if (word.empty()) {
    c.say("set server <b>/<s> agent-addr requires an address and optionally a port.", CliSeverity::Err);
  } else if (!agent_runs(c, s)) {
  } else if (!net::parse_ip(word, ip)) {
    // A name would have to be resolved, and that must not block.
    c.say("invalid addr '" + std::string(word) + "'", CliSeverity::Err);
  } else {
    backend::CheckTarget target = s.server->agent_target();
    if (c.word(5) == "port") {
      const auto port = agent_port(c, c.word(6));
      if (!port) return nullptr;
      target.port = *port;
    }
    target.address = net::SocketAddress(ip);
    s.backend->set_agent_target(*s.server, target);
  }
  return nullptr;
}

std::unique_ptr<CliAnswer> set_server_agent_port(CliCall& c, const FoundServer& s) {
  if (c.word(4).empty()) {
    c.say("set server <b>/<s> agent-port requires a port.", CliSeverity::Err);
  } else if (agent_runs(c, s)) {
    const auto port = agent_port(c, c.word(4));
    if (!port) return nullptr;
    backend::CheckTarget target = s.server->agent_target();
    target.port = *port;
    s.backend->set_agent_target(*s.server, target);
  }
  return nullptr;
}

std::unique_ptr<CliAnswer> set_server_agent_send(CliCall& c, const FoundServer& s) {
  if (agent_runs(c, s)) s.backend->set_agent_send(*s.server, c.word(4));
  return nullptr;
}

}  // namespace sluice::ops
