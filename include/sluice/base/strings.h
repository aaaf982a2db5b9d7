// Small text functions that the standard library lacks. ASCII only; locale never matters. Thread: any.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::base {

inline constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
inline constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Equal without regard to ASCII case.
bool iequals(std::string_view a, std::string_view b) noexcept;
bool istarts_with(std::string_view s, std::string_view prefix) noexcept;

// The whole text as a decimal number, nothing around it; empty when it is not one or does not fit.
template <class T>
std::optional<T> parse_int(std::string_view s) noexcept {
  T out{};
  const auto r = std::from_chars(s.data(), s.data() + s.size(), out);
  if (s.empty() || r.ec != std::errc{} || r.ptr != s.data() + s.size()) return std::nullopt;
  return out;
}

// Without blanks and tabs at both ends.
std::string_view trim_ows(std::string_view s) noexcept;

// Levenshtein distance, for "did you mean"; stops counting at `limit`.
unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit) noexcept;

// Writes v in decimal at p (room for 20 characters) and returns the end.
inline char* write_uint(char* p, std::uint64_t v) noexcept { return std::to_chars(p, p + 20, v).ptr; }
inline char* write_int(char* p, std::int64_t v) noexcept { return std::to_chars(p, p + 20, v).ptr; }

}  // namespace sluice::base
