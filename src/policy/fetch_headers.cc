// Header fields of requests and responses (manual 7.3.6 req.hdr, res.fhdr, ...).
//
// hdr() looks at comma-separated values, fhdr() at whole fields. In an ACL every value is tried in turn
// (Cursor::iterate), elsewhere the last one counts unless an occurrence is asked for.
#include <cstring>

#include "policy/registry.h"
#include "policy/target.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

enum class Side : std::uint8_t { Request, Response, Either };

template <Side S>
const http::Fields* fields(const SampleContext& ctx) noexcept {
  const bool response = S == Side::Response || (S == Side::Either && ctx.response_side);
  if (response) return ctx.response != nullptr ? &ctx.response->fields : nullptr;
  return ctx.request != nullptr ? &ctx.request->fields : nullptr;
}

// Arg 0 after preparing: text in lower case, num = HeaderId. Arg 1: the occurrence.
bool prepare_header(Build& b) {
  Arg& name = b.args[0];
  if (!name.given()) return true;
  std::string text(name.text);
  for (char& c : text) c = base::to_lower(c);
  name.num = static_cast<std::int64_t>(http::header_id(text));
  name.text = b.keep(std::move(text));
  return true;
}
bool named(const http::Field& f, const Arg& name) noexcept {
  if (f.removed()) return false;
  if (!name.given()) return true;
  const auto id = static_cast<http::HeaderId>(name.num);
  if (id != http::HeaderId::Unknown) return f.id == id;
  return f.id == http::HeaderId::Unknown && f.name() == name.text;
}

// The comma-separated element beginning at `offset`; empty elements count. Moves offset behind it, or to npos at the
// end.
std::string_view element(std::string_view value, std::size_t& offset) noexcept {
  if (offset == 0 && (value.empty() || std::memchr(value.data(), ',', value.size()) == nullptr)) {
    offset = std::string_view::npos;
    return value;  // values carry no blanks at their ends
  }
  const std::size_t i = http::list_element_end(value, offset);
  const std::string_view item = value.substr(offset, i - offset);
  offset = i < value.size() ? i + 1 : std::string_view::npos;
  return base::trim_ows(item);
}

// Calls fn(value) for every value until it returns false.
template <bool Whole, class Fn>
void each_value(const http::Fields& all, const Arg& name, Fn&& fn) noexcept {
  if (name.given() && name.num != 0 && !all.maybe_has(static_cast<http::HeaderId>(name.num))) return;
  for (const http::Field& f : all) {
    if (!named(f, name)) continue;
    if constexpr (Whole) {
      if (!fn(f.value())) return;
    } else {
      std::size_t offset = 0;
      while (offset != std::string_view::npos) {
        if (!fn(element(f.value(), offset))) return;
      }
    }
  }
}

template <bool Whole>
bool next_value(const http::Fields& all, const Arg& name, Sample& s, Cursor& cursor) noexcept {
  cursor.more = false;
  if (name.given() && name.num != 0 && !all.maybe_has(static_cast<http::HeaderId>(name.num))) return false;
  for (std::size_t i = cursor.item; i < all.size(); ++i, cursor.offset = 0) {
    const http::Field& f = all[i];
    if (!named(f, name)) continue;
    cursor.more = true;
    if constexpr (Whole) {
      s.set_str(f.value());
      cursor.item = static_cast<std::uint32_t>(i + 1);
    } else {
      std::size_t offset = cursor.offset;
      s.set_str(element(f.value(), offset));
      const bool end = offset == std::string_view::npos;
      cursor.item = static_cast<std::uint32_t>(end ? i + 1 : i);
      cursor.offset = end ? 0 : static_cast<std::uint32_t>(offset);
    }
    return true;
  }
  return false;
}

template <bool Whole>
bool one_value(const http::Fields& all, const Arg& name, std::int64_t occurrence, Sample& s) noexcept {
  std::string_view found;
  std::int64_t seen = 0;
  if (occurrence > 0) {
    bool hit = false;
    each_value<Whole>(all, name, [&](std::string_view v) noexcept {
      hit = ++seen == occurrence;
      if (hit) found = v;
      return !hit;
    });
    if (!hit) return false;
  } else {
    if (occurrence < -1) {
      each_value<Whole>(all, name, [&](std::string_view) noexcept { return ++seen, true; });
      if (seen + occurrence < 0) return false;
      return one_value<Whole>(all, name, seen + occurrence + 1, s);
    }
    each_value<Whole>(all, name, [&](std::string_view v) noexcept { return found = v, ++seen, true; });
    if (seen == 0) return false;
  }
  s.set_str(found);
  return true;
}

template <Side S, bool Whole>
bool header(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  const http::Fields* all = fields<S>(ctx);
  if (all == nullptr) return false;
  if (cursor.iterate && a[1].num == 0) return next_value<Whole>(*all, a[0], s, cursor);
  if (!a[0].given()) return false;  // "every value" makes sense to ACLs only
  return one_value<Whole>(*all, a[0], a[1].num, s);
}
template <Side S>
bool header_val(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  if (!header<S, false>(ctx, a, s, cursor)) return false;
  s.set_int(leading_int(s.text));
  return true;
}
// An address as RFC 7239 writes it; IPv4 may carry a port.
bool set_ip(Sample& s, std::string_view text) noexcept {
  std::uint32_t ip4 = 0;
  Ip6Bytes ip6;
  if (parse_ip6(text, ip6)) {
    s.set_ip6(ip6);
    return true;
  }
  if (text.size() > 2 && text.front() == '[' && text.back() == ']' && parse_ip6(text.substr(1, text.size() - 2), ip6)) {
    s.set_ip6(ip6);
    return true;
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && !base::parse_int<std::uint16_t>(text.substr(colon + 1))) return false;
  if (!parse_ip4(text.substr(0, colon), ip4)) return false;
  s.set_ip4(ip4);
  return true;
}
template <Side S>
bool header_ip(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  while (header<S, false>(ctx, a, s, cursor)) {
    if (set_ip(s, s.text)) return true;
    if (!cursor.iterate || !cursor.more) return false;
  }
  return false;
}
template <Side S, bool Whole>
bool header_cnt(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  const http::Fields* all = fields<S>(ctx);
  if (all == nullptr) return false;
  std::int64_t n = 0;
  each_value<Whole>(*all, a[0], [&](std::string_view) noexcept { return ++n, true; });
  s.set_int(n);
  return true;
}
template <Side S>
bool header_names(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  const http::Fields* all = fields<S>(ctx);
  if (all == nullptr) return false;
  const char delimiter = a[0].given() && !a[0].text.empty() ? a[0].text[0] : ',';
  const auto room = ctx.scratch->rest();
  std::size_t n = 0;
  for (const http::Field& f : *all) {
    if (f.removed()) continue;
    if (n + f.name_len + 1 > room.size()) return false;
    if (n != 0) room[n++] = delimiter;
    std::memcpy(room.data() + n, f.name_data, f.name_len);
    n += f.name_len;
  }
  ctx.scratch->keep(n);
  s.set_str({room.data(), n});
  return true;
}
template <Side S>
bool header_block(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const http::Fields* all = fields<S>(ctx);
  if (all == nullptr) return false;
  const auto room = ctx.scratch->rest();
  std::size_t n = 0;
  const auto add = [&](std::string_view v) noexcept {
    if (n + v.size() > room.size()) return false;
    if (!v.empty()) std::memcpy(room.data() + n, v.data(), v.size());
    n += v.size();
    return true;
  };
  for (const http::Field& f : *all) {
    if (f.removed()) continue;
    if (!add(f.name()) || !add(": ") || !add(f.value()) || !add("\r\n")) return false;
  }
  if (!add("\r\n")) return false;
  ctx.scratch->keep(n);
  s.set_bin({room.data(), n});
  return true;
}

constexpr auto kReq = Side::Request;
constexpr auto kRes = Side::Response;
constexpr FetchRow kRows[] = {
    {"hdr", "[string,integer]", SampleType::Str, kEitherHead, header<Side::Either, false>, Need::None, prepare_header},
    {"hdr_cnt", "[string]", SampleType::Sint, kRequestHead, header_cnt<kReq, false>, Need::Request, prepare_header},
    {"hdr_ip", "[string,integer]", SampleType::Addr, kRequestHead, header_ip<kReq>, Need::Request, prepare_header},
    {"hdr_val", "[string,integer]", SampleType::Sint, kRequestHead, header_val<kReq>, Need::Request, prepare_header},
    {"req.hdr", "[string,integer]", SampleType::Str, kRequestHead, header<kReq, false>, Need::Request, prepare_header},
    {"req.fhdr", "[string,integer]", SampleType::Str, kRequestHead, header<kReq, true>, Need::Request, prepare_header},
    {"req.hdr_cnt", "[string]", SampleType::Sint, kRequestHead, header_cnt<kReq, false>, Need::Request, prepare_header},
    {"req.fhdr_cnt", "[string]", SampleType::Sint, kRequestHead, header_cnt<kReq, true>, Need::Request, prepare_header},
    {"req.hdr_ip", "[string,integer]", SampleType::Addr, kRequestHead, header_ip<kReq>, Need::Request, prepare_header},
    {"req.hdr_val", "[string,integer]", SampleType::Sint, kRequestHead, header_val<kReq>, Need::Request,
     prepare_header},
    {"req.hdr_names", "[string]", SampleType::Str, kRequestHead, header_names<kReq>, Need::Request},
    {"req.hdrs", "", SampleType::Bin, kRequestHead, header_block<kReq>, Need::Request},
    {"res.hdr", "[string,integer]", SampleType::Str, kResponseHead, header<kRes, false>, Need::Response,
     prepare_header},
    {"res.fhdr", "[string,integer]", SampleType::Str, kResponseHead, header<kRes, true>, Need::Response,
     prepare_header},
    {"res.hdr_cnt", "[string]", SampleType::Sint, kResponseHead, header_cnt<kRes, false>, Need::Response,
     prepare_header},
    {"res.fhdr_cnt", "[string]", SampleType::Sint, kResponseHead, header_cnt<kRes, true>, Need::Response,
     prepare_header},
    {"res.hdr_ip", "[string,integer]", SampleType::Addr, kResponseHead, header_ip<kRes>, Need::Response,
     prepare_header},
    {"res.hdr_val", "[string,integer]", SampleType::Sint, kResponseHead, header_val<kRes>, Need::Response,
     prepare_header},
    {"res.hdr_names", "[string]", SampleType::Str, kResponseHead, header_names<kRes>, Need::Response},
    {"res.hdrs", "", SampleType::Bin, kResponseHead, header_block<kRes>, Need::Response},
    {"shdr", "[string,integer]", SampleType::Str, kResponseHead, header<kRes, false>, Need::Response, prepare_header},
    {"shdr_cnt", "[string]", SampleType::Sint, kResponseHead, header_cnt<kRes, false>, Need::Response, prepare_header},
    {"shdr_ip", "[string,integer]", SampleType::Addr, kResponseHead, header_ip<kRes>, Need::Response, prepare_header},
    {"shdr_val", "[string,integer]", SampleType::Sint, kResponseHead, header_val<kRes>, Need::Response, prepare_header},
};

}  // namespace

std::span<const FetchRow> header_fetches() { return kRows; }

}  // namespace sluice::policy
