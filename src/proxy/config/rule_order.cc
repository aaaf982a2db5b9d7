#include "proxy/config/rule_order.h"

#include <fmt/format.h>

namespace sluice::proxy {
namespace {

std::string_view stage_name(Stage stage) noexcept {
  switch (stage) {
    case Stage::TcpConnection:
      return "tcp-request connection";
    case Stage::TcpContent:
      return "tcp-request content";
    case Stage::MonitorFail:
      return "monitor fail";
    case Stage::HttpRequest:
      return "http-request";
    case Stage::Redirect:
      return "redirect";
    case Stage::UseBackend:
      return "use_backend";
    case Stage::UseServer:
      return "use-server";
    case Stage::None:
      break;
  }
  return {};
}

// The first one of the section itself; line 0 = there is none.
template <class List, class Place>
config::Location first_own(const config::KeywordContext& c, const List& list, Place place) {
  for (const auto& rule : list) {
    if (is_own(c, place(rule))) return place(rule);
  }
  return {};
}

config::Location first_rule(const config::KeywordContext& c, const ProxySpec& spec, Stage stage) {
  const auto of_rule = [](const RuleSpec& rule) { return rule.at; };
  const auto of_name = [](const auto& rule) { return rule.name.at; };
  switch (stage) {
    case Stage::TcpConnection:
      return first_own(c, spec.tcp_request_connection, of_rule);
    case Stage::TcpContent:
      return first_own(c, spec.tcp_request_content, of_rule);
    case Stage::MonitorFail:
      return first_own(c, spec.monitor_fail, [](const ConditionSpec& words) { return words.front().at; });
    case Stage::HttpRequest:
      return first_own(c, spec.http_request, of_rule);
    case Stage::Redirect:
      return first_own(c, spec.redirects, of_rule);
    case Stage::UseBackend:
      return first_own(c, spec.use_backend, of_name);
    case Stage::UseServer:
      return first_own(c, spec.use_server, of_name);
    case Stage::None:
      break;
  }
  return {};
}

enum class End : std::uint8_t { No, Yes, Unmentioned };

// Whether no rule behind this one is ever looked at.
End ends_list(const RuleSpec& rule, RuleSet set) noexcept {
  if (!rule.when.empty()) return End::No;
  switch (rule.action) {
    case ActionKind::Redirect:
      if (std::get<RedirectSpec>(rule.args).ignore_empty) return End::No;
      [[fallthrough]];
    case ActionKind::Allow:
    case ActionKind::Deny:
    case ActionKind::Tarpit:
    case ActionKind::Return:
      return (set & kSetTcp) != 0 ? End::Unmentioned : End::Yes;
    case ActionKind::Reject:
    case ActionKind::SilentDrop:
      return End::Unmentioned;
    default:
      return End::No;
  }
}

}  // namespace

void warn_if_late(config::KeywordContext& c, Stage stage) {
  const ProxySpec& spec = spec_of(c);
  for (int i = static_cast<int>(stage) + 1; i < static_cast<int>(Stage::None); ++i) {
    const auto later = static_cast<Stage>(i);
    const config::Location at = first_rule(c, spec, later);
    if (at.line == 0) continue;
    c.warning(fmt::format("a '{}' rule placed after {} '{}' rule will still be processed before.", stage_name(stage),
                          later == Stage::HttpRequest ? "an" : "a", stage_name(later)),
              fmt::format("put it above line {}, so that the file reads in the order in which it runs", at.line));
    return;
  }
}

void warn_if_void(config::KeywordContext& c, RuleSet set, const RuleSpecs& list) {
  if (list.empty() || !is_own(c, list.back().at)) return;
  const End end = ends_list(list.back(), set);
  if (end == End::No) return;
  auto text = fmt::format("previous '{}' action is final and has no condition attached, further entries are NOOP.",
                          rule_set_name(set));
  auto hint = fmt::format("'{}' at line {} always ends the list: what stands behind it never runs", list.back().name,
                          list.back().at.line);
  if (end == End::Yes)
    c.warning(std::move(text), std::move(hint));
  else
    c.diag().diag(c.at(), std::move(text), std::move(hint));
}

}  // namespace sluice::proxy
