// Pausing, resuming and closing the listening sockets while the threads run: for one frontend (stats socket), for all
// (SIGTTOU, SIGTTIN), and for good (soft stop).
//
//              pause                    resume
//   TCP        shutdown(SHUT_RD)        listen()       the port is free for another process
//   unix path  nobody accepts           accepted again a new process puts its socket over the path
//   abstract   closed                   bound again    the name is free for another process
//   inherited, or given to another process: nobody accepts; what is done to the socket would be done to theirs
//
// A client whose connection waits when a socket is paused or closed would be reset; listen_filter.h has the way around.
// Thread: that of the first loop.
#pragma once

#include <cstdint>
#include <vector>

#include "process/receivers.h"
#include "process/threads.h"
#include "sluice/ops/frontend_control.h"

namespace sluice::process {

class ListenerControl final : public ops::FrontendControl {
 public:
  // Who has our sockets besides us.
  enum class Shared : std::uint8_t {
    No,
    OnePerAddress,  // a process that was given the first of each address
    All,            // a process that uses all of them
  };

  ListenerControl(Launch& launch, Running& running, Receivers& receivers, Threads& threads)
      : launch_(launch), running_(running), receivers_(receivers), threads_(threads) {}

  void pause(proxy::Proxy& frontend, ops::FrontendWaiter& waiter) noexcept override;
  void shut_down(proxy::Proxy& frontend, ops::FrontendWaiter& waiter) noexcept override;
  void forget(ops::FrontendWaiter& waiter) noexcept override;
  bool resume(proxy::Proxy& frontend) noexcept override;

  // All frontends; the pause comes a moment later, so that handshakes under way can end.
  void pause_all() noexcept;
  void resume_all() noexcept;
  // The listening sockets were given to somebody.
  void given_away(Shared to) noexcept;

  // Soft stop, in two steps: from begin_stop() on no new client comes to a socket that goes away; those on their way
  // are accepted. Returns how long to wait for them before finish_stop() closes all and then calls then().
  base::Millis begin_stop() noexcept;
  void finish_stop(void (*then)(void*) noexcept, void* ctx) noexcept;

 private:
  bool exclusive(const net::OpenedListener& s) const noexcept { return shared_ == Shared::No && !s.inherited; }
  // What comes a moment after new clients were turned away. waiter null: nobody wants to know, or all frontends.
  struct Pending {
    proxy::Proxy* frontend;  // null: all that run
    bool for_good;
    ops::FrontendWaiter* waiter;
    base::TimePoint due;
  };
  void ignore_new_clients(const proxy::Proxy* frontend) noexcept;
  void do_later(const Pending& what) noexcept;
  void do_due() noexcept;
  void do_now(const Pending& what) noexcept;
  bool pause_now(proxy::Proxy& frontend) noexcept;
  void shut_down_now(proxy::Proxy& frontend) noexcept;
  bool pause_receiver(Receiver& r) noexcept;
  bool resume_receiver(Receiver& r) noexcept;
  void pause_all_now() noexcept;
  void report(const proxy::Proxy& p, std::string_view text) noexcept;
  void say_stopped(const proxy::Proxy& p) noexcept;
  void close_stopped() noexcept;

  Launch& launch_;
  Running& running_;
  Receivers& receivers_;
  Threads& threads_;
  Shared shared_ = Shared::No;
  std::vector<Pending> pending_;  // in the order in which they are due
  runtime::MemberTimer<&ListenerControl::do_due> pending_timer_{*this};
  void (*then_)(void*) noexcept = nullptr;
  void* then_ctx_ = nullptr;
};

// "frontend", "backend", or "proxy" for one that is both: as messages name them.
std::string_view kind_of(const proxy::Proxy& p) noexcept;

}  // namespace sluice::process
