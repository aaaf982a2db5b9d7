// Waits for the header that a relayed connection begins with (manual 5.1 "accept-proxy", "accept-netscaler-cip"), reads
// it off the socket without touching what follows, and tells the session.
//
// The header has to be there as a whole when its first bytes are: so do the reference and the specification, and a peer
// that dribbles costs nothing. Made by the session when a header is expected, and buried as soon as it is read or has
// failed. Thread: the session's.
#pragma once

#include "session.h"

namespace sluice::proxy {

class Preface final : public runtime::IoHandler, public runtime::Buried, private runtime::Timer {
 public:
  // deadline: when it must have come ("timeout client"); kNever: no limit.
  Preface(Session& session, net::PrefaceKind kind, base::TimePoint deadline) noexcept
      : session_(session), kind_(kind), deadline_(deadline) {}
  Preface(const Preface&) = delete;
  Preface& operator=(const Preface&) = delete;

  // Tries at once, and waits when nothing has come yet. This object may be gone for its owner afterwards.
  void look() noexcept;
  // The session ends for another reason: nothing more is reported.
  void abandon() noexcept;
  void on_io(unsigned ready) noexcept override;

 private:
  ~Preface() = default;
  void destroy() noexcept override { delete this; }
  void on_timer() noexcept override;
  void fail(net::PrefaceError why) noexcept;
  void fail_with(std::uint8_t error, bool heard) noexcept;

  Session& session_;
  net::PrefaceKind kind_;
  bool watched_ = false;
  base::TimePoint deadline_;
};

}  // namespace sluice::proxy
