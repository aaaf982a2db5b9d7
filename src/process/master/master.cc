#include "process/master/master.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "process/master/master_cli.h"
#include "process/master/master_link.h"
#include "sluice/base/strings.h"

namespace sluice::process {

namespace {

using ops::Console;
using State = WorkerProcess::State;

// As long as a configuration loads, the service manager is asked for more time at this pace.
constexpr base::Millis kPatience{10000};
constexpr long kPatienceSeconds = 30;

int exit_code(int status) noexcept { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }
std::string exit_text(int status) {
  const int code = exit_code(status);
  const std::string reason = code > 128 ? ::strsignal(code - 128) : "Exit";
  return std::to_string(code) + " (" + reason + ")";
}

}  // namespace

Master::Master(Launch& launch, ProgramCall call)
    : launch_(launch), call_(std::move(call)), manager_(launch.command.notify) {}
Master::~Master() {
  workers_.clear();
  cli_.reset();
}

void Master::say(Console::Severity severity, const std::string& text) {
  if (severity >= Console::Severity::Warning) introduce(launch_);
  launch_.console.say(severity, text);
}

void Master::note(Console::Severity severity, const std::string& text) {
  launch_.console.say(severity, text);
  log_ += (severity == Console::Severity::Notice ? "[NOTICE]   (" : "[WARNING]  (") + std::to_string(::getpid()) +
          ") : " + text + "\n";
}

int Master::run(bool daemon) {
  if (daemon) {
    if (auto r = daemon_.detach(); !r) {
      say(Console::Severity::Alert, r.error());
      return 1;
    }
    ::setenv(kBackgroundVariable, "1", 1);  // for the workers
  }
  runtime::LoopOptions options;
  options.mailbox_slots = 64;
  auto loop = runtime::Loop::make(options);
  if (!loop) {
    say(Console::Severity::Alert, std::string("Cannot create the event loop: ") + ::strerror(loop.error().sys));
    return 1;
  }
  loop_ = std::move(*loop);
  const runtime::LoopBinding binding(*loop_);
  started_ = base::Clock::now();
  runtime::SignalSource signals(*loop_);
  for (const int s : {SIGCHLD, SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGTTOU, SIGTTIN})
    signals.handle(s, *this);
  signals.ignore(SIGPIPE);
  cli_ = std::make_unique<MasterCli>(*this);
  if (!cli_->listen()) return 1;
  if (!start_worker()) return 1;
  loop_->run();
  cli_.reset();
  return status_;
}

bool Master::start_worker() {
  workers_.push_back(std::make_unique<WorkerProcess>(*loop_, *this));
  WorkerProcess& w = *workers_.back();
  if (auto r = w.start(call_, sockets_, current() != nullptr); !r) {
    say(Console::Severity::Alert, r.error());
    workers_.pop_back();
    return false;
  }
  starting_ = &w;
  note(Console::Severity::Notice, "New worker (" + std::to_string(w.pid) + ") forked");
  loop_->arm_after(patience_timer_, kPatience);
  return true;
}

void Master::patience() noexcept {
  if (starting_ == nullptr) return;
  manager_.extend_timeout(kPatienceSeconds);
  loop_->arm_after(patience_timer_, kPatience);
}

WorkerProcess* Master::current() const noexcept {
  for (const auto& w : workers_)
    if (w->state == State::Current) return w.get();
  return nullptr;
}

WorkerProcess* Master::find(pid_t pid) const noexcept {
  for (const auto& w : workers_)
    if (w->pid == pid) return w.get();
  return nullptr;
}

// What the first worker read in the configuration about us.
bool Master::first_ready() {
  launch_.console.set_quiet(launch_.command.quiet || !starting_->fact("quiet").empty());
  launch_.global.pid_file = starting_->fact("pidfile");
  if (!write_pid_file(launch_)) return false;
  daemon_.ready(launch_.console);
  return true;
}

void Master::on_worker_ready(WorkerProcess& worker) noexcept {
  const bool first = current() == nullptr;
  if (first && !first_ready()) {
    status_ = 1;
    stop(SIGTERM);
    return;
  }
  const auto limit = base::parse_int<unsigned>(worker.fact("max-reloads")).value_or(50);
  for (const auto& w : workers_) {
    if (w.get() == &worker) continue;
    w->state = State::Former;
    w->tell(hard_ || w->reloads > limit ? SIGTERM : SIGUSR1);
  }
  worker.state = State::Current;
  starting_ = nullptr;
  // The sockets of the last generation that this one did not take are closed here; the old worker serves who came.
  sockets_ = std::move(worker.sockets);
  worker.sockets.clear();
  failed_ = 0;
  log_ += worker.log;
  note(Console::Severity::Notice, "Loading success.");
  manager_.ready("Ready.");
  told(true);
  next_reload();
}

void Master::told(bool success) noexcept {
  const std::vector<ReloadWaiter*> waiters = std::move(waiters_);
  waiters_.clear();
  for (ReloadWaiter* w : waiters) w->on_reloaded(success, log_);
}

void Master::reload(bool hard, ReloadWaiter* waiter) noexcept {
  if (stopping_ || starting_ != nullptr) {
    // One more afterwards: the files may have changed since they were read.
    again_ = true;
    again_hard_ = again_hard_ || hard;
    if (waiter != nullptr) later_waiters_.push_back(waiter);
    return;
  }
  if (waiter != nullptr) waiters_.push_back(waiter);
  hard_ = hard;
  log_.clear();
  manager_.reloading();
  note(Console::Severity::Notice, "Reloading " + launch_.identity.product);
  ++reloads_;
  for (const auto& w : workers_) ++w->reloads;
  if (!start_worker()) start_failed(0);
}

void Master::next_reload() noexcept {
  if (!again_ || stopping_) return;
  again_ = false;
  waiters_ = std::move(later_waiters_);
  later_waiters_.clear();
  reload(std::exchange(again_hard_, false), nullptr);
}

void Master::forget(ReloadWaiter& waiter) noexcept {
  std::erase(waiters_, &waiter);
  std::erase(later_waiters_, &waiter);
}

void Master::start_failed(int status) noexcept {
  starting_ = nullptr;
  if (current() == nullptr) {
    status_ = exit_code(status) != 0 ? exit_code(status) : 1;
    loop_->stop();
    return;
  }
  ++failed_;
  note(Console::Severity::Warning, "Loading failure!");
  manager_.ready("Reload failed! The previous configuration goes on.");
  told(false);
  next_reload();
}

void Master::on_signal(int signo) noexcept {
  switch (signo) {
    case SIGCHLD:
      return reap();
    case SIGUSR2:
    case SIGHUP:
      return reload(false, nullptr);
    case SIGTERM:
    case SIGINT:
    case SIGUSR1:
      return stop(signo);
    default:
      if (WorkerProcess* w = current()) w->tell(signo);
  }
}

void Master::stop(int signo) noexcept {
  if (!stopping_) {
    stopping_ = true;
    manager_.stopping();
    say(Console::Severity::Warning, "Exiting Master process...");
  }
  // Nobody comes after them: what they close is closed.
  sockets_.clear();
  for (const auto& w : workers_) w->tell(signo);
  if (workers_.empty()) loop_->stop();
}

void Master::reap() noexcept {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i]->pid != pid) continue;
      workers_[i]->read_rest();
      on_exit(i, status);
      break;
    }
  }
}

void Master::on_exit(std::size_t index, int status) noexcept {
  const std::unique_ptr<WorkerProcess> gone = std::move(workers_[index]);
  workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
  const std::string who = " worker (" + std::to_string(gone->pid) + ") exited with code " + exit_text(status);
  const int code = exit_code(status);
  switch (gone->state) {
    case State::Starting:
      log_ += gone->log;
      starting_ = nullptr;
      if (!stopping_) start_failed(status);
      break;
    case State::Former:
      say(Console::Severity::Warning, "Former" + who);
      break;
    case State::Current: {
      say(Console::Severity::Alert, "Current" + who);
      const bool wanted = code == 0 || code == 128 + SIGTERM || code == 128 + SIGINT;
      // The end of a worker that was told so is a success, whatever told it.
      status_ = code == 128 + SIGTERM ? 0 : code;
      const bool keep = !gone->fact("no-exit-on-failure").empty() && !stopping_;
      if (!stopping_ && !keep) {
        if (!wanted) say(Console::Severity::Alert, "exit-on-failure: killing every processes with SIGTERM");
        stopping_ = true;
        manager_.stopping();
        for (const auto& w : workers_) w->tell(SIGTERM);
      }
      break;
    }
  }
  if (!workers_.empty() || !stopping_) return;
  say(status_ == 0 ? Console::Severity::Warning : Console::Severity::Alert,
      "All workers exited. Exiting... (" + std::to_string(status_) + ")");
  loop_->stop();
}

}  // namespace sluice::process
