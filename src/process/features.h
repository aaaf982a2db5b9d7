// What this build has, by the names that `-vv` prints and `feature()` asks for.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sluice/process/command_line.h"
#include "sluice/process/identity.h"

namespace sluice::process {

struct Feature {
  std::string_view name;
  bool present;
};
std::span<const Feature> features() noexcept;

// The text of -vv.
std::string details(const Identity& identity);
// -v
std::string version_text(const Identity& identity);
// The shared objects that are loaded, one path a line (-dL).
std::string loaded_libraries();

}  // namespace sluice::process
