// The HTTP/1 head parser: bytes in, RequestHead or ResponseHead out. RFC 9112, strictly.
//
// One pass, no allocation. Incremental by lines: finished lines are never looked at again; the parser remembers the
// first byte that it has not finished. Values point into the data; known names point to static text; unknown names are
// put into lower case in place once the whole head is there, and a folded line (obs-fold) is joined with blanks in
// place, as the reference does. Up to that moment nothing else is changed, so a capture shows what was received.
//
//   HeadParser parser;                       // one per direction, 24 bytes
//   parser.start(options);
//   for (;;) {
//     switch (parser.parse_request(data, size, readable, head)) {
//       case HeadStatus::NeedMore:  receive behind size, call again with the SAME data pointer (see rebase)
//       case HeadStatus::Done:      head.head_bytes bytes are used; the body begins behind them
//       case HeadStatus::Error:     parser.error() says what, where and in which state; answer parser.error().status()
//     }
//   }
// Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/http/message.h"

namespace sluice::http::h1 {

// Where the parser stood, under the names the reference prints in "show errors".
enum class MsgState : std::uint8_t {
  RequestBefore,
  RequestBeforeCr,
  RequestMethod,
  RequestMethodSpace,
  RequestUri,
  RequestUriSpace,
  RequestVersion,
  RequestLineEnd,
  ResponseBefore,
  ResponseBeforeCr,
  ResponseVersion,
  ResponseVersionSpace,
  ResponseCode,
  ResponseCodeSpace,
  ResponseReason,
  ResponseLineEnd,
  HeaderFirst,
  HeaderName,
  HeaderColon,
  HeaderL1Space,
  HeaderL1Lf,
  HeaderL1Lws,
  HeaderValue,
  HeaderL2Lf,
  HeaderL2Lws,
  LastLf,
  ChunkSize,
  Data,
  ChunkCrlf,
  Trailers,
  Done,
  Tunnel,
};
// "MSG_HDR_NAME"; and its number there, 17. The order above is that of the numbers.
[[nodiscard]] std::string_view state_name(MsgState s) noexcept;
[[nodiscard]] constexpr unsigned state_number(MsgState s) noexcept { return static_cast<unsigned>(s); }

enum class ErrorCode : std::uint8_t {
  None,
  BadStartLine,  // method, blanks or line end in the wrong place
  BadTarget,     // forbidden byte, or a form the method does not allow
  BadVersion,    // not HTTP/1.x
  Http2Preface,  // "PRI * HTTP/2.0": an HTTP/2 client on an HTTP/1 listener
  BadStatusLine,
  BadHeaderName,        // not a token, empty, blank before the colon, no colon
  BadHeaderValue,       // NUL or a bare CR
  BadLineEnd,           // CR without LF
  BadFold,              // folded line where nothing can be folded
  TooManyHeaders,       // more than the Fields can hold (tune.http.maxhdr)
  HeadTooLarge,         // larger than max_head_bytes
  BadContentLength,     // not a number, too large, or several that differ
  BadTransferEncoding,  // chunked is not last, comes twice, or the client speaks HTTP/1.0
  UnknownCoding,        // a transfer coding that is not implemented: 422
  BadHost,              // several, malformed, or different from the target's authority
  MissingHost,          // only with require_host
  BadUpgrade,           // websocket handshake without its key
  UnexpectedPayload,    // HTTP/1.0 GET, HEAD or DELETE with a body: 413
  BadChunkSize,         // body: size line
  BadChunkExtension,
  BadChunkEnd,  // body: no CR LF behind the data
  BadTrailer,
  TrailersTooLarge,
};
[[nodiscard]] std::string_view error_text(ErrorCode c) noexcept;  // a short English phrase

struct ParseError {
  ErrorCode code = ErrorCode::None;
  MsgState state = MsgState::RequestBefore;
  std::uint32_t offset = 0;  // of the offending byte, from the start of the data
  // The status to answer a client with. For a response it is always 502.
  [[nodiscard]] unsigned status() const noexcept {
    return code == ErrorCode::UnknownCoding ? 422 : code == ErrorCode::UnexpectedPayload ? 413 : 400;
  }
};

struct ParseOptions {
  std::uint32_t max_head_bytes = 15360;  // tune.bufsize - tune.maxrewrite
  std::uint16_t max_fields = 0;  // more lines are refused (tune.http.maxhdr - 1, as the reference counts); 0: the
                                 // capacity of Fields alone, which needs room for what rules add anyway
  bool accept_unsafe = false;    // manual 4.2 "option accept-unsafe-violations-in-http-request" / "-in-http-response"
  bool any_payload = false;      // manual 3.1 "h1-accept-payload-with-any-method"
  bool keep_suspect = false;     // manual 3.1 "h1-do-not-close-on-insecure-transfer-encoding"
  bool require_host = false;     // refuse HTTP/1.1 requests without Host (RFC 9112 3.2); the reference lets them pass
};

// What a response answers: decides whether it has a body (RFC 9112 6.3).
struct ResponseContext {
  bool to_head = false;     // HEAD
  bool to_connect = false;  // CONNECT: a 2xx opens a tunnel
  bool to_upgrade = false;  // the request was an upgrade (connection.upgrade): without, a 101 is an error
};

enum class HeadStatus : std::uint8_t { NeedMore, Done, Error };

class HeadParser {
 public:
  // Ready for a new head. `options` outlives the parse.
  void start(const ParseOptions& options) noexcept {
    options_ = &options;
    position_ = 0;
    seen_ = 0;
    stage_ = Stage::Start;
    error_ = {};
  }
  // data[0, size) is all that was received since the end of the previous message; data[size, readable) may be read (its
  // content does not matter): give the end of the buffer, 32 bytes there let the fast path run to the last line.
  // head.fields has its storage; everything else in head is set. After NeedMore call again with the same data, moved or
  // not (see rebase).
  [[nodiscard]] HeadStatus parse_request(char* data, std::size_t size, std::size_t readable,
                                         RequestHead& head) noexcept;
  [[nodiscard]] HeadStatus parse_response(char* data, std::size_t size, std::size_t readable, ResponseContext context,
                                          ResponseHead& head) noexcept;
  // Call between two parses when the buffer was moved: views of finished lines follow.
  static void rebase(RequestHead& head, const char* old_data, std::size_t size, const char* new_data) noexcept;
  static void rebase(ResponseHead& head, const char* old_data, std::size_t size, const char* new_data) noexcept;

  [[nodiscard]] const ParseError& error() const noexcept { return error_; }
  // Nothing but empty lines so far: an idle connection, not a message that has begun.
  [[nodiscard]] bool untouched() const noexcept {
    return stage_ == Stage::Start &&
           (error_.state == MsgState::RequestBefore || error_.state == MsgState::ResponseBefore);
  }
  // The state for captures and timeouts of an unfinished head ("MSG_RQBEFORE", "MSG_HDR_FIRST").
  [[nodiscard]] MsgState state() const noexcept { return error_.state; }

 private:
  enum class Stage : std::uint8_t { Start, Headers, Finished };
  template <bool kRequest>
  friend class HeadParse;

  const ParseOptions* options_ = nullptr;
  std::uint32_t position_ = 0;  // first byte of the first unfinished line
  std::uint32_t seen_ = 0;      // what finished lines contained, bits of head_parser.cc
  std::uint16_t host_index_ = 0;
  Stage stage_ = Stage::Start;
  ParseError error_;
};

}  // namespace sluice::http::h1
