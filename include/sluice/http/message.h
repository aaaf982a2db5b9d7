// The heads of a request and of a response, independent of the version they arrived in.
//
// Everything here is a view or a number: texts lie in the receive buffer (until an edit points them to the arena) and
// die with it. A codec fills a head once; rules edit it; the other side's codec writes it. Thread: the stream's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/http/fields.h"

namespace sluice::http {

enum class Method : std::uint8_t { Unknown, Get, Head, Post, Put, Delete, Connect, Options, Trace, Patch };

// Of a case-sensitive token (RFC 9110 9.1); Unknown for extension methods.
[[nodiscard]] Method method_of(std::string_view text) noexcept;
[[nodiscard]] std::string_view method_name(Method m) noexcept;  // empty for Unknown

// The version the peer spoke. H09 only with unsafe violations accepted.
enum class Version : std::uint8_t { H09, H10, H11, H2, H3 };
// "HTTP/1.1" and so on, as `req.ver`-like samples and logs print it.
[[nodiscard]] std::string_view version_name(Version v) noexcept;

// How the end of the body is found (RFC 9112 6.3).
enum class BodyKind : std::uint8_t {
  None,        // no body at all
  Length,      // content_length bytes
  Chunked,     // chunks, then trailers
  UntilClose,  // responses only: until the server closes
  Tunnel,      // what follows is not HTTP any more: after 101 and 2xx to CONNECT
};

enum class TargetForm : std::uint8_t { Origin, Absolute, Authority, Asterisk };

// What the fields that concern the connection said, found while the head was parsed. For both directions.
struct ConnectionFacts {
  bool close : 1 = false;            // Connection: close
  bool keep_alive : 1 = false;       // Connection: keep-alive
  bool upgrade : 1 = false;          // Connection: upgrade, and an Upgrade field is there
  bool websocket : 1 = false;        // `upgrade`, and Upgrade names websocket
  bool other_tokens : 1 = false;     // Connection names anything beyond close and keep-alive (also "upgrade")
  bool expect_continue : 1 = false;  // requests: Expect: 100-continue from an HTTP/1.1 client
  bool te_trailers : 1 = false;      // requests: TE: trailers
  bool framing_suspect : 1 =
      false;  // Transfer-Encoding with Content-Length: the latter was removed; or framing where none
              // may be, or chunks in HTTP/1.0. Close after this message
              // unless "h1-do-not-close-on-insecure-transfer-encoding"
  bool unsafe_accepted : 1 =
      false;  // a violation was let through by accept-unsafe-violations: capture it for "show errors"
};

struct RequestHead {
  Method method = Method::Unknown;
  Version version = Version::H11;
  BodyKind body = BodyKind::None;
  TargetForm form = TargetForm::Origin;
  ConnectionFacts connection;
  std::uint32_t head_bytes = 0;      // on the wire, with the empty line and any empty lines before
  std::uint32_t line_bytes = 0;      // of the request line as received, from method_text on, without its end
  std::string_view method_text;      // as received
  std::string_view target;           // as received, or as a rule set it
  std::string_view version_text;     // only when it is not HTTP/1.0 or 1.1 and an unsafe violation let it pass
  std::uint64_t content_length = 0;  // with body == Length
  Fields fields;

  // Parts of the target; all views into it, empty when it has no such part. See uri.h for the exact cut.
  [[nodiscard]] std::string_view path() const noexcept;            // "/a/b" (sample `path`); "*" for the asterisk form
  [[nodiscard]] std::string_view path_and_query() const noexcept;  // "/a/b?c=d" (sample `pathq`)
  [[nodiscard]] std::string_view query() const noexcept;           // "c=d" (sample `query`)
  [[nodiscard]] std::string_view scheme() const noexcept;          // "http" of an absolute target
  [[nodiscard]] std::string_view authority() const noexcept;       // of an absolute or authority target
  // Value of Host, else the authority of the target (for HTTP/1 a Host field exists whenever there is an authority).
  [[nodiscard]] std::string_view host() const noexcept;

  // Whether the client allows another request on this connection: by version and Connection (RFC 9112 9.3).
  [[nodiscard]] bool persistent() const noexcept {
    return version >= Version::H11 ? !connection.close : connection.keep_alive && !connection.close;
  }
  // Ready for the next request in the same storage.
  void clear() noexcept {
    Field* storage = fields.begin();
    const std::size_t capacity = fields.capacity();
    *this = RequestHead{};
    fields = Fields(storage, capacity);
  }
};

struct ResponseHead {
  std::uint16_t status = 0;
  Version version = Version::H11;
  BodyKind body = BodyKind::None;
  ConnectionFacts connection;
  std::uint32_t head_bytes = 0;
  std::string_view reason;        // as received; may be empty
  std::string_view version_text;  // as in RequestHead
  std::uint64_t content_length =
      0;  // with body == Length; also of a response to HEAD that names it (body is None there)
  Fields fields;

  [[nodiscard]] bool interim() const noexcept { return status >= 100 && status < 200 && status != 101; }
  [[nodiscard]] bool persistent() const noexcept {
    return version >= Version::H11 ? !connection.close : connection.keep_alive && !connection.close;
  }
  void clear() noexcept {
    Field* storage = fields.begin();
    const std::size_t capacity = fields.capacity();
    *this = ResponseHead{};
    fields = Fields(storage, capacity);
  }
};

}  // namespace sluice::http
