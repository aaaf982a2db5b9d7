// The master process (-W; management manual 4, 9.4): runs workers, holds the listening sockets, and reloads.
//
// It reads no configuration. A reload starts a new worker, which reads the files, takes the sockets that the master
// holds, binds what is new, and says that it serves; only then are the old ones told to finish. A worker that cannot
// start leaves everything as it was. doc/internals/reload.md has the whole story.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "process/daemon.h"
#include "process/master/worker_process.h"
#include "process/sd_notify.h"
#include "sluice/process/program.h"
#include "sluice/runtime/signal_source.h"
#include "sluice/runtime/timer.h"

namespace sluice::process {

class MasterCli;

// Told how a reload went; for who asked for it.
class ReloadWaiter {
 public:
  virtual void on_reloaded(bool success, std::string_view log) noexcept = 0;

 protected:
  ~ReloadWaiter() = default;
};

class Master final : public WorkerProcess::Owner, private runtime::SignalHandler {
 public:
  Master(Launch& launch, ProgramCall call);
  ~Master();
  // Until the last worker has gone; the exit status. daemon: into the background once the first worker serves.
  int run(bool daemon);

  // hard: the old workers end at once. waiter: told once, null = nobody. A reload that comes during another one is done
  // after it; who waits for the later one hears of that.
  void reload(bool hard, ReloadWaiter* waiter) noexcept;
  void forget(ReloadWaiter& waiter) noexcept;

  [[nodiscard]] const std::vector<std::unique_ptr<WorkerProcess>>& workers() const noexcept { return workers_; }
  [[nodiscard]] WorkerProcess* current() const noexcept;
  [[nodiscard]] WorkerProcess* find(pid_t pid) const noexcept;
  [[nodiscard]] const std::string& startup_log() const noexcept { return log_; }
  [[nodiscard]] bool last_reload_failed() const noexcept { return failed_ != 0; }
  [[nodiscard]] unsigned reloads() const noexcept { return reloads_; }
  [[nodiscard]] unsigned failed_reloads() const noexcept { return failed_; }
  [[nodiscard]] base::TimePoint started() const noexcept { return started_; }
  [[nodiscard]] runtime::Loop& loop() noexcept { return *loop_; }
  [[nodiscard]] Launch& launch() noexcept { return launch_; }

 private:
  void on_signal(int signo) noexcept override;
  void on_worker_ready(WorkerProcess& worker) noexcept override;

  bool start_worker();
  void say(ops::Console::Severity severity, const std::string& text);
  // The same, and it belongs to the log of the start.
  void note(ops::Console::Severity severity, const std::string& text);
  void stop(int signo) noexcept;
  void reap() noexcept;
  void on_exit(std::size_t index, int status) noexcept;
  void start_failed(int status) noexcept;
  void told(bool success) noexcept;
  void next_reload() noexcept;
  void patience() noexcept;
  bool first_ready();

  Launch& launch_;
  ProgramCall call_;
  ServiceManager manager_;
  Daemon daemon_;
  std::unique_ptr<runtime::Loop> loop_;
  std::unique_ptr<MasterCli> cli_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  WorkerProcess* starting_ = nullptr;
  std::vector<base::UniqueFd> sockets_;  // of the current worker, for the next one
  std::string log_;                      // of the last start or reload
  std::vector<ReloadWaiter*> waiters_, later_waiters_;
  bool hard_ = false, again_ = false, again_hard_ = false;
  bool stopping_ = false;
  unsigned reloads_ = 0, failed_ = 0;
  int status_ = 0;
  base::TimePoint started_{};
  runtime::MemberTimer<&Master::patience> patience_timer_{*this};
};

}  // namespace sluice::process
