// http-request, http-response, http-after-response, tcp-request, redirect.
#include <fmt/format.h>

#include "proxy/config/rule_order.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

template <RuleSet kSet, RuleSpecs ProxySpec::*List>
void on_rule(KeywordContext& c) {
  RuleSpec rule;
  if (!read_rule(c, kSet, rule)) return;
  ProxySpec& spec = spec_of(c);
  warn_if_late(c, stage_of(kSet));
  warn_if_void(c, kSet, spec.*List);
  // "capture ... len" makes the next slot, in the order of the file among the other captures (manual 4.4 "capture").
  if (auto* capture = std::get_if<CaptureRuleSpec>(&rule.args); capture != nullptr && capture->len) {
    spec.request_captures.push_back({std::string(), *capture->len, c.at()});
    capture->id = spec.request_captures.size() - 1;
  }
  (spec.*List).push_back(std::move(rule));
}

void on_tcp_connection(KeywordContext& c) {
  // Left out silently it would let in whom it should keep out.
  if ((c.section().where() & config::kBackend) != 0)
    return c.error(
        fmt::format("tcp-request connection is not allowed because {} is not a frontend", section_text(c.section())));
  on_rule<kSetTcpConnection, &ProxySpec::tcp_request_connection>(c);
}

void on_inspect_delay(KeywordContext& c) {
  const auto where = section_text(c.section());
  if (!c.has(0)) {
    c.error(fmt::format("'tcp-request inspect-delay' expects a positive delay in milliseconds, in {}", where));
    return;
  }
  const auto v = config::parse_time(c.arg(0).text);
  if (!v.has_value()) {
    c.error(c.arg(0), fmt::format("'tcp-request inspect-delay' expects a positive delay in milliseconds, in {} ({})",
                                  where, config::describe(v.error())));
    return;
  }
  spec_of(c).tcp_inspect_delay = v->count() == 0 ? base::kNoTimeout : *v;
}

void on_tcp_other(KeywordContext& c) {
  const auto where = section_text(c.section());
  if (!c.has(0)) {
    c.error(fmt::format("missing argument for 'tcp-request' in {}", where));
  } else if (c.arg(0).text == "session") {
    c.error(c.arg(0), "'tcp-request session' is not supported yet.");
  } else {
    c.error(c.arg(0), fmt::format("'tcp-request' expects 'inspect-delay', 'connection', or 'content' in {} (got '{}')",
                                  where, c.arg(0).text));
  }
}

void on_redirect(KeywordContext& c) {
  Words words(c.args());
  RuleSpec rule;
  rule.action = ActionKind::Redirect;
  rule.at = c.at();
  RuleReader reader{c, words, rule, "redirect", c.keyword().front(), true};
  RedirectSpec spec;
  if (!read_redirect(reader, spec)) return;
  rule.args = spec;
  rule.when = words.take_condition();
  warn_if_late(c, Stage::Redirect);
  spec_of(c).redirects.push_back(std::move(rule));
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr std::uint32_t kNamed = config::kNamedDefaultsOnly;
constexpr int kAny = config::kAnyArgs;

constexpr config::KeywordRow kRows[] = {
    {"http-request", kAll, 0, kAny, "<action> [{if|unless} <condition>]",
     on_rule<kSetHttpRequest, &ProxySpec::http_request>, kNamed},
    {"http-response", kAll, 0, kAny, "<action> [{if|unless} <condition>]",
     on_rule<kSetHttpResponse, &ProxySpec::http_response>, kNamed},
    {"http-after-response", kAll, 0, kAny, "<action> [{if|unless} <condition>]",
     on_rule<kSetHttpAfter, &ProxySpec::http_after_response>, kNamed},
    {"tcp-request connection", kAll, 0, kAny, "<action> [{if|unless} <condition>]", on_tcp_connection, kNamed},
    {"tcp-request content", kAll, 0, kAny, "<action> [{if|unless} <condition>]",
     on_rule<kSetTcpContent, &ProxySpec::tcp_request_content>, kNamed},
    {"tcp-request inspect-delay", kAll, 0, 1, "<timeout>", on_inspect_delay, kNamed},
    {"tcp-request", kAll, 0, kAny, "{connection|content|inspect-delay} ...", on_tcp_other},
    {"redirect", config::kProxies, 0, kAny, "{location|prefix|scheme} <to> [<option>...] [{if|unless} <condition>]",
     on_redirect},
};

}  // namespace

std::span<const config::KeywordRow> rule_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
