// The table behind header_id(), inline for the parser. Private to the room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sluice/base/strings.h"
#include "sluice/http/header_id.h"

namespace sluice::http {

inline constexpr std::size_t kMinKnownName = 2;
inline constexpr std::size_t kMaxKnownName = 32;

// Padded so that comparing and copying may always touch whole registers.
struct alignas(32) PaddedName {
  char text[kMaxKnownName];
};

struct HeaderTable {
  static constexpr unsigned kBits = 10;

  PaddedName names[kHeaderIdCount];
  std::uint8_t lengths[kHeaderIdCount];
  std::uint32_t multiplier;
  std::uint8_t slots[1U << kBits];  // id, 0 = none

  // Length and four characters tell all known names apart. |0x20 folds the case of letters; what else it folds is
  // sorted out by the full comparison. len >= kMinKnownName.
  static constexpr std::uint32_t key(const char* s, std::size_t len) noexcept {
    const auto c = [s](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i]) | 0x20U); };
    return (c(0) | c(len / 2) << 8 | c(len - 1) << 16 | c(len - 2) << 24) +
           static_cast<std::uint32_t>(len) * 0x01000193U;
  }
  [[nodiscard]] constexpr unsigned slot(const char* s, std::size_t len) const noexcept {
    return (key(s, len) * multiplier) >> (32 - kBits);
  }
};

namespace detail {

consteval HeaderTable make_header_table() {
  constexpr std::string_view kText[kHeaderIdCount] = {{},
#define SLUICE_X(id, name) name,
                                                      SLUICE_HTTP_HEADERS(SLUICE_X)
#undef SLUICE_X
  };
  HeaderTable t{};
  for (std::size_t i = 1; i < kHeaderIdCount; ++i) {
    if (kText[i].size() < kMinKnownName || kText[i].size() > kMaxKnownName) throw "length of a known name";
    for (std::size_t j = 0; j < kText[i].size(); ++j) t.names[i].text[j] = kText[i][j];
    t.lengths[i] = static_cast<std::uint8_t>(kText[i].size());
  }
  for (std::uint32_t m = 0x9E3779B1U;; m += 0x3C6EF372U) {
    t.multiplier = m;
    for (auto& s : t.slots) s = 0;
    bool ok = true;
    for (std::size_t i = 1; i < kHeaderIdCount && ok; ++i) {
      auto& s = t.slots[t.slot(kText[i].data(), kText[i].size())];
      ok = s == 0;
      s = static_cast<std::uint8_t>(i);
    }
    if (ok) return t;
  }
}

}  // namespace detail

inline constexpr HeaderTable kHeaderTable = detail::make_header_table();

}  // namespace sluice::http
