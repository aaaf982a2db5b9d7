// `sluice ctl`: a client for the stats socket, so that nobody needs another program to talk to it.
//
//   sluice ctl show stat                     one command; errors go to standard error and give status 1
//   sluice ctl < file                        all commands of a file, payloads included
//   sluice ctl                               at a terminal: lines with editing, history and completion
//
// Thread: its own process.
#pragma once

#include <string>
#include <vector>

namespace sluice::process {

// args: behind "ctl". Returns the exit status: 0 all went well, 1 the server refused, 2 wrong usage, 3 no connection.
int run_ctl(const std::vector<std::string>& args);

}  // namespace sluice::process
