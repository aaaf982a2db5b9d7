// serve(): puts the Model to work. Binds, drops rights, starts the threads, waits for a signal, ends in order.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "process/daemon.h"
#include "process/handover.h"
#include "process/listener_control.h"
#include "process/master/master_link.h"
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

class Server final : private MasterLink::Listener {
 public:
  explicit Server(Launch& launch)
      : launch_(launch),
        running_(*static_cast<Running*>(launch.built.get())),
        first_(launch.master == nullptr || !launch.master->is_reload()),
        old_(first_ ? launch.command.old_pids : std::vector<int>{}, launch.command.finish_signal),
        receivers_(launch, *running_.model, running_.threads),
        threads_(launch, running_, receivers_),
        listeners_(launch, running_, receivers_, threads_),
        soft_stop_(launch, running_, threads_, listeners_) {}

  int run() {
    if (launch_.global.daemon && launch_.master == nullptr) {
      if (auto r = daemon_.detach(); !r) return fatal(main_prefix() + r.error());
      forked();
    }
    if (launch_.master != nullptr && launch_.master->in_background()) daemon_.follow();
    // From the moment an address answers, signals must find somebody: they wait until the handlers are there.
    const SignalsWait wait;
    if (!take_over() || !apply_limits() || !receivers_.bind_all(old_)) return 1;
    if (launch_.master == nullptr && !write_pid_file(launch_)) return 1;
    advise();
    if (auto r = drop_privileges(launch_.global, launch_.identity.name); !r) return fatal(r.error());
    if (!make_dumpable(launch_.global))
      launch_.console.say(Console::Severity::Warning,
                          main_prefix() + "Cannot make the process dumpable: " + std::strerror(errno));
    if (auto r = threads_.make(!receivers_.stats_sockets().empty()); !r) return fatal(main_prefix() + r.error());
    return serve(wait);
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
    if (launch_.master != nullptr) receivers_.offer(launch_.master->take_offered());
    const std::string& from = launch_.command.take_from;
    if (from.empty() || from == "/dev/null" || !first_) return true;
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

  int serve(const SignalsWait& wait) {
    Signals signals(launch_, running_, threads_, listeners_, soft_stop_);
    cli_ = std::make_unique<StatsCli>(launch_, running_, receivers_, threads_, listeners_);
    if (auto r = threads_.start(); !r) return fatal(main_prefix() + r.error());
    if (!forbid_forks(launch_.global))
      launch_.console.say(Console::Severity::Warning,
                          main_prefix() + "Cannot forbid new processes: " + std::strerror(errno));
    old_.finish();
    if (launch_.master != nullptr) tell_master();
    launch_.console.end_of_start();
    daemon_.ready(launch_.console);
    wait.end();
    threads_.run_first();
    cli_.reset();
    threads_.join();
    if (signals.ended_by() != 0) die_of(signals.ended_by());
    return 0;
  }

  void tell_master() {
    MasterLink& master = *launch_.master;
    master.tell_facts(launch_.global, launch_.identity.version);
    master.tell_log(launch_.console.startup_logs());
    // It keeps them for the worker that comes after us.
    listeners_.given_away(ListenerControl::Shared::All);
    master.tell_ready(receivers_.to_give(true));
    const runtime::LoopBinding binding(threads_.first());
    master.watch(threads_.first(), *this);
  }
  void on_master_client(base::UniqueFd fd, std::string_view modes) noexcept override {
    cli_->adopt(std::move(fd), modes);
  }
  void on_master_gone() noexcept override { soft_stop_.begin(); }

  Launch& launch_;
  Running& running_;
  const bool first_;  // not a worker that another one went before
  OldProcesses old_;
  Daemon daemon_;
  Receivers receivers_;
  Threads threads_;
  ListenerControl listeners_;
  SoftStop soft_stop_;
  std::unique_ptr<StatsCli> cli_;
};

}  // namespace

int serve(Launch& launch) { return Server(launch).run(); }

}  // namespace sluice::process
