#include "process/daemon.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::process {

namespace {

// In the parent: the status to exit with.
int wait_for(base::UniqueFd pipe, pid_t child) noexcept {
  char byte = 0;
  ssize_t n = 0;
  do {
    n = ::read(pipe.get(), &byte, 1);
  } while (n < 0 && errno == EINTR);
  if (n == 1) return 0;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1;
}

}  // namespace

base::Result<void, std::string> Daemon::detach() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return base::unexpected(std::string("Cannot create a pipe: ") + std::strerror(errno));
  base::UniqueFd ours(ends[0]);
  parent_.reset(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return base::unexpected(std::string("Cannot fork: ") + std::strerror(errno));
  if (child > 0) {
    parent_.reset();
    ::_exit(wait_for(std::move(ours), child));
  }
  ::setsid();
  follow();
  return {};
}

void Daemon::follow() noexcept { nowhere_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

void Daemon::ready(ops::Console& console) noexcept {
  if (nowhere_.valid()) {
    console.set_fd(-1);
    for (int fd = 0; fd <= 2; ++fd) (void)::dup2(nowhere_.get(), fd);
    nowhere_.reset();
  }
  if (!parent_.valid()) return;
  const char byte = 1;
  (void)!::write(parent_.get(), &byte, 1);
  parent_.reset();
}

}  // namespace sluice::process
