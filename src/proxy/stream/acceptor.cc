#include "sluice/proxy/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "sluice/net/descriptor_passing.h"
#include "sluice/proxy/places.h"

namespace sluice::proxy {

namespace {
// Longest wait before looking for room again: for connections that ended on other threads.
constexpr base::Millis kLookAgain{100};
// The process is out of descriptors or memory: give it time, never spin.
constexpr base::Millis kOutOfResources{100};
// So many events in a row must have found as many connections as expected before more are expected.
constexpr unsigned kFullRounds = 4;

// A connection that somebody made and passed on.
int take_passed(int socket, sockaddr_storage& peer, socklen_t& len) noexcept {
  const int fd = net::take_descriptor(socket);
  if (fd < 0) return fd;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &len) != 0) {
    ::close(fd);
    errno = ECONNABORTED;
    return -1;
  }
  if (peer.ss_family != AF_UNIX) {
    const int one = 1;
    (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  return fd;
}
}  // namespace

void Acceptor::start() noexcept {
  stopped_ = false;
  paused_ = false;
  worker_.loop().watch(fd_, runtime::kIn, *this);
  if (listener_.nice != 0) worker_.loop().set_nice(fd_, listener_.nice);
}

void Acceptor::stop() noexcept {
  if (stopped_) return;
  stopped_ = true;
  timer_.disarm();
  worker_.loop().unwatch(fd_);
}

bool Acceptor::has_room() const noexcept {
  const Global& global = worker_.global();
  const auto below = [](const std::atomic<std::uint32_t>& n, std::uint32_t limit) {
    return limit == 0 || n.load(std::memory_order_relaxed) < limit;
  };
  return below(global.connections, global.limits.maxconn.load(std::memory_order_relaxed)) &&
         below(proxy_.connections, proxy_.maxconn.load(std::memory_order_relaxed)) &&
         below(listener_.current, listener_.maxconn);
}

// One place below each limit, for the connection that accept() may bring: other threads look at the same limits.
bool Acceptor::take_places() noexcept {
  Global& global = worker_.global();
  if (!take_place(global.connections, global.limits.maxconn.load(std::memory_order_relaxed))) return false;
  if (take_place(proxy_.connections, proxy_.maxconn.load(std::memory_order_relaxed))) {
    if (take_place(listener_.current, listener_.maxconn)) return true;
    give_place(proxy_.connections);
  }
  give_place(global.connections);
  return false;
}

void Acceptor::give_places() noexcept {
  give_place(listener_.current);
  give_place(proxy_.connections);
  give_place(worker_.global().connections);
}

// The lowest rate that is reached, 0 = none.
std::uint32_t Acceptor::rate_reached() const noexcept {
  const Global& global = worker_.global();
  std::uint32_t reached = 0;
  const auto look = [&](const base::EventRate& rate, std::uint32_t limit) {
    if (limit == 0 || (reached != 0 && reached <= limit)) return;
    const std::int64_t ms = std::chrono::duration_cast<base::Millis>(worker_.loop().now().time_since_epoch()).count();
    if (rate.read(ms) >= limit) reached = limit;
  };
  look(proxy_.session_rate, proxy_.rules->spec.rate_limit_sessions);
  look(global.connection_rate, global.limits.connection_rate.load(std::memory_order_relaxed));
  look(global.session_rate, global.limits.session_rate.load(std::memory_order_relaxed));
  return reached;
}

void Acceptor::pause(base::Millis at_most) noexcept {
  if (!paused_) {
    paused_ = true;
    worker_.loop().set_interest(fd_, 0);
  }
  worker_.loop().arm_after(timer_, at_most);
}

void Acceptor::look_again() noexcept {
  if (!paused_ || stopped_) return;
  if (!has_room()) {
    if (!timer_.armed()) worker_.loop().arm_after(timer_, kLookAgain);
    return;
  }
  paused_ = false;
  timer_.disarm();
  worker_.loop().set_interest(fd_, runtime::kIn);
}

void Acceptor::on_io(unsigned) noexcept {
  // An accept that finds nothing costs half of one that finds something. So only as many are tried as came lately;
  // whether there are more is the poller's to say.
  const unsigned budget = std::min(expected_, worker_.global().settings.max_accept);
  for (unsigned n = 0; n < budget; ++n) {
    if (const std::uint32_t limit = rate_reached(); limit != 0) {
      pause(base::Millis{1000 / static_cast<int>(std::min(limit, 1000U)) + 1});
      return;
    }
    if (!take_places()) {
      worker_.global().maxconn_reached.fetch_add(1, std::memory_order_relaxed);
      pause(kLookAgain);
      return;
    }
    sockaddr_storage peer;
    socklen_t len = sizeof peer;
    const int fd = listener_.passed
                       ? take_passed(fd_, peer, len)
                       : ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      const int error = errno;
      give_places();
      switch (error) {
        case EAGAIN:
          expected_ = std::max(n, 1U);
          full_rounds_ = 0;
          return;
        case EINTR:
        case ECONNABORTED:
        case EBADMSG:
          return;
        case ENOTCONN:  // a socket pair without its other end: nobody comes any more
          stop();
          return;
        default:
          pause(kOutOfResources);
          return;
      }
    }
    net::Address source = net::Address::from(reinterpret_cast<sockaddr*>(&peer), len);
    // HTTP clients speak first, and mostly their request is there by the time the connection is: reading at once saves
    // a turn.
    if (!worker_.start_session(proxy_, listener_, fd, source, proxy_.rules->spec.mode == Mode::Http)) give_places();
    // The other threads may help.
    if (shared_) return;
  }
  if (++full_rounds_ < kFullRounds) return;
  full_rounds_ = 0;
  expected_ = std::min(expected_ * 2, worker_.global().settings.max_accept);
}

}  // namespace sluice::proxy
