// kqueue, for the BSDs and macOS. The source is also compiled on Linux against a small kevent() over epoll, for the
// tests: SLUICE_KQUEUE_HEADER then names the header that declares it.
#pragma once

#if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || defined(__DragonFly__) || defined(__APPLE__)
#define SLUICE_HAVE_KQUEUE 1
#endif

#if defined(SLUICE_HAVE_KQUEUE) || defined(SLUICE_KQUEUE_HEADER)

#include "sluice/base/unique_fd.h"
#include "sluice/runtime/poller.h"

namespace sluice::runtime {

class KqueuePoller final : public Poller {
 public:
  KqueuePoller() noexcept;
  [[nodiscard]] bool valid() const noexcept { return queue_.valid(); }

  [[nodiscard]] std::string_view name() const noexcept override { return "kqueue"; }
  [[nodiscard]] int change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept override;
  void forget(int fd, unsigned from) noexcept override;
  [[nodiscard]] std::size_t wait(std::span<PollEvent> out, int timeout_ms) noexcept override;

 private:
  base::UniqueFd queue_;
};

}  // namespace sluice::runtime

#endif
