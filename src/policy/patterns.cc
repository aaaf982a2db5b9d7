#include "policy/patterns.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "policy/args.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"
#include "sluice/http/message.h"

namespace sluice::policy {
namespace {

constexpr std::size_t kFew = 6;  // up to that many are compared one by one
constexpr std::string_view kMatchNames[] = {"found", "bool", "int", "ip",  "bin", "len", "str",
                                            "beg",   "end",  "sub", "dir", "dom", "reg", "meth"};

bool same_text(const char* a, const char* b, std::size_t n, bool ignore_case) noexcept {
  if (!ignore_case) return n == 0 || std::memcmp(a, b, n) == 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// `needle` somewhere in `text`.
bool contains(std::string_view text, std::string_view needle, bool ignore_case) noexcept {
  if (!ignore_case) return text.find(needle) != std::string_view::npos;
  if (needle.empty()) return true;
  const auto first = lower(needle.front());
  for (std::size_t i = 0; i + needle.size() <= text.size(); ++i) {
    if (lower(text[i]) == first && same_text(text.data() + i, needle.data(), needle.size(), true)) return true;
  }
  return false;
}

bool is_dir_delimiter(char c) noexcept { return c == '/' || c == '?'; }
bool is_dom_delimiter(char c) noexcept { return c == '/' || c == '?' || c == '.' || c == ':'; }

// `needle` between delimiters or the ends of the text.
template <class IsDelimiter>
bool contains_part(std::string_view text, std::string_view needle, bool ignore_case, IsDelimiter is) noexcept {
  while (!needle.empty() && is(needle.front())) needle.remove_prefix(1);
  while (!needle.empty() && is(needle.back())) needle.remove_suffix(1);
  if (needle.empty()) return false;  // nothing but delimiters names no part
  bool may_begin = true;
  for (std::size_t i = 0; i + needle.size() <= text.size(); ++i) {
    const bool end = i + needle.size() == text.size() || is(text[i + needle.size()]);
    if (may_begin && end && !is(text[i]) && same_text(text.data() + i, needle.data(), needle.size(), ignore_case)) {
      return true;
    }
    may_begin = is(text[i]);
  }
  return false;
}

// Dotted IPv4, last number filling what is left out in the middle ("10.1" is 10.0.0.1; manual 7.1.6).
bool parse_short_ip4(std::string_view text, std::uint32_t& out) noexcept {
  std::uint32_t parts[4] = {};
  unsigned n = 0;
  while (n < 4) {
    const auto dot = text.find('.');
    const auto v = base::parse_int<std::uint8_t>(text.substr(0, dot));
    if (!v) return false;
    parts[n++] = *v;
    if (dot == std::string_view::npos) {
      text = {};
      break;
    }
    text.remove_prefix(dot + 1);
    if (n == 4) return false;
  }
  if (n < 2 || !text.empty()) return false;
  const std::uint32_t last = parts[n - 1];
  parts[n - 1] = 0;
  out = parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | last;
  if (n == 4) out = parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | last;
  return true;
}

}  // namespace

bool match_of(std::string_view name, Match& out) noexcept {
  for (std::size_t i = 0; i < std::size(kMatchNames); ++i) {
    if (kMatchNames[i] == name && name != "meth") {
      out = static_cast<Match>(i);
      return true;
    }
  }
  return false;
}
std::string_view match_name(Match m) noexcept { return kMatchNames[static_cast<std::size_t>(m)]; }

bool match_applies(Match m, SampleType type) noexcept {
  if (type == SampleType::Any) return true;  // looked at when there is a value
  switch (m) {
    case Match::Bool:
      return type == SampleType::Bool || type == SampleType::Sint || type == SampleType::Str;
    case Match::Int:
      return castable(type, SampleType::Sint);
    case Match::Ip:
      return castable(type, SampleType::Addr);
    case Match::Bin:
      return type == SampleType::Str || type == SampleType::Bin;
    default:
      return true;
  }
}
bool takes_patterns(Match m) noexcept { return m != Match::Found && m != Match::Bool; }

bool comparison_of(std::string_view word, Comparison& out) noexcept {
  static constexpr std::string_view kNames[] = {"eq", "ge", "gt", "le", "lt"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == word) {
      out = static_cast<Comparison>(i);
      return true;
    }
  }
  return false;
}

bool Patterns::empty() const noexcept {
  return texts_.empty() && ranges_.empty() && nets4_.empty() && nets6_.empty() && regexes_.empty();
}

bool Patterns::add(std::string_view text, bool ignore_case, Comparison how, bool names, bool jit, std::string& error) {
  switch (match_) {
    case Match::Found:
    case Match::Bool:
      return true;  // "all values are ignored" (manual 7.1.1)
    case Match::Int:
    case Match::Len:
      return add_number(text, how, error);
    case Match::Ip:
      return add_address(text, names, error);
    case Match::Bin:
      return add_bytes(text, error);
    case Match::Reg: {
      Regex r = Regex::compile(text, ignore_case, jit, error);
      if (!r.valid()) return false;
      regexes_.push_back(std::move(r));
      return true;
    }
    case Match::Meth:
      ignore_case = true;
      [[fallthrough]];
    default:
      add_text(std::string(text), ignore_case);
      return true;
  }
}

void Patterns::add_text(std::string text, bool ignore_case) {
  owned_.push_back(std::move(text));
  texts_.push_back({owned_.back().data(), static_cast<std::uint32_t>(owned_.back().size()), ignore_case});
}

bool Patterns::add_bytes(std::string_view text, std::string& error) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int hi = hex_value(text[i]);
    const int lo = hex_value(text[i + 1]);
    if (hi < 0 || lo < 0) break;
    bytes += static_cast<char>(hi << 4 | lo);
  }
  if (text.size() % 2 != 0 || bytes.size() != text.size() / 2) {
    error = "'" + std::string(text) + "' is not an even number of hex digits";
    return false;
  }
  add_text(std::move(bytes), false);
  return true;
}

bool Patterns::add_number(std::string_view text, Comparison how, std::string& error) {
  // "a", "a:b", ":b", "a:"; a number may be "x.y", worth x * 65536 + y (manual 7.1.2).
  const auto number = [](std::string_view t, std::int64_t& out) {
    const auto dot = t.find('.');
    if (dot == std::string_view::npos) {
      const auto v = base::parse_int<std::int64_t>(t);
      if (v) out = *v;
      return v.has_value();
    }
    const auto major = base::parse_int<std::uint16_t>(t.substr(0, dot));
    const auto minor = base::parse_int<std::uint16_t>(t.substr(dot + 1));
    if (!major || !minor) return false;
    out = std::int64_t{*major} << 16 | *minor;
    return true;
  };
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  Range r{kMin, kMax};
  const auto colon = text.find(':');
  const std::string_view low = text.substr(0, colon);
  const std::string_view high = colon == std::string_view::npos ? low : text.substr(colon + 1);
  const bool open_low = low.empty() && colon != std::string_view::npos;
  const bool open_high = high.empty() && colon != std::string_view::npos;
  if ((!open_low && !number(low, r.low)) || (!open_high && !number(high, r.high)) || text == ":") {
    error = "'" + std::string(text) + "' is not a number";
    return false;
  }
  if (r.low > r.high) {
    error = "'" + std::string(text) + "' is not a valid number range";
    return false;
  }
  switch (how) {
    case Comparison::Eq:
      break;
    case Comparison::Ge:
      r = {r.low, kMax};
      break;
    case Comparison::Gt:
      r = {r.high == kMax ? kMax : r.high + 1, kMax};
      break;
    case Comparison::Le:
      r = {kMin, r.high};
      break;
    case Comparison::Lt:
      r = {kMin, r.low == kMin ? kMin : r.low - 1};
      break;
  }
  ranges_.push_back(r);
  return true;
}

bool Patterns::add_address(std::string_view text, bool names, std::string& error) {
  const auto slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::string_view mask_text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
  Net4 n4{0, ~0U};
  Net6 n6{};
  if (host.find(':') != std::string_view::npos) {
    const auto bits = mask_text.empty() ? std::optional<unsigned>(128) : base::parse_int<unsigned>(mask_text);
    if (parse_ip6(host, n6.net) && (slash == std::string_view::npos || !mask_text.empty()) && bits && *bits <= 128 &&
        parse_mask6(std::to_string(*bits), n6.mask)) {
      for (std::size_t i = 0; i < 16; ++i) n6.net[i] &= n6.mask[i];
      nets6_.push_back(n6);
      return true;
    }
  } else if (slash == std::string_view::npos || (!mask_text.empty() && parse_mask4(mask_text, n4.mask))) {
    bool ok = parse_short_ip4(host, n4.net);
    if (!ok && names && !host.empty() && host.find_first_not_of("0123456789.") != std::string_view::npos) {
      addrinfo hints{};
      hints.ai_family = AF_INET;
      hints.ai_socktype = SOCK_STREAM;
      addrinfo* found = nullptr;
      if (getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found) == 0 && found != nullptr) {
        n4.net = ntohl(reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr.s_addr);
        freeaddrinfo(found);
        ok = true;
      }
    }
    if (ok) {
      n4.net &= n4.mask;
      nets4_.push_back(n4);
      return true;
    }
  }
  error = "'" + std::string(text) + "' is not a valid IPv4 or IPv6 address";
  return false;
}

void Patterns::make_edge(Text& t) const noexcept {
  char bytes[8] = {};
  char mask[8] = {};
  const std::size_t n = std::min<std::size_t>(t.len, 8);
  for (std::size_t i = 0; i < n; ++i) {
    // End: right-aligned, so that the last byte of the pattern meets the last byte of the text.
    const std::size_t at = match_ == Match::End ? 8 - n + i : i;
    const char c = match_ == Match::End ? t.data[t.len - n + i] : t.data[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    mask[at] = static_cast<char>(t.ignore_case && letter ? 0xdf : 0xff);
    bytes[at] = static_cast<char>(c & mask[at]);
  }
  std::memcpy(&t.edge, bytes, 8);
  std::memcpy(&t.edge_mask, mask, 8);
}

void Patterns::seal() {
  single_ = texts_.size() == 1 && (match_ == Match::Str || match_ == Match::Beg || match_ == Match::End);
  if (single_) make_edge(texts_.front());
  if (ranges_.size() > kFew) {
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.low < b.low; });
    std::vector<Range> merged;
    for (const Range& r : ranges_) {
      if (!merged.empty() && r.low <= merged.back().high) {
        merged.back().high = std::max(merged.back().high, r.high);
      } else {
        merged.push_back(r);
      }
    }
    ranges_ = std::move(merged);
  }
  if (nets4_.size() > kFew) {
    for (const Net4& n : nets4_) {
      auto it = std::find_if(groups4_.begin(), groups4_.end(), [&](const MaskGroup& g) { return g.mask == n.mask; });
      if (it == groups4_.end()) it = groups4_.insert(it, MaskGroup{n.mask, {}});
      it->nets.insert(n.net);
    }
  }
  if (texts_.size() > kFew &&
      (match_ == Match::Str || match_ == Match::Beg || match_ == Match::End || match_ == Match::Bin)) {
    tabled_ = true;
    for (const Text& t : texts_) {
      TextTable& table = t.ignore_case ? lowered_ : exact_;
      std::string_view text(t.data, t.len);
      if (t.ignore_case) {
        std::string low(text);
        for (char& c : low) c = base::to_lower(c);
        owned_.push_back(std::move(low));
        text = owned_.back();
      }
      table.texts.insert(text);
      table.lengths.push_back(t.len);
    }
    for (TextTable* table : {&exact_, &lowered_}) {
      std::sort(table->lengths.begin(), table->lengths.end());
      table->lengths.erase(std::unique(table->lengths.begin(), table->lengths.end()), table->lengths.end());
    }
  }
}

bool Patterns::matches_number(std::int64_t v) const noexcept {
  if (ranges_.size() <= kFew) {
    for (const Range& r : ranges_) {
      if (v >= r.low && v <= r.high) return true;
    }
    return false;
  }
  // Sorted and apart from each other: the last one that begins at or before v.
  auto it =
      std::upper_bound(ranges_.begin(), ranges_.end(), v, [](std::int64_t x, const Range& r) { return x < r.low; });
  return it != ranges_.begin() && v <= std::prev(it)->high;
}

bool Patterns::matches_ip4(std::uint32_t ip) const noexcept {
  if (!groups4_.empty()) {
    for (const MaskGroup& g : groups4_) {
      if (g.nets.contains(ip & g.mask)) return true;
    }
    return false;
  }
  for (const Net4& n : nets4_) {
    if ((ip & n.mask) == n.net) return true;
  }
  return false;
}

bool Patterns::matches_ip6(const Ip6Bytes& ip) const noexcept {
  std::uint64_t a[2];
  std::memcpy(a, ip.data(), 16);
  for (const Net6& n : nets6_) {
    std::uint64_t net[2];
    std::uint64_t mask[2];
    std::memcpy(net, n.net.data(), 16);
    std::memcpy(mask, n.mask.data(), 16);
    if ((a[0] & mask[0]) == net[0] && (a[1] & mask[1]) == net[1]) return true;
  }
  return false;
}

bool Patterns::matches_address(const Sample& s) const noexcept {
  if (s.type == SampleType::Ipv4) {
    const auto ip = static_cast<std::uint32_t>(s.num);
    if (!nets4_.empty() && matches_ip4(ip)) return true;
    return !nets6_.empty() && matches_ip6(mapped_ip6(ip));
  }
  if (!nets6_.empty() && matches_ip6(s.ip6)) return true;
  std::uint32_t ip = 0;
  return !nets4_.empty() && embedded_ip4(s.ip6, ip) && matches_ip4(ip);
}

bool Patterns::matches_method(const Sample& s) const noexcept {
  for (const Text& t : texts_) {
    if (s.text.size() == t.len && same_text(s.text.data(), t.data, t.len, true)) return true;
  }
  return false;
}

inline bool Patterns::matches_one(const Text& p, std::string_view text) const noexcept {
  switch (match_) {
    case Match::Str:
    case Match::Bin:
      return text.size() == p.len && same_text(text.data(), p.data, p.len, p.ignore_case);
    case Match::Beg:
      return text.size() >= p.len && same_text(text.data(), p.data, p.len, p.ignore_case);
    case Match::End:
      return text.size() >= p.len && same_text(text.data() + (text.size() - p.len), p.data, p.len, p.ignore_case);
    case Match::Sub:
      return contains(text, {p.data, p.len}, p.ignore_case);
    case Match::Dir:
      return contains_part(text, {p.data, p.len}, p.ignore_case, is_dir_delimiter);
    case Match::Dom:
      return contains_part(text, {p.data, p.len}, p.ignore_case, is_dom_delimiter);
    default:
      return false;
  }
}

bool Patterns::matches_table(const TextTable& table, std::string_view text) const noexcept {
  if (match_ == Match::Str || match_ == Match::Bin) return table.texts.contains(text);
  for (const std::uint32_t n : table.lengths) {
    if (n > text.size()) return false;
    if (table.texts.contains(match_ == Match::Beg ? text.substr(0, n) : text.substr(text.size() - n))) return true;
  }
  return false;
}

bool Patterns::matches_text_fully(std::string_view text) const noexcept {
  if (match_ == Match::Reg) {
    for (const Regex& r : regexes_) {
      if (r.search(text)) return true;
    }
    return false;
  }
  if (match_ == Match::Len) return matches_number(static_cast<std::int64_t>(text.size()));
  if (!tabled_) {
    for (const Text& p : texts_) {
      if (matches_one(p, text)) return true;
    }
    return false;
  }
  if (!exact_.texts.empty() && matches_table(exact_, text)) return true;
  if (lowered_.texts.empty()) return false;
  // Only as much as the longest pattern can reach needs lower case.
  std::array<char, 512> low;
  const std::size_t longest = lowered_.lengths.back();
  std::string_view part = text;
  if (match_ == Match::Beg) part = text.substr(0, longest);
  if (match_ == Match::End && text.size() > longest) part = text.substr(text.size() - longest);
  if (part.size() > low.size()) {
    if (match_ == Match::Str && part.size() > longest) return false;
    for (const Text& p : texts_) {
      if (p.ignore_case && matches_one(p, text)) return true;
    }
    return false;
  }
  for (std::size_t i = 0; i < part.size(); ++i) low[i] = static_cast<char>(lower(part[i]));
  return matches_table(lowered_, {low.data(), part.size()});
}

bool Patterns::matches(SampleContext& ctx, Sample& s) const noexcept {
  switch (match_) {
    case Match::Found:
      return true;
    case Match::Bool:
      return cast(ctx, s, SampleType::Bool) && s.num != 0;
    case Match::Int:
      return cast(ctx, s, SampleType::Sint) && matches_number(s.num);
    case Match::Ip:
      return cast(ctx, s, SampleType::Addr) && matches_address(s);
    case Match::Meth:
      if (s.type != SampleType::Meth && !cast(ctx, s, SampleType::Meth)) return false;
      return matches_method(s);
    default:
      if (s.type != SampleType::Str && s.type != SampleType::Bin && !cast(ctx, s, SampleType::Str)) return false;
      return matches_text(s.text);
  }
}

}  // namespace sluice::policy
