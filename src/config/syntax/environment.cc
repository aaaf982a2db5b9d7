#include <algorithm>

#include "sluice/config/parser.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has no header for it

namespace sluice::config {

Environment Environment::of_process() {
  Environment e;
  for (char** p = environ; p != nullptr && *p != nullptr; ++p) {
    const std::string_view entry(*p);
    const auto eq = entry.find('=');
    if (eq == std::string_view::npos || eq == 0) continue;
    e.vars_.emplace(entry.substr(0, eq), entry.substr(eq + 1));
  }
  return e;
}

std::optional<std::string_view> Environment::get(std::string_view name) const {
  const auto it = vars_.find(name);
  if (it == vars_.end()) return std::nullopt;
  return std::string_view(it->second);
}

void Environment::set(std::string_view name, std::string_view value) {
  vars_.insert_or_assign(std::string(name), std::string(value));
}

void Environment::unset(std::string_view name) {
  const auto it = vars_.find(name);
  if (it != vars_.end()) vars_.erase(it);
}

void Environment::keep_only(std::span<const std::string_view> names) {
  for (auto it = vars_.begin(); it != vars_.end();) {
    if (std::find(names.begin(), names.end(), it->first) == names.end()) {
      it = vars_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace sluice::config
