// The HTTP/1 mux of a server connection, and (raw) the one of a TCP server connection.
//
//   Connecting ──> Idle ──expect_response()──> AwaitHead ──head──> Body ──> Idle ...
// Sending and receiving are independent: a response may come before the request is out. Thread: the connection's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

#include "sluice/http/mux/h1_channel.h"
#include "sluice/net/socks4.h"

namespace sluice::http::mux {

class BackOwner {
 public:
  // No stream is attached and the server closed the connection or sent something nobody asked for: it is of no more
  // use.
  virtual void on_idle_event() noexcept = 0;
  // For `show fd`.
  virtual void describe(runtime::IoDescription& out) const noexcept { (void)out; }

 protected:
  ~BackOwner() = default;
};

class H1Back final : public H1Channel<BackEndpoint> {
 public:
  // fd: connecting (EINPROGRESS) or connected; taken over.
  H1Back(const H1Settings& settings, int fd, bool connecting, BackOwner& owner) noexcept
      : H1Channel(settings, fd), owner_(&owner), connecting_(connecting) {}

  // Registers for what is to come: the end of the connect, or input.
  void start() noexcept;
  void close(net::CloseMode mode) noexcept;
  // Connected to, or connecting to, a SOCKS4 proxy that is to be asked for the server first; connecting was true. The
  // connection counts as connecting until the proxy has agreed. Before begin_with(), which then is not to be `now`.
  // False: no memory, it is of no use.
  [[nodiscard]] bool go_through_socks4(const net::SocketAddress& server) noexcept {
    socks4_.reset(new (std::nothrow) net::Socks4(server));
    return socks4_ != nullptr;
  }
  // What the connection begins with, before any exchange. now: the socket can take it already, as on the same machine;
  // else it goes as soon as the connection stands.
  void begin_with(std::string_view bytes, bool now) noexcept;

  void on_io(unsigned ready) noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override { owner_->describe(out); }

  void attach(StreamEvents* stream, ResponseHead* response) noexcept override;
  void send_request(const RequestHead& request, const RequestOptions& options, const Pieces& body) noexcept override;
  unsigned expect_response(h1::ResponseContext context) noexcept override;
  [[nodiscard]] HeadState head_state() const noexcept override { return head_state_; }
  [[nodiscard]] const h1::ParseError& head_error() const noexcept override { return parser_.error(); }
  [[nodiscard]] bool response_begun() const noexcept override { return begun_; }
  [[nodiscard]] bool connected() const noexcept override { return !connecting_; }
  [[nodiscard]] bool reusable() const noexcept override;
  // Raw mode: bytes pass both ways from now on.
  void start_raw() noexcept;

 private:
  unsigned parse_head() noexcept;
  unsigned read_input(unsigned ready) noexcept;
  [[nodiscard]] bool stands(unsigned ready) noexcept;
  void connect_failed(base::ErrorCode code, int sys) noexcept;

  BackOwner* owner_;
  StreamEvents* stream_ = nullptr;
  ResponseHead* response_ = nullptr;
  h1::HeadParser parser_;
  h1::ResponseContext context_;
  HeadState head_state_ = HeadState::None;
  std::unique_ptr<net::Socks4> socks4_;  // until the proxy has answered
  bool connecting_;
  bool at_proxy_ = false;  // socks4_: the connection to it stands
  bool awaiting_head_ = false;
  bool begun_ = false;
  bool request_wants_close_ = false;
  bool response_persistent_ = false;
};

}  // namespace sluice::http::mux
