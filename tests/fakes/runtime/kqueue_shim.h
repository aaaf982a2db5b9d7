// Just enough of kqueue(2) over epoll to run KqueuePoller's source on Linux: EVFILT_READ and EVFILT_WRITE, EV_ADD,
// EV_DELETE, EV_EOF, NOTE_LOWAT with a mark that is out of reach. Level-triggered, one event per filter, as on the
// BSDs.
#pragma once
// As <sys/event.h> would be: a function and a struct of one name are not to be complained about.
#pragma GCC system_header

#include <cstdint>
#include <ctime>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ERROR 0x4000
#define EV_EOF 0x8000
#define NOTE_LOWAT 0x0001

struct kevent {
  std::uintptr_t ident;
  short filter;
  unsigned short flags;
  unsigned fflags;
  std::int64_t data;
  void* udata;
};

#define EV_SET(kev, a, b, c, d, e, f) ev_set((kev), (a), (b), (c), (d), (e), (f))
inline void ev_set(struct kevent* k, std::uintptr_t ident, short filter, unsigned short flags, unsigned fflags,
                   std::int64_t data, void* udata) {
  k->ident = ident;
  k->filter = filter;
  k->flags = flags;
  k->fflags = fflags;
  k->data = data;
  k->udata = udata;
}

int kqueue() noexcept;
int kevent(int kq, const struct kevent* changes, int change_count, struct kevent* events, int event_room,
           const timespec* timeout) noexcept;
