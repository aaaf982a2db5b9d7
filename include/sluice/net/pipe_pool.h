// Pipes for splice(2), kept per thread: a pipe is taken for a transfer and comes back empty.
// Thread: the owning loop's.
#pragma once

#include <cstddef>
#include <vector>

namespace sluice::net {

struct Pipe {
  int read_fd = -1;
  int write_fd = -1;
  std::size_t held_bytes = 0;  // spliced in and not yet out
  std::size_t capacity_bytes = 0;
};

class PipePool {
 public:
  // pipe_bytes: size asked of the kernel for new pipes (tune.pipesize; 0 keeps the kernel's default).
  // max_pipes: how many may exist at once; 0 means none, splicing is off.
  PipePool(std::size_t pipe_bytes, std::size_t max_pipes, std::size_t keep = 16) noexcept
      : pipe_bytes_(pipe_bytes), max_pipes_(max_pipes), keep_(keep) {}
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;
  ~PipePool();

  // False when the limit is reached or the kernel has none left: the caller copies instead.
  [[nodiscard]] bool take(Pipe& out) noexcept;
  // A pipe that still holds bytes is closed, an empty one is kept for the next transfer.
  void give(Pipe& pipe) noexcept;
  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::size_t free_count() const noexcept { return free_.size(); }

 private:
  std::size_t pipe_bytes_;
  std::size_t max_pipes_;
  std::size_t keep_;
  std::size_t used_ = 0;
  std::vector<Pipe> free_;
};

}  // namespace sluice::net
