// Raw bytes at the beginning of a TCP connection (manual 7.3.5), and wait_end. HTTP proxies see messages, no raw bytes:
// nothing is found there.
#include <algorithm>

#include "policy/registry.h"
#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

// What the client has sent so far. False: this is not a TCP connection.
bool content(const SampleContext& ctx, std::string_view& out) noexcept {
  if (ctx.stream == nullptr || ctx.stream->http) return false;
  out = ctx.request_body;
  return true;
}

// Not there yet, or what is there may grow.
bool open(SampleContext& ctx) noexcept {
  ctx.undecided = ctx.more_may_come;
  return false;
}

bool wait_end(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_bool(!ctx.more_may_come);
  if (ctx.more_may_come) (void)open(ctx);
  return true;
}

bool req_len(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  std::string_view bytes;
  if (!content(ctx, bytes)) return false;
  (void)open(ctx);
  s.set_int(static_cast<std::int64_t>(bytes.size()));
  s.flags = kVolatile;
  return true;
}

// bytes[offset, offset + length); all that follows the offset when length is 0.
bool cut(SampleContext& ctx, std::string_view bytes, std::uint64_t offset, std::uint64_t length, Sample& s) noexcept {
  if (offset + std::max<std::uint64_t>(length, 1) > bytes.size()) return open(ctx);
  if (length == 0) {
    (void)open(ctx);
    length = bytes.size() - offset;
  }
  s.set_bin(bytes.substr(offset, length));
  s.flags = kVolatile;
  return true;
}

bool payload(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  std::string_view bytes;
  return content(ctx, bytes) &&
         cut(ctx, bytes, static_cast<std::uint64_t>(a[0].num), static_cast<std::uint64_t>(a[1].num), s);
}
bool prepare_payload(Build& b) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (b.args[i].num >= 0 && b.args[i].num <= INT32_MAX) continue;
    b.error = "an offset or length is a number from 0 on, not '" + std::string(b.args[i].text) + "'";
    return false;
  }
  return true;
}

// args: where the length stands, its bytes, where the data begins (num; `object` is set when that is relative to the
// end of the length).
constexpr char kRelative = 0;
bool payload_lv(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  std::string_view bytes;
  if (!content(ctx, bytes)) return false;
  const auto end = static_cast<std::uint64_t>(a[0].num + a[1].num);
  if (end > bytes.size()) return open(ctx);
  std::uint64_t length = 0;
  for (std::uint64_t i = end - static_cast<std::uint64_t>(a[1].num); i < end; ++i)
    length = (length << 8U) | static_cast<unsigned char>(bytes[i]);
  const std::int64_t begin = a[2].object != nullptr ? a[0].num + a[1].num + a[2].num : a[2].num;
  // No buffer is that large.
  if (begin < 0 || length == 0 || length > INT32_MAX) return false;
  return cut(ctx, bytes, static_cast<std::uint64_t>(begin), length, s);
}
bool prepare_payload_lv(Build& b) {
  if (!prepare_payload(b)) return false;
  if (b.args[1].num < 1 || b.args[1].num > 8) {
    b.error = "a length is stored in 1 to 8 bytes, not in '" + std::string(b.args[1].text) + "'";
    return false;
  }
  Arg& begin = b.args[2];
  std::string_view digits = begin.text;
  if (!begin.given() || digits.starts_with('+') || digits.starts_with('-')) begin.object = &kRelative;
  if (!begin.given()) return true;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto n = base::parse_int<std::int32_t>(digits);
  if (n && *n >= -65536) {
    begin.num = *n;
    return true;
  }
  b.error = "invalid offset '" + std::string(begin.text) + "'";
  return false;
}

// The cookie of an RDP connection request: a TPKT header of 4 bytes, an X.224 connection request of 7, then
// "Cookie: name=value" CR LF (MS-RDPBCGR 2.2.1.1). False: none, or not yet.
bool rdp_cookie_of(SampleContext& ctx, const Arg& name, std::string_view& value) noexcept {
  constexpr std::size_t kHeader = 11;
  constexpr std::string_view kCookie = "Cookie: ";
  std::string_view bytes;
  if (!content(ctx, bytes)) return false;
  if (bytes.size() < kHeader) return open(ctx);
  const auto at = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const bool request = at(0) == 3 && (at(5) & 0xf0U) == 0xe0 && at(6) == 0 && at(7) == 0;
  if (!request) return false;
  std::string_view rest = bytes.substr(kHeader);
  if (!base::iequals(rest.substr(0, kCookie.size()), kCookie.substr(0, rest.size()))) return false;
  const auto end = rest.find_first_of("\r\n");
  if (end == std::string_view::npos) return open(ctx);
  rest = rest.substr(kCookie.size(), end - kCookie.size());
  const auto equal = rest.find('=');
  if (equal == std::string_view::npos) return false;
  if (name.given() && !name.text.empty() && !base::iequals(rest.substr(0, equal), name.text)) return false;
  value = rest.substr(equal + 1);
  return true;
}
bool rdp_cookie(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  std::string_view value;
  if (!rdp_cookie_of(ctx, a[0], value)) return false;
  s.set_str(value);
  s.flags = kVolatile;
  return true;
}
bool rdp_cookie_cnt(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  std::string_view value;
  s.set_int(rdp_cookie_of(ctx, a[0], value) ? 1 : 0);
  s.flags = kVolatile;
  return true;
}

constexpr FetchRow kRows[] = {
    {"wait_end", "", SampleType::Bool, kInternal, wait_end},
    {"req.len", "", SampleType::Sint, kRequestHead, req_len, Need::Body},
    {"req_len", "", SampleType::Sint, kRequestHead, req_len, Need::Body},
    {"req.payload", "integer,integer", SampleType::Bin, kRequestHead, payload, Need::Body, prepare_payload},
    {"req.payload_lv", "integer,integer[,string]", SampleType::Bin, kRequestHead, payload_lv, Need::Body,
     prepare_payload_lv},
    // Their other half, the response's bytes, comes with the rules that look at them.
    {"payload", "integer,integer", SampleType::Bin, kRequestHead, payload, Need::Body, prepare_payload},
    {"payload_lv", "integer,integer[,string]", SampleType::Bin, kRequestHead, payload_lv, Need::Body,
     prepare_payload_lv},
    {"req.rdp_cookie", "[string]", SampleType::Str, kRequestHead, rdp_cookie, Need::Body},
    {"rdp_cookie", "[string]", SampleType::Str, kRequestHead, rdp_cookie, Need::Body},
    {"req.rdp_cookie_cnt", "[string]", SampleType::Sint, kRequestHead, rdp_cookie_cnt, Need::Body},
    {"rdp_cookie_cnt", "[string]", SampleType::Sint, kRequestHead, rdp_cookie_cnt, Need::Body},
};

}  // namespace

std::span<const FetchRow> content_fetches() { return kRows; }

}  // namespace sluice::policy
