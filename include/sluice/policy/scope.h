// What a compilation may refer to, and where it reports to. Shared by expressions, conditions and log formats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/config/diagnostics.h"
#include "sluice/config/source.h"
#include "sluice/policy/context.h"

namespace sluice::policy {

class AclSet;

// The global settings that change how rules are compiled.
struct PolicyOptions {
  bool regex_jit = true;
  bool resolve_names = true;  // host names as ip patterns are looked up (blocks); else they are errors
};

struct CompileScope {
  config::Diagnostics& diag;
  // Where the result will be evaluated: an expression that needs more than one of these places offers is an error.
  std::uint32_t places = 0;
  // For messages: "http-request set-header", "log-format", ...
  std::string_view directive;
  // ACLs of the section; null where conditions are not possible.
  AclSet* acls = nullptr;
  // What was declared with "capture request header" / "capture response header" so far; -1: not checked.
  int request_captures = -1;
  int response_captures = -1;
  // Mode of the section, for aliases that are HTTP only.
  bool http = true;
  PolicyOptions options;
};

}  // namespace sluice::policy
