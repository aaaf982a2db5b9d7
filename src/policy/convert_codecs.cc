// Encodings: hex, base64, URL (manual 7.3.1).
#include <array>
#include <cstring>

#include "policy/registry.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

bool hex(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  const auto room = ctx.scratch->take(s.text.size() * 2);
  if (room.data() == nullptr) return false;
  char* p = room.data();
  for (const char c : s.text) {
    *p++ = kUpperHex[static_cast<unsigned char>(c) >> 4];
    *p++ = kUpperHex[static_cast<unsigned char>(c) & 15];
  }
  s.set_str({room.data(), room.size()});
  return true;
}
bool hex2i(SampleContext&, const Arg*, Sample& s) noexcept {
  std::uint64_t v = 0;
  std::size_t n = 0;
  for (; n < s.text.size() && n < 16; ++n) {
    const int d = hex_value(s.text[n]);
    if (d < 0) break;
    v = v << 4 | static_cast<unsigned>(d);
  }
  if (n == 0 && !s.text.empty()) return false;
  s.set_int(static_cast<std::int64_t>(v));
  return true;
}

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrlAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::array<std::int8_t, 256> reverse_of(const char* alphabet) {
  std::array<std::int8_t, 256> t{};
  for (auto& v : t) v = -1;
  for (int i = 0; i < 64; ++i) t[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return t;
}
constexpr auto kReverse = reverse_of(kAlphabet);
constexpr auto kUrlReverse = reverse_of(kUrlAlphabet);

bool encode64(SampleContext& ctx, Sample& s, const char* alphabet, bool pad) noexcept {
  const auto* in = reinterpret_cast<const unsigned char*>(s.text.data());
  const std::size_t n = s.text.size();
  const auto room = ctx.scratch->take((n + 2) / 3 * 4);
  if (room.data() == nullptr) return false;
  char* p = room.data();
  std::size_t i = 0;
  for (; i + 2 < n; i += 3) {
    const unsigned v = in[i] << 16 | in[i + 1] << 8 | in[i + 2];
    *p++ = alphabet[v >> 18];
    *p++ = alphabet[v >> 12 & 63];
    *p++ = alphabet[v >> 6 & 63];
    *p++ = alphabet[v & 63];
  }
  if (i < n) {
    const unsigned v = in[i] << 16 | (i + 1 < n ? in[i + 1] << 8 : 0);
    *p++ = alphabet[v >> 18];
    *p++ = alphabet[v >> 12 & 63];
    if (i + 1 < n) *p++ = alphabet[v >> 6 & 63];
    if (pad) {
      if (i + 1 >= n) *p++ = '=';
      *p++ = '=';
    }
  }
  s.set_str({room.data(), static_cast<std::size_t>(p - room.data())});
  return true;
}
bool decode64(SampleContext& ctx, Sample& s, const std::array<std::int8_t, 256>& reverse, bool padded) noexcept {
  std::string_view in = s.text;
  if (padded && in.size() % 4 != 0) return false;
  for (int i = 0; i < 2 && !in.empty() && in.back() == '='; ++i) in.remove_suffix(1);
  if (in.size() % 4 == 1) return false;
  const auto room = ctx.scratch->take(in.size() * 3 / 4 + 1);
  if (room.data() == nullptr) return false;
  std::size_t n = 0;
  unsigned bits = 0;
  unsigned have = 0;
  for (const char c : in) {
    const int v = reverse[static_cast<unsigned char>(c)];
    if (v < 0) return false;
    bits = bits << 6 | static_cast<unsigned>(v);
    have += 6;
    if (have >= 8) {
      have -= 8;
      room[n++] = static_cast<char>(bits >> have & 0xff);
    }
  }
  s.set_bin({room.data(), n});
  return true;
}
bool base64(SampleContext& ctx, const Arg*, Sample& s) noexcept { return encode64(ctx, s, kAlphabet, true); }
bool b64dec(SampleContext& ctx, const Arg*, Sample& s) noexcept { return decode64(ctx, s, kReverse, true); }
bool ub64enc(SampleContext& ctx, const Arg*, Sample& s) noexcept { return encode64(ctx, s, kUrlAlphabet, false); }
bool ub64dec(SampleContext& ctx, const Arg*, Sample& s) noexcept { return decode64(ctx, s, kUrlReverse, false); }

// '+' is a blank in forms, and behind a question mark.
bool url_dec(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  const auto room = ctx.scratch->take(s.text.size());
  if (room.data() == nullptr) return false;
  bool form = a[0].given() && a[0].num != 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.text.size(); ++i) {
    char c = s.text[i];
    if (c == '+' && form) c = ' ';
    if (c == '?') form = true;
    if (c == '%') {
      if (i + 2 >= s.text.size()) return false;
      const int hi = hex_value(s.text[i + 1]);
      const int lo = hex_value(s.text[i + 2]);
      if (hi < 0 || lo < 0) return false;
      c = static_cast<char>(hi << 4 | lo);
      i += 2;
    }
    room[n++] = c;
  }
  s.set_str({room.data(), n});
  return true;
}
bool prepare_url_enc(Build& b) {
  if (!b.args[0].text.empty() && b.args[0].text != "query") {
    b.error = "invalid encode type '" + std::string(b.args[0].text) + "', expected 'query'";
    return false;
  }
  return true;
}
// RFC 3986 2.3: all but unreserved characters.
bool url_enc(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  const auto room = ctx.scratch->rest();
  std::size_t n = 0;
  if (room.size() < s.text.size() * 3) return false;
  for (const char c : s.text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || base::is_digit(c) || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      room[n++] = c;
    } else {
      room[n++] = '%';
      room[n++] = kUpperHex[static_cast<unsigned char>(c) >> 4];
      room[n++] = kUpperHex[static_cast<unsigned char>(c) & 15];
    }
  }
  ctx.scratch->keep(n);
  s.set_str({room.data(), n});
  return true;
}

// Chunks of bytes, as hex or as numbers. args: separator, chunk size, truncate
bool prepare_chunks(Build& b) {
  if (!b.args[1].given()) return true;
  if (b.args[1].num > 0 && b.args[1].num <= 8) return true;
  b.error = "chunk size " + std::to_string(b.args[1].num) + " is not between 1 and 8";
  return false;
}
bool prepare_hex_chunks(Build& b) {
  if (b.args[1].given() ? b.args[1].num > 0 : true) return true;
  b.error = "chunk size must be greater than 0";
  return false;
}
bool be2hex(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  const std::string_view separator = a[0].given() ? a[0].text : std::string_view{};
  const auto chunk = a[1].given() ? static_cast<std::size_t>(a[1].num) : s.text.size();
  const bool truncate = a[2].given() && a[2].num != 0;
  const auto room = ctx.scratch->rest();
  std::size_t n = 0;
  for (std::size_t i = 0; chunk != 0 && i < s.text.size(); i += chunk) {
    const std::string_view part = s.text.substr(i, chunk);
    if (truncate && part.size() < chunk) break;
    if (n + separator.size() + part.size() * 2 > room.size()) return false;
    if (i != 0 && !separator.empty()) {
      std::memcpy(room.data() + n, separator.data(), separator.size());
      n += separator.size();
    }
    for (const char c : part) {
      room[n++] = kUpperHex[static_cast<unsigned char>(c) >> 4];
      room[n++] = kUpperHex[static_cast<unsigned char>(c) & 15];
    }
  }
  ctx.scratch->keep(n);
  s.set_str({room.data(), n});
  return true;
}
template <bool BigEndian>
bool to_decimal(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  const std::string_view separator = a[0].text;
  const auto chunk = a[1].given() ? static_cast<std::size_t>(a[1].num) : std::size_t{1};
  const bool truncate = a[2].given() && a[2].num != 0;
  const auto room = ctx.scratch->rest();
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.text.size(); i += chunk) {
    const std::string_view part = s.text.substr(i, chunk);
    if (truncate && part.size() < chunk) break;
    std::uint64_t v = 0;
    for (std::size_t k = 0; k < part.size(); ++k) {
      v = v << 8 | static_cast<unsigned char>(BigEndian ? part[k] : part[part.size() - 1 - k]);
    }
    if (n + separator.size() + 20 > room.size()) return false;
    if (i != 0 && !separator.empty()) {
      std::memcpy(room.data() + n, separator.data(), separator.size());
      n += separator.size();
    }
    n = static_cast<std::size_t>(base::write_uint(room.data() + n, v) - room.data());
  }
  ctx.scratch->keep(n);
  s.set_str({room.data(), n});
  return true;
}

constexpr auto kStr = SampleType::Str;
constexpr auto kBin = SampleType::Bin;
constexpr ConverterRow kRows[] = {
    {"hex", "", kBin, kStr, hex},
    {"hex2i", "", kStr, SampleType::Sint, hex2i},
    {"base64", "", kBin, kStr, base64},
    {"b64dec", "", kStr, kBin, b64dec},
    {"ub64enc", "", kBin, kStr, ub64enc},
    {"ub64dec", "", kStr, kBin, ub64dec},
    {"url_dec", "[integer]", kStr, kStr, url_dec},
    {"url_enc", "string", kStr, kStr, url_enc, prepare_url_enc},
    {"be2hex", "string[,integer,integer]", kBin, kStr, be2hex, prepare_hex_chunks},
    {"be2dec", "string[,integer,integer]", kBin, kStr, to_decimal<true>, prepare_chunks},
    {"le2dec", "string[,integer,integer]", kBin, kStr, to_decimal<false>, prepare_chunks},
};

}  // namespace

std::span<const ConverterRow> codec_converters() { return kRows; }

}  // namespace sluice::policy
