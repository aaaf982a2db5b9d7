// The stats socket: listens, accepts, and runs CLI sessions (management manual 9.3).
//
// A session reads one line at a time, bounded; runs its commands one after the other; sends each answer and an empty
// line; ends after the first line unless `prompt` made it interactive. It takes no further command while an answer is
// being sent, and an answer is produced only as fast as the client reads, so neither a fast sender nor a slow reader
// costs memory.
//
// Thread: made and destroyed on the thread of its loop (or before that runs).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "sluice/base/result.h"
#include "sluice/base/unique_fd.h"
#include "sluice/ops/cli.h"
#include "sluice/ops/cli_route.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/runtime/loop.h"

namespace sluice::ops {

// Makes the listening socket of a "stats socket" line. A unix path is bound under another name first and then renamed,
// so that there is never a moment without socket; mode and owner are set before that. fd@N is taken over as it is. The
// error is a sentence for the user.
base::Result<base::UniqueFd, std::string> open_stats_socket(const StatsSocketSpec& spec);

struct CliLimits {
  base::Millis timeout{10000};             // without a command ("stats timeout")
  std::uint32_t max_sessions = 10;         // "stats maxconn"; further ones wait in the backlog
  std::size_t max_line_bytes = 16384;      // a command line ("tune.bufsize")
  std::size_t max_payload_bytes = 131072;  // behind `<<`, its last line included ("tune.cli.max-payload-size")
  std::size_t output_bytes = 32768;        // of an answer waiting to be sent
};

class CliServer {
 public:
  // commands outlives the server.
  CliServer(runtime::Loop& loop, const CliCommands& commands, const CliLimits& limits);
  CliServer(const CliServer&) = delete;
  CliServer& operator=(const CliServer&) = delete;
  ~CliServer();  // closes listeners and sessions

  // Listens on a socket from open_stats_socket(). Of the spec, what sessions begin with is read now: level, severity,
  // expose_listeners.
  void listen(base::UniqueFd socket, const StatsSocketSpec& spec);
  void listen(base::UniqueFd socket, CliLevel level);
  // A client that came another way, over a stream socket; not counted against max_sessions. In prompt mode it is
  // greeted with a prompt.
  struct Adopted {
    CliLevel level = CliLevel::User;
    bool expert = false, experimental = false;
    CliSessionControl::Mode mode = CliSessionControl::Mode::Single;
    bool timed_prompt = false;
  };
  void adopt(base::UniqueFd client, const Adopted& how);
  // Every session from here on gets a route of its own.
  void set_routes(CliRouteMaker maker) noexcept;
  // Stops accepting; sessions go on.
  void stop_listening() noexcept;
  [[nodiscard]] std::size_t sessions() const noexcept;
  // The start of the process, for timed prompts.
  void set_start(base::TimePoint start) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::ops
