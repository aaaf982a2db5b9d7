#include "http/h1/head_fields.h"

#include <algorithm>

#include "http/h1/parse_bits.h"
#include "sluice/base/strings.h"
#include "sluice/http/uri.h"

namespace sluice::http::h1 {

namespace {

constexpr std::uint64_t kMaxLength = ~std::uint64_t{0} >> 1;

bool parse_length(std::string_view s, std::uint64_t& out) noexcept {
  if (s.empty()) return false;
  std::uint64_t n = 0;
  for (const char c : s) {
    if (!base::is_digit(c)) return false;
    const auto d = static_cast<std::uint64_t>(c - '0');
    if (n > (kMaxLength - d) / 10) return false;
    n = n * 10 + d;
  }
  out = n;
  return true;
}

// Several identical lengths, in one line or in several, become one; anything else is refused (RFC 9112 6.3 rule 5).
template <class Head>
ErrorCode note_length(Field& f, std::uint32_t& seen, Head& head) noexcept {
  std::string_view rest = f.value();
  const std::size_t first_comma = rest.find(',');
  const bool list = first_comma != std::string_view::npos;
  const std::string_view first = list ? base::trim_ows(rest.substr(0, first_comma)) : rest;
  std::uint64_t length = 0;
  if (!parse_length(first, length)) return ErrorCode::BadContentLength;
  while (list) {
    const std::size_t comma = rest.find(',');
    std::uint64_t other = 0;
    if (!parse_length(base::trim_ows(rest.substr(0, comma)), other) || other != length) {
      return ErrorCode::BadContentLength;
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if ((seen & kSeenContentLength) != 0) {
    if (length != head.content_length) return ErrorCode::BadContentLength;
    f.remove();
    return ErrorCode::None;
  }
  seen |= kSeenContentLength;
  head.content_length = length;
  if (list) f.set_value(first);
  return ErrorCode::None;
}

// Only "chunked", once, is what this proxy can take apart (RFC 9112 6.1, 7). What else was named is told apart at the
// end.
ErrorCode note_coding(Field& f, std::uint32_t& seen, bool several_allowed) noexcept {
  std::string_view rest = f.value();
  if (rest.empty() && several_allowed) {
    f.remove();
    return ErrorCode::None;
  }
  if (rest.empty()) return ErrorCode::BadTransferEncoding;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view coding = base::trim_ows(rest.substr(0, comma));
    if (base::iequals(coding, "chunked")) {
      if ((seen & kSeenChunked) != 0 && !several_allowed) return ErrorCode::BadTransferEncoding;
      seen |= kSeenChunked;
    } else if (coding.empty() && several_allowed) {
      // let pass
    } else {
      if ((seen & kSeenChunked) != 0) return ErrorCode::BadTransferEncoding;  // chunked is not last
      seen |= kSeenOtherCoding;
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if ((seen & kSeenTransferEncoding) != 0) {
    f.remove();
  } else if (f.value() != "chunked") {
    f.set_value("chunked");  // the next hop sees one spelling only
  }
  seen |= kSeenTransferEncoding;
  return ErrorCode::None;
}

void note_connection(std::string_view value, std::uint32_t& seen, ConnectionFacts& facts) noexcept {
  if (base::iequals(value, "keep-alive")) {
    facts.keep_alive = true;
    return;
  }
  ListCursor cursor(value);
  for (std::string_view token; cursor.next(token);) {
    if (base::iequals(token, "close")) {
      facts.close = true;
    } else if (base::iequals(token, "keep-alive")) {
      facts.keep_alive = true;
    } else {
      facts.other_tokens = true;
      if (base::iequals(token, "upgrade")) seen |= kSeenTokenUpgrade;
    }
  }
}

bool base64_text(std::string_view s) noexcept {
  for (const char c : s) {
    const bool ok =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || base::is_digit(c) || c == '+' || c == '/' || c == '=';
    if (!ok) return false;
  }
  return true;
}

void note_upgrade(std::string_view value, std::uint32_t& seen) noexcept {
  seen |= kSeenUpgrade;
  if (list_has_token(value, "websocket")) seen |= kSeenUpgradeWebsocket;
}

// Common end of both directions: Connection: upgrade counts from HTTP/1.1 on and only with an Upgrade field (RFC
// 9110 7.8).
template <class Head>
void settle_upgrade(Head& head, std::uint32_t seen) noexcept {
  constexpr std::uint32_t kBoth = kSeenTokenUpgrade | kSeenUpgrade;
  if ((seen & kBoth) != kBoth || head.version < Version::H11) return;
  head.connection.upgrade = true;
  head.connection.websocket = (seen & kSeenUpgradeWebsocket) != 0;
}

ErrorCode coding_error(std::uint32_t seen) noexcept {
  if ((seen & kSeenTransferEncoding) == 0) return ErrorCode::None;
  if ((seen & kSeenChunked) == 0) return ErrorCode::BadTransferEncoding;
  return (seen & kSeenOtherCoding) != 0 ? ErrorCode::UnknownCoding : ErrorCode::None;
}

template <class Head>
void strip_framing(Head& head) noexcept {
  head.fields.remove(HeaderId::ContentLength);
  head.fields.remove(HeaderId::TransferEncoding);
}

// Only "trailers" crosses this hop (RFC 9110 10.1.4); the reference does the same.
void settle_te(RequestHead& head) noexcept {
  Field* kept = nullptr;
  for (Field* f = head.fields.find(HeaderId::Te); f != nullptr; f = head.fields.find(HeaderId::Te, f)) {
    if (kept == nullptr && list_has_token(f->value(), "trailers")) {
      kept = f;
      if (f->value() != "trailers") f->set_value("trailers");
    } else {
      f->remove();
    }
  }
  head.connection.te_trailers = kept != nullptr;
}

// The authority of the target rules; Host must say the same (RFC 9112 3.2.2; the reference refuses a mismatch). Where
// the client left Host out it is added, so that the next hop and the rules see one.
ErrorCode settle_authority(RequestHead& head, std::uint32_t seen, bool accept_unsafe) noexcept {
  const std::string_view authority = uri_authority(head.target);
  const Field* host = (seen & kSeenHost) != 0 ? head.fields.find(HeaderId::Host) : nullptr;
  if (host == nullptr) {
    const std::size_t at = authority.rfind('@');
    const std::string_view name = at == std::string_view::npos ? authority : authority.substr(at + 1);
    if (!accept_unsafe || valid_host(name)) {
      if (head.fields.append(HeaderId::Host, name) == nullptr) return ErrorCode::TooManyHeaders;
    }
    return ErrorCode::None;
  }
  bool same;
  if (head.form == TargetForm::Authority) {
    const HostPort a = split_host_port(authority);
    const HostPort b = split_host_port(host->value());
    same = base::iequals(a.host, b.host) && (b.port.empty() || a.port == b.port);
  } else {
    same = same_authority(uri_scheme(head.target), authority, host->value());
  }
  if (same) return ErrorCode::None;
  if (!accept_unsafe) return ErrorCode::BadHost;
  head.connection.unsafe_accepted = true;
  return ErrorCode::None;
}

}  // namespace

ErrorCode note_field(Field& f, std::uint32_t& seen, RequestHead& head, bool accept_unsafe) noexcept {
  switch (f.id) {
    case HeaderId::Host:
      if ((seen & kSeenHost) != 0) return ErrorCode::BadHost;  // RFC 9112 3.2
      seen |= kSeenHost;
      if (valid_host(f.value())) return ErrorCode::None;
      if (!accept_unsafe) return ErrorCode::BadHost;
      head.connection.unsafe_accepted = true;
      return ErrorCode::None;
    case HeaderId::ContentLength:
      return note_length(f, seen, head);
    case HeaderId::TransferEncoding:
      return note_coding(f, seen, false);
    case HeaderId::Connection:
      note_connection(f.value(), seen, head.connection);
      return ErrorCode::None;
    case HeaderId::Upgrade:
      note_upgrade(f.value(), seen);
      return ErrorCode::None;
    case HeaderId::Expect:
      if (head.version >= Version::H11 && list_has_token(f.value(), "100-continue")) {
        head.connection.expect_continue = true;
      }
      return ErrorCode::None;
    case HeaderId::Te:
      seen |= kSeenTe;
      return ErrorCode::None;
    case HeaderId::SecWebsocketKey:
      // 16 bytes in base64 (RFC 6455 4.1)
      if (f.value_len == 24 && base64_text(f.value())) seen |= kSeenWebsocketKey;
      return ErrorCode::None;
    default:
      return ErrorCode::None;
  }
}

ErrorCode note_field(Field& f, std::uint32_t& seen, ResponseHead& head, bool accept_unsafe) noexcept {
  switch (f.id) {
    case HeaderId::ContentLength:
      return note_length(f, seen, head);
    case HeaderId::TransferEncoding:
      return note_coding(f, seen, accept_unsafe);
    case HeaderId::Connection:
      note_connection(f.value(), seen, head.connection);
      return ErrorCode::None;
    case HeaderId::Upgrade:
      note_upgrade(f.value(), seen);
      return ErrorCode::None;
    case HeaderId::SecWebsocketAccept:
      // 20 bytes in base64 (RFC 6455 4.2.2)
      if (f.value_len == 28 && base64_text(f.value())) seen |= kSeenWebsocketKey;
      return ErrorCode::None;
    default:
      return ErrorCode::None;
  }
}

ErrorCode check_target(RequestHead& head, bool accept_unsafe) noexcept {
  const std::string_view t = head.target;
  if (head.method == Method::Connect) {
    head.form = TargetForm::Authority;
    if (accept_unsafe) return ErrorCode::None;
    const HostPort hp = split_host_port(t);
    const bool ok = !hp.host.empty() && !hp.port.empty() && t.find('@') == std::string_view::npos && valid_host(t);
    return ok ? ErrorCode::None : ErrorCode::BadTarget;
  }
  if (t[0] == '/') {
    head.form = TargetForm::Origin;
    return ErrorCode::None;
  }
  if (t == "*") {
    head.form = TargetForm::Asterisk;
    // "PRI * HTTP/2.0" was sorted out with the version
    return head.method == Method::Options ? ErrorCode::None : ErrorCode::BadTarget;
  }
  head.form = TargetForm::Absolute;
  if (uri_scheme(t).empty()) return ErrorCode::BadTarget;
  const std::string_view authority = uri_authority(t);
  if (accept_unsafe) return ErrorCode::None;
  // An empty host and a user part are refused: RFC 9110 4.2.1 and 4.2.4.
  const HostPort hp = split_host_port(authority);
  return !hp.host.empty() && valid_host(authority) ? ErrorCode::None : ErrorCode::BadTarget;
}

namespace {
bool expects_no_payload(Method m) noexcept { return m == Method::Get || m == Method::Head || m == Method::Delete; }
}  // namespace

ErrorCode finish_request(RequestHead& head, std::uint32_t seen, const ParseOptions& options) noexcept {
  if (head.form == TargetForm::Absolute || head.form == TargetForm::Authority) {
    const ErrorCode e = settle_authority(head, seen, options.accept_unsafe);
    if (e != ErrorCode::None) return e;
  } else if (options.require_host && (seen & kSeenHost) == 0 && head.version >= Version::H11) {
    return ErrorCode::MissingHost;
  }
  if ((seen & (kSeenContentLength | kSeenTransferEncoding)) != 0) {
    if (const ErrorCode e = coding_error(seen); e != ErrorCode::None) return e;
    if ((seen & kSeenTransferEncoding) != 0) {
      // A client that speaks HTTP/1.0 cannot know about chunks: the framing is faulty (RFC 9112 6.1).
      if (head.version < Version::H11) return ErrorCode::BadTransferEncoding;
      head.body = BodyKind::Chunked;
      if ((seen & kSeenContentLength) != 0) {
        head.fields.remove(HeaderId::ContentLength);
        head.content_length = 0;
        head.connection.framing_suspect = !options.keep_suspect;
      }
    } else {
      head.body = BodyKind::Length;
      // Old servers never look for a body there: what follows would be a request to them.
      if (head.version < Version::H11 && head.content_length != 0 && !options.any_payload &&
          expects_no_payload(head.method))
        return ErrorCode::UnexpectedPayload;
    }
    if (head.method == Method::Connect) {
      // CONNECT has no content (RFC 9110 9.3.6); bytes behind it belong to the tunnel, so any framing is a
      // contradiction.
      if (head.body == BodyKind::Chunked) return ErrorCode::BadTransferEncoding;
      if (head.content_length != 0) return ErrorCode::BadContentLength;
      strip_framing(head);
      head.body = BodyKind::None;
    }
  }
  if ((seen & kSeenTe) != 0) settle_te(head);
  if ((seen & (kSeenTokenUpgrade | kSeenUpgrade)) != 0) {
    const bool has_body = head.body == BodyKind::Chunked || (head.body == BodyKind::Length && head.content_length != 0);
    // RFC 9110 7.8: of a client that speaks HTTP/1.0 the field is ignored. The reference does not upgrade requests with
    // a body.
    if (has_body || head.version < Version::H11) {
      head.fields.remove(HeaderId::Upgrade);
    } else {
      settle_upgrade(head, seen);
    }
    if (head.connection.websocket && (seen & kSeenWebsocketKey) == 0) {
      if (!options.accept_unsafe) return ErrorCode::BadUpgrade;
      head.connection.unsafe_accepted = true;
    }
  }
  return ErrorCode::None;
}

ErrorCode finish_response(ResponseHead& head, std::uint32_t seen, const ParseOptions& options,
                          ResponseContext context) noexcept {
  if (const ErrorCode e = coding_error(seen); e != ErrorCode::None) return e;
  const bool chunked = (seen & kSeenTransferEncoding) != 0;
  if (chunked && (seen & kSeenContentLength) != 0) {
    head.fields.remove(HeaderId::ContentLength);
    head.content_length = 0;
    head.connection.framing_suspect = !options.keep_suspect;
  }
  if (chunked && head.version < Version::H11) head.connection.framing_suspect = true;  // RFC 9112 6.1
  if ((seen & (kSeenTokenUpgrade | kSeenUpgrade)) != 0) settle_upgrade(head, seen);

  const bool success = head.status >= 200 && head.status < 300;
  if (head.status == 101) {
    if (!context.to_upgrade || !head.connection.upgrade) return ErrorCode::BadUpgrade;
    if (head.connection.websocket && (seen & kSeenWebsocketKey) == 0) {
      if (!options.accept_unsafe) return ErrorCode::BadUpgrade;
      head.connection.unsafe_accepted = true;
    }
    head.body = BodyKind::Tunnel;
    strip_framing(head);
  } else if (context.to_connect && success) {
    head.body = BodyKind::Tunnel;
    strip_framing(head);
  } else if (head.status < 200 || head.status == 204) {
    head.body = BodyKind::None;
    // RFC 9110 8.6, RFC 9112 6.1: neither may be there; a server that announces a body may also send one.
    if (head.status == 204 && (chunked || head.content_length != 0)) head.connection.framing_suspect = true;
    strip_framing(head);
    head.content_length = 0;
  } else if (head.status == 304 || context.to_head) {
    head.body = BodyKind::None;
  } else if (chunked) {
    head.body = BodyKind::Chunked;
  } else if ((seen & kSeenContentLength) != 0) {
    head.body = BodyKind::Length;
  } else {
    head.body = BodyKind::UntilClose;
  }
  return ErrorCode::None;
}

}  // namespace sluice::http::h1
