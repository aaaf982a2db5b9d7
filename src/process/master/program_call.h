// How the program is run again, and what its surroundings are told about it. Thread: start-up.
#pragma once

#include <string>
#include <vector>

#include "sluice/config/document.h"
#include "sluice/process/command_line.h"
#include "sluice/process/identity.h"

namespace sluice::process {

// As the master was called, from the file that lies there now: an upgrade comes with the next reload.
struct ProgramCall {
  std::string path;
  std::vector<std::string> argv;
};
// To be called before the directory changes.
ProgramCall find_program(const std::vector<std::string>& argv, const Identity& identity);

// HAPROXY_MASTER_CLI and HAPROXY_CLI (manual 2.3): addresses with ';' between.
std::string master_sockets_text(const CommandLine& command);
std::string stats_sockets_text(const config::Document& document);

}  // namespace sluice::process
