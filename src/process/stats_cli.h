// The stats socket of the process: what its commands look at, and the sessions. Thread: that of the first loop.
#pragma once

#include <memory>

#include "process/listener_control.h"
#include "process/running.h"
#include "process/threads.h"
#include "sluice/model/stats.h"
#include "sluice/ops/cli_commands.h"
#include "sluice/ops/cli_server.h"

namespace sluice::process {

class StatsCli {
 public:
  // Listens on the sockets that the receivers hold. Nothing is there when they hold none and there is no master to send
  // clients. The threads have been made.
  StatsCli(Launch& launch, Running& running, Receivers& receivers, Threads& threads, ListenerControl& listeners);
  // A client of the master's command socket; modes: see WorkerProcess::give_client().
  void adopt(base::UniqueFd client, std::string_view modes);

  // For its commands.
  [[nodiscard]] Receivers& receivers() noexcept { return receivers_; }
  [[nodiscard]] ListenerControl& listeners() noexcept { return listeners_; }

 private:
  [[nodiscard]] model::ProcessSide process_side(Launch& launch, const Running& running, Receivers& receivers,
                                                Threads& threads) const;

  Receivers& receivers_;
  ListenerControl& listeners_;
  model::Stats stats_;
  model::Captures captures_;
  ops::CliCommands commands_;
  ops::CliContext context_;
  std::unique_ptr<ops::CliServer> server_;
};

}  // namespace sluice::process
