// The result of a health check as logs and statistics tell it. Values are those of `show servers state` where it prints
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::backend {

enum class CheckStatus : std::uint8_t {
  Unknown,     // "UNK": not run yet
  Init,        // "INI"
  Checked,     // "CHECKED": it ran, and said nothing of up or down
  HandedOver,  // "HANA"
  SockError,   // "SOCKERR"
  L4Ok,
  L4Timeout,
  L4Connection,
  L6Ok,
  L6Timeout,
  L6Response,
  L7Timeout,
  L7Response,
  L7Ok,
  L7OkConditional,
  L7Status,
  ProcError,
  ProcTimeout,
  ProcOk,
};

// "L4OK"
std::string_view short_name(CheckStatus s) noexcept;
// "Layer4 check passed"
std::string_view description(CheckStatus s) noexcept;
// The other way round.
std::optional<CheckStatus> status_of(std::string_view short_name) noexcept;
// Whether the check went well.
bool passed(CheckStatus s) noexcept;
// L5 to L7 statuses have a code worth printing.
bool has_code(CheckStatus s) noexcept;

struct CheckResult {
  CheckStatus status = CheckStatus::Init;
  int code = 0;                   // HTTP status, 0 = none
  std::int64_t duration_ms = -1;  // -1 = never ended
  std::string text;               // "ECONNREFUSED returned by OS (Connection refused)"; see fit_to_show()
  bool running = false;           // printed with a leading "* "
};

// What a server or an agent said goes to logs, terminals and statistics: control characters become '?', and what is
// longer than a line of a log bears is cut.
inline constexpr std::size_t kMostShown = 512;
[[nodiscard]] std::string fit_to_show(std::string text);

}  // namespace sluice::backend
