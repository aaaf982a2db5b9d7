// set-header, add-header, del-header, replace-header, replace-value (manual 4.4).
#include <fmt/format.h>

#include <cstring>
#include <string>

#include "proxy/rules/compiler.h"
#include "proxy/rules/head_room.h"
#include "sluice/base/strings.h"
#include "sluice/policy/regex.h"

namespace sluice::proxy {
namespace {

http::Fields* fields_of(ActionContext& ctx) noexcept {
  if (ctx.response != nullptr) return &ctx.response->fields;
  return ctx.request == nullptr ? nullptr : &ctx.request->fields;
}

struct HeaderName {
  std::string text;  // lower case
  http::HeaderId id = http::HeaderId::Unknown;
  explicit HeaderName(std::string_view name) : id(http::header_id(name)) {
    for (const char c : name) text += base::to_lower(c);
  }
  void remove(http::Fields& f) const noexcept {
    if (id == http::HeaderId::Unknown) {
      f.remove(text);
    } else {
      f.remove(id);
    }
  }
  [[nodiscard]] http::Field* add(http::Fields& f, std::string_view value) const noexcept {
    return f.push(id == http::HeaderId::Unknown ? std::string_view(text) : http::header_name(id), value, id,
                  http::Field::kEdited);
  }
  // What all fields of this name take of the head (head_room.h).
  [[nodiscard]] std::size_t weight(http::Fields& fields) const noexcept {
    std::size_t n = 0;
    for (const http::Field* f = find(fields, nullptr); f != nullptr; f = find(fields, const_cast<http::Field*>(f)))
      n += f->name_len + f->value_len + 8;
    return n;
  }
  [[nodiscard]] http::Field* find(http::Fields& f, http::Field* after) const noexcept {
    return id == http::HeaderId::Unknown ? f.find(text, after) : f.find(id, after);
  }
};

// A request's Host was edited: the target and what was derived from it follow.
bool after_edit(ActionContext& ctx, const HeaderName& name, std::string_view value) noexcept {
  if (name.id != http::HeaderId::Host || ctx.response != nullptr) return true;
  const bool ok = follow_host(ctx, value);
  ctx.sample.request_changed();
  return ok;
}

class SetHeader final : public Action {
 public:
  SetHeader(std::string_view name, Value value, bool replace)
      : name_(name), value_(std::move(value)), replace_(replace) {
    needs_ = value_.format().needs();
  }
  ActionResult run(ActionContext& ctx) const noexcept override {
    http::Fields* f = fields_of(ctx);
    if (f == nullptr) return ActionResult::Continue;
    const std::string_view v = value_.text(ctx);  // before the removal: it may use the old value
    if (v.data() == nullptr) return edit_failed(ctx);
    if (f->size() == f->capacity()) return edit_failed(ctx);
    const auto room = [&](std::size_t replaced) noexcept {
      const std::size_t text = name_.text.size() + v.size();
      return text + 8 <= replaced || take_head_room(ctx, text + 8 - replaced);
    };
    if (!room(0) && !(replace_ && room(name_.weight(*f)))) return edit_failed(ctx);
    if (replace_) name_.remove(*f);
    if (name_.add(*f, v) == nullptr || !after_edit(ctx, name_, v)) return edit_failed(ctx);
    return ActionResult::Continue;
  }

 private:
  HeaderName name_;
  Value value_;
  bool replace_;
};

class DelHeader final : public Action {
 public:
  explicit DelHeader(std::string_view name) : name_(name) {}
  ActionResult run(ActionContext& ctx) const noexcept override {
    if (http::Fields* f = fields_of(ctx)) name_.remove(*f);
    if (name_.id == http::HeaderId::Host) ctx.sample.request_changed();
    return ActionResult::Continue;
  }

 private:
  HeaderName name_;
};

class DelHeaderMatching final : public Action {
 public:
  DelHeaderMatching(std::string_view pattern, NameMatch match, policy::Regex regex)
      : pattern_(pattern), match_(match), regex_(std::move(regex)) {}
  ActionResult run(ActionContext& ctx) const noexcept override {
    http::Fields* fields = fields_of(ctx);
    if (fields == nullptr) return ActionResult::Continue;
    for (auto& f : *fields) {
      if (!f.removed() && matches(f.name())) f.remove();
    }
    ctx.sample.request_changed();
    return ActionResult::Continue;
  }

 private:
  [[nodiscard]] bool matches(std::string_view name) const noexcept {
    switch (match_) {
      case NameMatch::Str:
        return name == pattern_.text;
      case NameMatch::Beg:
        return name.starts_with(pattern_.text);
      case NameMatch::End:
        return name.ends_with(pattern_.text);
      case NameMatch::Sub:
        return name.find(pattern_.text) != std::string_view::npos;
      case NameMatch::Reg:
        return regex_.search(name);
    }
    return false;
  }
  HeaderName pattern_;
  NameMatch match_;
  policy::Regex regex_;
};

// replace-value leaves the commas and the blanks around values as they were, as the manual's example shows; HAProxy 2.6
// loses the blank before a value it replaced. The lists mean the same.
class ReplaceHeader final : public Action {
 public:
  ReplaceHeader(std::string_view name, policy::Regex regex, Value format, bool each_value)
      : name_(name), regex_(std::move(regex)), format_(std::move(format)), each_value_(each_value) {
    needs_ = format_.format().needs();
  }
  ActionResult run(ActionContext& ctx) const noexcept override {
    http::Fields* fields = fields_of(ctx);
    if (fields == nullptr) return ActionResult::Continue;
    http::Field* f = name_.find(*fields, nullptr);
    if (f == nullptr) return ActionResult::Continue;
    const std::string_view replacement = format_.text(ctx);
    if (replacement.data() == nullptr) return edit_failed(ctx);
    for (; f != nullptr; f = name_.find(*fields, f)) {
      const bool ok = each_value_ ? replace_values(ctx, *f, replacement) : replace_whole(ctx, *f, replacement);
      if (!ok || !after_edit(ctx, name_, f->value())) return edit_failed(ctx);
    }
    return ActionResult::Continue;
  }

 private:
  // False: out of memory or of room. The new text goes to the arena.
  bool replace_whole(ActionContext& ctx, http::Field& f, std::string_view replacement) const noexcept {
    if (!regex_.search(f.value())) return true;
    policy::ScratchScope scope(*ctx.sample.scratch);
    const auto out = ctx.sample.scratch->rest();
    const std::size_t n = regex_.expand(f.value(), replacement, out);
    if (n == policy::Regex::npos) return false;
    const std::string_view v = ctx.arena.copy({out.data(), n});
    if (v.data() == nullptr || !take_head_room(ctx, f.value(), v)) return false;
    f.set_value(v);
    return true;
  }
  // Every element of the comma-separated list by itself; blanks and commas stay as they are.
  bool replace_values(ActionContext& ctx, http::Field& f, std::string_view replacement) const noexcept {
    const std::string_view whole = f.value();
    policy::ScratchScope scope(*ctx.sample.scratch);
    const auto out = ctx.sample.scratch->rest();
    std::size_t used = 0;
    const char* copied = whole.data();  // up to here the old text is in `out`
    bool changed = false;
    const auto put = [&](std::string_view s) {
      if (s.size() > out.size() - used) return false;
      std::memcpy(out.data() + used, s.data(), s.size());
      used += s.size();
      return true;
    };
    http::ListCursor cursor(whole);
    for (std::string_view element; cursor.next(element);) {
      if (!regex_.search(element)) continue;
      if (!put({copied, static_cast<std::size_t>(element.data() - copied)})) return false;
      const std::size_t n = regex_.expand(element, replacement, out.subspan(used));
      if (n == policy::Regex::npos) return false;
      used += n;
      copied = element.data() + element.size();
      changed = true;
    }
    if (!changed) return true;
    if (!put({copied, static_cast<std::size_t>(whole.data() + whole.size() - copied)})) return false;
    const std::string_view v = ctx.arena.copy({out.data(), used});
    if (v.data() == nullptr || !take_head_room(ctx, whole, v)) return false;
    f.set_value(v);
    return true;
  }

  HeaderName name_;
  policy::Regex regex_;
  Value format_;
  bool each_value_;
};

bool valid_name(ActionCompiler& c, const Text& name) {
  constexpr std::string_view kBad = "()<>@,;:\\\"/[]?={} \t";
  for (const char ch : name.text) {
    if (static_cast<unsigned char>(ch) <= 32 || static_cast<unsigned char>(ch) >= 127 ||
        kBad.find(ch) != std::string_view::npos) {
      c.diag().error(name, fmt::format("'{}' : '{}' is not a header name.", c.scope.directive, name.text));
      return false;
    }
  }
  return true;
}

policy::Regex make_regex(ActionCompiler& c, const Text& word, bool ignore_case) {
  std::string why;
  auto r = policy::Regex::compile(word.text, ignore_case, c.env.options.regex_jit, why);
  if (!r.valid() && c.pages.first_report(word.at, why)) {
    c.diag().error(word, fmt::format("error detected in {} '{}' while parsing '{}' rule : {}.", c.section.kind(),
                                     c.section.name, c.scope.directive, why));
  }
  return r;
}

}  // namespace

bool follow_host(ActionContext& ctx, std::string_view host) noexcept {
  http::RequestHead* r = ctx.request;
  if (r == nullptr || r->form != http::TargetForm::Absolute) return true;
  const std::string_view old = r->authority();
  if (old.empty()) return true;
  const std::size_t before = static_cast<std::size_t>(old.data() - r->target.data());
  const std::size_t after = r->target.size() - before - old.size();
  const auto out = ctx.arena.chars(before + host.size() + after);
  if (out.data() == nullptr || !take_head_room(ctx, old, host)) return false;
  std::memcpy(out.data(), r->target.data(), before);
  std::memcpy(out.data() + before, host.data(), host.size());
  std::memcpy(out.data() + before + host.size(), old.data() + old.size(), after);
  r->target = {out.data(), out.size()};
  return true;
}

std::unique_ptr<Action> make_header_action(ActionCompiler& c, const RuleSpec& rule) {
  const auto& spec = std::get<HeaderEditSpec>(rule.args);
  if (rule.action == ActionKind::DelHeader) {
    if (spec.regex.text.empty() || spec.match == NameMatch::Str) return std::make_unique<DelHeader>(spec.name.text);
    policy::Regex regex;
    if (spec.match == NameMatch::Reg) {
      regex = make_regex(c, spec.regex, true);
      if (!regex.valid()) return nullptr;
    }
    return std::make_unique<DelHeaderMatching>(spec.name.text, spec.match, std::move(regex));
  }
  if (!valid_name(c, spec.name)) return nullptr;
  Value value = c.value(spec.format);
  if (!value.valid()) return nullptr;
  if (rule.action == ActionKind::SetHeader || rule.action == ActionKind::AddHeader) {
    return std::make_unique<SetHeader>(spec.name.text, std::move(value), rule.action == ActionKind::SetHeader);
  }
  auto regex = make_regex(c, spec.regex, false);
  if (!regex.valid()) return nullptr;
  return std::make_unique<ReplaceHeader>(spec.name.text, std::move(regex), std::move(value),
                                         rule.action == ActionKind::ReplaceValue);
}

}  // namespace sluice::proxy
