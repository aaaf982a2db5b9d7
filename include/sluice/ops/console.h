// Messages of the process to its terminal, and the store of those printed while it started (`show startup-logs`).
//
//   [NOTICE]   (1234) : haproxy version is ...
//
// Thread: any; a short lock per message. Messages are rare: starts, stops, server state changes.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace sluice::ops {

class Console {
 public:
  enum class Severity : std::uint8_t { Diag, Notice, Warning, Alert };

  // Writes to fd (borrowed; stderr as a rule, -1 = nowhere, as after `daemon`).
  explicit Console(int fd = 2) noexcept : fd_(fd) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // One message without prefix and newline. Waits a moment for a terminal that is busy, never for long.
  void say(Severity severity, std::string_view message) noexcept;
  // Text that has its prefixes already (configuration diagnostics): printed and kept as it is.
  void print(std::string_view text) noexcept;
  // From here messages are no longer kept: the process has started.
  void end_of_start() noexcept;
  // Turned off by "quiet" and -q: still kept.
  void set_quiet(bool quiet) noexcept;
  void set_fd(int fd) noexcept;

  // What was said during the start.
  [[nodiscard]] std::string startup_logs() const;
  // Warnings said since the start of the process (`show info` TotalWarnings).
  [[nodiscard]] std::uint64_t warnings() const noexcept;

 private:
  void print_locked(std::string_view text) noexcept;

  mutable std::mutex mutex_;  // guards everything below
  std::string startup_;
  std::uint64_t warnings_ = 0;
  int fd_;
  bool keeping_ = true;
  bool quiet_ = false;
};

}  // namespace sluice::ops
