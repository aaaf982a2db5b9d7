// Words that the reference had once and refuses today: old files still have them, and nobody will ever build them.
#pragma once

#include <span>
#include <string_view>

#include "sluice/config/source.h"

namespace sluice::config {

struct RemovedWord {
  std::string_view words;    // one or two: "reqrep", "option forceclose"
  std::string_view since;    // the version that refused it first; empty: not known
  std::string_view instead;  // what to write today
};

// The entry a line begins with; null when there is none.
const RemovedWord* removed_word(std::span<const Token> line) noexcept;

}  // namespace sluice::config
