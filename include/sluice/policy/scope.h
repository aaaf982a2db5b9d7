// What a compilation may refer to, and where it reports to. Shared by expressions, conditions and log formats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

// A proxy or server that an argument of an expression names or leaves out (then the current one is meant). Names are
// only known once all sections are read; whoever owns the sections checks them.
struct Reference {
  enum class Kind : std::uint8_t { Frontend, Backend, Server } kind;
  std::string proxy;         // empty: the section's own
  std::string server;        // Kind::Server
  std::string_view keyword;  // "nbsrv"
  std::size_t argument = 0;  // from 1
  bool acl = false;          // found in an ACL
  config::Location at;
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
  // What compiled expressions refer to is added here; null: nobody wants to know.
  std::vector<Reference>* references = nullptr;
};

}  // namespace sluice::policy
