// Ranges of numbers as the configuration writes them: "3", "1-4", "2-" (to the last there is), "-4" (from the first).
// Thread: any.
#pragma once

#include <optional>
#include <string_view>

#include "sluice/base/strings.h"

namespace sluice::base {

struct NumberRange {
  unsigned from;
  unsigned to;
};

// Both ends within first .. last; empty when the text is no such range.
inline std::optional<NumberRange> parse_number_range(std::string_view text, unsigned first, unsigned last) noexcept {
  const auto dash = text.find('-');
  const std::string_view begin = text.substr(0, dash);
  NumberRange out{first, last};
  if (!begin.empty()) {
    const auto from = parse_int<unsigned>(begin);
    if (!from || *from < first || *from > last) return std::nullopt;
    out.from = out.to = *from;
  }
  if (dash == std::string_view::npos) return begin.empty() ? std::nullopt : std::optional(out);
  out.to = last;
  const std::string_view end = text.substr(dash + 1);
  if (end.empty()) return begin.empty() ? std::nullopt : std::optional(out);
  const auto to = parse_int<unsigned>(end);
  if (!to || *to < out.from || *to > last) return std::nullopt;
  out.to = *to;
  return out;
}

}  // namespace sluice::base
