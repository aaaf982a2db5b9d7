#include "process/master/program_call.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "sluice/ops/cli_spec.h"

namespace sluice::process {

namespace {

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char here[4096];
  return ::getcwd(here, sizeof here) == nullptr ? path : std::string(here) + "/" + path;
}

void append(std::string& list, std::string_view address) {
  if (!list.empty()) list += ';';
  if (address.starts_with('/')) list += "unix@";
  list += address;
}

}  // namespace

ProgramCall find_program(const std::vector<std::string>& argv, const Identity& identity) {
  ProgramCall call{identity.executable, argv};
  if (argv.empty()) return call;
  // The name it was called by is its identity, so the file is looked for under that name.
  if (argv[0].find('/') != std::string::npos) {
    call.path = absolute(argv[0]);
  } else if (const char* path = std::getenv("PATH")) {
    std::string_view rest = path;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(':'), rest.size());
      const std::string file = absolute(std::string(rest.substr(0, end)) + "/" + argv[0]);
      if (::access(file.c_str(), X_OK) == 0) {
        call.path = file;
        break;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (::access(call.path.c_str(), X_OK) != 0) call.path = identity.executable;
  return call;
}

std::string master_sockets_text(const CommandLine& command) {
  std::string out;
  for (const std::string& s : command.master_sockets) append(out, std::string_view(s).substr(0, s.find(',')));
  return out;
}

std::string stats_sockets_text(const config::Document& document) {
  std::string out;
  const config::Section* g = document.global();
  const auto* stats = g == nullptr ? nullptr : g->parts.find<ops::StatsSpec>();
  for (std::size_t i = 0; stats != nullptr && i < stats->sockets.size(); ++i) append(out, stats->sockets[i].text);
  return out;
}

}  // namespace sluice::process
