// Searching bytes 16 at a time. Private to the codec.
//
// Every function takes `p` and `readable`: bytes in [p, readable) may be looked at. Where fewer than 16 are left it
// goes on byte by byte, so nothing outside is ever touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#define SLUICE_SSE2 1
#endif

namespace sluice::http::h1 {

// RFC 9110 5.6.2, one bit per byte value.
struct ByteSet {
  std::uint64_t bits[4];
  [[nodiscard]] constexpr bool has(char c) const noexcept {
    const auto u = static_cast<unsigned char>(c);
    return ((bits[u >> 6] >> (u & 63)) & 1) != 0;
  }
};
constexpr ByteSet make_token_set() noexcept {
  ByteSet s{};
  const auto add = [&s](unsigned char c) { s.bits[c >> 6] |= std::uint64_t{1} << (c & 63); };
  for (unsigned char c = '0'; c <= '9'; ++c) add(c);
  for (unsigned char c = 'a'; c <= 'z'; ++c) add(c);
  for (unsigned char c = 'A'; c <= 'Z'; ++c) add(c);
  for (const char* p = "!#$%&'*+-.^_`|~"; *p != 0; ++p) add(static_cast<unsigned char>(*p));
  return s;
}
inline constexpr ByteSet kToken = make_token_set();

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// First of CR, LF and NUL; `readable` when there is none.
inline const char* find_line_stop(const char* p, const char* readable) noexcept {
#ifdef SLUICE_SSE2
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i nul = _mm_setzero_si128();
  for (; readable - p >= 16; p += 16) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i hit =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, cr), _mm_cmpeq_epi8(x, lf)), _mm_cmpeq_epi8(x, nul));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
#endif
  while (p < readable && *p != '\r' && *p != '\n' && *p != '\0') ++p;
  return p;
}

// First control character but the tab; `end` when there is none. For short texts.
inline const char* find_control(const char* p, const char* end) noexcept {
  while (p < end && (static_cast<unsigned char>(*p) >= 0x20 || *p == '\t') && *p != 0x7f) ++p;
  return p;
}

// First byte that is not plain in a request target: outside 0x21..0x7e, or '#'.
inline const char* find_target_stop(const char* p, const char* readable) noexcept {
#ifdef SLUICE_SSE2
  const __m128i low = _mm_set1_epi8(0x21);  // signed: bytes above 0x7f are below it too
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i hash = _mm_set1_epi8('#');
  for (; readable - p >= 16; p += 16) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i hit =
        _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(x, low), _mm_cmpeq_epi8(x, del)), _mm_cmpeq_epi8(x, hash));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
#endif
  while (p<readable&& * p> 0x20 && *p < 0x7f && *p != '#') ++p;
  return p;
}

}  // namespace sluice::http::h1
