// Commands about the process: version, environment, start-up messages, sockets.
#include <unistd.h>

#include "ops/cli_builtin.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

Answer show_version(CliCall& c) {
  c.say(context_of(c).version);
  return nullptr;
}

Answer show_env(CliCall& c) {
  const std::string_view name = c.word(2);
  bool found = false;
  for (char** v = environ; v != nullptr && *v != nullptr; ++v) {
    const std::string_view variable = *v;
    if (!name.empty() && variable.substr(0, variable.find('=')) != name) continue;
    found = true;
    // No command may print an empty line: a variable with one inside ends there.
    for (std::size_t i = 0; i < variable.size(); ++i) {
      if (variable[i] == '\n' && (i + 1 == variable.size() || variable[i + 1] == '\n')) continue;
      c.out += variable[i];
    }
    c.out += '\n';
  }
  if (!name.empty() && !found) c.say("Variable not found", CliSeverity::Err);
  return nullptr;
}

Answer show_startup_logs(CliCall& c) {
  const Console* console = context_of(c).console;
  c.say(console == nullptr ? std::string() : console->startup_logs());
  return nullptr;
}

// "unix@/run/admin.sock", "ipv4@127.0.0.1:9990" as the reference names them.
std::string address_text(const StatsSocketSpec& s) {
  switch (s.address.kind) {
    case net::AddressKind::Unix:
      return "unix@" + s.address.host;
    case net::AddressKind::AbstractUnix:
      return "abns@" + s.address.host;
    case net::AddressKind::InheritedFd:
    case net::AddressKind::SocketPair:
      return "sockpair@" + std::to_string(s.address.fd);
    case net::AddressKind::Ip: {
      const auto resolved = net::resolve(s.address);
      if (!resolved) return s.text;
      return (resolved->family() == AF_INET6 ? "ipv6@[" : "ipv4@") + resolved->address().ip_text() +
             (resolved->family() == AF_INET6 ? "]:" : ":") + std::to_string(resolved->address().port());
    }
  }
  return s.text;
}

Answer show_sockets(CliCall& c) {
  c.out += "# socket lvl processes\n";
  for (const StatsSocketSpec& s : context_of(c).sockets) {
    c.out += address_text(s);
    c.out += ' ';
    c.out += cli_level_name(s.level);
    c.out += " all\n";
  }
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"show cli sockets", CliLevel::Operator, "show cli sockets", "dump list of cli sockets", show_sockets},
    {"show env", CliLevel::Operator, "show env [var]", "dump environment variables known to the process", show_env},
    {"show startup-logs", CliLevel::User, "show startup-logs", "report logs emitted during HAProxy startup",
     show_startup_logs},
    {"show version", CliLevel::User, "show version", "show version of the current process", show_version},
};

}  // namespace

void add_process_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

void add_builtin_commands(CliCommands& commands, CliContext& context) {
  add_session_commands(commands);
  add_process_commands(commands, context);
  add_stat_commands(commands, context);
  add_error_commands(commands, context);
  add_server_commands(commands, context);
  add_servers_commands(commands, context);
  add_limit_commands(commands, context);
  add_stream_commands(commands, context);
  add_wait_commands(commands, context);
  add_counter_commands(commands, context);
  add_thread_commands(commands, context);
  add_fd_commands(commands, context);
  add_memory_commands(commands, context);
  add_profiling_commands(commands, context);
  add_variable_commands(commands, context);
}

}  // namespace sluice::ops
