// Small text functions shared by samples, converters, patterns and log formats.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sluice/policy/sample.h"

namespace sluice::policy {

// The number at the beginning of the text, 0 when there is none, held at the ends of the range: what the language does
// when text is used as a number.
std::int64_t leading_int(std::string_view text) noexcept;

// The text of an IP sample; room for 46 characters.
char* write_address(char* out, const Sample& s) noexcept;

// IPv4 embedded in IPv6: ::ffff:a.b.c.d, ::a.b.c.d, 2002:a.b.c.d::
bool embedded_ip4(const Ip6Bytes& b, std::uint32_t& out) noexcept;
// ::ffff:a.b.c.d
Ip6Bytes mapped_ip6(std::uint32_t ip4) noexcept;

inline constexpr char kUpperHex[] = "0123456789ABCDEF";

// ASCII lower case of one character, without a branch.
inline constexpr std::array<std::uint8_t, 256> kLower = [] {
  std::array<std::uint8_t, 256> t{};
  for (unsigned i = 0; i < 256; ++i) t[i] = static_cast<std::uint8_t>(i >= 'A' && i <= 'Z' ? i + 32 : i);
  return t;
}();
inline unsigned char lower(char c) noexcept { return kLower[static_cast<unsigned char>(c)]; }

// -1 when the character is no hex digit.
inline int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace sluice::policy
