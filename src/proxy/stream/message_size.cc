#include "message_size.h"

#include <algorithm>

#include "sluice/base/strings.h"

namespace sluice::proxy {

std::uint64_t connection_size(const http::Field& field) noexcept {
  std::string_view rest = field.value();
  std::uint64_t kept = 0;
  bool cut = false;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view word = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::string_view token = base::trim_ows(word);
    if (base::iequals(token, "close") || base::iequals(token, "keep-alive")) {
      cut = true;
      continue;
    }
    // The reference closes the gap: the blanks before a word go when another one before it went.
    if (cut) word.remove_prefix(static_cast<std::size_t>(token.data() - word.data()));
    kept += word.size() + (kept == 0 ? 0 : 1);
  }
  return kept == 0 ? 0 : field.name_len + kept;
}

}  // namespace sluice::proxy
