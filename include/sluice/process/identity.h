// Who the program says it is: decided by the name it is called by, so that tools that look for `haproxy` find it.
// Thread: made once at start, read by any.
#pragma once

#include <string>
#include <string_view>

namespace sluice::process {

struct Identity {
  std::string name;         // process name, log tag, "[name.main()]" in messages: the last part of argv[0]
  bool compatible = false;  // called `haproxy` (or anything that begins with it)
  std::string product;      // "HAProxy" or "Sluice"
  std::string version;      // "3.5.0-sluice-0.1.0" or "0.1.0"
  std::string executable;   // path of the program file, as far as the system tells

  // The line of -v without its newline.
  [[nodiscard]] std::string version_line() const;
};

Identity identify(std::string_view argv0);

inline constexpr std::string_view kReleaseDate = "2026/11/22";
// "3.5.0": what version_atleast() and HAPROXY_STARTUP_VERSION are about.
inline constexpr std::string_view kLanguageVersion = "3.5.0";

}  // namespace sluice::process
