// The event loop that the load generator and its origin share: level-triggered epoll, one handler per descriptor.
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_event(std::uint32_t events) = 0;
};

class Epoll {
 public:
  Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) die("epoll_create1");
  }
  ~Epoll() { ::close(fd_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  void add(int fd, Handler& h, std::uint32_t events = EPOLLIN) { control(EPOLL_CTL_ADD, fd, h, events); }
  void modify(int fd, Handler& h, std::uint32_t events) { control(EPOLL_CTL_MOD, fd, h, events); }
  // One turn. A handler must not delete another handler: deletions wait for the end of the turn at their owners.
  int turn(int timeout_ms) {
    epoll_event events[256];
    const int n = ::epoll_wait(fd_, events, 256, timeout_ms);
    for (int i = 0; i < n; ++i) static_cast<Handler*>(events[i].data.ptr)->on_event(events[i].events);
    return n;
  }

 private:
  void control(int op, int fd, Handler& h, std::uint32_t events) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = &h;
    if (::epoll_ctl(fd_, op, fd, &e) != 0) die("epoll_ctl");
  }
  int fd_;
};

}  // namespace bench
