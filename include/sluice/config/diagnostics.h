// Errors and remarks about a configuration, collected so that all of them are reported at once.
//
// A report starts with the line people and tools know from the reference, then shows the place and what to do about it:
//
//   [ALERT]    (1234) : config : parsing [haproxy.cfg:12] : unknown keyword 'blance' in 'backend' section; did you mean
//   'balance' maybe ?
//      haproxy.cfg:12:3
//     12 |   blance roundrobin
//        |   ^~~~~~
//        hint: ...
//
// Thread: one; shared by all handlers of a parse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/source.h"

namespace sluice::config {

enum class Severity : std::uint8_t { Diag, Notice, Warning, Alert };

struct Diagnostic {
  Severity severity = Severity::Alert;
  Location at;
  std::uint32_t width = 1;  // characters to underline; 0 = the line is not shown
  std::string message;      // the reason, in the reference's wording; no newline at its end
  std::string hint;         // what to do about it; may be empty
};

class Diagnostics {
 public:
  // An error (the reference's ALERT): the configuration is refused at the end, reading goes on.
  void error(Location at, std::string message, std::string hint = {}) {
    add({Severity::Alert, at, 1, std::move(message), std::move(hint)});
  }
  void warning(Location at, std::string message, std::string hint = {}) {
    add({Severity::Warning, at, 1, std::move(message), std::move(hint)});
  }
  void notice(Location at, std::string message, std::string hint = {}) {
    add({Severity::Notice, at, 1, std::move(message), std::move(hint)});
  }
  // Shown with -dD only.
  void diag(Location at, std::string message, std::string hint = {}) {
    add({Severity::Diag, at, 1, std::move(message), std::move(hint)});
  }
  // The same, underlining the whole word.
  void error(const Token& word, std::string message, std::string hint = {}) {
    add({Severity::Alert, word.at, width_of(word), std::move(message), std::move(hint)});
  }
  void warning(const Token& word, std::string message, std::string hint = {}) {
    add({Severity::Warning, word.at, width_of(word), std::move(message), std::move(hint)});
  }
  void add(Diagnostic d);

  [[nodiscard]] bool failed() const noexcept { return errors_ != 0; }
  [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
  [[nodiscard]] std::size_t warnings() const noexcept { return warnings_; }
  [[nodiscard]] const std::vector<Diagnostic>& all() const noexcept { return all_; }
  void clear() noexcept;

  // What to print. pid < 0 leaves the "(pid)" out.
  struct RenderOptions {
    long pid = -1;
    bool show_diag = false;     // -dD
    bool show_warnings = true;  // warnings and notices
    bool show_source = true;    // the lines with the caret
    bool color = false;
  };
  // All of them in the order in which they were added, each ending with a newline.
  [[nodiscard]] std::string render(const Sources& sources, const RenderOptions& options) const;

 private:
  static std::uint32_t width_of(const Token& word) noexcept {
    return word.text.empty() ? 1U : static_cast<std::uint32_t>(word.text.size());
  }
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// The prefix "[ALERT]    (pid) : " with the reference's column widths; pid < 0 leaves the "(pid)" out.
std::string severity_prefix(Severity severity, long pid);

}  // namespace sluice::config
