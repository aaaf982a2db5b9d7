#include "runtime/poll_poller.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace sluice::runtime {

namespace {

#ifdef POLLRDHUP
constexpr short kPollRdHup = POLLRDHUP;
#else
// Without it a half-close shows as kIn with an empty read.
constexpr short kPollRdHup = 0;
#endif

short to_poll(unsigned ready) noexcept {
  short out = 0;
  if (ready & kIn) out |= POLLIN;
  if (ready & kOut) out |= POLLOUT;
  if (ready & kRdHup) out = static_cast<short>(out | kPollRdHup);
  return out;
}

unsigned from_poll(short events) noexcept {
  unsigned out = 0;
  if (events & POLLIN) out |= kIn;
  if (events & POLLOUT) out |= kOut;
  if (events & (POLLERR | POLLNVAL)) out |= kErr;
  if (events & POLLHUP) out |= kHup;
  if (events & kPollRdHup) out |= kRdHup;
  return out;
}

}  // namespace

int PollPoller::change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept {
  const auto index = static_cast<std::size_t>(fd);
  if (from == 0) {
    if (fd < 0 || ::fcntl(fd, F_GETFD) < 0) return EBADF;
    if (index >= place_.size()) place_.resize(std::max(index + 1, place_.size() * 2), kNowhere);
    if (place_[index] == kNowhere) {
      place_[index] = polled_.size();
      polled_.push_back({fd, 0, 0});
      cookies_.push_back(0);
    }
    cookies_[place_[index]] = cookie;
  }
  if (index >= place_.size() || place_[index] == kNowhere) return ENOENT;
  const std::size_t place = place_[index];
  if (to == 0)
    remove(place);
  else
    polled_[place].events = to_poll(to);
  return 0;
}

void PollPoller::forget(int fd, unsigned) noexcept {
  const auto index = static_cast<std::size_t>(fd);
  if (index < place_.size() && place_[index] != kNowhere) remove(place_[index]);
}

void PollPoller::remove(std::size_t place) noexcept {
  place_[static_cast<std::size_t>(polled_[place].fd)] = kNowhere;
  if (place + 1 != polled_.size()) {
    polled_[place] = polled_.back();
    cookies_[place] = cookies_.back();
    place_[static_cast<std::size_t>(polled_[place].fd)] = place;
  }
  polled_.pop_back();
  cookies_.pop_back();
}

std::size_t PollPoller::wait(std::span<PollEvent> out, int timeout_ms) noexcept {
  int left = ::poll(polled_.data(), polled_.size(), timeout_ms);
  std::size_t n = 0;
  const std::size_t count = polled_.size();
  if (start_ >= count) start_ = 0;
  for (std::size_t step = 0, i = start_; step < count && left > 0; ++step, i = i + 1 == count ? 0 : i + 1) {
    if (polled_[i].revents == 0) continue;
    if (n == out.size()) {
      start_ = i;
      break;
    }
    out[n++] = {cookies_[i], from_poll(polled_[i].revents)};
    --left;
  }
  return n;
}

}  // namespace sluice::runtime
