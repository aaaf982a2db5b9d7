// What the front and the back HTTP/1 mux have in common: a transport, the receive buffer, the body decoder, and the
// writer of body framing. Base is FrontEndpoint or BackEndpoint. See endpoint.h for the contract.
//
// The receive buffer of an exchange:
//
//   | head (views point here) | body, gathered | body, not yet gathered | room |
//                             ^ begin() after the head was taken
// As long as the head is held nothing moves; afterwards an empty buffer goes back to the pool.
// Thread: the connection's loop.
#pragma once

#include <memory>
#include <type_traits>

#include "sluice/http/h1/body_decoder.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/http/h1/serialise.h"
#include "sluice/http/mux/endpoint.h"
#include "sluice/http/mux/out_queue.h"
#include "sluice/runtime/loop.h"

namespace sluice::http::mux {

// Settings of one proxy side; immutable, outlives its connections.
struct H1Settings {
  h1::ParseOptions parse;
  const h1::CaseMap* case_map = nullptr;  // h1-case-adjust; null: none
  bool drop_trailers = false;             // received trailers are not passed on
  bool fin_with_data = true;  // the last bytes before a close wait for it and leave in one segment with the FIN; not
                              // where the close resets (option nolinger), it would take them away
};

template <class Base>
class H1Channel : public Base, public runtime::IoHandler {
 public:
  H1Channel(const H1Settings& settings, int fd) noexcept;
  ~H1Channel() override;

  void gather(Pieces& out) noexcept final;
  void drop() noexcept final;
  void read_body(Reading how) noexcept final;
  [[nodiscard]] bool input_done() const noexcept final { return input_done_; }
  void release_head() noexcept final;
  [[nodiscard]] bool rewind_body() noexcept final;
  [[nodiscard]] std::size_t buffered() const noexcept final { return in_.size(); }
  [[nodiscard]] bool buffer_full() const noexcept final;
  [[nodiscard]] bool closed() const noexcept final { return eof_ || error_.code != base::ErrorCode::None; }
  [[nodiscard]] const base::Error& error() const noexcept final { return error_; }
  void send_body(const Pieces& pieces) noexcept final;
  [[nodiscard]] bool congested() const noexcept final { return !out_.empty() || waiting_for_room_; }
  void shutdown_write() noexcept final;
  [[nodiscard]] std::uint64_t splice_in_limit() const noexcept final;
  [[nodiscard]] bool can_splice_out() const noexcept final;
  net::IoResult splice_in(net::Pipe& pipe, std::size_t max) noexcept final;
  net::IoResult splice_out(net::Pipe& pipe) noexcept final;
  void want_room() noexcept final;
  void become_tunnel() noexcept final;
  [[nodiscard]] net::Transport& transport() noexcept final { return *transport_; }
  [[nodiscard]] const net::Transport& transport() const noexcept { return *transport_; }
  [[nodiscard]] std::uint64_t wire_in() const noexcept final { return wire_in_; }
  [[nodiscard]] std::uint64_t wire_out() const noexcept final { return wire_out_; }
  void capture(h1::ErrorCapture& out) const final;

 protected:
  // What this side writes.
  using Outgoing = std::conditional_t<std::is_same_v<Base, FrontEndpoint>, ResponseHead, RequestHead>;
  enum class Encoding : std::uint8_t { None, Raw, Chunked };  // of the body we send

  // Receives once into the buffer. False when the buffer has no memory or no room.
  enum class ReadOutcome : std::uint8_t { Bytes, Nothing, Ended, Full };
  ReadOutcome read_some(std::size_t keep_free) noexcept;
  // The head at the front of the buffer is read; its body follows.
  void start_body(BodyKind kind, std::uint64_t content_length, std::uint32_t head_bytes) noexcept;
  // A head in the scratch area, with room behind it for the framing of the body that goes with it. bytes is 0, and the
  // channel has failed, when there is no memory.
  struct WrittenHead {
    char* begin;
    std::size_t bytes;
    std::size_t room;  // from begin
  };
  WrittenHead write_head(const Outgoing& head, const h1::HeadWriteOptions& options) noexcept;
  // Sends head bytes that stand in the scratch area, with body pieces behind them.
  void send_head_and_body(char* head, std::size_t head_bytes, std::size_t head_room, const Pieces& body) noexcept;
  // Everything kept has been sent? Called on writability; error_ tells of failure.
  bool flush() noexcept;
  void fail(base::ErrorCode code, int sys) noexcept;
  // The transport is of no more use. Malformed or missing input is not that: an answer can still be sent.
  [[nodiscard]] bool broken() const noexcept {
    return error_.code != base::ErrorCode::None && error_.code != base::ErrorCode::BadMessage &&
           error_.code != base::ErrorCode::ClosedEarly;
  }
  void start_exchange_counters() noexcept { wire_in_ = wire_out_ = 0; }
  // Gives the buffer back when nothing is in it and nothing points to it.
  void trim_buffer() noexcept;
  // Per-thread memory for heads being written: at least `bytes`; null when memory is out.
  static char* scratch(std::size_t bytes, std::size_t& room) noexcept;

  // last: the message ends with these bytes; they may wait for the close then (close_follows_).
  void write_out(const iovec* pieces, unsigned count, std::size_t total, bool last) noexcept;

  const H1Settings* settings_;
  std::unique_ptr<net::Transport> transport_;
  base::Buffer in_;
  OutQueue out_;
  h1::BodyDecoder decoder_;
  std::uint64_t wire_in_ = 0;
  std::uint64_t wire_out_ = 0;
  // Where trailers go; made when the first chunked body comes.
  struct Trailers {
    static constexpr std::size_t kMax = 64;
    Field storage[kMax];
    Fields fields{storage, kMax};
  };
  std::unique_ptr<Trailers> trailers_;
  std::uint64_t body_length_ = 0;
  std::uint32_t gathered_ = 0;    // bytes at the front of the buffer to be dropped
  std::uint32_t body_begin_ = 0;  // where the body began in the buffer, while the head is held
  base::Error error_;
  BodyKind body_kind_ = BodyKind::None;
  Encoding encoding_ = Encoding::None;
  bool input_done_ = true;
  Reading reading_ = Reading::Off;
  bool eof_ = false;
  bool body_sent_ = false;  // all of it was given to send_...()
  bool head_held_ = false;
  bool waiting_for_room_ = false;
  bool shut_wanted_ = false;
  bool close_follows_ = false;  // what ends this message is followed by a close at once: it leaves with the FIN
  bool write_shut_ = false;
};

}  // namespace sluice::http::mux
