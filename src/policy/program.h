// A compiled expression: one fetch and a row of converters, with their arguments in one array.
#pragma once

#include "policy/registry.h"

namespace sluice::policy {

class Program {
 public:
  struct Step {
    ConvertFn fn;
    std::uint32_t first_arg;
    SampleType in;
    SampleType out;
  };

  bool run(SampleContext& ctx, Sample& s, Cursor& cursor) const noexcept {
    if (!fetch(ctx, args.data(), s, cursor)) return false;
    return convert(ctx, s);
  }
  bool convert(SampleContext& ctx, Sample& s) const noexcept {
    for (const Step& step : steps) {
      if (step.in != SampleType::Any && s.type != step.in && !cast(ctx, s, step.in)) return false;
      if (!step.fn(ctx, args.data() + step.first_arg, s)) return false;
    }
    return true;
  }

  FetchFn fetch = nullptr;
  const FetchRow* row = nullptr;
  std::vector<Arg> args;
  std::vector<Step> steps;
  SampleType type = SampleType::Any;
  Needs needs;
  std::uint32_t places = 0;
  std::vector<std::shared_ptr<const void>> objects;
  std::vector<std::unique_ptr<std::string>> texts;
  std::string text;
};

struct ParsedExpression {
  std::shared_ptr<Program> program;  // null: error
  std::size_t used = 0;              // characters
  std::string error;                 // complete sentence
  std::string hint;
  std::size_t error_at = 0;  // offset in the text
};
// Reads an expression from the beginning of `text`; stops at the first character that does not belong to it.
// `whole`: what the messages show. `acl`: wording of ACL messages, and the fetch name may be missing its converters.
// `offset_in_token`: where `text` begins in the token, for the places of references.
ParsedExpression parse_expression(std::string_view text, CompileScope& scope, const config::Token& token,
                                  std::size_t offset_in_token, const FetchRow* forced_row = nullptr);

}  // namespace sluice::policy
