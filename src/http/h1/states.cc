#include <iterator>

#include "sluice/http/h1/head_parser.h"

namespace sluice::http::h1 {

std::string_view state_name(MsgState s) noexcept {
  static constexpr std::string_view kNames[] = {
      "MSG_RQBEFORE",   "MSG_RQBEFORE_CR", "MSG_RQMETH",     "MSG_RQMETH_SP",   "MSG_RQURI",      "MSG_RQURI_SP",
      "MSG_RQVER",      "MSG_RQLINE_END",  "MSG_RPBEFORE",   "MSG_RPBEFORE_CR", "MSG_RPVER",      "MSG_RPVER_SP",
      "MSG_RPCODE",     "MSG_RPCODE_SP",   "MSG_RPREASON",   "MSG_RPLINE_END",  "MSG_HDR_FIRST",  "MSG_HDR_NAME",
      "MSG_HDR_COL",    "MSG_HDR_L1_SP",   "MSG_HDR_L1_LF",  "MSG_HDR_L1_LWS",  "MSG_HDR_VAL",    "MSG_HDR_L2_LF",
      "MSG_HDR_L2_LWS", "MSG_LAST_LF",     "MSG_CHUNK_SIZE", "MSG_DATA",        "MSG_CHUNK_CRLF", "MSG_TRAILERS",
      "MSG_DONE",       "MSG_TUNNEL",
  };
  static_assert(std::size(kNames) == static_cast<std::size_t>(MsgState::Tunnel) + 1);
  const auto i = static_cast<std::size_t>(s);
  return i < std::size(kNames) ? kNames[i] : "MSG_UNKNOWN";
}

std::string_view error_text(ErrorCode c) noexcept {
  switch (c) {
    case ErrorCode::None:
      return "no error";
    case ErrorCode::BadStartLine:
      return "malformed start line";
    case ErrorCode::BadTarget:
      return "invalid request target";
    case ErrorCode::BadVersion:
      return "unsupported HTTP version";
    case ErrorCode::Http2Preface:
      return "HTTP/2 is not supported yet";
    case ErrorCode::BadStatusLine:
      return "malformed status line";
    case ErrorCode::BadHeaderName:
      return "invalid header name";
    case ErrorCode::BadHeaderValue:
      return "invalid byte in a header value";
    case ErrorCode::BadLineEnd:
      return "CR without LF";
    case ErrorCode::BadFold:
      return "folded line without a header";
    case ErrorCode::TooManyHeaders:
      return "too many headers";
    case ErrorCode::HeadTooLarge:
      return "headers too large";
    case ErrorCode::BadContentLength:
      return "invalid or conflicting Content-Length";
    case ErrorCode::BadTransferEncoding:
      return "invalid Transfer-Encoding";
    case ErrorCode::UnknownCoding:
      return "unknown transfer coding";
    case ErrorCode::BadHost:
      return "invalid, repeated or contradicting Host";
    case ErrorCode::MissingHost:
      return "no Host";
    case ErrorCode::UnexpectedPayload:
      return "payload with a method that expects none";
    case ErrorCode::BadUpgrade:
      return "invalid protocol upgrade";
    case ErrorCode::BadChunkSize:
      return "invalid chunk size";
    case ErrorCode::BadChunkExtension:
      return "invalid chunk extension";
    case ErrorCode::BadChunkEnd:
      return "chunk data without CR LF";
    case ErrorCode::BadTrailer:
      return "invalid trailer";
    case ErrorCode::TrailersTooLarge:
      return "trailers too large";
  }
  return "unknown error";
}

}  // namespace sluice::http::h1
