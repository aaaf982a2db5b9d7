// poll(2): works everywhere, costs a walk over all descriptors per wait. `-de` and "noepoll" lead here on Linux.
#pragma once

#include <poll.h>

#include <vector>

#include "sluice/runtime/poller.h"

namespace sluice::runtime {

class PollPoller final : public Poller {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "poll"; }
  [[nodiscard]] int change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept override;
  void forget(int fd, unsigned from) noexcept override;
  [[nodiscard]] std::size_t wait(std::span<PollEvent> out, int timeout_ms) noexcept override;

 private:
  void remove(std::size_t place) noexcept;

  static constexpr std::size_t kNowhere = ~std::size_t{0};
  // polled_[i] and cookies_[i] belong together, in no particular order; place_[fd] says where fd is.
  std::vector<pollfd> polled_;
  std::vector<std::uint64_t> cookies_;
  std::vector<std::size_t> place_;
  std::size_t start_ = 0;  // where the next wait begins to report, so that a full `out` starves nobody
};

}  // namespace sluice::runtime
