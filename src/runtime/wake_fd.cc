#include "sluice/runtime/wake_fd.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdint>

#if defined(__linux__)
#include <sys/eventfd.h>
#endif

namespace sluice::runtime {

#if defined(__linux__)

WakeFd::WakeFd() noexcept : read_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void WakeFd::wake() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full, hence readable already.
  (void)!::write(read_.get(), &one, sizeof(one));
  errno = saved;
}

void WakeFd::clear() noexcept {
  std::uint64_t count;
  (void)!::read(read_.get(), &count, sizeof(count));
}

#else

WakeFd::WakeFd() noexcept {
  int ends[2];
  if (::pipe(ends) != 0) return;
  read_.reset(ends[0]);
  write_.reset(ends[1]);
  for (int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
}

void WakeFd::wake() noexcept {
  const int saved = errno;
  const char one = 1;
  // EAGAIN means that the pipe is full, hence readable already.
  (void)!::write(write_.get(), &one, sizeof(one));
  errno = saved;
}

void WakeFd::clear() noexcept {
  char sink[64];
  while (::read(read_.get(), sink, sizeof(sink)) == static_cast<ssize_t>(sizeof(sink))) {
  }
}

#endif

}  // namespace sluice::runtime
