#include "fakes/runtime/kqueue_shim.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>

// A queue is an epoll that watches two others: one for the read filters, one for the write filters. So both filters of
// a descriptor are registered without duplicating it, and closing it removes both, as a BSD kernel does.
namespace {

struct Queue {
  int of_filter[2] = {::epoll_create1(EPOLL_CLOEXEC), ::epoll_create1(EPOLL_CLOEXEC)};  // read, write
  std::map<int, struct kevent> filters[2];
  ~Queue() {
    ::close(of_filter[0]);
    ::close(of_filter[1]);
  }
};

std::mutex g_mutex;
std::map<int, std::unique_ptr<Queue>> g_queues;

int index_of(short filter) { return filter == EVFILT_READ ? 0 : 1; }

Queue* find_queue(int kq) {
  const std::lock_guard lock(g_mutex);
  const auto it = g_queues.find(kq);
  return it == g_queues.end() ? nullptr : it->second.get();
}

int apply(Queue& q, const struct kevent& change) {
  const int side = index_of(change.filter);
  const int fd = static_cast<int>(change.ident);
  if (change.flags & EV_DELETE) {
    q.filters[side].erase(fd);
    return ::epoll_ctl(q.of_filter[side], EPOLL_CTL_DEL, fd, nullptr);
  }
  epoll_event ev{};
  if (side == 1)
    ev.events = EPOLLOUT;
  else
    ev.events = change.fflags & NOTE_LOWAT ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
  ev.data.fd = fd;
  q.filters[side][fd] = change;
  // EV_ADD of a filter that exists changes it.
  if (::epoll_ctl(q.of_filter[side], EPOLL_CTL_ADD, fd, &ev) == 0) return 0;
  return errno == EEXIST ? ::epoll_ctl(q.of_filter[side], EPOLL_CTL_MOD, fd, &ev) : -1;
}

struct kevent to_kevent(const struct kevent& filter, unsigned happened) {
  struct kevent out = filter;
  out.flags = 0;
  out.fflags = 0;
  if (happened & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) out.flags = EV_EOF;
  if (happened & EPOLLERR) out.fflags = ECONNRESET;
  return out;
}

}  // namespace

int kqueue() noexcept {
  const int kq = ::epoll_create1(EPOLL_CLOEXEC);
  if (kq < 0) return -1;
  auto q = std::make_unique<Queue>();
  for (int side : q->of_filter) {
    epoll_event ev{};
    ev.events = EPOLLIN;
    ::epoll_ctl(kq, EPOLL_CTL_ADD, side, &ev);
  }
  const std::lock_guard lock(g_mutex);
  g_queues[kq] = std::move(q);  // a queue of that number that was closed goes now
  return kq;
}

int kevent(int kq, const struct kevent* changes, int change_count, struct kevent* events, int event_room,
           const timespec* timeout) noexcept {
  Queue* q = find_queue(kq);
  if (q == nullptr) {
    errno = EBADF;
    return -1;
  }
  for (int i = 0; i < change_count; ++i)
    if (apply(*q, changes[i]) != 0) return -1;
  if (event_room == 0) return 0;
  epoll_event sides[2];
  const int millis = timeout == nullptr ? -1 : static_cast<int>(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000);
  if (::epoll_wait(kq, sides, 2, millis) < 0) return -1;
  int n = 0;
  for (int side = 0; side < 2 && n < event_room; ++side) {
    epoll_event raw[64];
    const int got = ::epoll_wait(q->of_filter[side], raw, std::min(64, event_room - n), 0);
    for (int i = 0; i < got; ++i) events[n++] = to_kevent(q->filters[side][raw[i].data.fd], raw[i].events);
  }
  return n;
}
