#include "runtime/kqueue_poller.h"

#if defined(SLUICE_HAVE_KQUEUE) || defined(SLUICE_KQUEUE_HEADER)

#ifdef SLUICE_KQUEUE_HEADER
#include SLUICE_KQUEUE_HEADER
#else
#include <sys/types.h>
// sys/event.h needs the types above.
#include <sys/event.h>
#include <sys/time.h>
#endif

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

namespace sluice::runtime {

// Two filters stand for our bits: EVFILT_READ for kIn and kRdHup, EVFILT_WRITE for kOut. kRdHup alone is a read filter
// whose low-water mark no amount of data reaches, so that only the end of input triggers it.
namespace {

constexpr int kOutOfReach = INT_MAX;
static_assert(sizeof(void*) == sizeof(std::uint64_t), "the cookie travels in udata");

void* to_udata(std::uint64_t cookie) noexcept { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(cookie)); }

// The udata member is a pointer or an integer, depending on the system.
struct kevent filter_change(int fd, short filter, unsigned short flags, unsigned fflags, int data,
                            std::uint64_t cookie) {
  struct kevent k;
  EV_SET(&k, static_cast<std::uintptr_t>(fd), filter, flags, fflags, data, to_udata(cookie));
  return k;
}

bool read_filter_differs(unsigned from, unsigned to) noexcept {
  return (from & (kIn | kRdHup)) != (to & (kIn | kRdHup)) && !((from & kIn) && (to & kIn));
}

unsigned ready_of(const struct kevent& k) noexcept {
  if (k.flags & EV_ERROR) return kErr;
  unsigned ready = 0;
  if (k.filter == EVFILT_READ) {
    ready = kIn;
    if (k.flags & EV_EOF) ready |= kRdHup;
  } else if (k.filter == EVFILT_WRITE) {
    ready = kOut;
    if (k.flags & EV_EOF) ready |= kHup;
  }
  // The socket's pending error comes along with the end of file.
  if ((k.flags & EV_EOF) && k.fflags != 0) ready |= kErr;
  return ready;
}

}  // namespace

KqueuePoller::KqueuePoller() noexcept : queue_(::kqueue()) {}

int KqueuePoller::change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept {
  struct kevent changes[2];
  int n = 0;
  if (read_filter_differs(from, to)) {
    if (to & kIn)
      changes[n++] = filter_change(fd, EVFILT_READ, EV_ADD, 0, 0, cookie);
    else if (to & kRdHup)
      changes[n++] = filter_change(fd, EVFILT_READ, EV_ADD, NOTE_LOWAT, kOutOfReach, cookie);
    else
      changes[n++] = filter_change(fd, EVFILT_READ, EV_DELETE, 0, 0, cookie);
  }
  if ((from ^ to) & kOut) changes[n++] = filter_change(fd, EVFILT_WRITE, to & kOut ? EV_ADD : EV_DELETE, 0, 0, cookie);
  if (n == 0) return 0;
  return ::kevent(queue_.get(), changes, n, nullptr, 0, nullptr) == 0 ? 0 : errno;
}

void KqueuePoller::forget(int, unsigned) noexcept {}

std::size_t KqueuePoller::wait(std::span<PollEvent> out, int timeout_ms) noexcept {
  constexpr std::size_t kMost = 256;
  struct kevent raw[kMost];
  timespec limit{timeout_ms / 1000, (timeout_ms % 1000) * 1000000L};
  const int n = ::kevent(queue_.get(), nullptr, 0, raw, static_cast<int>(std::min(out.size(), kMost)),
                         timeout_ms < 0 ? nullptr : &limit);
  if (n <= 0) return 0;
  for (int i = 0; i < n; ++i)
    out[static_cast<std::size_t>(i)] = {static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(raw[i].udata)),
                                        ready_of(raw[i])};
  return static_cast<std::size_t>(n);
}

}  // namespace sluice::runtime

#endif
