// Where rendering writes to: a bounded text with the escapings of log lines and of HTTP values.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "policy/texts.h"

namespace sluice::policy {

// What a character must not stand for itself in. Manual 8.6: logs print 32 to 126 but '"' and '#', headers not '{',
// '|', '}' either; HTTP values only lack control characters; +E escapes '"', '\' and ']'.
enum Unsafe : std::uint8_t { kInLog = 1, kInLogHeader = 2, kInHttp = 4, kForEscape = 8 };
inline constexpr std::array<std::uint8_t, 256> kUnsafe = [] {
  std::array<std::uint8_t, 256> t{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned bits = 0;
    if (i < 32 || i > 126 || i == '"' || i == '#') bits |= kInLog | kInLogHeader;
    if (i == '{' || i == '|' || i == '}') bits |= kInLogHeader;
    if ((i < 32 && i != '\t') || i == 127) bits |= kInHttp;
    if (i == '"' || i == '\\' || i == ']') bits |= kForEscape;
    t[i] = static_cast<std::uint8_t>(bits);
  }
  return t;
}();

class FormatOut {
 public:
  FormatOut(char* out, std::size_t room) noexcept : begin_(out), p_(out), end_(out + room) {}

  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(p_ - begin_); }
  [[nodiscard]] bool empty() const noexcept { return p_ == begin_; }
  [[nodiscard]] char last() const noexcept { return p_[-1]; }

  void put(char c) noexcept {
    if (p_ != end_) *p_++ = c;
  }
  void put(std::string_view s) noexcept {
    const std::size_t n = std::min(s.size(), static_cast<std::size_t>(end_ - p_));
    if (n != 0) std::memcpy(p_, s.data(), n);
    p_ += n;
  }
  // n of the 8 bytes at s.
  void put_small(const char* s, std::size_t n) noexcept {
    if (__builtin_expect(end_ - p_ >= 8, 1)) {
      std::memcpy(p_, s, 8);
      p_ += n;
    } else {
      put({s, n});
    }
  }
  // fn writes at most 64 characters and returns the end.
  template <class Fn>
  void put_short(Fn&& fn) noexcept {
    if (end_ - p_ >= 64) {
      p_ = fn(p_);
      return;
    }
    char buf[64];
    put({buf, static_cast<std::size_t>(fn(buf) - buf)});
  }
  // Characters of `unsafe` become a mark and two hex digits ('#' in logs, '%' in HTTP); with `escape` those of
  // kForEscape get a backslash.
  void put_escaped(std::string_view s, std::uint8_t unsafe, bool escape) noexcept {
    const auto stop = static_cast<std::uint8_t>(unsafe | (escape ? kForEscape : 0));
    std::size_t from = 0;
    for (std::size_t i = plain_blocks(s, 0); i < s.size(); ++i) {
      const auto c = static_cast<unsigned char>(s[i]);
      const std::uint8_t bits = kUnsafe[c] & stop;
      if (__builtin_expect(bits == 0, 1)) continue;
      put(s.substr(from, i - from));
      from = i + 1;
      if ((bits & unsafe) != 0) {
        put((unsafe & kInHttp) != 0 ? '%' : '#');
        put(kUpperHex[c >> 4]);
        put(kUpperHex[c & 15]);
      } else {
        put('\\');
        put(s[i]);
      }
    }
    put(s.substr(from));
  }

 private:
  // How many characters from `i` on, in steps of 16, stand for themselves under every escaping.
  static std::size_t plain_blocks(std::string_view s, std::size_t i) noexcept {
#ifdef __SSE2__
    for (; i + 16 <= s.size(); i += 16) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(s.data() + i));
      const auto is = [&x](char c) noexcept { return _mm_cmpeq_epi8(x, _mm_set1_epi8(c)); };
      // Signed: bytes from 128 on count as negative.
      __m128i bad = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(32)), is(127));
      bad = _mm_or_si128(bad, _mm_or_si128(is('"'), is('#')));
      bad = _mm_or_si128(bad, _mm_or_si128(_mm_or_si128(is('{'), is('|')), is('}')));
      bad = _mm_or_si128(bad, _mm_or_si128(is('\\'), is(']')));
      if (_mm_movemask_epi8(bad) != 0) break;
    }
#else
    (void)s;
#endif
    return i;
  }

  char* begin_;
  char* p_;
  char* end_;
};

}  // namespace sluice::policy
