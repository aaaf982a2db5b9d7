// Copying short texts without a call. Private to the codec.
#pragma once

#include <cstddef>
#include <cstring>

namespace sluice::http::h1 {

// Copies n bytes and returns the end. Reads and writes exactly n bytes: short ones as two overlapping pieces.
inline char* put(char* out, const char* s, std::size_t n) noexcept {
  if (n >= 16) {
    if (__builtin_expect(n > 256, 0)) {
      std::memcpy(out, s, n);
      return out + n;
    }
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) std::memcpy(out + i, s + i, 16);
    std::memcpy(out + n - 16, s + n - 16, 16);
    return out + n;
  }
  if (n >= 8) {
    std::memcpy(out, s, 8);
    std::memcpy(out + n - 8, s + n - 8, 8);
  } else if (n >= 4) {
    std::memcpy(out, s, 4);
    std::memcpy(out + n - 4, s + n - 4, 4);
  } else if (n != 0) {
    out[0] = s[0];
    out[n / 2] = s[n / 2];
    out[n - 1] = s[n - 1];
  }
  return out + n;
}

}  // namespace sluice::http::h1
