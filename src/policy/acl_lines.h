// Compiled ACLs: a Test is one line (criterion and patterns), an Acl all lines of one name.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/patterns.h"
#include "policy/program.h"
#include "policy/target.h"
#include "sluice/policy/acl.h"

namespace sluice::policy {

class Test {
 public:
  // words: criterion, flags, operator, patterns. Null after an error, which has been reported with `prefix` before it.
  static std::unique_ptr<Test> compile(std::span<const config::Token> words, CompileScope& scope,
                                       const std::string& prefix);

  bool matches(SampleContext& ctx) const noexcept {
    // The most frequent criteria go straight to the text.
    std::string_view text;
    switch (source_) {
      case Source::Path:
        return cached_path(ctx, text) && patterns_.matches_text(text);
      case Source::Host:
        if (!cached_host(ctx, text)) return false;
        if (ctx.cache.host_single) return patterns_.matches_text(text);
        break;
      case Source::True:
        return true;
      case Source::False:
        return false;
      case Source::Program:
        break;
    }
    return matches_program(ctx);
  }
  [[nodiscard]] const Program& program() const noexcept { return *program_; }

 private:
  enum class Source : std::uint8_t { Program, Path, Host, True, False };
  bool matches_program(SampleContext& ctx) const noexcept;

  Source source_ = Source::Program;
  Patterns patterns_;
  std::shared_ptr<const Program> program_;
};

class Acl {
 public:
  std::string name;  // empty for anonymous ones
  std::vector<std::unique_ptr<const Test>> tests;
};

// The place's name as the reference prints it: "frontend http-request header rule". The first of the bits.
std::string_view place_name(std::uint32_t places) noexcept;

}  // namespace sluice::policy
