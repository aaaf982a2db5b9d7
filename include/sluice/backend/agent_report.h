// What an agent says about its server: one line of words (manual 5.2 "agent-check"). Pure; the line is hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::backend {

// Views into the line. What the agent does not mention stays as it is.
struct AgentReport {
  enum class Health : std::uint8_t { Unsaid, Up, Down } health = Health::Unsaid;
  enum class Mode : std::uint8_t { Unsaid, Ready, Drain, Maint } mode = Mode::Unsaid;
  std::string_view health_word;             // "up", "down", "fail", "stopped", as it was written
  std::string_view description;             // behind a sharp, or else the first word that means nothing
  bool understood = true;                   // false: there was such a word
  std::optional<std::string_view> weight;   // "75%", "5"; see parse_weight()
  std::optional<std::string_view> maxconn;  // "30"
};

// The first line of what was received, without its end. Words are separated by blanks, tabs and commas, in any case of
// letters.
AgentReport parse_agent_report(std::string_view line) noexcept;

// A weight as agents and the CLI give it: "10", or "50%" of the configured one, at most 256. Nothing: `error` is a
// sentence that says why (management manual 9.3 "set weight").
std::optional<std::uint32_t> parse_weight(std::string_view word, std::uint32_t configured,
                                          std::string_view& error) noexcept;

}  // namespace sluice::backend
