// compile_proxy(): from a section's spec to what the data path runs.
#include <fmt/format.h>

#include <utility>

#include "proxy/rules/compiler.h"
#include "sluice/backend/spec.h"
#include "sluice/base/strings.h"
#include "sluice/config/keyword.h"
#include "sluice/policy/acl.h"

namespace sluice::proxy {
namespace {

using policy::Place;

class SectionCompiler {
 public:
  SectionCompiler(const config::Section& section, const CompileEnv& env, PageCache& pages, config::Diagnostics& diag)
      : section_(section),
        env_(env),
        pages_(pages),
        acls_(section.parts.view<policy::AclSpecs>()),
        scope_{diag, 0, {}, nullptr, -1, -1, true, {}, nullptr},
        out_(std::make_unique<CompiledProxy>()) {
    scope_.acls = &acls_;
    scope_.options = env.options;
    scope_.references = &out_->references;
  }

  std::unique_ptr<CompiledProxy> run() {
    identify();
    captures();
    scope_.request_captures = out_->front ? static_cast<int>(out_->captures.request.size()) : -1;
    scope_.response_captures = out_->front ? static_cast<int>(out_->captures.response.size()) : -1;
    check_acls();
    check_defaults_rules();
    rule_lists();
    switching();
    monitor();
    error_pages();
    log_formats();
    server_tlvs();
    networks();
    forwarded();
    return std::move(out_);
  }

 private:
  ProxySpec& spec() { return out_->spec; }
  config::Diagnostics& diag() { return scope_.diag; }
  // One place for the frontend side, another for the backend side.
  [[nodiscard]] std::uint32_t side(std::uint32_t front, std::uint32_t back) const noexcept {
    return (out_->front ? front : 0) | (out_->back ? back : 0);
  }

  void identify() {
    out_->name = section_.name;
    out_->at = section_.at;
    out_->front = (section_.where() & config::kFrontends) != 0;
    out_->back = (section_.where() & config::kBackends) != 0;
    out_->spec = section_.parts.view<ProxySpec>();
    out_->id = spec().id;
    scope_.http = spec().mode == Mode::Http;
  }

  void check_acls() {
    scope_.directive = "acl";
    scope_.places = side(policy::kFrontContentRule | policy::kFrontRequestRule | policy::kFrontResponseRule,
                         policy::kBackContentRule | policy::kBackRequestRule | policy::kBackResponseRule);
    acls_.compile_all(scope_);
  }

  // Manual 4.2 "http-request": rules of a defaults section serve one kind of side, never both at once.
  void check_defaults_rules() {
    if (!(out_->front && out_->back)) return;
    for (const RuleSpecs* list : {&spec().http_request, &spec().http_response, &spec().http_after_response,
                                  &spec().tcp_request_connection, &spec().tcp_request_content}) {
      for (const auto& rule : *list) {
        if (!rule.from_defaults) continue;
        diag().error(section_.at,
                     fmt::format("listen '{}' cannot use a defaults section that has rules (the first one at line {}).",
                                 section_.name, rule.at.line),
                     "use a frontend and a backend, or a defaults section without rules");
        return;
      }
    }
  }

  void captures() {
    const auto copy = [](const std::vector<HeaderCaptureSpec>& from, std::vector<CaptureSlot>& to,
                         std::vector<std::uint32_t>& lens) {
      for (const auto& c : from) {
        std::string name;
        for (const char ch : c.name) name += base::to_lower(ch);
        const auto id = http::header_id(name);
        to.push_back({std::move(name), id, c.len});
        lens.push_back(c.len);
      }
    };
    copy(spec().request_captures, out_->captures.request, out_->request_capture_lens);
    copy(spec().response_captures, out_->captures.response, out_->response_capture_lens);
    out_->captures.cookie = spec().cookie_capture.name;
    out_->captures.cookie_len = spec().cookie_capture.len;
  }

  policy::Condition condition(const ConditionSpec& words) {
    auto c = policy::Condition::compile(words, scope_);
    out_->rule_needs |= c.needs();
    return c;
  }

  void rules(const RuleSpecs& specs, std::string_view set, std::uint32_t places, RuleList& list,
             bool response = false) {
    ActionCompiler c{
        .env = env_, .section = section_, .scope = scope_, .pages = pages_, .set = set, .response = response};
    c.request_slots = out_->captures.request.size();
    c.response_slots = out_->captures.response.size();
    c.front = out_->front;
    scope_.places = places;
    list.rules.reserve(list.rules.size() + specs.size());
    for (const auto& spec : specs) {
      const std::string directive = spec.name.empty() ? std::string(set) : fmt::format("{} {}", set, spec.name);
      scope_.directive = directive;
      Rule rule;
      rule.at = spec.at;
      rule.when = condition(spec.when);
      rule.always = spec.when.empty();
      auto action = make_action(c, spec);
      if (action == nullptr || !rule.when.valid()) continue;
      out_->rule_needs |= action->needs();
      rule.action = std::move(action);
      list.rules.push_back(std::move(rule));
    }
    scope_.directive = {};
  }

  void rule_lists() {
    warn_about_mode(*out_, diag());
    if (out_->front) {
      rules(spec().tcp_request_connection, "tcp-request connection", policy::kFrontConnRule,
            out_->tcp_request_connection);
    }
    rules(spec().tcp_request_content, "tcp-request content", side(policy::kFrontContentRule, policy::kBackContentRule),
          out_->tcp_request_content);
    const std::uint32_t request = side(policy::kFrontRequestRule, policy::kBackRequestRule);
    const std::uint32_t response = side(policy::kFrontResponseRule, policy::kBackResponseRule);
    rules(spec().http_request, "http-request", request, out_->http_request);
    rules(spec().redirects, "redirect", request, out_->http_request);
    rules(spec().http_response, "http-response", response, out_->http_response, true);
    rules(spec().http_after_response, "http-after-response", response, out_->http_after_response, true);
  }

  void switching() {
    if (out_->front) {
      scope_.directive = "use_backend";
      scope_.places = policy::kUseBackendRule;
      for (const auto& spec : spec().use_backend) {
        SwitchRule rule;
        rule.at = spec.name.at;
        rule.name = spec.name.text;
        rule.when = condition(spec.when);
        rule.always = spec.when.empty();
        if (spec.dynamic) {
          rule.dynamic = policy::LogFormat::compile(spec.name, policy::FormatUse::HttpValue, scope_);
          if (!rule.dynamic.valid()) continue;
          out_->rule_needs |= rule.dynamic.needs();
        }
        if (rule.when.valid()) out_->use_backend.push_back(std::move(rule));
      }
      out_->default_backend_name = spec().default_backend.text;
    }
    if (out_->back) {
      scope_.directive = "use-server";
      scope_.places = policy::kUseServerRule;
      for (const auto& spec : spec().use_server) {
        ServerRule rule;
        rule.at = spec.name.at;
        rule.name = spec.name.text;
        rule.when = condition(spec.when);
        if (spec.dynamic) {
          rule.dynamic = policy::LogFormat::compile(spec.name, policy::FormatUse::HttpValue, scope_);
          if (!rule.dynamic.valid()) continue;
          out_->rule_needs |= rule.dynamic.needs();
        }
        if (rule.when.valid()) out_->use_server.push_back(std::move(rule));
      }
    }
  }

  void monitor() {
    if (!out_->front) return;
    scope_.directive = "monitor fail";
    scope_.places = policy::kFrontRequestRule;
    for (const auto& words : spec().monitor_fail) {
      auto c = condition(words);
      if (c.valid()) out_->monitor_fail.push_back(std::move(c));
    }
  }

  // The page of one status from whatever says so; the last one wins.
  void error_page(const ErrorReplySpec& e) {
    const std::size_t limit = env_.buffer_bytes - env_.max_rewrite_bytes;
    const auto whole = [&](std::uint16_t status, std::shared_ptr<const ReplyPage> page) {
      if (page == nullptr) return;
      auto t = std::make_shared<ReplyTemplate>();
      t->status = status;
      t->page = std::move(page);
      out_->pages.set(status, std::move(t));
    };
    switch (e.kind) {
      case ErrorReplySpec::Kind::File:
        whole(e.status, pages_.file(e.source, e.status, "errorfile", limit, diag()));
        return;
      case ErrorReplySpec::Kind::Location302:
        whole(e.status, pages_.redirect(302, e.source.text));
        return;
      case ErrorReplySpec::Kind::Location303:
        whole(e.status, pages_.redirect(303, e.source.text));
        return;
      case ErrorReplySpec::Kind::Section:
        for (std::size_t i = 0; i < http::kErrorPageCount; ++i) {
          const auto status = static_cast<std::uint16_t>(http::error_page_status(i));
          if (e.status != 0 && e.status != status) continue;
          bool known = false;
          whole(status, pages_.section_page(env_.document, e.source.text, status, limit, known, diag()));
          if (known) continue;
          if (pages_.first_report(e.source.at, "errorfiles")) {
            diag().error(e.source,
                         fmt::format("proxy '{}': unknown http-errors section '{}'.", section_.name, e.source.text));
          }
          return;
        }
        return;
      case ErrorReplySpec::Kind::Reply:
        break;
    }
    if (e.reply.body_kind == ReplySpec::Body::ErrorFiles) {  // "default-errorfiles": forget what was set
      out_->pages.set(e.status, nullptr);
      return;
    }
    ActionCompiler c{.env = env_, .section = section_, .scope = scope_, .pages = pages_, .set = "http-error"};
    policy::Needs needs;
    auto reply = make_reply(c, e.reply, e.status, e.at, needs);
    if (reply == nullptr || reply->from_pages) return;
    out_->rule_needs |= needs;
    out_->pages.set(e.status, std::move(reply));
  }

  void error_pages() {
    scope_.directive = "http-error";
    scope_.places = side(policy::kFrontRequestRule | policy::kFrontResponseRule,
                         policy::kBackRequestRule | policy::kBackResponseRule);
    for (const auto& e : spec().error_replies) error_page(e);
  }

  policy::LogFormat built_in(std::string_view text) {
    return policy::LogFormat::compile(text, spec().log_format.format.at, policy::FormatUse::Log, scope_);
  }

  policy::LogFormat optional(const Text& text, policy::FormatUse use, std::string_view directive) {
    if (text.text.empty()) return {};
    scope_.directive = directive;
    return policy::LogFormat::compile(text, use, scope_);
  }

  void log_formats() {
    if (!out_->front) return;
    scope_.places = policy::kLogPlace;
    scope_.directive = "log-format";
    LogFormatSpec& log = spec().log_format;
    // A frontend in TCP mode that inherits "option httplog" logs as TCP does (manual 8.2.3).
    if (spec().mode == Mode::Tcp && (log.kind == LogFormatKind::Http || log.kind == LogFormatKind::HttpClf)) {
      if (!spec().disabled) {
        diag().warning(log.format.at,
                       fmt::format("'option httplog' not usable with {} '{}' (needs 'mode http'). Falling back to "
                                   "'option tcplog'.",
                                   out_->kind(), section_.name));
      }
      log.kind = log.kind == LogFormatKind::Http ? LogFormatKind::Tcp : LogFormatKind::TcpClf;
    }
    switch (log.kind) {
      case LogFormatKind::Default:
        break;
      case LogFormatKind::Tcp:
        out_->log_format = built_in(policy::kTcpLogFormat);
        break;
      case LogFormatKind::TcpClf:
        out_->log_format = built_in(policy::kClfTcpLogFormat);
        break;
      case LogFormatKind::Http:
        out_->log_format = built_in(policy::kHttpLogFormat);
        break;
      case LogFormatKind::HttpClf:
        out_->log_format = built_in(policy::kClfHttpLogFormat);
        break;
      case LogFormatKind::Custom:
        out_->log_format = policy::LogFormat::compile(log.format, policy::FormatUse::Log, scope_);
        break;
    }
    out_->error_log_format = optional(spec().error_log_format, policy::FormatUse::Log, "error-log-format");
    out_->connection_error_format = built_in("%ci:%cp [%t] %f/");
    out_->log_format_sd = optional(spec().log_format_sd, policy::FormatUse::LogData, "log-format-sd");
    scope_.places = policy::kFrontRequestRule;
    out_->unique_id = optional(spec().unique_id_format, policy::FormatUse::UniqueId, "unique-id-format");
    for (const auto* f : {&out_->log_format, &out_->error_log_format, &out_->log_format_sd, &out_->unique_id}) {
      if (f->valid()) out_->log_needs |= f->needs();
    }
  }

  void server_tlvs() {
    const auto* servers = section_.parts.find<backend::BackendSpec>();
    if (!out_->back || servers == nullptr) return;
    scope_.places = policy::kServerSource;
    for (std::size_t i = 0; i < servers->servers.size(); ++i) {
      for (const backend::SendProxy::Tlv& tlv : servers->servers[i].options.send_proxy.tlvs) {
        out_->server_tlvs.resize(servers->servers.size());
        auto format = optional(tlv.format, policy::FormatUse::HttpBody, "set-proxy-v2-tlv-fmt");
        if (!format.valid()) continue;
        out_->rule_needs |= format.needs();
        out_->server_tlvs[i].push_back({tlv.type, std::move(format)});
      }
    }
  }

  static ExceptNetwork network(const Text& text) {
    ExceptNetwork n;
    if (text.text.empty()) return n;
    const auto slash = text.text.find('/');
    if (!net::parse_ip(text.text.substr(0, slash), n.base)) return n;
    n.prefix_bits = n.base.family() == net::Family::Ip4 ? 32 : 128;
    if (slash != std::string_view::npos) {
      const auto mask = text.text.substr(slash + 1);
      net::Address m;
      if (const auto bits = base::parse_int<unsigned>(mask)) {
        n.prefix_bits = *bits;
      } else if (net::parse_ip(mask, m)) {
        n.prefix_bits = 0;
        for (const char byte : m.ip_bytes()) {
          n.prefix_bits += static_cast<unsigned>(__builtin_popcount(static_cast<unsigned char>(byte)));
        }
      }
    }
    n.active = true;
    return n;
  }

  void networks() {
    out_->forwardfor_except = network(spec().forwardfor.except);
    out_->originalto_except = network(spec().originalto.except);
  }

  void forwarded() {
    if (!out_->back || !spec().forwarded.enabled) return;
    ForwardedBuilder b;
    b.spec = spec().forwarded;
    scope_.directive = "option forwarded";
    scope_.places = policy::kBackRequestRule;
    const std::pair<const ForwardedSpec::Part*, policy::Expression*> parts[] = {{&b.spec.host, &b.host},
                                                                                {&b.spec.by, &b.by},
                                                                                {&b.spec.by_port, &b.by_port},
                                                                                {&b.spec.for_, &b.for_},
                                                                                {&b.spec.for_port, &b.for_port}};
    for (const auto& [part, expression] : parts) {
      if (part->from != ForwardedSpec::Part::From::Expression) continue;
      *expression = policy::Expression::compile(part->expression, scope_);
      if (!expression->valid()) return;
      out_->rule_needs |= expression->needs();
    }
    out_->forwarded = std::move(b);
  }

  const config::Section& section_;
  const CompileEnv& env_;
  PageCache& pages_;
  policy::AclSet acls_;
  policy::CompileScope scope_;
  std::unique_ptr<CompiledProxy> out_;
};

}  // namespace

std::unique_ptr<CompiledProxy> compile_proxy(const config::Section& section, const CompileEnv& env,
                                             config::Diagnostics& diag) {
  PageCache local;
  PageCache& pages = env.pages != nullptr ? *env.pages : local;
  return SectionCompiler(section, env, pages, diag).run();
}

std::shared_ptr<PageCache> make_page_cache() { return std::make_shared<PageCache>(); }

}  // namespace sluice::proxy
