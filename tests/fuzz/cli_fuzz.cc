// room: ops
// What a client of the stats socket may send: whole sessions over a socket pair. The first byte cuts the input in two
// writes.
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fakes/runtime/fake_clock.h"
#include "ops/cli_session.h"
#include "sluice/ops/cli_commands.h"
#include "unit/ops/fake_stats.h"

namespace {

using namespace sluice;

struct Ended final : ops::CliSessionOwner {
  bool ended = false;
  void session_ended() noexcept override { ended = true; }
};

struct World {
  runtime::test::FakeClock clock;
  std::unique_ptr<runtime::Loop> loop;
  ops::test::FakeStats stats;
  ops::CliContext context;
  ops::CliCommands commands;
  ops::CliLimits limits;

  World() {
    runtime::LoopOptions options;
    options.clock = &clock;
    loop = std::move(runtime::Loop::make(options).value());
    ops::test::fill_reference(stats);
    context.stats = &stats;
    context.version = "3.5";
    ops::add_builtin_commands(commands, context);
    limits.max_line_bytes = 1024;
    limits.max_payload_bytes = 2048;
    limits.output_bytes = 4096;
  }
};

// Reads what is there; false at the end.
bool drain(int fd) {
  char buf[65536];
  while (true) {
    const ssize_t n = ::recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < 1 || size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
  Ended owner;
  const runtime::LoopBinding binding(*world.loop);
  auto* session = new ops::CliSession(*world.loop, pair[0], ops::CliRights{ops::CliLevel::Admin}, world.commands,
                                      world.limits, world.loop->now(), owner);
  session->begin();
  const std::size_t cut = text.size() * data[0] / 255;
  (void)!::send(pair[1], text.data(), cut, MSG_NOSIGNAL);
  world.loop->turn();
  if (drain(pair[1])) (void)!::send(pair[1], text.data() + cut, text.size() - cut, MSG_NOSIGNAL);
  ::shutdown(pair[1], SHUT_WR);
  // Every input is worked off in bounded time, for a client that reads.
  for (int i = 0; i < 20000 && !owner.ended; ++i) {
    world.loop->turn();
    drain(pair[1]);
    if (i % 16 == 15)
      world.clock.advance(std::chrono::seconds(1) * (1 << std::min(i / 16, 24)));  // "wait 20d" ends too
  }
  if (!owner.ended) std::abort();
  ::close(pair[1]);
  world.loop->turn();
  return 0;
}
