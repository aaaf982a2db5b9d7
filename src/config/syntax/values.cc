#include "sluice/config/values.h"

#include <algorithm>

#include "sluice/base/strings.h"

namespace sluice::config {

namespace {

constexpr std::uint64_t kMaxTimerMs = 0x7fffffff;  // manual 2.5: timers are 31 bits of milliseconds

struct Number {
  std::uint64_t value;
  std::string_view rest;
};

base::Result<Number, ValueError> leading_number(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && base::is_digit(text[n])) ++n;
  if (n == 0) return base::unexpected(ValueError::NotANumber);
  const auto value = base::parse_int<std::uint64_t>(text.substr(0, n));
  if (!value) return base::unexpected(ValueError::TooLarge);
  return Number{*value, text.substr(n)};
}

bool scale(std::uint64_t& value, std::uint64_t by) noexcept { return !__builtin_mul_overflow(value, by, &value); }

std::optional<TimeUnit> time_unit(std::string_view s) noexcept {
  if (s == "us") return TimeUnit::Us;
  if (s == "ms") return TimeUnit::Ms;
  if (s == "s") return TimeUnit::S;
  if (s == "m") return TimeUnit::M;
  if (s == "h") return TimeUnit::H;
  if (s == "d") return TimeUnit::D;
  return std::nullopt;
}

constexpr std::uint64_t micros_of(TimeUnit u) noexcept {
  switch (u) {
    case TimeUnit::Us:
      return 1;
    case TimeUnit::Ms:
      return 1000;
    case TimeUnit::S:
      return 1000000;
    case TimeUnit::M:
      return 60000000;
    case TimeUnit::H:
      return 3600000000;
    case TimeUnit::D:
      return 86400000000;
  }
  return 1;
}

}  // namespace

std::string_view describe(ValueError e) noexcept {
  switch (e) {
    case ValueError::None:
      return "no error";
    case ValueError::NotANumber:
      return "a number is expected";
    case ValueError::BadUnit:
      return "unknown unit";
    case ValueError::TooLarge:
      return "value too large";
    case ValueError::TooSmall:
      return "value too small";
  }
  return "";
}

base::Result<base::Micros, ValueError> parse_time_us(std::string_view text, TimeUnit default_unit) noexcept {
  auto n = leading_number(text);
  if (!n) return base::unexpected(n.error());
  TimeUnit unit = default_unit;
  if (!n->rest.empty()) {
    const auto u = time_unit(n->rest);
    if (!u) return base::unexpected(ValueError::BadUnit);
    unit = *u;
  }
  std::uint64_t us = n->value;
  if (!scale(us, micros_of(unit)) || us > static_cast<std::uint64_t>(INT64_MAX))
    return base::unexpected(ValueError::TooLarge);
  return base::Micros{static_cast<std::int64_t>(us)};
}

base::Result<base::Millis, ValueError> parse_time(std::string_view text, TimeUnit default_unit) noexcept {
  const auto us = parse_time_us(text, default_unit);
  if (!us) return base::unexpected(us.error());
  const auto count = static_cast<std::uint64_t>(us.value().count());
  if (count > 0 && count < 1000) return base::unexpected(ValueError::TooSmall);
  const std::uint64_t ms = (count + 999) / 1000;
  if (ms > kMaxTimerMs) return base::unexpected(ValueError::TooLarge);
  return base::Millis{static_cast<std::int64_t>(ms)};
}

base::Result<std::uint64_t, ValueError> parse_size(std::string_view text) noexcept {
  auto n = leading_number(text);
  if (!n) return base::unexpected(n.error());
  std::uint64_t v = n->value;
  if (n->rest.empty()) return v;
  if (n->rest.size() != 1) return base::unexpected(ValueError::BadUnit);
  unsigned shift = 0;
  switch (base::to_lower(n->rest[0])) {
    case 'k':
      shift = 10;
      break;
    case 'm':
      shift = 20;
      break;
    case 'g':
      shift = 30;
      break;
    default:
      return base::unexpected(ValueError::BadUnit);
  }
  if (!scale(v, std::uint64_t{1} << shift)) return base::unexpected(ValueError::TooLarge);
  return v;
}

std::optional<char> bad_name_char(std::string_view name) noexcept {
  for (char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || base::is_digit(c) || c == '-' || c == '_' ||
                      c == '.' || c == ':';
    if (!good) return c;
  }
  return std::nullopt;
}

// major.minor[-devN|-rcN|.patch[-...]], packed as major(16) minor(16) kind(1: released) ... in one comparable number.
std::optional<std::uint64_t> parse_version(std::string_view text) noexcept {
  std::uint64_t parts[3] = {0, 0, 0};  // major, minor, patch
  std::size_t count = 0;
  while (count < 3 && !text.empty() && base::is_digit(text[0])) {
    auto n = leading_number(text);
    if (!n || n->value > 0xffff) return std::nullopt;
    parts[count++] = n->value;
    text = n->rest;
    if (count < 3 && text.starts_with('.')) {
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  if (count == 0) return std::nullopt;
  // "2.4-dev19" and "2.4-rc1" come before "2.4.0"; anything else behind a '-' does not count.
  std::uint64_t stage = 0xffff;  // released
  std::uint64_t number = 0;
  if (text.starts_with("-dev") || text.starts_with("-rc")) {
    const bool rc = text.starts_with("-rc");
    text.remove_prefix(rc ? 3 : 4);
    stage = rc ? 1 : 0;
    auto n = leading_number(text);
    if (n && n->value <= 0xfff) number = n->value;
    // a development version is older than the release of the same name
  }
  return parts[0] << 48 | parts[1] << 32 | parts[2] << 17 |
         (stage == 0xffff ? std::uint64_t{1} << 16 : stage << 12 | number);
}

void Suggestion::offer(std::string_view candidate) noexcept {
  if (candidate.empty() || word_.empty()) return;
  const std::size_t shorter = std::min(word_.size(), candidate.size());
  const unsigned allowed = static_cast<unsigned>(shorter <= 3 ? 1 : std::min<std::size_t>(shorter / 3 + 1, 4));
  const unsigned limit = std::min(allowed + 1, distance_);
  const unsigned d = base::edit_distance(word_, candidate, limit);
  if (d < limit) {
    distance_ = d;
    best_ = candidate;
  }
}

std::string Suggestion::text_of(std::string_view best) {
  if (best.empty()) return {};
  return "; did you mean '" + std::string(best) + "' maybe ?";
}

std::string Suggestion::ending() const { return best_.empty() ? "." : text(); }

}  // namespace sluice::config
