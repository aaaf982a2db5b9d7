#include "sluice/runtime/poller.h"

#include <cerrno>
#include <new>

#include "runtime/epoll_poller.h"
#include "runtime/kqueue_poller.h"
#include "runtime/poll_poller.h"

namespace sluice::runtime {

PollerKind default_poller() noexcept {
#if defined(SLUICE_HAVE_EPOLL)
  return PollerKind::Epoll;
#elif defined(SLUICE_HAVE_KQUEUE)
  return PollerKind::Kqueue;
#else
  return PollerKind::Poll;
#endif
}

bool poller_available(PollerKind kind) noexcept { return kind == PollerKind::Poll || kind == default_poller(); }

std::string_view poller_name(PollerKind kind) noexcept {
  switch (kind) {
    case PollerKind::Epoll:
      return "epoll";
    case PollerKind::Poll:
      return "poll";
    case PollerKind::Kqueue:
      return "kqueue";
  }
  return "?";
}

namespace {

template <class P>
[[maybe_unused]] std::unique_ptr<Poller> make_valid() noexcept {
  auto p = std::make_unique<P>();
  if (!p->valid()) return nullptr;
  return p;
}

}  // namespace

std::unique_ptr<Poller> make_poller(PollerKind kind) noexcept {
  switch (kind) {
#ifdef SLUICE_HAVE_EPOLL
    case PollerKind::Epoll:
      return make_valid<EpollPoller>();
#endif
#ifdef SLUICE_HAVE_KQUEUE
    case PollerKind::Kqueue:
      return make_valid<KqueuePoller>();
#endif
    case PollerKind::Poll:
      return std::make_unique<PollPoller>();
    default:
      errno = ENOSYS;
      return nullptr;
  }
}

}  // namespace sluice::runtime
