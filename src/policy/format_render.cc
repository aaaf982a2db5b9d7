#include <unistd.h>

#include "policy/format_encode.h"
#include "policy/format_out.h"
#include "policy/format_pieces.h"
#include "policy/log_date.h"
#include "policy/target.h"
#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

constexpr StreamFacts kNoStream{};
constexpr std::string_view kBadRequest = "<BADREQ>";

// One rendering: the facts, and what is done with values.
struct View {
  const SampleContext& ctx;
  const StreamFacts& stream;
  const ConnectionFacts* conn;
  bool dash;  // print what is missing
  bool plus;  // '+' before incomplete values
};

// Text that may be missing.
void optional_text(FormatOut& o, const View& v, std::string_view s, std::uint8_t flags) noexcept {
  if (s.empty()) {
    if (v.dash) o.put((flags & Piece::kQuote) != 0 ? std::string_view("\"\"") : std::string_view("-"));
    return;
  }
  const bool quote = (flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  if ((flags & Piece::kEscape) != 0) {
    o.put_escaped(s, 0, true);
  } else {
    o.put(s);
  }
  if (quote) o.put('"');
}

// Parts of the request line: always there, escaped for logs.
void request_text(FormatOut& o, std::string_view s, std::uint8_t flags) noexcept {
  const bool quote = (flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  o.put_escaped(s, kInLog, (flags & Piece::kEscape) != 0);
  if (quote) o.put('"');
}

void number(FormatOut& o, std::int64_t n) noexcept {
  if (static_cast<std::uint64_t>(n) < 10) return o.put(static_cast<char>('0' + n));
  o.put_short([n](char* p) noexcept { return base::write_int(p, n); });
}
void growing(FormatOut& o, const View& v, std::int64_t n) noexcept {
  if (v.plus && v.stream.incomplete) o.put('+');
  number(o, n);
}
// At least `digits` upper-case hex digits.
void hex(FormatOut& o, std::uint64_t n, int digits) noexcept {
  o.put_short([n, digits](char* p) noexcept {
    int width = 16;
    while (width > digits && (n >> (4 * (width - 1)) & 15) == 0) --width;
    for (int i = width - 1; i >= 0; --i) *p++ = kUpperHex[n >> (4 * i) & 15];
    return p;
  });
}
void number_or_hex(FormatOut& o, std::int64_t n, std::uint8_t flags) noexcept {
  if ((flags & Piece::kHex) != 0) {
    hex(o, static_cast<std::uint64_t>(n), 4);
  } else {
    number(o, n);
  }
}

bool has_ip(const net::Address* a) noexcept { return a != nullptr && a->family() != net::Family::None; }

void ip(FormatOut& o, const View& v, const net::Address* a, std::uint8_t flags) noexcept {
  if (!has_ip(a)) {
    optional_text(o, v, {}, flags);
    return;
  }
  const bool quote = (flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  const std::string_view bytes = a->ip_bytes();
  if ((flags & Piece::kHex) != 0 && !bytes.empty()) {
    for (const char c : bytes) {
      o.put(kUpperHex[static_cast<unsigned char>(c) >> 4]);
      o.put(kUpperHex[static_cast<unsigned char>(c) & 15]);
    }
  } else if (bytes.size() == 4) {
    Sample s;
    s.set_address(*a);
    o.put_short([&s](char* p) noexcept { return write_address(p, s); });
  } else {
    o.put_short([a](char* p) noexcept { return a->write_ip(p); });
  }
  if (quote) o.put('"');
}
// A unix peer has the number of the accepting listener in place of a port (manual 8.2.2).
void port(FormatOut& o, const View& v, const net::Address* a, std::uint8_t flags, bool front) noexcept {
  if (!has_ip(a)) {
    optional_text(o, v, {}, flags);
    return;
  }
  std::int64_t n = a->port();
  if (front && a->family() == net::Family::Unix && v.conn->listener != nullptr) n = v.conn->listener->id;
  number_or_hex(o, n, flags);
}

// "{a|b|c}", or one value after the other.
void captures(FormatOut& o, std::span<const std::string_view> slots, std::uint8_t flags) noexcept {
  if (slots.empty()) return;
  const bool quote = (flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  o.put('{');
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i != 0) o.put('|');
    o.put_escaped(slots[i], kInLogHeader, (flags & Piece::kEscape) != 0);
  }
  o.put('}');
  if (quote) o.put('"');
}
void capture_list(FormatOut& o, std::span<const std::string_view> slots, std::uint8_t flags) noexcept {
  const bool quote = (flags & Piece::kQuote) != 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i != 0) o.put(' ');
    if (quote) o.put('"');
    if (slots[i].data() != nullptr) {
      o.put_escaped(slots[i], kInLogHeader, (flags & Piece::kEscape) != 0);
    } else if (!quote) {
      o.put('-');
    }
    if (quote) o.put('"');
  }
}

std::string_view request_line(const View& v) noexcept { return v.stream.request_line; }

void request_part(FormatOut& o, const View& v, Alias alias, std::uint8_t flags) noexcept {
  const std::string_view line = request_line(v);
  if (line.empty()) {
    // Rules see the request itself where the line was not kept.
    if (v.ctx.request == nullptr) {
      request_text(o, kBadRequest, flags);
      return;
    }
  }
  const LineParts p = line.empty() ? LineParts{v.ctx.request->method_text, v.ctx.request->target,
                                               http::version_name(v.ctx.request->version)}
                                   : cut_request_line(line);
  const auto mark = p.target.find('?');
  switch (alias) {
    case Alias::Method:
      return request_text(o, p.method, flags);
    case Alias::UriNoQuery:
      return request_text(o, p.target.substr(0, mark), flags);
    case Alias::PathOnly: {
      std::string_view path = http::uri_path(p.target);
      return request_text(o, path.substr(0, path.find('?')), flags);
    }
    case Alias::Query:
      return request_text(o, mark == std::string_view::npos ? std::string_view{} : p.target.substr(mark), flags);
    case Alias::Uri:
      return request_text(o, p.target, flags);
    case Alias::Version:
      return request_text(o, p.version, flags);
    default:
      break;
  }
  if (!line.empty()) return request_text(o, line, flags);
  const bool quote = (flags & Piece::kQuote) != 0;
  const auto plain = static_cast<std::uint8_t>(flags & ~Piece::kQuote);
  if (quote) o.put('"');
  request_text(o, p.method, plain);
  o.put(' ');
  request_text(o, p.target, plain);
  o.put(' ');
  request_text(o, p.version, plain);
  if (quote) o.put('"');
}

std::string_view backend_name(const View& v) noexcept {
  if (v.stream.backend != nullptr) return v.stream.backend->name;
  return v.conn != nullptr && v.conn->frontend != nullptr ? v.conn->frontend->name : std::string_view{};
}

void server_name(FormatOut& o, const View& v, std::uint8_t flags) noexcept {
  if (v.stream.server != nullptr) return optional_text(o, v, v.stream.server->name, flags);
  if (v.stream.service.empty()) return optional_text(o, v, "<NOSRV>", flags);
  const bool quote = (flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  o.put('<');
  o.put(v.stream.service);
  o.put('>');
  if (quote) o.put('"');
}

void frontend_transport(FormatOut& o, const View& v, std::uint8_t flags) noexcept {
  const std::string_view name =
      v.conn != nullptr && v.conn->frontend != nullptr ? v.conn->frontend->name : std::string_view{};
  if (name.empty() || v.conn == nullptr || !v.conn->tls) return optional_text(o, v, name, flags);
  const bool quote = (flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  o.put(name);
  o.put('~');
  if (quote) o.put('"');
}

std::string_view origin_name(LogOrigin origin) noexcept {
  static constexpr std::string_view kNames[] = {"unspec",      "sess_error",  "sess_killed",  "txn_accept",
                                                "txn_request", "txn_connect", "txn_response", "txn_close"};
  return kNames[static_cast<std::size_t>(origin)];
}

std::int64_t accept_us(const View& v) noexcept { return v.conn != nullptr ? v.conn->accept_wall_us : 0; }
std::int64_t request_us(const View& v) noexcept {
  return v.stream.request_wall_us != 0 ? v.stream.request_wall_us : accept_us(v);
}

void alias(FormatOut& o, const View& v, Alias a, std::uint8_t f) noexcept {
  const StreamFacts& s = v.stream;
  const Timers& t = s.timers;
  const Counts& c = s.counts;
  const net::Address* src = v.conn != nullptr ? &v.conn->src : nullptr;
  const net::Address* dst = v.conn != nullptr ? &v.conn->dst : nullptr;
  switch (a) {
    case Alias::None:
      return;
    case Alias::AcceptUtc:
      return o.put_short([&](char* p) noexcept { return write_utc_date_zone(p, accept_us(v)); });
    case Alias::AcceptLocal:
      return o.put_short([&](char* p) noexcept { return write_local_date_zone(p, accept_us(v)); });
    case Alias::AcceptSeconds:
      return number_or_hex(o, accept_us(v) / 1000000, f);
    case Alias::AcceptMillisDate:
      return o.put_short([&](char* p) noexcept { return write_local_date_ms(p, accept_us(v)); });
    case Alias::AcceptMillis: {
      const auto ms = static_cast<int>(accept_us(v) / 1000 % 1000);
      if ((f & Piece::kHex) != 0) return hex(o, static_cast<std::uint64_t>(ms), 2);
      o.put(static_cast<char>('0' + ms / 100));
      o.put(static_cast<char>('0' + ms / 10 % 10));
      return o.put(static_cast<char>('0' + ms % 10));
    }
    case Alias::RequestMillisDate:
      return o.put_short([&](char* p) noexcept { return write_local_date_ms(p, request_us(v)); });
    case Alias::RequestUtc:
      return o.put_short([&](char* p) noexcept { return write_utc_date_zone(p, request_us(v)); });
    case Alias::RequestLocal:
      return o.put_short([&](char* p) noexcept { return write_local_date_zone(p, request_us(v)); });
    case Alias::TimeActive:
      return growing(o, v, t.active);
    case Alias::TimeConnect:
      return number(o, t.connect);
    case Alias::TimeData:
      return number(o, t.data);
    case Alias::TimeHandshake:
      return number(o, t.handshake);
    case Alias::TimeIdle:
      return number(o, t.idle);
    case Alias::TimeTq:
      return number(o, t.idle < 0 || t.request < 0 ? -1 : t.handshake + t.idle + t.request);
    case Alias::TimeRequest:
      return number(o, t.request);
    case Alias::TimeResponse:
      return number(o, t.response);
    case Alias::TimeTotal:
      return growing(o, v, t.total);
    case Alias::TimeUser:
      return growing(o, v, t.user);
    case Alias::TimeQueue:
      return number(o, t.queue);
    case Alias::BytesOut:
      return growing(o, v, static_cast<std::int64_t>(s.bytes_out));
    case Alias::BytesIn:
      return number(o, static_cast<std::int64_t>(s.bytes_in));
    case Alias::RequestCookie:
      return optional_text(o, v, s.request_cookie, f);
    case Alias::ResponseCookie:
      return optional_text(o, v, s.response_cookie, f);
    // Known once there is TLS: a plain connection has neither.
    case Alias::SslCipher:
    case Alias::SslVersion:
      return optional_text(o, v, {}, f);
    case Alias::Hostname:
      return optional_text(o, v, v.ctx.process != nullptr ? v.ctx.process->hostname : std::string_view{}, f);
    case Alias::Method:
    case Alias::UriNoQuery:
    case Alias::PathOnly:
    case Alias::Query:
    case Alias::Uri:
    case Alias::Version:
    case Alias::Request:
      return request_part(o, v, a, f);
    case Alias::UniqueId:
      return optional_text(o, v, s.unique_id, f);
    case Alias::Status:
      return number(o, s.status == 0 ? -1 : s.status);
    case Alias::ActiveConns:
      return number(o, c.active);
    case Alias::Backend:
      return optional_text(o, v, backend_name(v), f);
    case Alias::BackendConns:
      return number(o, c.backend);
    case Alias::BackSrcIp:
      return ip(o, v, s.back_src, f);
    case Alias::BackSrcPort:
      return port(o, v, s.back_src, f, false);
    case Alias::BackendQueue:
      return number(o, c.backend_queue);
    case Alias::ClientIp:
      return ip(o, v, src, f);
    case Alias::ClientPort:
      return port(o, v, src, f, true);
    case Alias::Frontend:
      return optional_text(
          o, v, v.conn != nullptr && v.conn->frontend != nullptr ? v.conn->frontend->name : std::string_view{}, f);
    case Alias::FrontendConns:
      return number(o, c.frontend);
    case Alias::FrontIp:
      return ip(o, v, dst, f);
    case Alias::FrontPort:
      return port(o, v, dst, f, true);
    case Alias::FrontendTransport:
      return frontend_transport(o, v, f);
    case Alias::LogCounter:
      return number_or_hex(o, s.log_counter, f);
    case Alias::RequestHeaders:
      return captures(o, s.request_captures, f);
    case Alias::RequestHeaderList:
      return capture_list(o, s.request_captures, f);
    case Alias::ResponseHeaders:
      return captures(o, s.response_captures, f);
    case Alias::ResponseHeaderList:
      return capture_list(o, s.response_captures, f);
    case Alias::Origin:
      return optional_text(o, v, origin_name(s.origin), f);
    case Alias::Pid:
      return number_or_hex(o, v.ctx.process != nullptr && v.ctx.process->pid != 0 ? v.ctx.process->pid : getpid(), f);
    case Alias::Retries:
      if (c.redispatched && v.plus) o.put('+');
      return number(o, c.retries);
    case Alias::RequestCounter:
      return number_or_hex(o, s.request_counter, f);
    case Alias::Server:
      return server_name(o, v, f);
    case Alias::ServerConns:
      return number(o, c.server);
    case Alias::ServerIp:
      return ip(o, v, s.back_dst, f);
    case Alias::ServerPort:
      return port(o, v, s.back_dst, f, false);
    case Alias::ServerQueue:
      return number(o, c.server_queue);
    case Alias::Termination:
      return o.put({s.termination.data(), 2});
    case Alias::TerminationCookie:
      return o.put({s.termination.data(), 4});
  }
}

bool is_number(Alias a) noexcept {
  switch (a) {
    case Alias::AcceptSeconds:
    case Alias::AcceptMillis:
    case Alias::TimeActive:
    case Alias::TimeConnect:
    case Alias::TimeData:
    case Alias::TimeHandshake:
    case Alias::TimeIdle:
    case Alias::TimeTq:
    case Alias::TimeRequest:
    case Alias::TimeResponse:
    case Alias::TimeTotal:
    case Alias::TimeUser:
    case Alias::TimeQueue:
    case Alias::BytesOut:
    case Alias::BytesIn:
    case Alias::Status:
    case Alias::ActiveConns:
    case Alias::BackendConns:
    case Alias::BackSrcPort:
    case Alias::BackendQueue:
    case Alias::ClientPort:
    case Alias::FrontendConns:
    case Alias::FrontPort:
    case Alias::LogCounter:
    case Alias::Pid:
    case Alias::Retries:
    case Alias::RequestCounter:
    case Alias::ServerConns:
    case Alias::ServerPort:
    case Alias::ServerQueue:
      return true;
    default:
      return false;
  }
}

void expression(FormatOut& o, const View& v, SampleContext& ctx, const Piece& piece, bool http) noexcept {
  const ScratchScope scope(*ctx.scratch);
  Sample s;
  Cursor cursor;
  if (!piece.program->run(ctx, s, cursor) || (s.type != SampleType::Bin && !cast(ctx, s, SampleType::Str)) ||
      s.text.empty()) {
    return optional_text(o, v, {}, piece.flags);
  }
  if (!http) return optional_text(o, v, s.text, piece.flags);
  const bool quote = (piece.flags & Piece::kQuote) != 0;
  if (quote) o.put('"');
  o.put_escaped(s.text, kInHttp, (piece.flags & Piece::kEscape) != 0);
  if (quote) o.put('"');
}

// The value of an item for an encoder, as text in scratch memory or as a number.
EncodedValue value_of(const View& v, SampleContext& ctx, const Piece& piece) noexcept {
  EncodedValue e;
  if (piece.kind == Piece::Kind::Alias) {
    const auto room = ctx.scratch->rest();
    FormatOut o(room.data(), room.size());
    View bare = v;
    bare.dash = bare.plus = false;
    const bool as_hex = (piece.flags & Piece::kHex) != 0;
    alias(o, bare, piece.alias, static_cast<std::uint8_t>(as_hex ? Piece::kHex : 0));
    ctx.scratch->keep(o.size());
    e.text = {room.data(), o.size()};
    e.kind = e.text.empty() ? EncodedValue::Kind::Null : EncodedValue::Kind::Text;
    if (is_number(piece.alias) && !e.text.empty()) {
      if (const auto n = base::parse_int<std::int64_t>(e.text); n && !as_hex) {
        e.kind = EncodedValue::Kind::Number;
        e.number = *n;
      }
    }
  } else {
    Sample s;
    Cursor cursor;
    if (!piece.program->run(ctx, s, cursor)) return e;
    if (s.type == SampleType::Bool) {
      e.kind = EncodedValue::Kind::Boolean;
      e.number = s.num;
    } else if (s.type == SampleType::Sint) {
      e.kind = EncodedValue::Kind::Number;
      e.number = s.num;
    } else {
      const bool binary = s.type == SampleType::Bin;
      if (!binary && !cast(ctx, s, SampleType::Str)) return e;
      e.kind = binary ? EncodedValue::Kind::Bytes : EncodedValue::Kind::Text;
      e.text = s.text;
    }
  }
  force_type(ctx, e, piece.force);
  return e;
}

}  // namespace

std::size_t LogFormat::render(SampleContext& ctx, char* out, std::size_t room) const noexcept {
  if (pieces_ == nullptr) return 0;
  FormatOut o(out, room);
  const Pieces& f = *pieces_;
  if (f.is_literal) {
    o.put(f.literal);
    return o.size();
  }
  const View v{ctx, ctx.stream != nullptr ? *ctx.stream : kNoStream, ctx.conn, f.dash, true};
  if ((f.global & (Piece::kJson | Piece::kCbor)) != 0) {
    // Only named items count then (manual 8.2.6).
    Encoder encoder(o, f.global);
    encoder.begin_map();
    for (const Piece& piece : f.list) {
      if (piece.kind < Piece::Kind::Alias || piece.text.empty()) continue;
      const ScratchScope scope(*ctx.scratch);
      encoder.key(piece.text);
      encoder.value(value_of(v, ctx, piece));
    }
    encoder.end_map();
    return o.size();
  }
  for (const Piece& piece : f.list) {
    switch (piece.kind) {
      case Piece::Kind::Literal:
        if (piece.small != 0) {
          o.put_small(piece.small_text, piece.small);
        } else {
          o.put(piece.text);
        }
        continue;
      case Piece::Kind::Blank:
        if (!o.empty() && o.last() != ' ') o.put(' ');
        continue;
      default:
        break;
    }
    if (__builtin_expect((piece.flags & (Piece::kJson | Piece::kCbor)) != 0, 0)) {
      const ScratchScope scope(*ctx.scratch);
      Encoder(o, piece.flags).value(value_of(v, ctx, piece));
    } else if (piece.kind == Piece::Kind::Alias) {
      alias(o, v, piece.alias, piece.flags);
    } else {
      expression(o, v, ctx, piece, f.http && (f.global & Piece::kBinary) == 0);
    }
  }
  return o.size();
}

std::string_view LogFormat::render(SampleContext& ctx) const noexcept {
  if (pieces_ != nullptr && pieces_->is_literal) return pieces_->literal;
  // Expressions need scratch memory of their own while this text grows: it gets half of what is left.
  const auto rest = ctx.scratch->rest();
  const auto room = ctx.scratch->take(rest.size() / 2);
  if (room.data() == nullptr) return {};
  const std::size_t n = render(ctx, room.data(), room.size());
  ctx.scratch->rewind(ctx.scratch->mark() - (room.size() - n));
  return {room.data(), n};
}

}  // namespace sluice::policy
