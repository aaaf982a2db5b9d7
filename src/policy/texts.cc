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
