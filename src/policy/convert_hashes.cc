// Hashes (manual 7.3.1).
#include <array>

#include "policy/hashes.h"
#include "policy/registry.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sluice::policy {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table(std::uint32_t polynomial) {
  std::array<std::uint32_t, 256> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? polynomial ^ (c >> 1) : c >> 1;
    t[i] = c;
  }
  return t;
}
constexpr auto kCrc32 = crc_table(0xEDB88320U);   // IEEE 802.3
constexpr auto kCrc32c = crc_table(0x82F63B78U);  // RFC 3385

std::uint32_t crc(const std::array<std::uint32_t, 256>& table, std::string_view s) noexcept {
  std::uint32_t c = ~0U;
  for (const char ch : s) c = table[(c ^ static_cast<unsigned char>(ch)) & 0xff] ^ (c >> 8);
  return ~c;
}

template <std::uint32_t (*F)(std::string_view) noexcept>
bool hash32(SampleContext&, const Arg* a, Sample& s) noexcept {
  const std::uint32_t h = F(s.text);
  s.set_int(a[0].given() && a[0].num != 0 ? avalanche(h) : h);
  return true;
}
bool xxh32(SampleContext&, const Arg* a, Sample& s) noexcept {
  s.set_int(XXH32(s.text.data(), s.text.size(), static_cast<std::uint32_t>(a[0].num)));
  return true;
}
bool xxh64(SampleContext&, const Arg* a, Sample& s) noexcept {
  s.set_int(static_cast<std::int64_t>(XXH64(s.text.data(), s.text.size(), static_cast<std::uint64_t>(a[0].num))));
  return true;
}
bool xxh3(SampleContext&, const Arg* a, Sample& s) noexcept {
  s.set_int(static_cast<std::int64_t>(
      XXH3_64bits_withSeed(s.text.data(), s.text.size(), static_cast<std::uint64_t>(a[0].num))));
  return true;
}

constexpr auto kBin = SampleType::Bin;
constexpr auto kInt = SampleType::Sint;
constexpr ConverterRow kRows[] = {
    {"crc32", "[integer]", kBin, kInt, hash32<crc32>}, {"crc32c", "[integer]", kBin, kInt, hash32<crc32c>},
    {"djb2", "[integer]", kBin, kInt, hash32<djb2>},   {"sdbm", "[integer]", kBin, kInt, hash32<sdbm>},
    {"xxh32", "[integer]", kBin, kInt, xxh32},         {"xxh64", "[integer]", kBin, kInt, xxh64},
    {"xxh3", "[integer]", kBin, kInt, xxh3},
};

}  // namespace

std::uint32_t sdbm(std::string_view s) noexcept {
  std::uint32_t h = 0;
  for (const char c : s) h = static_cast<unsigned char>(c) + (h << 6) + (h << 16) - h;
  return h;
}
std::uint32_t djb2(std::string_view s) noexcept {
  std::uint32_t h = 5381;
  for (const char c : s) h = h * 33 + static_cast<unsigned char>(c);
  return h;
}
std::uint32_t crc32(std::string_view s) noexcept { return crc(kCrc32, s); }
std::uint32_t crc32c(std::string_view s) noexcept { return crc(kCrc32c, s); }

std::span<const ConverterRow> hash_converters() { return kRows; }

}  // namespace sluice::policy
