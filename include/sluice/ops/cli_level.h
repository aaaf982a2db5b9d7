// What a CLI session may do (manual 5.1 "level"). Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::ops {

enum class CliLevel : std::uint8_t { User, Operator, Admin };

// Prefix of messages (manual 5.1 "severity-output", management manual 9.3 "set severity-output").
enum class CliSeverityOutput : std::uint8_t { None, Number, Text };

// As `show cli level` prints it.
constexpr std::string_view cli_level_name(CliLevel level) noexcept {
  return level == CliLevel::Admin ? "admin" : level == CliLevel::Operator ? "operator" : "user";
}

}  // namespace sluice::ops
