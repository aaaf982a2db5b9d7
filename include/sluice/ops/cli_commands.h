// The CLI commands that ops brings along (management manual 9.3).
// Of the session: help, prompt, quit, user, operator, set timeout cli, set severity-output, show cli level, echo.
// Of the process: show info, show stat, show errors, show env, show version, show startup-logs, show cli sockets, show
// schema json.
// Of servers: enable and disable server, health, agent; set server, set weight, get weight, set maxconn server, show
// backend, show servers state, show servers conn.
// Of frontends and limits: enable, disable, shutdown frontend, set maxconn, set rate-limit.
// Thread: see cli.h.
#pragma once

#include <string>
#include <vector>

#include "sluice/ops/captures.h"
#include "sluice/ops/cli.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/ops/console.h"
#include "sluice/ops/frontend_control.h"
#include "sluice/ops/stats.h"

namespace sluice::proxy {
struct Global;
}
namespace sluice::runtime {
class ThreadGroup;
}

namespace sluice::ops {

// What the commands read. Pointers may be null: the command then answers as if there were nothing.
struct CliContext {
  const StatsSource* stats = nullptr;
  const CaptureSource* captures = nullptr;
  const Console* console = nullptr;
  runtime::ThreadGroup* threads = nullptr;
  proxy::Global* global = nullptr;       // proxies and servers, to be looked at and changed
  FrontendControl* frontends = nullptr;  // who can pause listeners
  base::TimePoint started{};             // of the process

  // Of the commands themselves.
  std::vector<std::uint64_t> activity_base;    // what "clear counters" found, see cli_thread_commands.cc
  bool profiling = false;                      // "set profiling tasks on"
  std::vector<std::uint64_t> turns_last_seen;  // by thread, at the last `show threads`
  std::string version;                         // "3.5.0-sluice-0.1.0"
  std::vector<StatsSocketSpec> sockets;        // for `show cli sockets`
};

// Those about the session alone: help, prompt, quit, levels, modes, timeout, echo.
void add_session_commands(CliCommands& commands);
// All. context outlives the table.
void add_builtin_commands(CliCommands& commands, CliContext& context);

}  // namespace sluice::ops
