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

class FrontendControl {
 public:
  // All on the loop of the stats socket; the sockets have changed when they return, the threads follow in the next
  // turn. frontend: has listeners and is in the state named; the command has looked at front_state.
  //
  // Running -> Paused: the ports are free for another process. False: some socket refuses (front_state is unchanged).
  virtual bool pause(proxy::Proxy& frontend) noexcept = 0;
  // Paused -> Running. False: some address is taken by now; those sockets that could be resumed accept.
  virtual bool resume(proxy::Proxy& frontend) noexcept = 0;
  // Running or Paused -> Stopped, for good: the sockets are closed.
  virtual void shut_down(proxy::Proxy& frontend) noexcept = 0;

 protected:
  ~FrontendControl() = default;
};

}  // namespace sluice::ops
