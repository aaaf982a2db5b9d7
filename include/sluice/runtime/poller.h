// Readiness of file descriptors: the bits, who is told, and the interface that each system call family hides behind.
//
// Level-triggered: what is still ready is reported again in the next wait. One registration per descriptor.
// A Poller knows nothing of handlers: it carries a 64-bit cookie per descriptor and hands it back with each event.
// runtime::Loop is the only caller in the program; it builds cookies of (fd, generation) so that an event for a
// descriptor that has been closed and whose number has been used again is recognised and dropped. Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sluice::runtime {

// Interest and readiness, OR-ed together. Values follow poll() so that translation is a mask and a shift.
//   kIn     a read will not block: bytes, a connection to accept, or the end of input
//   kOut    a write will not block, or connect() is over (look at SO_ERROR)
//   kRdHup  the peer has shut down its sending side; reported only when asked for, bytes may still wait before it
//   kErr    error pending; kHup: both directions are closed. Both are reported with any interest other than 0, unasked.
// A handler that gets kErr or kHup must read/write into the error, unwatch, or set interest 0; otherwise it is told
// again every turn.
//   kShared  interest only: several loops watch this descriptor (a listener without a shard per thread); wake as few of
//   them as the
//            system can. Never reported.
enum Ready : unsigned { kIn = 1, kOut = 4, kErr = 8, kHup = 16, kRdHup = 32, kShared = 64 };

// What a descriptor is for, as `show fd` tells it.
struct IoDescription {
  enum class Kind : std::uint8_t { Other, Pipe, Listener, Front, Back } kind = Kind::Other;
  char text[192] = "";  // " fe=www fam=ipv4 lport=80"
};

class IoHandler {
 public:
  // ready: what is wanted and ready, plus kErr/kHup; never 0. May watch, unwatch and close any descriptor, its own
  // included. Must not destroy an object that may be on the call stack: see Loop::bury().
  virtual void on_io(unsigned ready) noexcept = 0;
  // For reports. On the loop's thread.
  virtual void describe(IoDescription& out) const noexcept { (void)out; }

 protected:
  ~IoHandler() = default;
};

struct PollEvent {
  std::uint64_t cookie;
  unsigned ready;
};

class Poller {
 public:
  virtual ~Poller() = default;
  // "epoll", "poll", "kqueue": as `-vv` and `show info` print it.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  // Moves fd from interest `from` to interest `to`. from == 0 registers it with the cookie, to == 0 removes it; nothing
  // at all is reported about a descriptor with interest 0. The cookie of a registered fd may only change by way of
  // interest 0. Returns 0 or errno.
  [[nodiscard]] virtual int change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept = 0;
  // fd, registered with interest `from`, is closed by the caller right after this call and no other descriptor refers
  // to the same open file: the kernel forgets it by itself, so pollers that can save the system call.
  virtual void forget(int fd, unsigned from) noexcept = 0;
  // Waits at most timeout_ms (-1: no limit, 0: only looks) and fills `out` from the front. Returns the count; 0 as well
  // when a signal came. At most one entry per descriptor.
  [[nodiscard]] virtual std::size_t wait(std::span<PollEvent> out, int timeout_ms) noexcept = 0;
};

enum class PollerKind : std::uint8_t { Epoll, Poll, Kqueue };

// The best kind of this system: epoll on Linux, kqueue on the BSDs and macOS, poll elsewhere.
PollerKind default_poller() noexcept;
// Whether this build has the kind (poll always).
bool poller_available(PollerKind kind) noexcept;
std::string_view poller_name(PollerKind kind) noexcept;

// Null with errno set when the kind is not in this build (ENOSYS) or the kernel refuses.
std::unique_ptr<Poller> make_poller(PollerKind kind) noexcept;

}  // namespace sluice::runtime
