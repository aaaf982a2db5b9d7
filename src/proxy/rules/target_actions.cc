// Edits of the request line: set-method, set-path, set-pathq, set-query, set-uri, replace-path, replace-pathq,
// replace-uri.
#include <fmt/format.h>

#include <cstring>

#include "proxy/rules/compiler.h"
#include "proxy/rules/head_room.h"
#include "sluice/http/uri.h"
#include "sluice/policy/regex.h"

namespace sluice::proxy {
namespace {

// The piece of the target that an action works on, as offsets into it.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
};

enum class Part : std::uint8_t { Path, PathAndQuery, Query, Uri };

Piece find_piece(std::string_view target, Part part) noexcept {
  if (part == Part::Uri) return {0, target.size()};
  const std::string_view pathq = http::uri_path_and_query(target);
  const std::size_t begin = target.size() - pathq.size();  // it always reaches to the end
  if (part == Part::PathAndQuery) return {begin, target.size()};
  const std::size_t path_end = begin + http::uri_path(target).size();
  if (part == Part::Path) return {begin, path_end};
  const auto mark = target.find('?', begin);
  return mark == std::string_view::npos ? Piece{target.size(), target.size()} : Piece{mark + 1, target.size()};
}

http::TargetForm form_of(std::string_view target, http::TargetForm old) noexcept {
  if (target == "*") return http::TargetForm::Asterisk;
  if (target.starts_with('/')) return http::TargetForm::Origin;
  if (!http::uri_scheme(target).empty()) return http::TargetForm::Absolute;
  return old;
}

bool put_target(ActionContext& ctx, Piece piece, std::string_view between, std::string_view text) noexcept {
  http::RequestHead& r = *ctx.request;
  const std::string_view old = r.target;
  const std::size_t size = piece.begin + between.size() + text.size() + (old.size() - piece.end);
  // A target of nothing would not be a request any more, and one with a blank would be two words.
  if (size == 0 || text.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  const auto out = ctx.arena.chars(size);
  if (out.data() == nullptr || !take_head_room(ctx, old, {out.data(), size})) return false;
  char* p = out.data();
  for (const std::string_view s : {old.substr(0, piece.begin), between, text, old.substr(piece.end)}) {
    if (!s.empty()) std::memcpy(p, s.data(), s.size());
    p += s.size();
  }
  r.target = {out.data(), size};
  r.form = form_of(r.target, r.form);
  ctx.sample.request_changed();
  return true;
}

// A new absolute target names the host of the request (RFC 9112 3.2.2: Host must say the same).
bool follow_authority(ActionContext& ctx) noexcept {
  http::RequestHead& r = *ctx.request;
  if (r.form != http::TargetForm::Absolute) return true;
  const std::string_view authority = r.authority();
  if (authority.empty()) return true;
  ctx.sample.request_changed();
  if (http::Field* host = r.fields.find(http::HeaderId::Host)) {
    if (!take_head_room(ctx, host->value(), authority)) return false;
    host->set_value(authority);
    return true;
  }
  return take_head_room(ctx, 4 + authority.size(), 1) && r.fields.append(http::HeaderId::Host, authority) != nullptr;
}

class SetTarget final : public Action {
 public:
  SetTarget(Part part, Value value) : part_(part), value_(std::move(value)) { needs_ = value_.format().needs(); }
  ActionResult run(ActionContext& ctx) const noexcept override {
    if (ctx.request == nullptr) return ActionResult::Continue;
    const std::string_view text = value_.text(ctx);
    if (text.data() == nullptr) return edit_failed(ctx);
    const std::string_view target = ctx.request->target;
    const Piece piece = find_piece(target, part_);
    std::string_view between;
    if (part_ == Part::Query && target.find('?') == std::string_view::npos) {
      if (text.empty()) return ActionResult::Continue;
      between = "?";
    }
    if (!put_target(ctx, piece, between, text)) return edit_failed(ctx);
    if (part_ == Part::Uri && !follow_authority(ctx)) return edit_failed(ctx);
    return ActionResult::Continue;
  }

 private:
  Part part_;
  Value value_;
};

class ReplaceTarget final : public Action {
 public:
  ReplaceTarget(Part part, policy::Regex regex, Value value)
      : part_(part), regex_(std::move(regex)), value_(std::move(value)) {
    needs_ = value_.format().needs();
  }
  ActionResult run(ActionContext& ctx) const noexcept override {
    if (ctx.request == nullptr) return ActionResult::Continue;
    const Piece piece = find_piece(ctx.request->target, part_);
    const std::string_view old = ctx.request->target.substr(piece.begin, piece.end - piece.begin);
    if (!regex_.search(old)) return ActionResult::Continue;
    const std::string_view replacement = value_.text(ctx);
    if (replacement.data() == nullptr) return edit_failed(ctx);
    policy::ScratchScope scope(*ctx.sample.scratch);
    const auto out = ctx.sample.scratch->rest();
    const std::size_t n = regex_.expand(old, replacement, out);
    if (n == policy::Regex::npos || !put_target(ctx, piece, {}, {out.data(), n})) return edit_failed(ctx);
    if (part_ == Part::Uri && !follow_authority(ctx)) return edit_failed(ctx);
    return ActionResult::Continue;
  }

 private:
  Part part_;
  policy::Regex regex_;
  Value value_;
};

class SetMethod final : public Action {
 public:
  explicit SetMethod(Value value) : value_(std::move(value)) { needs_ = value_.format().needs(); }
  ActionResult run(ActionContext& ctx) const noexcept override {
    if (ctx.request == nullptr) return ActionResult::Continue;
    const std::string_view text = value_.text(ctx);
    if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos ||
        !take_head_room(ctx, ctx.request->method_text, text))
      return edit_failed(ctx);
    ctx.request->method_text = text;
    ctx.request->method = http::method_of(text);
    ctx.sample.request_changed();
    return ActionResult::Continue;
  }

 private:
  Value value_;
};

Part part_of(ActionKind kind) noexcept {
  switch (kind) {
    case ActionKind::SetPath:
    case ActionKind::ReplacePath:
      return Part::Path;
    case ActionKind::SetPathQ:
    case ActionKind::ReplacePathQ:
      return Part::PathAndQuery;
    case ActionKind::SetQuery:
      return Part::Query;
    default:
      return Part::Uri;
  }
}

}  // namespace

std::unique_ptr<Action> make_target_action(ActionCompiler& c, const RuleSpec& rule) {
  if (const auto* set = std::get_if<FormatSpec>(&rule.args)) {
    Value value = c.value(set->format);
    if (!value.valid()) return nullptr;
    if (rule.action == ActionKind::SetMethod) return std::make_unique<SetMethod>(std::move(value));
    return std::make_unique<SetTarget>(part_of(rule.action), std::move(value));
  }
  const auto& spec = std::get<ReplaceSpec>(rule.args);
  std::string why;
  auto regex = policy::Regex::compile(spec.regex.text, false, c.env.options.regex_jit, why);
  if (!regex.valid()) {
    if (c.pages.first_report(spec.regex.at, why)) {
      c.diag().error(spec.regex, fmt::format("error detected in {} '{}' while parsing '{}' rule : {}.",
                                             c.section.kind(), c.section.name, c.scope.directive, why));
    }
    return nullptr;
  }
  Value value = c.value(spec.format);
  if (!value.valid()) return nullptr;
  return std::make_unique<ReplaceTarget>(part_of(rule.action), std::move(regex), std::move(value));
}

}  // namespace sluice::proxy
