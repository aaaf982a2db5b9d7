// Limits of the process: file descriptors and the number of connections they allow (management manual 5). Thread:
// start-up.
#pragma once

#include <cstdint>
#include <string>

#include "sluice/base/result.h"
#include "sluice/process/global_spec.h"

namespace sluice::process {

struct FdNeeds {
  std::uint32_t listeners = 0;
  std::uint32_t checks = 0;   // servers with health checks: one descriptor each
  std::uint32_t threads = 1;  // poller, wake-up and timer descriptors
  std::uint32_t others = 0;   // log sockets, console, inherited ones
};

struct ConnectionLimits {
  std::uint32_t maxconn = 0;  // concurrent connections of the process
  std::uint32_t max_pipes = 0;
  std::uint64_t fds_needed = 0;   // RLIMIT_NOFILE to ask for
  bool maxconn_computed = false;  // nobody set it: "Automatically setting global.maxconn"
};

// Pure. soft, hard: RLIMIT_NOFILE as found; ~0 = unlimited. A maxconn that nobody set becomes what the descriptors
// allow.
ConnectionLimits compute_limits(const GlobalSpec& spec, const FdNeeds& needs, std::uint64_t soft,
                                std::uint64_t hard) noexcept;

// Raises RLIMIT_NOFILE where needed. The error is the reference's text: "Cannot raise FD limit to 10017, limit is
// 1024."
base::Result<void, std::string> apply_fd_limit(std::uint64_t needed);
// -m: RLIMIT_AS.
base::Result<void, std::string> apply_memory_limit(std::uint64_t megabytes);
// RLIMIT_NOFILE of now: {soft, hard}.
std::pair<std::uint64_t, std::uint64_t> fd_limits() noexcept;

}  // namespace sluice::process
