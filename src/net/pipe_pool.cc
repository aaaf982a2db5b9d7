#include "sluice/net/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

namespace sluice::net {

namespace {
void close_pipe(Pipe& p) noexcept {
  if (p.read_fd >= 0) ::close(p.read_fd);
  if (p.write_fd >= 0) ::close(p.write_fd);
  p = Pipe{};
}
}  // namespace

PipePool::~PipePool() {
  for (Pipe& p : free_) close_pipe(p);
}

bool PipePool::take(Pipe& out) noexcept {
  if (!free_.empty()) {
    out = free_.back();
    free_.pop_back();
    ++used_;
    return true;
  }
  if (used_ >= max_pipes_) return false;
  int fds[2];
  if (::pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return false;
  out = Pipe{fds[0], fds[1], 0, 65536};
  if (pipe_bytes_ != 0) ::fcntl(fds[0], F_SETPIPE_SZ, static_cast<int>(pipe_bytes_));
  // Unprivileged users share a quota of pipe pages, so what we got may be less than what we asked for.
  const int got = ::fcntl(fds[0], F_GETPIPE_SZ);
  if (got > 0) out.capacity_bytes = static_cast<std::size_t>(got);
  ++used_;
  return true;
}

void PipePool::give(Pipe& pipe) noexcept {
  if (pipe.read_fd < 0) return;
  --used_;
  if (pipe.held_bytes != 0 || free_.size() >= keep_)
    close_pipe(pipe);
  else
    free_.push_back(pipe);
  pipe = Pipe{};
}

}  // namespace sluice::net
