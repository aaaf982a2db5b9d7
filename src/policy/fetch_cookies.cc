// Cookies (manual 7.3.6 req.cook, res.cook; RFC 6265 4.1, 4.2).
#include <cstring>

#include "policy/registry.h"
#include "policy/target.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

struct Pair {
  std::string_view name;
  std::string_view value;
};

// The pair beginning at `offset`; false at the end. Requests separate cookies by ';' and, as old clients do, by ','.
// Quoted values may hold either. In a response only the first pair is a cookie, what follows are its attributes.
template <bool Response>
bool next_pair(std::string_view text, std::size_t& offset, Pair& out) noexcept {
  while (offset < text.size()) {
    std::size_t end = offset;
    bool quoted = false;
    for (; end < text.size(); ++end) {
      const char c = text[end];
      if (c == '"') quoted = !quoted;
      if (!quoted && (c == ';' || (!Response && c == ','))) break;
    }
    const std::string_view item = text.substr(offset, end - offset);
    offset = end + 1;
    const auto equal = item.find('=');
    if (equal == std::string_view::npos) continue;
    out = {base::trim_ows(item.substr(0, equal)), base::trim_ows(item.substr(equal + 1))};
    return true;
  }
  return false;
}

// Walks all cookies of a message from the cursor on. A Set-Cookie field holds one cookie, its attributes follow.
template <bool Response>
bool next_cookie(const SampleContext& ctx, Cursor& cursor, Pair& out) noexcept {
  const http::Fields* all = nullptr;
  if (Response) {
    if (ctx.response != nullptr) all = &ctx.response->fields;
  } else if (ctx.request != nullptr) {
    all = &ctx.request->fields;
  }
  constexpr auto kId = Response ? http::HeaderId::SetCookie : http::HeaderId::Cookie;
  if (all == nullptr || !all->maybe_has(kId)) return false;
  for (; cursor.item < all->size(); ++cursor.item, cursor.offset = 0) {
    const http::Field& f = (*all)[cursor.item];
    if (f.id != kId || f.removed()) continue;
    std::size_t offset = cursor.offset;
    if (!next_pair<Response>(f.value(), offset, out)) continue;
    if (Response) {
      ++cursor.item;
      cursor.offset = 0;
    } else {
      cursor.offset = static_cast<std::uint32_t>(offset);
    }
    return true;
  }
  return false;
}

template <bool Response>
bool cookie(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  Pair pair;
  if (cursor.iterate) {
    while (next_cookie<Response>(ctx, cursor, pair)) {
      if (a[0].given() && pair.name != a[0].text) continue;
      s.set_str(pair.value);
      cursor.more = true;
      return true;
    }
    cursor.more = false;
    return false;
  }
  bool found = false;
  Cursor walk;
  while (next_cookie<Response>(ctx, walk, pair)) {
    if (a[0].given() && pair.name != a[0].text) continue;
    s.set_str(pair.value);
    found = true;
    if (!a[0].given()) break;  // without a name the first one, with a name the last one
  }
  return found;
}
bool cookie_either(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  return ctx.response_side ? cookie<true>(ctx, a, s, cursor) : cookie<false>(ctx, a, s, cursor);
}
template <bool Response>
bool cookie_val(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  if (!cookie<Response>(ctx, a, s, cursor)) return false;
  s.set_int(leading_int(s.text));
  return true;
}
template <bool Response>
bool cookie_cnt(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  if (Response ? ctx.response == nullptr : ctx.request == nullptr) return false;
  Cursor walk;
  Pair pair;
  std::int64_t n = 0;
  while (next_cookie<Response>(ctx, walk, pair)) {
    if (!a[0].given() || pair.name == a[0].text) ++n;
  }
  s.set_int(n);
  return true;
}
template <bool Response>
bool cookie_names(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  if (Response ? ctx.response == nullptr : ctx.request == nullptr) return false;
  const char delimiter = a[0].given() && !a[0].text.empty() ? a[0].text[0] : ',';
  const auto room = ctx.scratch->rest();
  std::size_t n = 0;
  Cursor walk;
  Pair pair;
  while (next_cookie<Response>(ctx, walk, pair)) {
    if (n + pair.name.size() + 1 > room.size()) return false;
    if (n != 0) room[n++] = delimiter;
    std::memcpy(room.data() + n, pair.name.data(), pair.name.size());
    n += pair.name.size();
  }
  ctx.scratch->keep(n);
  s.set_str({room.data(), n});
  return true;
}

constexpr FetchRow kRows[] = {
    {"req.cook", "[string]", SampleType::Str, kRequestHead, cookie<false>, Need::Request},
    {"req.cook_cnt", "[string]", SampleType::Sint, kRequestHead, cookie_cnt<false>, Need::Request},
    {"req.cook_val", "[string]", SampleType::Sint, kRequestHead, cookie_val<false>, Need::Request},
    {"req.cook_names", "[string]", SampleType::Str, kRequestHead, cookie_names<false>, Need::Request},
    {"cook", "[string]", SampleType::Str, kRequestHead, cookie<false>, Need::Request},
    {"cook_cnt", "[string]", SampleType::Sint, kRequestHead, cookie_cnt<false>, Need::Request},
    {"cook_val", "[string]", SampleType::Sint, kRequestHead, cookie_val<false>, Need::Request},
    {"cookie", "[string]", SampleType::Str, kEitherHead, cookie_either},
    {"res.cook", "[string]", SampleType::Str, kResponseHead, cookie<true>, Need::Response},
    {"res.cook_cnt", "[string]", SampleType::Sint, kResponseHead, cookie_cnt<true>, Need::Response},
    {"res.cook_val", "[string]", SampleType::Sint, kResponseHead, cookie_val<true>, Need::Response},
    {"res.cook_names", "[string]", SampleType::Str, kResponseHead, cookie_names<true>, Need::Response},
    {"scook", "[string]", SampleType::Str, kResponseHead, cookie<true>, Need::Response},
    {"scook_cnt", "[string]", SampleType::Sint, kResponseHead, cookie_cnt<true>, Need::Response},
    {"scook_val", "[string]", SampleType::Sint, kResponseHead, cookie_val<true>, Need::Response},
};

}  // namespace

std::span<const FetchRow> cookie_fetches() { return kRows; }

}  // namespace sluice::policy
