// Pausing, resuming and stopping the listeners of one frontend while the process runs ("disable frontend", "enable
// frontend", "shutdown frontend" of management manual 9.3; SIGTTOU and SIGTTIN do it for all). Whoever owns the
// listening sockets implements it.
//
// The implementation writes proxy::Proxy::front_state, says "Paused frontend NAME.", "Resumed frontend NAME." or "Proxy
// NAME stopped (cumulated conns: FE: n, BE: n)." as a warning on the console and to the frontend's log, and makes the
// threads stop or start to accept. Connections that are there go on in every case.
#pragma once

namespace sluice::proxy {
struct Proxy;
}

namespace sluice::ops {

// Told once how a pause or a stop went.
class FrontendWaiter {
 public:
  virtual void on_frontend_done(bool done) noexcept = 0;

 protected:
  ~FrontendWaiter() = default;
};

class FrontendControl {
 public:
  // All on the loop of the stats socket; the threads follow in the next turn. frontend: has listeners and is in the
  // state named; the command has looked at front_state.
  //
  // Running -> Paused: the ports are free for another process. It takes a moment, in which no new client comes and the
  // handshakes that have begun end; who has connected is served. waiter: told when it is done, or that some socket
  // refuses (front_state is unchanged then).
  virtual void pause(proxy::Proxy& frontend, FrontendWaiter& waiter) noexcept = 0;
  // Running or Paused -> Stopped, for good: the sockets are closed, after the same moment.
  virtual void shut_down(proxy::Proxy& frontend, FrontendWaiter& waiter) noexcept = 0;
  // It does not want to be told any more. What it has asked for is done all the same.
  virtual void forget(FrontendWaiter& waiter) noexcept = 0;
  // Paused -> Running. False: some address is taken by now; those sockets that could be resumed accept.
  virtual bool resume(proxy::Proxy& frontend) noexcept = 0;

 protected:
  ~FrontendControl() = default;
};

}  // namespace sluice::ops
