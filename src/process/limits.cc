#include "sluice/process/limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::process {

namespace {

constexpr std::uint32_t kFallbackMaxconn = 100;  // when descriptors leave no room for a computed one
constexpr std::uint64_t kMostComputedFds =
    1048576;                           // a computed maxconn never asks for more (manual 3.1 "fd-hard-limit")
constexpr std::uint64_t kReserve = 8;  // standard streams, files read while running

std::uint64_t fixed_fds(const FdNeeds& n) noexcept {
  // Per thread: poller, wake-up, and one that is free for a moment while accept is out of descriptors.
  return kReserve + n.listeners + n.checks + std::uint64_t{3} * n.threads + n.others;
}

std::string limit_text(std::uint64_t v) { return v == RLIM_INFINITY ? "unlimited" : std::to_string(v); }

}  // namespace

ConnectionLimits compute_limits(const GlobalSpec& spec, const FdNeeds& needs, std::uint64_t soft,
                                std::uint64_t hard) noexcept {
  ConnectionLimits out;
  const std::uint64_t fixed = fixed_fds(needs);
  out.max_pipes = spec.max_pipes;
  out.maxconn = spec.maxconn;
  if (out.maxconn == 0) {
    std::uint64_t available = spec.ulimit_n != 0 ? spec.ulimit_n : std::max(soft, std::min(hard, kMostComputedFds));
    available = std::min(available, kMostComputedFds);
    if (spec.fd_hard_limit != 0) available = std::min<std::uint64_t>(available, spec.fd_hard_limit);
    // Two descriptors per connection: the client's and the server's. Pipes take two more each.
    const std::uint64_t used = fixed + 2 * std::uint64_t{spec.max_pipes};
    out.maxconn = available > used + 2 ? static_cast<std::uint32_t>((available - used) / 2) : kFallbackMaxconn;
    out.maxconn_computed = true;
  }
  out.fds_needed =
      spec.ulimit_n != 0 ? spec.ulimit_n : fixed + 2 * std::uint64_t{out.maxconn} + 2 * std::uint64_t{out.max_pipes};
  return out;
}

std::pair<std::uint64_t, std::uint64_t> fd_limits() noexcept {
  struct rlimit r {};
  if (::getrlimit(RLIMIT_NOFILE, &r) != 0) return {0, 0};
  return {r.rlim_cur, r.rlim_max};
}

base::Result<void, std::string> apply_fd_limit(std::uint64_t needed) {
  struct rlimit r {};
  if (::getrlimit(RLIMIT_NOFILE, &r) != 0)
    return base::unexpected(std::string("Cannot read the FD limit: ") + std::strerror(errno) + ".");
  if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= needed) return {};
  const rlim_t before = r.rlim_cur;
  r.rlim_cur = needed;
  if (r.rlim_max != RLIM_INFINITY && r.rlim_max < needed) r.rlim_max = needed;
  if (::setrlimit(RLIMIT_NOFILE, &r) == 0) return {};
  // As far as it goes, for those who live with less (no strict-limits).
  std::uint64_t reached = before;
  if (::getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max > before) {
    r.rlim_cur = r.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &r) == 0) reached = r.rlim_cur;
  }
  return base::unexpected("Cannot raise FD limit to " + std::to_string(needed) + ", limit is " + limit_text(reached) +
                          ".");
}

base::Result<void, std::string> apply_memory_limit(std::uint64_t megabytes) {
  struct rlimit r {};
  r.rlim_cur = r.rlim_max = megabytes * 1048576;
  if (::setrlimit(RLIMIT_AS, &r) == 0) return {};
  return base::unexpected("Cannot fix MEM limit to " + std::to_string(megabytes) + " megs: " + std::strerror(errno) +
                          ".");
}

}  // namespace sluice::process
