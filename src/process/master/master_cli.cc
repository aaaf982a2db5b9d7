#include "process/master/master_cli.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "process/master/relay.h"
#include "sluice/ops/cli_commands.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/process/modules.h"

namespace sluice::process {

namespace {

using ops::CliCall;
using ops::CliLevel;
using Answer = std::unique_ptr<ops::CliAnswer>;

Master& master_of(const CliCall& c) noexcept { return *static_cast<Master*>(c.ctx); }

std::string uptime(base::TimePoint since) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(base::Clock::now() - since).count();
  char text[48];
  std::snprintf(text, sizeof text, "%lldd%02dh%02dm%02ds", static_cast<long long>(s / 86400),
                static_cast<int>(s / 3600 % 24), static_cast<int>(s / 60 % 60), static_cast<int>(s % 60));
  return text;
}

// Columns of 16 characters: tools cut the lines there.
void row(std::string& out, std::string_view pid, std::string_view type, std::string_view reloads, std::string_view up,
         std::string_view version) {
  for (const std::string_view cell : {pid, type, reloads, up, version}) {
    if (out.size() != 0 && out.back() != '\n') out += ' ';
    out += cell;
    if (cell.size() < 15) out.append(15 - cell.size(), ' ');
  }
  out += '\n';
}

Answer show_proc(CliCall& c) {
  Master& m = master_of(c);
  row(c.out, "#<PID>", "<type>", "<reloads>", "<uptime>", "<version>");
  row(c.out, std::to_string(::getpid()), "master",
      std::to_string(m.reloads()) + " [failed: " + std::to_string(m.failed_reloads()) + "]", uptime(m.started()),
      m.launch().identity.version);
  const auto list = [&](WorkerProcess::State state) {
    for (const auto& w : m.workers()) {
      if (w->state != state) continue;
      row(c.out, std::to_string(w->pid), "worker", std::to_string(w->reloads), uptime(w->started), w->fact("version"));
    }
  };
  c.out += "# workers\n";
  list(WorkerProcess::State::Current);
  const bool old = std::any_of(m.workers().begin(), m.workers().end(),
                               [](const auto& w) { return w->state == WorkerProcess::State::Former; });
  if (old) c.out += "# old workers\n";
  list(WorkerProcess::State::Former);
  return nullptr;
}

Answer show_version(CliCall& c) {
  c.out += master_of(c).launch().identity.version + "\n";
  return nullptr;
}

Answer show_startup_logs(CliCall& c) {
  c.out += master_of(c).startup_log();
  return nullptr;
}

// Waits for the end of the reload, then ends the session: what stands behind it on the line is not run.
class ReloadAnswer final : public ops::CliAnswer, public ReloadWaiter {
 public:
  ReloadAnswer(Master& master, ops::CliSessionControl& session, bool hard) : master_(master), session_(session) {
    master.reload(hard, this);
  }
  ~ReloadAnswer() override { master_.forget(*this); }

  Progress produce(std::string& out) noexcept override {
    if (!done_) {
      waiting_ = true;
      return Progress::Waiting;
    }
    out += text_;
    session_.quit();
    return Progress::Done;
  }
  void on_reloaded(bool success, std::string_view log) noexcept override {
    done_ = true;
    text_ = success ? "Success=1\n--\n" : "Success=0\n--\n";
    text_ += log;
    text_ += '\n';
    if (std::exchange(waiting_, false)) session_.resume();
  }

 private:
  Master& master_;
  ops::CliSessionControl& session_;
  std::string text_;
  bool done_ = false;
  bool waiting_ = false;
};

Answer reload(CliCall& c) { return std::make_unique<ReloadAnswer>(master_of(c), c.session, false); }
Answer hard_reload(CliCall& c) { return std::make_unique<ReloadAnswer>(master_of(c), c.session, true); }

// "mcli-debug-mode [on|off]"
Answer debug_mode(CliCall& c) {
  const std::string_view word = c.word(1);
  if (word.empty())
    c.say(c.session.debugging() ? "mcli-debug-mode is ON" : "mcli-debug-mode is OFF");
  else
    c.session.set_debugging(word == "on");
  return nullptr;
}

// Taken by the route before it comes to a command: these rows are for `help`.
Answer nothing(CliCall&) { return nullptr; }

constexpr ops::CliCommand kCommands[] = {
    {"@!<pid>", CliLevel::User, "@!<pid>", "send a command to the <pid> process", nothing},
    {"@<relative pid>", CliLevel::User, "@<relative pid>", "send a command to the <relative pid> process", nothing},
    {"@@<[!]pid>", CliLevel::User, "@@<[!]pid> [<command>...]",
     "send all commands of the line to the process, or enter it", nothing},
    {"@master", CliLevel::User, "@master", "send a command to the master process", nothing},
    {"hard-reload", CliLevel::Operator, "hard-reload", "achieve a hard-reload of haproxy", hard_reload},
    {"mcli-debug-mode", CliLevel::Admin, "mcli-debug-mode [on|off]", "enable debug mode in the master CLI", debug_mode},
    {"reload", CliLevel::Operator, "reload", "achieve a soft-reload of haproxy", reload},
    {"show proc", CliLevel::User, "show proc", "show processes status", show_proc},
    {"show startup-logs", CliLevel::User, "show startup-logs", "report logs emitted during the last start or reload",
     show_startup_logs},
    {"show version", CliLevel::User, "show version", "show version of the current process", show_version},
};

// "/run/master.sock,level,user,mode,600" as the line of a configuration: every word quoted.
std::string as_line(std::string_view text) {
  std::string line = "  stats socket";
  bool first = true;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    line += " '" + std::string(text.substr(0, comma)) + "'";
    // Unlike other command lines the master's may do everything unless told otherwise.
    if (std::exchange(first, false)) line += " level admin";
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return line + "\n";
}

}  // namespace

MasterCli::MasterCli(Master& master) : master_(master) {
  ops::add_session_commands(commands_);
  commands_.add(kCommands, &master);
  commands_.begin_debugging();
  context_.console = &master.launch().console;
  context_.version = master.launch().identity.version;
  context_.started = base::Clock::now();
  ops::add_builtin_commands(commands_, context_);
}

bool MasterCli::listen() {
  Launch& launch = master_.launch();
  if (launch.command.master_sockets.empty()) return true;
  config::KeywordTable table;
  register_all(table);
  std::string text = "global\n";
  for (const std::string& s : launch.command.master_sockets) text += as_line(s);
  config::Diagnostics diag;
  config::ParseOptions options;
  config::parse({{"-S", text}}, table, options, document_, diag);
  const auto fail = [&](const std::string& why) {
    introduce(launch);
    launch.console.say(ops::Console::Severity::Alert, why);
    return false;
  };
  if (diag.failed()) {
    launch.console.print(diag.render(document_.sources, {}));
    return fail("Can't create the master's CLI.");
  }
  limits_.max_sessions = 1000;
  limits_.timeout = base::kNoTimeout;
  server_ = std::make_unique<ops::CliServer>(master_.loop(), commands_, limits_);
  server_->set_start(master_.started());
  server_->set_routes({[](void* m) -> std::unique_ptr<ops::CliRoute> {
                         return std::make_unique<WorkerRoute>(*static_cast<Master*>(m));
                       },
                       &master_});
  for (const ops::StatsSocketSpec& s : document_.global()->parts.find<ops::StatsSpec>()->sockets) {
    auto opened = ops::open_stats_socket(s);
    if (!opened) return fail("Starting the master's CLI: " + opened.error());
    server_->listen(std::move(*opened), s.level);
  }
  return true;
}

}  // namespace sluice::process
