#include <algorithm>

#include "sluice/base/strings.h"
#include "sluice/config/keyword.h"

namespace sluice::config {

namespace {

// "'timeout client' : ": how messages about an argument begin.
std::string subject(const KeywordContext& c) { return "'" + std::string(c.name()) + "' : "; }

std::string value_problem(const KeywordContext& c, const Token& word, ValueError e, std::string_view kind) {
  std::string s = subject(c);
  switch (e) {
    case ValueError::TooLarge:
      s += kind == "time" ? "timer overflow in argument '" : "value too large in argument '";
      s += word.text;
      s += '\'';
      if (kind == "time") s += " (maximum value is 2147483647 ms or ~24.8 days)";
      return s;
    case ValueError::TooSmall:
      return s + "timer underflow in argument '" + std::string(word.text) + "' (minimum non-null value is 1 ms)";
    default:
      return s + "unexpected " + std::string(kind) + " value '" + std::string(word.text) + "'";
  }
}

constexpr std::string_view kTimeHint = "a time is an integer with a unit: us, ms, s, m, h or d; for example 30s";
constexpr std::string_view kSizeHint = "a size is an integer of bytes, or with a unit: k, m or g; for example 16k";

}  // namespace

const Token& KeywordContext::arg(std::size_t i) const noexcept {
  static const Token kNothing{"", {}, true};
  return i < args_.size() ? args_[i] : kNothing;
}

bool KeywordContext::repeated() {
  auto& said = section_.said;
  if (std::find(said.begin(), said.end(), &row_) != said.end()) return true;
  said.push_back(&row_);
  return false;
}

void KeywordContext::error(std::string message, std::string hint) {
  if (keyword_.empty()) {
    diag_.error(at(), std::move(message), std::move(hint));
    return;
  }
  // Underline all the words of the keyword.
  const Token& first = keyword_.front();
  const Token& last = keyword_.back();
  const auto width = last.at.column - first.at.column + static_cast<std::uint32_t>(last.text.size());
  diag_.add({Severity::Alert, first.at, width, std::move(message), std::move(hint)});
}

void KeywordContext::error(const Token& word, std::string message, std::string hint) {
  if (!word.at.known()) return error(std::move(message), std::move(hint));
  diag_.error(word, std::move(message), std::move(hint));
}

void KeywordContext::warning(std::string message, std::string hint) {
  diag_.warning(at(), std::move(message), std::move(hint));
}

void KeywordContext::warning(const Token& word, std::string message, std::string hint) {
  if (!word.at.known()) return warning(std::move(message), std::move(hint));
  diag_.warning(word, std::move(message), std::move(hint));
}

std::optional<base::Millis> KeywordContext::time(const Token& word, TimeUnit unit) {
  const auto v = parse_time(word.text, unit);
  if (v) return v.value();
  error(word, value_problem(*this, word, v.error(), "time"), std::string(kTimeHint));
  return std::nullopt;
}

std::optional<base::Micros> KeywordContext::time_us(const Token& word, TimeUnit unit) {
  const auto v = parse_time_us(word.text, unit);
  if (v) return v.value();
  error(word, value_problem(*this, word, v.error(), "time"), std::string(kTimeHint));
  return std::nullopt;
}

std::optional<std::uint64_t> KeywordContext::size_bytes(const Token& word) {
  const auto v = parse_size(word.text);
  if (v) return v.value();
  error(word, value_problem(*this, word, v.error(), "size"), std::string(kSizeHint));
  return std::nullopt;
}

std::optional<std::int64_t> KeywordContext::integer(const Token& word, std::int64_t min, std::int64_t max) {
  const auto v = base::parse_int<std::int64_t>(word.text);
  if (v && *v >= min && *v <= max) return *v;
  const std::string range = std::to_string(min) + " to " + std::to_string(max);
  if (v) {
    error(word, subject(*this) + "value '" + std::string(word.text) + "' is out of range", "allowed is " + range);
  } else {
    error(word, subject(*this) + "expects an integer argument, got '" + std::string(word.text) + "'",
          "a number from " + range);
  }
  return std::nullopt;
}

std::optional<bool> KeywordContext::on_off(const Token& word) {
  if (word.text == "on") return true;
  if (word.text == "off") return false;
  error(word, "'" + std::string(name()) + "' expects either 'on' or 'off' but got '" + std::string(word.text) + "'");
  return std::nullopt;
}

bool KeywordContext::check_name(const Token& word) {
  const auto bad = bad_name_char(word.text);
  if (!bad && !word.text.empty()) return true;
  if (word.text.empty()) {
    error(word, "'" + std::string(name()) + "' expects a name");
  } else {
    error(word,
          "character '" + std::string(1, *bad) + "' is not permitted in '" + std::string(name()) + "' name '" +
              std::string(word.text) + "'",
          "names are made of letters, digits, '-', '_', '.' and ':'");
  }
  return false;
}

std::size_t KeywordContext::condition_start(std::size_t from) const noexcept {
  for (std::size_t i = from; i < args_.size(); ++i) {
    if (args_[i].text == "if" || args_[i].text == "unless") return i;
  }
  return args_.size();
}

}  // namespace sluice::config
