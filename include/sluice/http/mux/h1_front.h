// The HTTP/1 mux of a client connection, and (raw) the one of a TCP client connection: at most one exchange at a time.
//
//            first byte              head whole               finish(), keep-alive
//   Idle ───────────────> Head ───────────────> Exchange ─────────────────────> Idle, or Head when bytes are waiting
//    │                     │ error, timeout        │ finish(), close
//    │ closed              v                       v
//    └────────────────> Closed <──────────────── Closing   (sends what is left; reads and drops what the
//                                                          client still sends, so that the answer is not
//                                                          lost in a reset)
//
// In raw mode the connection is one exchange from start to end. Thread: the connection's loop.
#pragma once

#include <cstdint>

#include "sluice/http/mux/h1_channel.h"

namespace sluice::http::mux {

// The session that owns the connection.
class FrontOwner {
 public:
  // The first bytes of a request are there: makes ready what the exchange needs. `stream` hears of this side from now
  // on, the result is where the head goes. Null: out of resources, the connection is closed.
  virtual RequestHead* begin_exchange(StreamEvents*& stream) noexcept = 0;
  // The exchange is over and the connection waits for the next request. leftover: its first bytes are here already;
  // call resume() soon (not from inside this call).
  virtual void on_idle(bool leftover) noexcept = 0;
  // Sending what is left, then closing: bound the time this may take.
  virtual void on_closing() noexcept = 0;
  // The connection is over; idle: closed by the client between two exchanges. Destroy the mux later, never from inside
  // this.
  virtual void on_closed(bool idle) noexcept = 0;
  // For `show fd`.
  virtual void describe(runtime::IoDescription& out) const noexcept { (void)out; }

 protected:
  ~FrontOwner() = default;
};

enum class FrontState : std::uint8_t { Idle, Head, Exchange, Closing, Closed };

class H1Front final : public H1Channel<FrontEndpoint> {
 public:
  // Takes the descriptor over.
  H1Front(const H1Settings& settings, int fd, FrontOwner& owner) noexcept : H1Channel(settings, fd), owner_(&owner) {}

  // Begins. try_now: bytes are likely to be there already (the kernel waited for them, or the client speaks first).
  void start(bool try_now) noexcept;
  // Begins in raw mode: the exchange is there at once.
  void start_raw(bool read_now) noexcept;
  // Goes on after on_idle(true).
  void resume() noexcept;
  // Ends the connection from outside (timeouts, stop). Not during an exchange.
  void close(net::CloseMode mode) noexcept;
  // Whether the stop of the process or a limit wants the connection to end behind the current exchange.
  void refuse_keep_alive() noexcept {
    keep_alive_ = false;
    allow_keep_alive_ = false;
  }

  [[nodiscard]] FrontState state() const noexcept { return state_; }
  // In Head: nothing but empty lines has come.
  [[nodiscard]] bool untouched() const noexcept { return parser_.untouched(); }
  // In Head: no head within its time or the client left. The stream (if any) is told nothing more; finish() ends it.
  [[nodiscard]] h1::MsgState head_position() const noexcept { return parser_.state(); }

  void on_io(unsigned ready) noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override { owner_->describe(out); }

  [[nodiscard]] HeadState head_state() const noexcept override { return head_state_; }
  [[nodiscard]] const h1::ParseError& head_error() const noexcept override { return parser_.error(); }
  void send_response(const RequestHead& request, ResponseHead& response, const ResponseOptions& options,
                     const Pieces& body) noexcept override;
  void send_continue() noexcept override;
  void send_raw(const char* data, std::size_t bytes) noexcept override;
  [[nodiscard]] bool will_keep_alive() const noexcept override { return keep_alive_; }
  void finish(bool abort) noexcept override;

 private:
  void enter(FrontState to) noexcept;
  void read_head() noexcept;
  void parse_head() noexcept;
  void on_exchange_io(unsigned ready) noexcept;
  void on_closing_io(unsigned ready) noexcept;
  [[nodiscard]] bool more_requests() const noexcept;
  void end_connection(net::CloseMode mode, bool idle) noexcept;

  FrontOwner* owner_;
  StreamEvents* stream_ = nullptr;
  RequestHead* request_ = nullptr;
  h1::HeadParser parser_;
  std::uint32_t drained_ = 0;  // bytes dropped in Closing
  FrontState state_ = FrontState::Idle;
  HeadState head_state_ = HeadState::None;
  bool keep_alive_ = false;
  bool close_ends_body_ = false;  // of the response: nothing else tells the client where it ends
  bool allow_keep_alive_ = true;
};

}  // namespace sluice::http::mux
