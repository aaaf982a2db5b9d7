// Writes HTTP/1 heads and chunk framing into memory given by the caller. One pass, each byte copied once.
//
// Names go out in lower case, one field a line, "name: value\r\n", in the order of Fields, removed ones left out.
// Connection fields keep their tokens without close, keep-alive and an "upgrade" that is none, as the reference
// forwards them; Content-Length and Transfer-Encoding pass as they stand in Fields unless `framing` says otherwise. The
// writers trust Fields (see its invariants): no value can contain a line end.
//
// Thread: any (they keep nothing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/http/message.h"

namespace sluice::http::h1 {

// h1-case-adjust (manual 3.1): lower-case name -> the form bogus peers want. Built once at start, read by all threads.
class CaseMap {
 public:
  CaseMap();
  ~CaseMap();
  CaseMap(CaseMap&&) noexcept;
  CaseMap& operator=(CaseMap&&) noexcept;
  // False when `to` is not `from` in another case, or `from` is there already.
  bool add(std::string_view from, std::string_view to);
  // Empty when there is none.
  [[nodiscard]] std::string_view find(std::string_view lower_name) const noexcept;
  [[nodiscard]] bool empty() const noexcept;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

// What the codec does with Content-Length and Transfer-Encoding.
enum class Framing : std::uint8_t {
  AsIs,        // as in Fields
  AddChunked,  // drop both, add "transfer-encoding: chunked"
  Strip,       // drop both
};

struct HeadWriteOptions {
  // What this hop says: a Connection line of its own at the end; empty: none. See connection_value().
  std::string_view connection;
  Framing framing = Framing::AsIs;
  const CaseMap* case_map = nullptr;
  // Written as the version of the start line: requests and responses to the wire are HTTP/1.1 or HTTP/1.0.
  Version version = Version::H11;
};

// What a write needs at most: upper bound, cheap.
[[nodiscard]] std::size_t max_head_bytes(const RequestHead& head, const HeadWriteOptions& options) noexcept;
[[nodiscard]] std::size_t max_head_bytes(const ResponseHead& head, const HeadWriteOptions& options) noexcept;

// Bytes written, or 0 when `room` is too small (then out may hold part of it).
[[nodiscard]] std::size_t write_request_head(char* out, std::size_t room, const RequestHead& head,
                                             const HeadWriteOptions& options) noexcept;
[[nodiscard]] std::size_t write_response_head(char* out, std::size_t room, const ResponseHead& head,
                                              const HeadWriteOptions& options) noexcept;

// The text for HeadWriteOptions::connection: whether this hop keeps the connection behind a message of `version`, said
// only where the version's default is another. old_peer: the receiver speaks HTTP/1.0, whatever the message says.
[[nodiscard]] constexpr std::string_view connection_value(Version version, bool keep, bool old_peer = false) noexcept {
  if (!keep) return version == Version::H11 ? "close" : "";
  return old_peer || version == Version::H10 ? "keep-alive" : "";
}

// Chunk framing. A chunk is head, data, kChunkEnd; the body ends with kLastChunk, trailers if any, and CR LF.
inline constexpr std::size_t kMaxChunkHeadBytes = 18;
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n";
inline constexpr std::string_view kBodyEnd = "0\r\n\r\n";  // last chunk and no trailers
// "1f\r\n"; returns its length. data_bytes is not 0.
std::size_t write_chunk_head(char* out, std::uint64_t data_bytes) noexcept;
// Trailer lines and the empty line that ends them (without kLastChunk). 0 when room is too small.
[[nodiscard]] std::size_t write_trailers(char* out, std::size_t room, const Fields& trailers,
                                         const CaseMap* case_map) noexcept;

}  // namespace sluice::http::h1
