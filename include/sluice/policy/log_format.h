// Log formats: text with %-aliases and %[expressions], compiled into a flat list of pieces (manual 8.2.6).
//
// The same type serves log lines, unique ids, header values and bodies; FormatUse says which escaping applies.
// A LogFormat is immutable and may be rendered by several threads at once. Rendering allocates nothing but in
// ctx.scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/expression.h"

namespace sluice::policy {

enum class FormatUse : std::uint8_t {
  Log,        // blanks merged, unprintable characters as #XX, "-" for what is missing
  LogData,    // log-format-sd: as Log
  UniqueId,   // blanks merged, missing parts are "-"
  HttpValue,  // header values and the like: characters that HTTP forbids as %XX, missing parts are empty
  HttpBody,   // lf-string, lf-file: as HttpValue
};

// The formats of manual 8.2.1 to 8.2.5, as log-format strings.
extern const std::string_view kTcpLogFormat;
extern const std::string_view kHttpLogFormat;
extern const std::string_view kHttpsLogFormat;
extern const std::string_view kClfHttpLogFormat;
extern const std::string_view kClfTcpLogFormat;

class LogFormat {
 public:
  LogFormat() noexcept;
  LogFormat(LogFormat&&) noexcept;
  LogFormat& operator=(LogFormat&&) noexcept;
  LogFormat(const LogFormat&) noexcept;  // shares the pieces
  LogFormat& operator=(const LogFormat&) noexcept;
  ~LogFormat();

  // Errors go to scope.diag with the column inside the token, and the result is !valid().
  static LogFormat compile(const config::Token& token, FormatUse use, CompileScope& scope);
  // Built-in text, which has no place in a file of its own: errors name `at`.
  static LogFormat compile(std::string_view text, config::Location at, FormatUse use, CompileScope& scope);

  [[nodiscard]] bool valid() const noexcept { return pieces_ != nullptr; }
  // The whole text when nothing in it depends on the context; then rendering is a copy.
  [[nodiscard]] const std::string* literal() const noexcept;
  [[nodiscard]] const Needs& needs() const noexcept;

  // Writes at most `room` bytes, truncating; returns how many. ctx.scratch is rewound.
  std::size_t render(SampleContext& ctx, char* out, std::size_t room) const noexcept;

  // Rendered into ctx.scratch; valid until its owner rewinds. Truncated to what is left there.
  std::string_view render(SampleContext& ctx) const noexcept;

 private:
  struct Pieces;
  friend class FormatCompiler;
  std::shared_ptr<const Pieces> pieces_;
};

}  // namespace sluice::policy
