// Actions that steer: allow, reject, set-log-level, capture, set-status, strict-mode, disable-l7-retry, wait-for-body.
#include <fmt/format.h>

#include "proxy/rules/compiler.h"
#include "sluice/http/status.h"

namespace sluice::proxy {
namespace {

class Fixed final : public Action {
 public:
  explicit Fixed(ActionResult result) : result_(result) {}
  ActionResult run(ActionContext&) const noexcept override { return result_; }

 private:
  ActionResult result_;
};

class SetLogLevel final : public Action {
 public:
  explicit SetLogLevel(std::int8_t level) : level_(level) {}
  ActionResult run(ActionContext& ctx) const noexcept override {
    ctx.controls.log_level = level_;
    return ActionResult::Continue;
  }

 private:
  std::int8_t level_;
};

class DisableL7Retry final : public Action {
 public:
  ActionResult run(ActionContext& ctx) const noexcept override {
    ctx.controls.disable_l7_retry = true;
    return ActionResult::Continue;
  }
};

class StrictMode final : public Action {
 public:
  explicit StrictMode(bool on) : on_(on) {}
  ActionResult run(ActionContext& ctx) const noexcept override {
    ctx.strict = on_;
    return ActionResult::Continue;
  }

 private:
  bool on_;
};

class ExpectPreface final : public Action {
 public:
  explicit ExpectPreface(net::PrefaceKind kind) : kind_(kind) {}
  ActionResult run(ActionContext& ctx) const noexcept override {
    ctx.controls.preface = kind_;
    return ActionResult::Continue;
  }

 private:
  net::PrefaceKind kind_;
};

class SetStatus final : public Action {
 public:
  explicit SetStatus(const SetStatusSpec& spec) : status_(spec.status), reason_(spec.reason) {}
  ActionResult run(ActionContext& ctx) const noexcept override {
    if (ctx.response == nullptr) return ActionResult::Continue;
    ctx.response->status = status_;
    ctx.response->reason = reason_.empty() ? http::status_reason(status_) : std::string_view(reason_);
    return ActionResult::Continue;
  }

 private:
  std::uint16_t status_;
  std::string reason_;
};

class Capture final : public Action {
 public:
  Capture(policy::Expression sample, std::size_t slot, bool response)
      : sample_(std::move(sample)), slot_(slot), response_(response) {
    needs_ = sample_.needs();
  }
  ActionResult run(ActionContext& ctx) const noexcept override {
    const auto slots = response_ ? ctx.controls.response_captures : ctx.controls.request_captures;
    const auto lens = response_ ? ctx.controls.response_capture_lens : ctx.controls.request_capture_lens;
    // A backend's rule may name a slot that this frontend does not have (manual 4.4 "capture").
    if (slot_ >= slots.size() || slot_ >= lens.size()) return ActionResult::Continue;
    policy::ScratchScope scope(*ctx.sample.scratch);
    std::string_view text;
    if (!sample_.evaluate_text(ctx.sample, text)) return ActionResult::Continue;
    const auto kept = ctx.arena.copy(text.substr(0, lens[slot_]));
    if (kept.data() != nullptr) slots[slot_] = kept;
    return ActionResult::Continue;
  }

 private:
  policy::Expression sample_;
  std::size_t slot_;
  bool response_;
};

class WaitForBody final : public Action {
 public:
  explicit WaitForBody(const WaitForBodySpec& spec) : spec_(spec) { needs_.body = true; }
  ActionResult run(ActionContext& ctx) const noexcept override {
    const BodyState& b = ctx.body;
    if (b.complete || b.buffer_full) return ActionResult::Continue;
    if (spec_.at_least_bytes != 0 && b.bytes >= spec_.at_least_bytes) return ActionResult::Continue;
    if (!ctx.first_run && b.timed_out) return ActionResult::TimedOut;
    ctx.controls.wait.time = spec_.time;
    ctx.controls.wait.at_least_bytes = spec_.at_least_bytes;
    return ActionResult::Wait;
  }

 private:
  WaitForBodySpec spec_;
};

std::unique_ptr<Action> make_capture(ActionCompiler& c, const RuleSpec& rule) {
  const auto& spec = std::get<CaptureRuleSpec>(rule.args);
  std::size_t used = 0;
  auto sample = policy::Expression::compile(std::span(spec.sample), c.scope, used);
  if (!sample.valid()) return nullptr;
  if (used < spec.sample.size()) {
    c.diag().error(spec.sample[used],
                   fmt::format("error detected in {} '{}' while parsing '{}' rule : expects 'len' or 'id', "
                               "found '{}'.",
                               c.section.kind(), c.section.name, c.scope.directive, spec.sample[used].text));
    return nullptr;
  }
  const std::size_t slot = spec.id.value_or(0);
  if (c.front && slot >= (c.response ? c.response_slots : c.request_slots)) {
    c.diag().error(rule.at, fmt::format("Proxy '{}': unable to find capture id '{}' referenced by {} rule.",
                                        c.section.name, slot, c.scope.directive));
    return nullptr;
  }
  return std::make_unique<Capture>(std::move(sample), slot, c.response);
}

}  // namespace

std::unique_ptr<Action> make_control_action(ActionCompiler& c, const RuleSpec& rule) {
  switch (rule.action) {
    case ActionKind::Allow:
      return std::make_unique<Fixed>(ActionResult::Stop);
    case ActionKind::Reject:
      return std::make_unique<Fixed>(ActionResult::Close);
    case ActionKind::SilentDrop:
      return std::make_unique<Fixed>(ActionResult::Drop);
    case ActionKind::SetLogLevel:
      return std::make_unique<SetLogLevel>(std::get<LevelSpec>(rule.args).level);
    case ActionKind::DisableL7Retry:
      return std::make_unique<DisableL7Retry>();
    case ActionKind::StrictMode:
      return std::make_unique<StrictMode>(std::get<SwitchSpec>(rule.args).on);
    case ActionKind::SetStatus:
      return std::make_unique<SetStatus>(std::get<SetStatusSpec>(rule.args));
    case ActionKind::Capture:
      return make_capture(c, rule);
    case ActionKind::ExpectProxy:
      return std::make_unique<ExpectPreface>(net::PrefaceKind::Proxy);
    case ActionKind::ExpectNetscaler:
      return std::make_unique<ExpectPreface>(net::PrefaceKind::Netscaler);
    case ActionKind::WaitForBody:
      return std::make_unique<WaitForBody>(std::get<WaitForBodySpec>(rule.args));
    default:
      return nullptr;
  }
}

std::unique_ptr<Action> make_action(ActionCompiler& c, const RuleSpec& rule) {
  switch (rule.action) {
    case ActionKind::SetHeader:
    case ActionKind::AddHeader:
    case ActionKind::DelHeader:
    case ActionKind::ReplaceHeader:
    case ActionKind::ReplaceValue:
      return make_header_action(c, rule);
    case ActionKind::SetMethod:
    case ActionKind::SetPath:
    case ActionKind::SetPathQ:
    case ActionKind::SetQuery:
    case ActionKind::SetUri:
    case ActionKind::ReplacePath:
    case ActionKind::ReplacePathQ:
    case ActionKind::ReplaceUri:
      return make_target_action(c, rule);
    case ActionKind::Deny:
    case ActionKind::Tarpit:
    case ActionKind::Return:
      return make_reply_action(c, rule);
    case ActionKind::Redirect:
      return make_redirect_action(c, rule);
    default:
      return make_control_action(c, rule);
  }
}

}  // namespace sluice::proxy
