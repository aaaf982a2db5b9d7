// What single fields, and all of them together, mean for the framing and the connection. Private to the parser.
#pragma once

#include <cstdint>

#include "sluice/http/h1/head_parser.h"
#include "sluice/http/message.h"

namespace sluice::http::h1 {

// Fields that note_field() wants to see; everything else is passed through unread.
struct IdSet {
  std::uint64_t bits[2];
};
constexpr IdSet make_special_ids() noexcept {
  IdSet s{};
  for (const HeaderId id :
       {HeaderId::Host, HeaderId::ContentLength, HeaderId::TransferEncoding, HeaderId::Connection, HeaderId::Upgrade,
        HeaderId::Expect, HeaderId::Te, HeaderId::SecWebsocketKey, HeaderId::SecWebsocketAccept}) {
    s.bits[static_cast<unsigned>(id) >> 6] |= std::uint64_t{1} << (static_cast<unsigned>(id) & 63);
  }
  return s;
}
inline constexpr IdSet kSpecialIds = make_special_ids();
constexpr bool is_special(HeaderId id) noexcept {
  return ((kSpecialIds.bits[static_cast<unsigned>(id) >> 6] >> (static_cast<unsigned>(id) & 63)) & 1) != 0;
}

// A special field has just been added: updates `seen` (parse_bits.h) and head; may change or remove the field.
ErrorCode note_field(Field& f, std::uint32_t& seen, RequestHead& head, bool accept_unsafe) noexcept;
ErrorCode note_field(Field& f, std::uint32_t& seen, ResponseHead& head, bool accept_unsafe) noexcept;

// The form of the target, by method (RFC 9112 3.2). Sets head.form.
ErrorCode check_target(RequestHead& head, bool accept_unsafe) noexcept;

// All lines are in: body kind, Host, Upgrade, TE.
ErrorCode finish_request(RequestHead& head, std::uint32_t seen, const ParseOptions& options) noexcept;
ErrorCode finish_response(ResponseHead& head, std::uint32_t seen, const ParseOptions& options,
                          ResponseContext context) noexcept;

}  // namespace sluice::http::h1
