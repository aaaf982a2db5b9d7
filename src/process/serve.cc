// serve(): puts the Model to work. Binds, drops rights, starts the threads, waits for a signal, ends in order.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "process/daemon.h"
#include "process/handover.h"
#include "process/listener_control.h"
#include "process/old_processes.h"
#include "process/receivers.h"
#include "process/running.h"
#include "process/signals.h"
#include "process/soft_stop.h"
#include "process/stats_cli.h"
#include "process/threads.h"
#include "sluice/process/privileges.h"
#include "sluice/process/program.h"

namespace sluice::process {

namespace {

using ops::Console;

class Server {
 public:
  explicit Server(Launch& launch)
      : launch_(launch),
        running_(*static_cast<Running*>(launch.built.get())),
        old_(launch.command.old_pids, launch.command.finish_signal),
        receivers_(launch, *running_.model, running_.threads),
        threads_(launch, running_, receivers_),
        listeners_(launch, running_, receivers_, threads_),
        soft_stop_(launch, running_, threads_, listeners_) {}

  int run() {
    if (launch_.global.daemon) {
      if (auto r = daemon_.detach(); !r) return fatal(main_prefix() + r.error());
      forked();
    }
    if (!take_over() || !apply_limits() || !receivers_.bind_all(old_)) return 1;
    if (!write_pid_file(launch_)) return 1;
    advise();
    if (auto r = drop_privileges(launch_.global, launch_.identity.name); !r) return fatal(r.error());
    make_dumpable(launch_.global);
    if (auto r = threads_.make(!receivers_.stats_sockets().empty()); !r) return fatal(main_prefix() + r.error());
    return serve();
  }

 private:
  int fatal(std::string_view message) {
    introduce(launch_);
    launch_.console.say(Console::Severity::Alert, message);
    return 1;
  }
  [[nodiscard]] std::string main_prefix() const { return "[" + launch_.identity.name + ".main()] "; }

  // We are another process now: logs say so.
  void forked() {
    model::Model& m = *running_.model;
    m.global.process.pid = static_cast<std::uint32_t>(::getpid());
    ops::LogIdentity identity = m.outputs.identity();
    identity.pid = ::getpid();
    m.outputs.set_identity(std::move(identity));
  }

  // -x; /dev/null stands for nobody.
  bool take_over() {
    const std::string& from = launch_.command.take_from;
    if (from.empty() || from == "/dev/null") return true;
    auto sockets = take_sockets(from);
    if (!sockets) {
      fatal(sockets.error());
      return false;
    }
    receivers_.offer(std::move(*sockets));
    return true;
  }

  bool apply_limits() {
    const ConnectionLimits& limits = running_.limits;
    if (limits.maxconn_computed) {
      launch_.console.say(Console::Severity::Notice,
                          "Automatically setting global.maxconn to " + std::to_string(limits.maxconn) + ".");
    }
    if (auto r = apply_fd_limit(limits.fds_needed); !r) {
      introduce(launch_);
      launch_.console.say(launch_.global.strict_limits ? Console::Severity::Alert : Console::Severity::Warning,
                          main_prefix() + r.error());
      if (launch_.global.strict_limits) return false;
    }
    return true;
  }

  void advise() {
    for (const std::string& s :
         {chroot_advice(launch_.global, launch_.identity.name), user_advice(launch_.global, launch_.identity.name)}) {
      if (s.empty()) continue;
      introduce(launch_);
      launch_.console.say(Console::Severity::Warning, s);
    }
  }

  int serve() {
    Signals signals(launch_, running_, threads_, listeners_, soft_stop_);
    auto cli = std::make_unique<StatsCli>(launch_, running_, receivers_, threads_);
    if (auto r = threads_.start(); !r) return fatal(main_prefix() + r.error());
    if (!forbid_forks(launch_.global))
      launch_.console.say(Console::Severity::Warning,
                          main_prefix() + "Cannot forbid new processes: " + std::strerror(errno));
    old_.finish();
    launch_.console.end_of_start();
    daemon_.ready(launch_.console);
    threads_.run_first();
    cli.reset();
    threads_.join();
    if (signals.ended_by() != 0) die_of(signals.ended_by());
    return 0;
  }

  Launch& launch_;
  Running& running_;
  OldProcesses old_;
  Daemon daemon_;
  Receivers receivers_;
  Threads threads_;
  ListenerControl listeners_;
  SoftStop soft_stop_;
};

}  // namespace

int serve(Launch& launch) { return Server(launch).run(); }

}  // namespace sluice::process
