// The stats socket of the process: what its commands look at, and the sessions. Thread: that of the first loop.
#pragma once

#include <memory>

#include "process/running.h"
#include "process/threads.h"
#include "sluice/model/stats.h"
#include "sluice/ops/cli_commands.h"
#include "sluice/ops/cli_server.h"

namespace sluice::process {

class StatsCli {
 public:
  // Listens on the sockets that the receivers hold; nothing happens when there are none. The threads have been made.
  StatsCli(Launch& launch, Running& running, Receivers& receivers, Threads& threads);

 private:
  [[nodiscard]] model::ProcessSide process_side(Launch& launch, const Running& running, Receivers& receivers,
                                                Threads& threads) const;

  model::Stats stats_;
  model::Captures captures_;
  ops::CliCommands commands_;
  ops::CliContext context_;
  std::unique_ptr<ops::CliServer> server_;
};

}  // namespace sluice::process
