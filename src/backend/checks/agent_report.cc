#include "sluice/backend/agent_report.h"

#include <algorithm>

#include "sluice/base/strings.h"

namespace sluice::backend {
namespace {

constexpr std::string_view kSeparators = " \t,";
constexpr std::int64_t kMaxWeight = 256;

bool is_percentage(std::string_view word) noexcept {
  return word.size() >= 2 && word.back() == '%' &&
         word.substr(0, word.size() - 1).find_first_not_of("0123456789") == std::string_view::npos;
}

// What stands behind the prefix.
std::optional<std::string_view> behind(std::string_view word, std::string_view prefix) noexcept {
  if (word.size() < prefix.size() || !base::iequals(word.substr(0, prefix.size()), prefix)) return std::nullopt;
  return word.substr(prefix.size());
}

// False: the word means nothing.
bool take_word(AgentReport& r, std::string_view word) noexcept {
  using Health = AgentReport::Health;
  using Mode = AgentReport::Mode;
  const auto is = [word](std::string_view name) { return base::iequals(word, name); };
  const auto health = [&](Health h) {
    r.health = h;
    r.health_word = word;
    return true;
  };
  const auto mode = [&](Mode m) {
    r.mode = m;
    return true;
  };
  if (is("up")) return health(Health::Up);
  if (is("down") || is("fail") || is("stopped")) return health(Health::Down);
  if (is("ready")) return mode(Mode::Ready);
  if (is("drain")) return mode(Mode::Drain);
  if (is("maint")) return mode(Mode::Maint);
  if (is_percentage(word)) {
    r.weight = word;
    return true;
  }
  if (const auto value = behind(word, "weight:")) {
    r.weight = value;
    return true;
  }
  if (const auto value = behind(word, "maxconn:")) {
    r.maxconn = value;
    return true;
  }
  return false;
}

}  // namespace

AgentReport parse_agent_report(std::string_view line) noexcept {
  AgentReport r;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return r;
    line.remove_prefix(begin);
    if (line.front() == '#') {
      line.remove_prefix(std::min(line.find_first_not_of("# \t"), line.size()));
      r.description = line;
      return r;
    }
    const std::string_view word = line.substr(0, line.find_first_of(kSeparators));
    if (!take_word(r, word) && r.understood) {
      r.description = word;
      r.understood = false;
    }
    line.remove_prefix(word.size());
  }
}

std::optional<std::uint32_t> parse_weight(std::string_view word, std::uint32_t configured,
                                          std::string_view& error) noexcept {
  const auto refuse = [&error](std::string_view why) {
    error = why;
    return std::nullopt;
  };
  if (word.empty()) return refuse("Require <weight> or <weight%>.");
  const std::size_t sign = word[0] == '-' ? 1 : 0;
  const std::size_t digits = std::min(word.find_first_not_of("0123456789", sign), word.size());
  if (digits == sign) return refuse("Empty weight string empty or preceded by garbage");
  const bool relative = word.substr(digits) == "%";
  if (!relative && digits != word.size()) return refuse("Trailing garbage in weight string");
  const auto number = base::parse_int<std::int64_t>(word.substr(0, digits));
  if (relative) {
    if (!number || *number < 0) return refuse("Relative weight must be positive.");
    const std::int64_t scaled = *number > 100 * kMaxWeight ? kMaxWeight : *number * configured / 100;
    return static_cast<std::uint32_t>(std::min(scaled, kMaxWeight));
  }
  if (!number || *number < 0 || *number > kMaxWeight)
    return refuse("Absolute weight can only be between 0 and 256 inclusive.");
  return static_cast<std::uint32_t>(*number);
}

}  // namespace sluice::backend
