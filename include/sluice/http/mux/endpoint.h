// The two narrow interfaces between a stream and what carries its messages: one side's endpoint of one exchange.
//
// A mux (HTTP/1 here; HTTP/2 and raw bytes beside it) turns bytes into heads and body pieces; the stream never knows
// the version. N front muxes and M back muxes meet through FrontEndpoint and BackEndpoint.
//
// Receiving is pull: an event says that something is there, the stream gathers the pieces at hand, hands them to the
// other side in the same call, and drops them. Pieces are views into the receive buffer: a body byte is never copied
// when the other side's socket takes it at once. Sending always takes all it is given: what the socket refuses is kept
// by the endpoint, which then is `congested()` until it reports kRoom; the stream gathers nothing more for a congested
// side (back-pressure).
//
// Calls never re-enter the stream: events come from the loop only. An endpoint may be closed from inside its own event;
// it is destroyed later (runtime::Loop::bury). Thread: the connection's loop.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "sluice/base/error.h"
#include "sluice/http/h1/capture.h"
#include "sluice/http/message.h"
#include "sluice/net/pipe_pool.h"
#include "sluice/net/transport.h"

namespace sluice::http::mux {

// What happened on a side; OR-ed together.
enum Event : unsigned {
  kHead = 1,       // a head has been read (or is wrong: see head_error())
  kBody = 2,       // body bytes, or the end of the body, may be at hand
  kRoom = 4,       // what was kept has been sent: no longer congested
  kClosed = 8,     // the peer ended its side, or the connection failed: see closed(), error()
  kConnected = 16  // back side: the connection is established
};

class StreamEvents {
 public:
  virtual void on_front(unsigned events) noexcept = 0;
  virtual void on_back(unsigned events) noexcept = 0;

 protected:
  ~StreamEvents() = default;
};

// Body pieces of one turn.
struct Pieces {
  static constexpr unsigned kMax = 16;
  iovec iov[kMax];
  unsigned count = 0;
  std::size_t bytes = 0;
  bool end = false;                  // the body ends behind these pieces
  bool chunked = false;              // the body came in chunks
  bool failed = false;               // framing error behind these pieces: nothing more can be read
  const Fields* trailers = nullptr;  // with end; null when there are none

  void add(const char* data, std::size_t n) noexcept {
    iov[count++] = {const_cast<char*>(data), n};
    bytes += n;
  }
};

enum class Reading : std::uint8_t {
  Off,     // not at all: the other side is congested, or nobody wants the body yet
  Buffer,  // into the receive buffer; kBody when something came
  Splice,  // not by the endpoint: kBody says that splice_in() would move something
};

enum class HeadState : std::uint8_t { None, Ready, Bad, TooLong };

class Endpoint {
 public:
  virtual ~Endpoint() = default;

  // ---- receiving
  // Appends the payload at hand, as much as `out` has entries for. The pieces stay valid until drop().
  virtual void gather(Pieces& out) noexcept = 0;
  // The gathered pieces have been used.
  virtual void drop() noexcept = 0;
  // How body bytes are taken in from now on. Off at first for requests, Buffer for responses; the end of the peer's
  // side is noticed in any case.
  virtual void read_body(Reading how) noexcept = 0;
  // The whole message was received and gathered.
  [[nodiscard]] virtual bool input_done() const noexcept = 0;
  // The received head is no longer needed: until then body bytes stay where they are behind it, and rewind_body() may
  // give them again.
  virtual void release_head() noexcept = 0;
  // Gathers from the start of the body again (a request sent once more). False when bytes of it are gone.
  [[nodiscard]] virtual bool rewind_body() noexcept = 0;
  // Bytes buffered and not yet dropped, framing included.
  [[nodiscard]] virtual std::size_t buffered() const noexcept = 0;
  // The buffer is full: nothing more can be read before something is dropped.
  [[nodiscard]] virtual bool buffer_full() const noexcept = 0;
  // The peer has ended its side (orderly or not).
  [[nodiscard]] virtual bool closed() const noexcept = 0;
  // None, or why the connection is unusable.
  [[nodiscard]] virtual const base::Error& error() const noexcept = 0;

  // ---- sending
  // More body for the message whose head was sent. pieces.end ends it (with pieces.trailers). The pieces are used when
  // this returns.
  virtual void send_body(const Pieces& pieces) noexcept = 0;
  [[nodiscard]] virtual bool congested() const noexcept = 0;
  // Ends our side of the connection once everything is sent (tunnels, TCP).
  virtual void shutdown_write() noexcept = 0;

  // ---- moving body bytes inside the kernel
  // How many body bytes may be spliced out of this side now: 0 when bytes are buffered, framing is in the way, or the
  // transport cannot. h1::kUnknownLength when there is no end to count to.
  [[nodiscard]] virtual std::uint64_t splice_in_limit() const noexcept = 0;
  // Whether body bytes may be spliced into this side now.
  [[nodiscard]] virtual bool can_splice_out() const noexcept = 0;
  virtual net::IoResult splice_in(net::Pipe& pipe, std::size_t max) noexcept = 0;
  virtual net::IoResult splice_out(net::Pipe& pipe) noexcept = 0;
  // Asks for a kRoom event when the socket takes bytes again (a pipe could not be emptied).
  virtual void want_room() noexcept = 0;

  // ---- both
  // From now on bytes pass untouched both ways (101, CONNECT). Bytes behind the head belong to the tunnel.
  virtual void become_tunnel() noexcept = 0;
  [[nodiscard]] virtual net::Transport& transport() noexcept = 0;
  // Payload bytes and wire bytes, for logs and counters: all since the start of this exchange.
  [[nodiscard]] virtual std::uint64_t wire_in() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t wire_out() const noexcept = 0;
  // Snapshot of input that could not be parsed, after Bad or failed.
  virtual void capture(h1::ErrorCapture& out) const = 0;
};

struct ResponseOptions {
  bool keep_alive = true;    // false: say so in the head and close when the exchange is over
  bool no_delay = false;     // option http-no-delay: the last bytes do not wait for the end of the connection
  bool case_adjust = false;  // option h1-case-adjust-bogus-client
};

class FrontEndpoint : public Endpoint {
 public:
  [[nodiscard]] virtual HeadState head_state() const noexcept = 0;
  [[nodiscard]] virtual const h1::ParseError& head_error() const noexcept = 0;
  // Final or interim response, with the body pieces at hand. Decides the framing towards the client from response.body
  // and the request's version; an interim one (1xx but 101) can be followed by others.
  virtual void send_response(const RequestHead& request, ResponseHead& response, const ResponseOptions& options,
                             const Pieces& body) noexcept = 0;
  // "HTTP/1.1 100 Continue": the body is wanted here, before any server is asked.
  virtual void send_continue() noexcept = 0;
  // Ready bytes of a whole response, for requests that could not be read.
  virtual void send_raw(const char* data, std::size_t bytes) noexcept = 0;
  // Whether the client connection goes on after this exchange, as far as known.
  [[nodiscard]] virtual bool will_keep_alive() const noexcept = 0;
  // The exchange is over: the stream leaves. Everything it needed from here is gone afterwards. The connection then
  // waits for the next request, or flushes and closes, by what was decided with the response. abort: close at once.
  virtual void finish(bool abort) noexcept = 0;
};

struct RequestOptions {
  bool keep_alive = true;    // false: "connection: close" is sent
  bool case_adjust = false;  // option h1-case-adjust-bogus-server
};

class BackEndpoint : public Endpoint {
 public:
  // The stream that hears of what happens here; null: nobody.
  virtual void attach(StreamEvents* stream, ResponseHead* response) noexcept = 0;
  virtual void send_request(const RequestHead& request, const RequestOptions& options, const Pieces& body) noexcept = 0;
  // Starts waiting for a (further) response head. Returns the events that what is buffered already gives (kHead), else
  // 0.
  virtual unsigned expect_response(h1::ResponseContext context) noexcept = 0;
  [[nodiscard]] virtual HeadState head_state() const noexcept = 0;
  [[nodiscard]] virtual const h1::ParseError& head_error() const noexcept = 0;
  // Bytes of the current response have arrived (a retry is no longer invisible).
  [[nodiscard]] virtual bool response_begun() const noexcept = 0;
  [[nodiscard]] virtual bool connected() const noexcept = 0;
  // Both messages are complete and both sides want the connection to last.
  [[nodiscard]] virtual bool reusable() const noexcept = 0;
};

}  // namespace sluice::http::mux
