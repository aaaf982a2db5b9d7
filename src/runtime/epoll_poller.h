// epoll, level-triggered. In a header so that the loop's turn inlines it.
#pragma once

#if defined(__linux__)
#define SLUICE_HAVE_EPOLL 1

#include <sys/epoll.h>

#include <cerrno>
#include <memory>

#include "sluice/base/unique_fd.h"
#include "sluice/runtime/poller.h"

namespace sluice::runtime {

class EpollPoller final : public Poller {
 public:
  EpollPoller() noexcept : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  [[nodiscard]] bool valid() const noexcept { return epoll_.valid(); }

  [[nodiscard]] std::string_view name() const noexcept override { return "epoll"; }

  [[nodiscard]] int change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept override {
    // The kernel refuses to modify an exclusive registration.
    if (((from | to) & kShared) && from != 0 && to != 0) {
      (void)change(fd, from, 0, cookie);
      from = 0;
    }
    epoll_event ev;
    ev.events = to_epoll(to);
    ev.data.u64 = cookie;
    const int op = from == 0 ? EPOLL_CTL_ADD : to == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (::epoll_ctl(epoll_.get(), op, fd, &ev) == 0) return 0;
    // The kernel's idea of the descriptor may differ from ours when its number, or its open file, has been passed
    // around behind our back. The wish is clear all the same.
    if (op == EPOLL_CTL_ADD && errno == EEXIST) return control(EPOLL_CTL_MOD, fd, ev);
    if (op == EPOLL_CTL_MOD && errno == ENOENT) return control(EPOLL_CTL_ADD, fd, ev);
    return errno;
  }
  void forget(int, unsigned) noexcept override {}

  [[nodiscard]] std::size_t wait(std::span<PollEvent> out, int timeout_ms) noexcept override {
    if (out.size() > room_) {
      raw_ = std::make_unique<epoll_event[]>(out.size());
      room_ = out.size();
    }
    const int n = ::epoll_wait(epoll_.get(), raw_.get(), static_cast<int>(out.size()), timeout_ms);
    if (n <= 0) return 0;
    for (int i = 0; i < n; ++i) out[static_cast<std::size_t>(i)] = {raw_[i].data.u64, from_epoll(raw_[i].events)};
    return static_cast<std::size_t>(n);
  }

 private:
  // The bits have poll()'s values; only the peer's half-close lies elsewhere.
  static constexpr unsigned kSame = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP;
  static_assert(unsigned{EPOLLIN} == unsigned{kIn} && unsigned{EPOLLOUT} == unsigned{kOut});
  static_assert(unsigned{EPOLLERR} == unsigned{kErr} && unsigned{EPOLLHUP} == unsigned{kHup});
  static_assert(unsigned{EPOLLRDHUP} >> 8 == unsigned{kRdHup});
  static std::uint32_t to_epoll(unsigned ready) noexcept {
    // EPOLLEXCLUSIVE goes with IN, OUT, ERR and HUP only.
    if (ready & kShared) return (ready & (kIn | kOut)) | EPOLLEXCLUSIVE;
    return (ready & (kIn | kOut)) | ((ready & static_cast<unsigned>(kRdHup)) << 8);
  }
  static unsigned from_epoll(std::uint32_t events) noexcept { return (events & kSame) | ((events >> 8) & kRdHup); }
  [[nodiscard]] int control(int op, int fd, epoll_event& ev) noexcept {
    return ::epoll_ctl(epoll_.get(), op, fd, &ev) == 0 ? 0 : errno;
  }

  base::UniqueFd epoll_;
  std::unique_ptr<epoll_event[]> raw_;
  std::size_t room_ = 0;
};

}  // namespace sluice::runtime

#endif
