// Accepts connections of one listening socket on one thread, and stops accepting while there is no room.
//
// Limits: the process's maxconn, the frontend's, the listener's, and rates (manual 4.2 "rate-limit sessions",
// management manual 9.3 "set rate-limit"). Above a limit new connections wait in the kernel's backlog; the acceptor
// looks again as soon as a connection of this thread ended, and at the latest after 100 ms (connections of other
// threads). Thread: the worker's.
#pragma once

#include "sluice/base/list.h"
#include "sluice/proxy/worker.h"
#include "sluice/runtime/loop.h"
#include "sluice/runtime/timer.h"

namespace sluice::proxy {

class Acceptor final : public runtime::IoHandler {
 public:
  // fd: listening, non-blocking; borrowed. shared: other threads accept from the same open file.
  Acceptor(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd, bool shared) noexcept
      : worker_(worker), proxy_(proxy), listener_(listener), fd_(fd), shared_(shared) {}
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void start() noexcept;
  // No further accepts; the descriptor is no longer watched.
  void stop() noexcept;
  // Room may have come.
  void look_again() noexcept;
  void on_io(unsigned ready) noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override;

 private:
  [[nodiscard]] bool has_room() const noexcept;
  [[nodiscard]] bool take_places() noexcept;
  void give_places() noexcept;
  [[nodiscard]] std::uint32_t rate_reached() const noexcept;
  void pause(base::Millis at_most) noexcept;
  void on_timer() noexcept { look_again(); }

  Worker& worker_;
  Proxy& proxy_;
  ListenerInfo& listener_;
  int fd_;
  bool shared_;
  bool paused_ = false;
  bool stopped_ = true;
  unsigned expected_ = 1;     // connections to accept per event
  unsigned full_rounds_ = 0;  // events in a row that brought as many
  runtime::MemberTimer<&Acceptor::on_timer> timer_{*this};
};

}  // namespace sluice::proxy
