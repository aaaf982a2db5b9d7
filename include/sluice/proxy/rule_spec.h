// Rules as the configuration file gives them: checked for shape, not yet compiled.
//
// Everything here is plain text with its place in the file, so that a defaults section can be copied into the sections
// that inherit from it. Expressions, conditions and formats are compiled later (rules.h), when the ACLs of the section
// are known. Thread: start-up only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/source.h"

namespace sluice::proxy {

// One word of the file. The text is a view into the sources, which outlive every spec; what is needed after start-up is
// copied when it is compiled.
using Text = config::Token;

// The `if ...` / `unless ...` behind a rule, that word included, still uncompiled. Empty: no condition, the rule always
// applies.
using ConditionSpec = std::vector<Text>;

// What http-request/http-response/http-after-response/tcp-request know how to do. Names in manual 4.4.
enum class ActionKind : std::uint8_t {
  Allow,            // "allow", and "accept" of tcp-request
  Deny,             // reply with a status, counted as denied; ReplySpec
  Tarpit,           // the same after "timeout tarpit"; ReplySpec
  Return,           // ReplySpec
  Redirect,         // RedirectSpec
  Reject,           // close without a reply
  SilentDrop,       // close so that the peer is not told
  SetHeader,        // HeaderEditSpec
  AddHeader,        // HeaderEditSpec
  DelHeader,        // HeaderEditSpec
  ReplaceHeader,    // HeaderEditSpec
  ReplaceValue,     // HeaderEditSpec
  SetMethod,        // FormatSpec
  SetPath,          // FormatSpec
  SetPathQ,         // FormatSpec
  SetQuery,         // FormatSpec
  SetUri,           // FormatSpec
  ReplacePath,      // ReplaceSpec
  ReplacePathQ,     // ReplaceSpec
  ReplaceUri,       // ReplaceSpec
  SetStatus,        // SetStatusSpec
  SetLogLevel,      // LevelSpec
  Capture,          // CaptureRuleSpec
  EarlyHint,        // HeaderEditSpec
  DisableL7Retry,   //
  StrictMode,       // SwitchSpec
  WaitForBody,      // WaitForBodySpec
  ExpectProxy,      //
  ExpectNetscaler,  //
};

// How "del-header -m" compares names (manual 4.4 "del-header").
enum class NameMatch : std::uint8_t { Str, Beg, End, Sub, Reg };

struct HeaderEditSpec {
  Text name;
  NameMatch match = NameMatch::Str;
  Text regex;   // replace-*
  Text format;  // log-format
};
struct FormatSpec {
  Text format;
};
struct ReplaceSpec {
  Text regex;
  Text format;
};
struct SetStatusSpec {
  std::uint16_t status = 0;
  std::string reason;  // "" = the usual one
};
struct LevelSpec {
  std::int8_t level = -1;  // syslog severity 0..7, -1 = "silent"
};
struct CaptureRuleSpec {
  std::vector<Text> sample;          // expression words
  std::optional<std::uint32_t> len;  // a slot of its own of this length ...
  std::optional<std::size_t> id;     // ... or one made by "declare capture"
};
struct SwitchSpec {
  bool on = false;
};
struct WaitForBodySpec {
  base::Millis time{};
  std::uint64_t at_least_bytes = 0;  // 0 = all of it
};

// What a reply is made of: "return", "deny", "tarpit", "http-error" (manual 4.4 "return", 4.2 "http-error").
struct ReplySpec {
  enum class Body : std::uint8_t {
    Default,          // deny/tarpit: the proxy's own page for the status; return: no body
    ErrorFiles,       // "default-errorfiles": the proxy's page for the status
    ErrorFile,        // "errorfile": `body` names a file with a whole HTTP message
    ErrorFilesNamed,  // "errorfiles": `body` names an http-errors section
    String,
    LfString,
    File,
    LfFile,
  };
  struct Header {
    Text name;
    Text format;
  };
  std::uint16_t status = 0;  // 0 = not given: 200 for return, 403 for deny, 500 for tarpit
  Body body_kind = Body::Default;
  Text body;          // text, file name or section name
  Text content_type;  // "" = not given
  std::vector<Header> headers;
};

struct RedirectSpec {
  enum class Kind : std::uint8_t { Location, Prefix, Scheme };
  Kind kind = Kind::Location;
  Text target;               // log-format
  std::uint16_t code = 302;  // 301, 302, 303, 307, 308
  bool drop_query = false;
  bool keep_query = false;    // location only
  bool append_slash = false;  // prefix with drop-query only
  bool ignore_empty = false;  // go on with the next rule when the target renders empty
  enum class Cookie : std::uint8_t { None, Set, SetFormat, Clear };
  Cookie cookie = Cookie::None;
  Text cookie_text;  // NAME[=value]; a log-format for SetFormat
};

struct RuleSpec {
  ActionKind action = ActionKind::Allow;
  config::Location at{};
  ConditionSpec when;
  std::string_view name;       // the action's word, for messages
  bool from_defaults = false;  // written in a defaults section
  std::variant<std::monostate, HeaderEditSpec, FormatSpec, ReplaceSpec, SetStatusSpec, LevelSpec, CaptureRuleSpec,
               SwitchSpec, WaitForBodySpec, ReplySpec, RedirectSpec>
      args;
};

using RuleSpecs = std::vector<RuleSpec>;

}  // namespace sluice::proxy
