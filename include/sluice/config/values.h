// Numbers with units, versions and names, as manual 2.5 to 2.7 write them. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/base/result.h"
#include "sluice/base/time.h"

namespace sluice::config {

enum class TimeUnit : std::uint8_t { Us, Ms, S, M, H, D };

enum class ValueError : std::uint8_t {
  None,
  NotANumber,  // does not begin with a digit
  BadUnit,     // something behind the number that is no unit
  TooLarge,
  TooSmall,  // not zero, but rounds to zero in the target unit (manual 2.5: refused by timers)
};
// "not a number", ... for messages.
std::string_view describe(ValueError e) noexcept;

// `1500`, `30s`, `5m`: without a unit the default one counts. The result is exact to the microsecond.
base::Result<base::Micros, ValueError> parse_time_us(std::string_view text,
                                                     TimeUnit default_unit = TimeUnit::Ms) noexcept;
// The same in milliseconds, rounded up as the reference does, at most 2^31-1 ms (about 24 days).
base::Result<base::Millis, ValueError> parse_time(std::string_view text, TimeUnit default_unit = TimeUnit::Ms) noexcept;

// `16384`, `16k`, `2m`, `1g` in bytes; units are case insensitive (manual 2.6).
base::Result<std::uint64_t, ValueError> parse_size(std::string_view text) noexcept;

// Names of proxies, servers, ACLs ...: letters, digits, `-`, `_`, `.`, `:`. Returns the first character that is not
// allowed.
std::optional<char> bad_name_char(std::string_view name) noexcept;

// `2.4`, `2.4-dev19`, `3.5.1`: comparable as a number, missing components count as zero. Empty when it is no version.
std::optional<std::uint64_t> parse_version(std::string_view text) noexcept;

// The known word nearest to `word`, or empty when none is near. For "did you mean". Feed candidates, then ask.
class Suggestion {
 public:
  explicit Suggestion(std::string_view word) noexcept : word_(word) {}
  void offer(std::string_view candidate) noexcept;
  [[nodiscard]] std::string_view best() const noexcept { return best_; }
  // "; did you mean 'x' maybe ?", or nothing: the end of every message that has a suggestion.
  [[nodiscard]] std::string text() const { return text_of(best_); }
  [[nodiscard]] static std::string text_of(std::string_view best);
  // The same for a sentence that ends there: text(), or ".".
  [[nodiscard]] std::string ending() const;

 private:
  std::string_view word_;
  std::string_view best_;
  unsigned distance_ = ~0U;
};

}  // namespace sluice::config
