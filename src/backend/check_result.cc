#include "sluice/backend/check_result.h"

namespace sluice::backend {
namespace {

struct Row {
  std::string_view short_name;
  std::string_view description;
  bool passed;
  bool has_code;
};

// In the order of CheckStatus.
constexpr Row kRows[] = {
    {"UNK", "Unknown", false, false},
    {"INI", "Initializing", false, false},
    {"CHECKED", "No status change", false, false},
    {"HANA", "Health analyze", false, false},
    {"SOCKERR", "Socket error", false, false},
    {"L4OK", "Layer4 check passed", true, false},
    {"L4TOUT", "Layer4 timeout", false, false},
    {"L4CON", "Layer4 connection problem", false, false},
    {"L6OK", "Layer6 check passed", true, false},
    {"L6TOUT", "Layer6 timeout", false, false},
    {"L6RSP", "Layer6 invalid response", false, false},
    {"L7TOUT", "Layer7 timeout", false, false},
    {"L7RSP", "Layer7 invalid response", false, false},
    {"L7OK", "Layer7 check passed", true, true},
    {"L7OKC", "Layer7 check conditionally passed", true, true},
    {"L7STS", "Layer7 wrong status", false, true},
    {"PROCERR", "External check error", false, false},
    {"PROCTOUT", "External check timeout", false, false},
    {"PROCOK", "External check passed", true, false},
};

const Row& row(CheckStatus s) noexcept { return kRows[static_cast<unsigned>(s)]; }

}  // namespace

std::string_view short_name(CheckStatus s) noexcept { return row(s).short_name; }
std::optional<CheckStatus> status_of(std::string_view short_name) noexcept {
  for (unsigned i = 0; i < sizeof kRows / sizeof kRows[0]; ++i) {
    if (kRows[i].short_name == short_name) return static_cast<CheckStatus>(i);
  }
  return std::nullopt;
}
std::string_view description(CheckStatus s) noexcept { return row(s).description; }
bool passed(CheckStatus s) noexcept { return row(s).passed; }
bool has_code(CheckStatus s) noexcept { return row(s).has_code; }

std::string fit_to_show(std::string text) {
  if (text.size() > kMostShown) text.resize(kMostShown);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

}  // namespace sluice::backend
