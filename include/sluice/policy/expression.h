// Sample expressions: `fetch(args),converter(args),...` compiled once into a short flat program (manual 7.3).
//
// Compilation checks names, arguments, types and places, and reports errors with their position and a hint. Names that
// the language knows but this program does not offer yet are refused by name. Evaluation allocates nothing outside
// SampleContext::scratch and never throws.
// An Expression is immutable once compiled and may be evaluated by any number of threads at once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/sample.h"
#include "sluice/policy/scope.h"

namespace sluice::policy {

// Position in a value list: hdr(x) in an ACL gives one value after the other.
struct Cursor {
  bool iterate = false;  // false: the language's default occurrence (usually the last)
  bool more = false;     // set by the fetch when another call may give another value
  std::uint32_t item = 0;
  std::uint32_t offset = 0;
};

class Program;  // private: the compiled steps

class Expression {
 public:
  Expression() noexcept;
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  Expression(const Expression&) noexcept;  // shares the program
  Expression& operator=(const Expression&) noexcept;
  ~Expression();

  // An invalid expression after an error, which is in scope.diag. The token holds the expression and nothing else.
  static Expression compile(const config::Token& token, CompileScope& scope);

  // The same, with the expression possibly continued in further words ("hdr(host) lower" is how old files wrote
  // converters): words that are converters are taken, `used` says how many tokens that were.
  static Expression compile(std::span<const config::Token> tokens, CompileScope& scope, std::size_t& used);

  [[nodiscard]] bool valid() const noexcept { return program_ != nullptr; }
  [[nodiscard]] SampleType type() const noexcept;  // of the result, as far as known when compiled
  [[nodiscard]] const Needs& needs() const noexcept;
  [[nodiscard]] std::string_view text() const noexcept;  // as written

  // False: not found. The result may lie in ctx.scratch.
  bool evaluate(SampleContext& ctx, Sample& out) const noexcept;
  // With values one by one; go on while cursor.more.
  bool evaluate(SampleContext& ctx, Sample& out, Cursor& cursor) const noexcept;
  // As text / as a number, after the casts of the language. The text may lie in ctx.scratch.
  bool evaluate_text(SampleContext& ctx, std::string_view& out) const noexcept;
  bool evaluate_int(SampleContext& ctx, std::int64_t& out) const noexcept;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace sluice::policy
