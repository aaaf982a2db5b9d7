// From argv to an exit status. main() is a call of run().
//
//   command line -> environment -> files -> Document -> Launch -> build() -> report -> -c ends here
//                                                              -> serve(): bind, drop rights, run threads
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/diagnostics.h"
#include "sluice/config/document.h"
#include "sluice/config/parser.h"
#include "sluice/ops/console.h"
#include "sluice/process/command_line.h"
#include "sluice/process/global_spec.h"
#include "sluice/process/identity.h"

namespace sluice::process {

int run(int argc, char** argv);

class MasterLink;

// What build() and serve() are given. Lives until the process ends.
struct Launch {
  CommandLine command;
  Identity identity;
  config::Environment env;
  config::Document document;
  config::Diagnostics diag;
  ops::Console console;  // standard error; keeps what was said for `show startup-logs`
  GlobalSpec global;     // the section with the command line applied

  std::vector<std::string> argv;       // as the program was called
  std::shared_ptr<MasterLink> master;  // of a worker; null: there is no master
  bool introduced = false;             // see introduce()

  // Set by build().
  std::shared_ptr<void> built;  // whatever serve() needs
  std::size_t listeners = 0;    // enabled ones, stats sockets with them; 0 = "will not start (no listener)"
};

// Resolves names and builds the Model from the document; errors go to launch.diag. Called even when there were errors
// before, so that all are reported at once; must then stand incomplete specs.
void build(Launch& launch);
// Binds, drops rights, runs until a signal says stop; returns the exit status. Only without errors.
int serve(Launch& launch);

// Once, before the first complaint: which version is speaking and where it lies.
void introduce(Launch& launch);
// pidfile, -p: for serve(), once bound and before chroot. False when it could not be written (it has been said).
bool write_pid_file(Launch& launch);

}  // namespace sluice::process
