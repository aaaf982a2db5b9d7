// The size of a message as logs (%B, %U) and byte counters show it.
//
// The reference measures its internal representation, not the bytes on the wire: 20 bytes and the three words of the
// start line, name and value of each field, one byte for the end of the head, the payload, one byte for the end of a
// chunked body. Tools compare such figures, so they are the same here. Found by observation.
#pragma once

#include <cstdint>

#include "sluice/http/message.h"
#include "sluice/http/mux/endpoint.h"

namespace sluice::proxy {

// Of a Connection field: what it says of this connection alone ("close", "keep-alive") is not part of the message; 0
// when there is nothing else in it.
std::uint64_t connection_size(const http::Field& field) noexcept;

inline std::uint64_t fields_size(const http::Fields& fields) noexcept {
  std::uint64_t n = 0;
  for (const http::Field& f : fields) {
    if (f.removed()) continue;
    n += f.id == http::HeaderId::Connection ? connection_size(f) : f.name_len + f.value_len;
  }
  return n;
}

// What comes behind the payload.
inline std::uint64_t end_size(const http::mux::Pieces& body) noexcept {
  if (!body.end || !body.chunked) return 0;
  return 1 + (body.trailers == nullptr ? 0 : fields_size(*body.trailers));
}

inline std::uint64_t head_size(const http::RequestHead& h) noexcept {
  return 20 + h.method_text.size() + h.target.size() + 8 + fields_size(h.fields) + 1;
}

inline std::uint64_t head_size(const http::ResponseHead& h) noexcept {
  return 20 + 8 + 3 + h.reason.size() + fields_size(h.fields) + 1;
}

}  // namespace sluice::proxy
