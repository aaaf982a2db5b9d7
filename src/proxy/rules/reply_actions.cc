// return, deny, tarpit: rules that answer.
#include <fmt/format.h>

#include <string>

#include "proxy/rules/compiler.h"
#include "sluice/base/strings.h"

namespace sluice::proxy {
namespace {

class Answer final : public Action {
 public:
  Answer(std::shared_ptr<const ReplyTemplate> reply, ActionResult result, const policy::Needs& needs)
      : reply_(std::move(reply)), result_(result) {
    needs_ = needs;
  }
  ActionResult run(ActionContext& ctx) const noexcept override {
    if (ctx.reply == nullptr) return result_ == ActionResult::Respond ? ActionResult::Error : result_;
    ctx.reply_status = reply_->status;
    if (!reply_->from_pages && reply_->page != nullptr && reply_->page->silent) {
      ctx.reply_silent = true;
      return result_;
    }
    if (reply_->from_pages) {
      const auto r = prepare_error(reply_->status, ctx.back_pages, ctx.front_pages, ctx.sample, ctx.arena,
                                   ctx.buffer_bytes, *ctx.reply);
      ctx.reply_body = r.body;
      ctx.reply_silent = r.silent;
      return result_;
    }
    if (!reply_->fill(ctx.sample, ctx.arena, ctx.buffer_bytes, *ctx.reply, ctx.reply_body)) return ActionResult::Error;
    return result_;
  }

 private:
  std::shared_ptr<const ReplyTemplate> reply_;
  ActionResult result_;
};

// The content of a payload file, or an error.
bool load_payload(ActionCompiler& c, const ReplySpec& spec, config::Location at, std::string& out) {
  const std::size_t limit = c.env.buffer_bytes;
  const auto text = c.pages.payload(std::string(spec.body.text));
  std::string why;
  if (text == nullptr) {
    why = fmt::format("error opening file '{}'", spec.body.text);
  } else if (text->size() > limit) {
    why = fmt::format("file '{}' exceeds the buffer size ({} > {})", spec.body.text, text->size(), limit);
  } else if (!text->empty() && spec.content_type.text.empty()) {
    why = "a content type must be defined when non-empty payload is configured";
  }
  if (why.empty()) {
    out = *text;
    return true;
  }
  if (c.pages.first_report(spec.body.at, why)) {
    c.diag().error(spec.body, fmt::format("error detected in {} '{}' while parsing '{}' rule : {}.", c.section.kind(),
                                          c.section.name, c.scope.directive, why));
  }
  (void)at;
  return false;
}

}  // namespace

std::shared_ptr<ReplyTemplate> make_reply(ActionCompiler& c, const ReplySpec& spec, std::uint16_t default_status,
                                          config::Location at, policy::Needs& needs) {
  auto out = std::make_shared<ReplyTemplate>();
  out->status = spec.status == 0 ? default_status : spec.status;
  const std::size_t limit = c.env.buffer_bytes - c.env.max_rewrite_bytes;
  bool format_body = false;
  switch (spec.body_kind) {
    case ReplySpec::Body::Default:
      break;
    case ReplySpec::Body::ErrorFiles:
      out->from_pages = true;
      return out;
    case ReplySpec::Body::ErrorFile:
      out->page = c.pages.file(spec.body, out->status, c.scope.directive, limit, c.diag());
      return out->page == nullptr ? nullptr : out;
    case ReplySpec::Body::ErrorFilesNamed: {
      bool known = false;
      out->page = c.pages.section_page(c.env.document, spec.body.text, out->status, limit, known, c.diag());
      if (!known) {
        if (c.pages.first_report(spec.body.at, "errorfiles")) {
          c.diag().error(spec.body,
                         fmt::format("Proxy '{}': unknown http-errors section '{}' referenced by an http reply .",
                                     c.section.name, spec.body.text));
        }
        return nullptr;
      }
      out->from_pages = out->page == nullptr;
      return out;
    }
    case ReplySpec::Body::String:
      out->body = spec.body.text;
      break;
    case ReplySpec::Body::LfString:
      format_body = true;
      out->body_format = policy::LogFormat::compile(spec.body, policy::FormatUse::HttpBody, c.scope);
      break;
    case ReplySpec::Body::File:
      if (!load_payload(c, spec, at, out->body)) return nullptr;
      break;
    case ReplySpec::Body::LfFile: {
      std::string text;
      if (!load_payload(c, spec, at, text)) return nullptr;
      format_body = true;
      out->body_format = policy::LogFormat::compile(text, spec.body.at, policy::FormatUse::HttpBody, c.scope);
      break;
    }
  }
  if (format_body) {
    if (!out->body_format.valid()) return nullptr;
    needs |= out->body_format.needs();
    if (const std::string* literal = out->body_format.literal()) {
      out->body = *literal;
    } else {
      out->body_is_format = true;
    }
  }
  out->content_length = std::to_string(out->body.size());
  out->content_type = spec.content_type.text;
  for (const auto& h : spec.headers) {
    ReplyTemplate::Header compiled;
    for (const char ch : h.name.text) compiled.name += base::to_lower(ch);
    compiled.id = http::header_id(compiled.name);
    compiled.format = c.value(h.format);
    if (!compiled.format.valid()) return nullptr;
    needs |= compiled.format.needs();
    if (const std::string* literal = compiled.format.literal()) {
      compiled.literal = *literal;
      compiled.constant = true;
    }
    out->headers.push_back(std::move(compiled));
  }
  return out;
}

std::unique_ptr<Action> make_reply_action(ActionCompiler& c, const RuleSpec& rule) {
  std::uint16_t status = 200;
  ActionResult result = ActionResult::Respond;
  if (rule.action == ActionKind::Deny) {
    status = c.response ? 502 : 403;
    result = ActionResult::Deny;
  } else if (rule.action == ActionKind::Tarpit) {
    status = 500;
    result = ActionResult::Tarpit;
  }
  policy::Needs needs;
  auto reply = make_reply(c, std::get<ReplySpec>(rule.args), status, rule.at, needs);
  if (reply == nullptr) return nullptr;
  return std::make_unique<Answer>(std::move(reply), result, needs);
}

}  // namespace sluice::proxy
