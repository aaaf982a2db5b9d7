// Finds the end of an HTTP/1 body and hands out its bytes where they lie.
//
//   decoder.start(head.body, head.content_length)
//   for (;;) { auto piece = decoder.feed(data, size); use piece.data; drop piece.consumed bytes; ... }
//
// feed() gives at most one piece of payload per call: the largest contiguous one. Framing (chunk sizes, extensions, CR
// LF) is checked and swallowed. `consumed` counts from the start of the given bytes and covers the payload of the
// piece. No progress (consumed == 0, no data, not at the end) means: more bytes are needed. Strict (RFC 9112 7.1): hex
// sizes of at most 16 digits (15 for safety against overflow), CR LF only, extensions of at most
// kMaxChunkExtensionBytes per chunk and all checked, then dropped. Trailers follow the rules of header lines; those
// that must not come in a trailer (RFC 9110 6.5.1) are dropped. Thread: the owner's. No allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/http/fields.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/http/message.h"

namespace sluice::http::h1 {

inline constexpr std::size_t kMaxChunkExtensionBytes = 256;
inline constexpr std::uint64_t kUnknownLength = ~std::uint64_t{0};

struct BodyPiece {
  enum class Status : std::uint8_t {
    More,   // go on; feed again with what follows (now or when more has come)
    End,    // the body ends behind `consumed`; data may still hold its last piece
    Error,  // decoder.error(); nothing behind this point can be trusted, close
  };
  std::string_view data;     // payload, inside the given bytes
  std::size_t consumed = 0;  // bytes to drop from the front of the input once data is used
  Status status = Status::More;
};

class BodyDecoder {
 public:
  void start(BodyKind kind, std::uint64_t content_length) noexcept;
  // Where trailers go: their texts point into the input of feed(), which must then hold the whole trailer section
  // before the End is given (feed asks for more until it does) and keep it while they are used. Without fields trailers
  // are checked and dropped. max_trailer_bytes bounds the section.
  void keep_trailers(Fields* fields) noexcept { trailers_ = fields; }
  void set_max_trailer_bytes(std::uint32_t n) noexcept { max_trailer_bytes_ = n; }

  [[nodiscard]] BodyPiece feed(char* data, std::size_t size) noexcept;
  // The peer closed: true when that is the end of the body (UntilClose), false when bytes are missing.
  [[nodiscard]] bool on_close() noexcept;

  [[nodiscard]] bool done() const noexcept { return state_ == State::Done; }
  [[nodiscard]] BodyKind kind() const noexcept { return kind_; }
  // Payload bytes that will follow for certain without any framing between them: of the body (Length) or of the current
  // chunk. kUnknownLength for UntilClose and Tunnel. That many bytes may be spliced past the decoder; then call
  // skipped().
  [[nodiscard]] std::uint64_t contiguous() const noexcept;
  void skipped(std::uint64_t bytes) noexcept;
  // Payload handed out or skipped so far.
  [[nodiscard]] std::uint64_t payload_bytes() const noexcept { return payload_; }
  [[nodiscard]] const ParseError& error() const noexcept { return error_; }
  [[nodiscard]] MsgState msg_state() const noexcept;

 private:
  enum class State : std::uint8_t { Counted, Unbounded, ChunkSize, ChunkData, ChunkEnd, Trailers, Done, Failed };
  BodyPiece feed_chunked(char* data, std::size_t size) noexcept;
  // Each returns bytes used, 0 for "more needed", or kBad.
  std::size_t read_size_line(const char* data, std::size_t size) noexcept;
  std::size_t read_trailers(char* data, std::size_t size) noexcept;
  std::size_t fail(ErrorCode code, std::size_t offset) noexcept;

  std::uint64_t left_ = 0;  // of the body or of the chunk
  std::uint64_t payload_ = 0;
  Fields* trailers_ = nullptr;
  std::uint32_t max_trailer_bytes_ = 8192;
  BodyKind kind_ = BodyKind::None;
  State state_ = State::Done;
  ParseError error_;
};

}  // namespace sluice::http::h1
