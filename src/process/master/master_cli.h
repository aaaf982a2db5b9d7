// The master's command socket (-S; management manual 9.4): its own commands, and the way to the workers' command lines.
//
//   @<n> cmd, @!<pid> cmd   this command runs in that worker       @<n>, @!<pid>   from now on all do
//   @master cmd, @ cmd      in the master                          @, @master      back to the master
//   @@<n> cmd; cmd; ...     the whole line runs in that worker, in one session
//   @@<n>                   a session in that worker, until it ends with "quit"
//
// A relayed command gets a session of its own in the worker: one end of a socket pair goes there through the channel,
// the other one is read here as fast as the client reads. Thread: the master's.
#pragma once

#include <memory>
#include <string>

#include "process/master/master.h"
#include "sluice/config/document.h"
#include "sluice/ops/cli.h"
#include "sluice/ops/cli_commands.h"
#include "sluice/ops/cli_server.h"

namespace sluice::process {

class MasterCli {
 public:
  explicit MasterCli(Master& master);
  // Opens what -S asks for; false when that failed (it has been said).
  bool listen();

 private:
  Master& master_;
  config::Document document_;  // of the -S options, read as "stats socket" lines
  ops::CliContext context_;    // of the commands for debugging: the master has no proxies
  ops::CliCommands commands_;
  ops::CliLimits limits_;
  std::unique_ptr<ops::CliServer> server_;
};

}  // namespace sluice::process
