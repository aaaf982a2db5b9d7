// Making actions out of rule specs. Private. Start-up only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/rules/page_cache.h"
#include "sluice/config/diagnostics.h"
#include "sluice/policy/acl.h"
#include "sluice/policy/expression.h"
#include "sluice/policy/log_format.h"
#include "sluice/policy/scope.h"
#include "sluice/proxy/actions.h"
#include "sluice/proxy/rules.h"

namespace sluice::proxy {

// One rule set of one section while it is compiled.
struct ActionCompiler {
  const CompileEnv& env;
  const config::Section& section;
  policy::CompileScope& scope;
  PageCache& pages;
  std::string_view set;   // "http-request"
  bool response = false;  // deny means 502 there, captures go to the response's slots
  std::size_t request_slots = 0;
  std::size_t response_slots = 0;
  bool front = false;

  config::Diagnostics& diag() { return scope.diag; }
  // A value of a header or the like: log-format.
  policy::LogFormat value(const Text& text, policy::FormatUse use = policy::FormatUse::HttpValue) {
    return policy::LogFormat::compile(text, use, scope);
  }
};

// Null after an error, which was reported.
std::unique_ptr<Action> make_header_action(ActionCompiler& c, const RuleSpec& rule);
std::unique_ptr<Action> make_target_action(ActionCompiler& c, const RuleSpec& rule);
std::unique_ptr<Action> make_reply_action(ActionCompiler& c, const RuleSpec& rule);
std::unique_ptr<Action> make_redirect_action(ActionCompiler& c, const RuleSpec& rule);
std::unique_ptr<Action> make_control_action(ActionCompiler& c, const RuleSpec& rule);
std::unique_ptr<Action> make_action(ActionCompiler& c, const RuleSpec& rule);

// Warnings about what a proxy in tcp mode does not do.
void warn_about_mode(const CompiledProxy& proxy, config::Diagnostics& diag);

// The template of a ReplySpec; null after an error. default_status where the spec names none.
std::shared_ptr<ReplyTemplate> make_reply(ActionCompiler& c, const ReplySpec& spec, std::uint16_t default_status,
                                          config::Location at, policy::Needs& needs);

// A text made of a format: constant text costs nothing at run time.
class Value {
 public:
  Value() = default;
  Value(policy::LogFormat format) : format_(std::move(format)) {  // NOLINT(google-explicit-constructor)
    if (const std::string* literal = format_.valid() ? format_.literal() : nullptr) {
      literal_ = *literal;
      constant_ = true;
    }
  }
  [[nodiscard]] bool valid() const noexcept { return constant_ || format_.valid(); }
  [[nodiscard]] const policy::LogFormat& format() const noexcept { return format_; }
  // Text that lives as long as the exchange; null data when memory is out.
  [[nodiscard]] std::string_view text(ActionContext& ctx) const noexcept {
    if (constant_) return literal_;
    policy::ScratchScope scope(*ctx.sample.scratch);
    return ctx.arena.copy(format_.render(ctx.sample));
  }

 private:
  policy::LogFormat format_;
  std::string literal_;
  bool constant_ = false;
};

// The end of a failed edit: an error in strict mode, otherwise counted and forgotten (manual 4.4 "strict-mode").
inline ActionResult edit_failed(ActionContext& ctx) noexcept {
  ++ctx.controls.failed_rewrites;
  return ctx.strict ? ActionResult::Error : ActionResult::Continue;
}

// Host changed: an absolute target says the same host (RFC 9112 3.2.2). False: out of memory.
bool follow_host(ActionContext& ctx, std::string_view host) noexcept;

}  // namespace sluice::proxy
