// The command line (management manual 3). Parsing touches nothing; what is not built is refused by name.
// Thread: start-up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.h"

namespace sluice::process {

struct CommandLine {
  enum class Task : std::uint8_t {
    Run,
    Check,          // -c
    Condition,      // -cc
    Version,        // -v
    Details,        // -vv
    VersionOnly,    // -vq: "3.5.0-sluice-0.1.0"
    VersionShort,   // -vqs: "3.5.0"
    VersionBranch,  // -vqb: "3.5"
    Help,           // --help, -h, or no configuration file at all
    MemoryHelp,     // -dMhelp
    KeywordHelp,    // -dKhelp
  } task = Task::Run;

  std::vector<std::string> files;              // -f and --, in their order
  std::string condition;                       // -cc
  std::string directory;                       // -C
  std::string pid_file;                        // -p
  std::string local_peer;                      // -L
  std::vector<std::string> keyword_classes;    // -dK
  std::vector<std::string> master_sockets;     // -S, as written
  std::string take_from;                       // -x
  std::vector<int> old_pids;                   // of -sf and -st
  int finish_signal = 0;                       // SIGUSR1 (-sf), SIGTERM (-st), 0 = neither was given
  std::optional<std::uint32_t> maxconn;        // -n
  std::optional<std::uint32_t> proxy_maxconn;  // -N
  std::optional<std::uint64_t> memory_mb;      // -m
  std::optional<std::uint8_t> poison;          // -dM
  std::optional<std::uint32_t> dump_key;       // -dC, 0 = plain
  bool dump_config = false;                    // -dC
  bool dump_libraries = false;                 // -dL
  bool verbose = false;                        // -V
  bool quiet = false;                          // -q
  bool debug = false;                          // -d
  bool foreground = false;                     // -db, -d, -Ws
  bool daemon = false;                         // -D
  bool master = false;                         // -W, -Ws
  bool notify = false;                         // -Ws: tells the service manager
  bool diagnostics = false;                    // -dD
  bool zero_warning = false;                   // -dW
  bool ignore_resolution_failures = false;     // -dr
  bool insecure_fork = false;                  // -dI
  bool epoll = true;                           // -de takes it away
  bool poll = true;                            // -dp
  bool kqueue = true;                          // -dk
  bool splice = true;                          // -dS, -dF, -dZ
  bool reuseport = true;                       // -dR
};

struct CommandLineError {
  std::string message;      // empty: the usage says it all
  bool show_usage = false;  // behind the message
};

// args: without argv[0].
base::Result<CommandLine, CommandLineError> parse_command_line(const std::vector<std::string>& args);

// The text of --help; name: how the program is called.
std::string usage(std::string_view name);

}  // namespace sluice::process
