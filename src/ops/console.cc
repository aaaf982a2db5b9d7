#include "sluice/ops/console.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace sluice::ops {

namespace {

constexpr int kBusyWaitMs = 100;
constexpr std::size_t kMostKept = 1U << 20U;

constexpr std::string_view prefix(Console::Severity s) noexcept {
  switch (s) {
    case Console::Severity::Diag:
      return "[DIAG]     ";
    case Console::Severity::Notice:
      return "[NOTICE]   ";
    case Console::Severity::Warning:
      return "[WARNING]  ";
    case Console::Severity::Alert:
      return "[ALERT]    ";
  }
  return "";
}

}  // namespace

void Console::say(Severity severity, std::string_view message) noexcept {
  char pid[32];
  std::snprintf(pid, sizeof(pid), "(%ld) : ", static_cast<long>(::getpid()));
  std::string line;
  line.reserve(message.size() + 48);
  line += prefix(severity);
  line += pid;
  line += message;
  if (line.back() != '\n') line += '\n';
  const std::lock_guard lock(mutex_);
  if (severity == Severity::Warning) ++warnings_;
  print_locked(line);
}

void Console::print(std::string_view text) noexcept {
  const std::lock_guard lock(mutex_);
  print_locked(text);
}

void Console::print_locked(std::string_view text) noexcept {
  if (keeping_ && startup_.size() + text.size() <= kMostKept) startup_ += text;
  if (quiet_ || fd_ < 0) return;
  bool waited = false;
  while (!text.empty()) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !waited) {
      waited = true;  // stderr may be non-blocking, it is a log target too
      pollfd p{fd_, POLLOUT, 0};
      ::poll(&p, 1, kBusyWaitMs);
    } else {
      return;
    }
  }
}

void Console::end_of_start() noexcept {
  const std::lock_guard lock(mutex_);
  keeping_ = false;
}
void Console::set_quiet(bool quiet) noexcept {
  const std::lock_guard lock(mutex_);
  quiet_ = quiet;
}
void Console::set_fd(int fd) noexcept {
  const std::lock_guard lock(mutex_);
  fd_ = fd;
}
std::string Console::startup_logs() const {
  const std::lock_guard lock(mutex_);
  return startup_;
}
std::uint64_t Console::warnings() const noexcept {
  const std::lock_guard lock(mutex_);
  return warnings_;
}

}  // namespace sluice::ops
