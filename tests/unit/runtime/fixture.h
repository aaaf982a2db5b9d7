// Verbs shared by the tests of this room.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "sluice/base/unique_fd.h"
#include "sluice/runtime/loop.h"

namespace sluice::runtime::test {

// Two connected non-blocking stream sockets.
struct Pair {
  base::UniqueFd a, b;
  Pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) ::abort();
    a.reset(fds[0]);
    b.reset(fds[1]);
  }
  static void write(const base::UniqueFd& fd, std::string_view s) {
    ASSERT_EQ(::write(fd.get(), s.data(), s.size()), static_cast<ssize_t>(s.size()));
  }
  static std::string read(const base::UniqueFd& fd) {
    char text[4096];
    const ssize_t n = ::read(fd.get(), text, sizeof(text));
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  }
  // Until the socket takes no more.
  static void fill(const base::UniqueFd& fd) {
    static const std::string block(65536, 'x');
    while (::write(fd.get(), block.data(), block.size()) > 0) {
    }
  }
};

struct Handler final : IoHandler {
  std::function<void(unsigned)> then;
  int calls = 0;
  unsigned last = 0;
  void on_io(unsigned ready) noexcept override {
    ++calls;
    last = ready;
    if (then) then(ready);
  }
};

struct TestTimer final : Timer {
  std::function<void()> then;
  int fired = 0;
  void on_timer() noexcept override {
    ++fired;
    if (then) then();
  }
};

struct TestTask final : Task {
  std::function<void(unsigned)> then;
  int runs = 0;
  unsigned last = 0;
  void run(unsigned reasons) noexcept override {
    ++runs;
    last = reasons;
    if (then) then(reasons);
  }
};

inline std::unique_ptr<Loop> make_loop(const LoopOptions& options = {}) {
  auto loop = Loop::make(options);
  if (!loop) ::abort();
  return std::move(loop).value();
}

}  // namespace sluice::runtime::test
