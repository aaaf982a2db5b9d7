// Conditions: `if`/`unless` over named and anonymous ACLs, with and (implicit), or, not (manual 7.2).
//
// Compiled into one flat array of tests with jump targets: evaluation is a loop without recursion or virtual calls.
// A Condition is immutable and may be evaluated by several threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sluice/config/source.h"
#include "sluice/policy/context.h"
#include "sluice/policy/expression.h"

namespace sluice::policy {

class Test;  // private: one criterion with its patterns

class Condition {
 public:
  // Always true: the condition of a rule without one.
  Condition() noexcept;
  Condition(Condition&&) noexcept;
  Condition& operator=(Condition&&) noexcept;
  Condition(const Condition&) = default;
  Condition& operator=(const Condition&) = default;
  ~Condition();

  // tokens[0] is "if" or "unless", the rest belongs to the condition. Errors go to scope.diag; the result is then
  // !valid() and evaluates to false. No tokens at all give the condition that is always true.
  static Condition compile(std::span<const config::Token> tokens, CompileScope& scope);

  // True for the words that start a condition; where rules look for it.
  static bool starts(const config::Token& token) noexcept;

  [[nodiscard]] bool valid() const noexcept { return valid_; }
  [[nodiscard]] bool always() const noexcept { return steps_.empty() && valid_; }  // no test at all
  [[nodiscard]] const Needs& needs() const noexcept { return needs_; }

  // Rewinds ctx.scratch to where it was.
  bool evaluate(SampleContext& ctx) const noexcept;

  // The same while more content may come (ctx.more_may_come). Undecided: a test that could still come true stands in
  // the way. A test that holds is not taken back (manual 4.2 "tcp-request inspect-delay", 7.3.5 "req.len").
  enum class Verdict : std::uint8_t { No, Yes, Undecided };
  Verdict decide(SampleContext& ctx) const noexcept;

 private:
  friend class ConditionCompiler;
  struct Step {
    const Test* test;
    std::uint16_t on_true;  // next step, or kAccept / kReject
    std::uint16_t on_false;
    std::uint16_t on_undecided;  // of a whole term: the next group
    bool last;                   // of its term
  };
  std::vector<Step> steps_;
  std::vector<std::shared_ptr<const void>> owned_;  // the ACLs the steps point into
  Needs needs_;
  bool valid_ = true;
  bool unless_ = false;
};

}  // namespace sluice::policy
