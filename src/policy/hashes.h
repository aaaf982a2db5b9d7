// The hashes the language names (manual 7.3.1 crc32, djb2, sdbm, wt6, xxh32, ...). 32-bit ones take the avalanche step
// when asked to.
#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/base/hash.h"

namespace sluice::policy {

using base::avalanche;
std::uint32_t sdbm(std::string_view s) noexcept;
std::uint32_t djb2(std::string_view s) noexcept;
std::uint32_t wt6(std::string_view s) noexcept;
std::uint32_t crc32(std::string_view s) noexcept;
std::uint32_t crc32c(std::string_view s) noexcept;

}  // namespace sluice::policy
