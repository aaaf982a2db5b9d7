// redirect (manual 4.2 "redirect").
#include <cstring>
#include <string>

#include "proxy/rules/compiler.h"

namespace sluice::proxy {
namespace {

class Redirect final : public Action {
 public:
  Redirect(const RedirectSpec& spec, Value target, Value cookie)
      : spec_(spec), target_(std::move(target)), cookie_format_(std::move(cookie)) {
    needs_ = target_.format().needs();
    if (cookie_format_.valid()) needs_ |= cookie_format_.format().needs();
    needs_.request_head = true;
    if (spec.cookie == RedirectSpec::Cookie::Set) cookie_ = std::string(spec.cookie_text.text) + "; path=/;";
    if (spec.cookie == RedirectSpec::Cookie::Clear)
      cookie_ = std::string(spec.cookie_text.text) + "; path=/; Max-Age=0;";
  }

  ActionResult run(ActionContext& ctx) const noexcept override {
    if (ctx.reply == nullptr) return ActionResult::Error;
    const std::string_view target = target_.text(ctx);
    if (target.data() == nullptr) return ActionResult::Error;
    if (spec_.ignore_empty && target.empty()) return ActionResult::Continue;
    const std::string_view location = make_location(ctx, target);
    std::string_view cookie = cookie_;
    if (cookie_format_.valid()) cookie = cookie_format_.text(ctx);
    if (location.data() == nullptr || cookie.data() == nullptr) return ActionResult::Error;

    http::ResponseHead& head = *ctx.reply;
    head.clear();
    head.status = spec_.code;
    head.reason = redirect_reason(spec_.code);
    head.body = http::BodyKind::Length;
    bool ok = head.fields.append(http::HeaderId::ContentLength, "0") != nullptr;
    ok = ok && head.fields.append(http::HeaderId::Location, location) != nullptr;
    if (spec_.code == 302 || spec_.code == 303 || spec_.code == 307) {
      ok = ok && head.fields.append(http::HeaderId::CacheControl, "no-cache") != nullptr;
    }
    if (!cookie.empty()) ok = ok && head.fields.append(http::HeaderId::SetCookie, cookie) != nullptr;
    ctx.reply_body = {};
    return ok ? ActionResult::Redirect : ActionResult::Error;
  }

 private:
  // Lives in the arena, in this action, or in the request; null data when memory is out.
  std::string_view make_location(ActionContext& ctx, std::string_view target) const noexcept {
    const http::RequestHead* r = ctx.request;
    std::string_view path;
    std::string_view query;
    if (r != nullptr) {
      path = r->path();
      const std::string_view pathq = r->path_and_query();
      const auto mark = pathq.find('?');
      if (mark != std::string_view::npos) query = pathq.substr(mark);  // with its '?'
    }
    switch (spec_.kind) {
      case RedirectSpec::Kind::Location: {
        if (!spec_.keep_query || query.empty()) return target;
        const bool more = target.find('?') != std::string_view::npos;
        return join(ctx, {target, more ? "&" : "?", query.substr(1)});
      }
      case RedirectSpec::Kind::Prefix: {
        const std::string_view prefix = target == "/" ? std::string_view("") : target;
        return join(ctx, {prefix, path, tail(path, query)});
      }
      case RedirectSpec::Kind::Scheme: {
        if (path.empty() || path == "*") path = "/";
        const http::Field* host = r == nullptr ? nullptr : r->fields.find(http::HeaderId::Host);
        return join(ctx,
                    {target, "://", host == nullptr ? std::string_view("") : host->value(), path, tail(path, query)});
      }
    }
    return target;
  }
  // What follows the path: the query unless dropped, then with the slash that append-slash wants.
  [[nodiscard]] std::string_view tail(std::string_view path, std::string_view query) const noexcept {
    if (!spec_.drop_query) return query;
    return spec_.append_slash && !path.ends_with('/') ? std::string_view("/") : std::string_view("");
  }
  static std::string_view join(ActionContext& ctx, std::initializer_list<std::string_view> parts) noexcept {
    std::size_t size = 0;
    for (const auto p : parts) size += p.size();
    const auto out = ctx.arena.chars(size);
    if (out.data() == nullptr) return {};
    char* p = out.data();
    for (const auto part : parts) {
      if (!part.empty()) std::memcpy(p, part.data(), part.size());
      p += part.size();
    }
    return {out.data(), size};
  }

  RedirectSpec spec_;
  Value target_;
  Value cookie_format_;
  std::string cookie_;
};

}  // namespace

std::unique_ptr<Action> make_redirect_action(ActionCompiler& c, const RuleSpec& rule) {
  const auto& spec = std::get<RedirectSpec>(rule.args);
  Value target = c.value(spec.target);
  if (!target.valid()) return nullptr;
  Value cookie;
  if (spec.cookie == RedirectSpec::Cookie::SetFormat) {
    cookie = c.value(spec.cookie_text);
    if (!cookie.valid()) return nullptr;
  }
  return std::make_unique<Redirect>(spec, std::move(target), std::move(cookie));
}

}  // namespace sluice::proxy
