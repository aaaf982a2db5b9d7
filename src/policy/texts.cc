#include "policy/texts.h"

#include <arpa/inet.h>

#include <cstring>
#include <limits>

#include "sluice/base/strings.h"

namespace sluice::policy {

std::int64_t leading_int(std::string_view text) noexcept {
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  std::uint64_t v = 0;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  for (; i < text.size() && base::is_digit(text[i]); ++i) {
    const auto digit = static_cast<unsigned>(text[i] - '0');
    if (v > (kMax - digit) / 10)
      return negative ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(kMax);
    v = v * 10 + digit;
  }
  const auto n = static_cast<std::int64_t>(v);
  return negative ? -n : n;
}

bool embedded_ip4(const Ip6Bytes& b, std::uint32_t& out) noexcept {
  static constexpr std::uint8_t kZeros[10] = {};
  const auto word = [&b](std::size_t i) {
    return std::uint32_t{b[i]} << 24 | std::uint32_t{b[i + 1]} << 16 | std::uint32_t{b[i + 2]} << 8 | b[i + 3];
  };
  if (std::memcmp(b.data(), kZeros, 10) == 0 && ((b[10] == 0xff && b[11] == 0xff) || (b[10] == 0 && b[11] == 0))) {
    out = word(12);
    return true;
  }
  if (b[0] == 0x20 && b[1] == 0x02) {
    out = word(2);
    return true;
  }
  return false;
}

Ip6Bytes mapped_ip6(std::uint32_t v) noexcept {
  return {0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0xff,
          0xff,
          static_cast<std::uint8_t>(v >> 24),
          static_cast<std::uint8_t>(v >> 16),
          static_cast<std::uint8_t>(v >> 8),
          static_cast<std::uint8_t>(v)};
}

char* write_address(char* out, const Sample& s) noexcept {
  if (s.type == SampleType::Ipv4) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out = base::write_uint(out, static_cast<std::uint64_t>(s.num) >> shift & 0xff);
      if (shift != 0) *out++ = '.';
    }
    return out;
  }
  char buf[INET6_ADDRSTRLEN];
  if (inet_ntop(AF_INET6, s.ip6.data(), buf, sizeof buf) == nullptr) return out;
  const std::size_t n = std::strlen(buf);
  std::memcpy(out, buf, n);
  return out + n;
}

}  // namespace sluice::policy
