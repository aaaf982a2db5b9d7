// The table of actions: name, where it may stand (manual 4.3), how its arguments are read.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "proxy/config/rule_parse.h"
#include "sluice/http/error_pages.h"

namespace sluice::proxy {
namespace {

bool read_nothing(RuleReader&) { return true; }

bool read_reply_action(RuleReader& r) {
  ReplySpec spec;
  // manual 4.4 "deny": the proxy's own page is meant when nothing or only "deny_status" is given; "status" without a
  // payload is an answer without one, as for "return".
  const auto* first = r.words.done() || r.words.at_condition() ? nullptr : r.words.peek();
  const bool page = r.rule.action != ActionKind::Return && (first == nullptr || first->text == "deny_status");
  if (!read_reply(r, spec)) return false;
  if (page && spec.body_kind == ReplySpec::Body::Default && spec.headers.empty()) {
    spec.body_kind = ReplySpec::Body::ErrorFiles;
    if (spec.status != 0 && http::error_page_index(spec.status) < 0) {
      return r.fail(
          fmt::format("status code '{}' not handled by default with 'default-errorfiles' argument.", spec.status));
    }
  }
  r.rule.args = std::move(spec);
  return true;
}

bool read_redirect_action(RuleReader& r) {
  RedirectSpec spec;
  if (!read_redirect(r, spec)) return false;
  r.rule.args = spec;
  return true;
}

bool read_name_and_format(RuleReader& r) {
  HeaderEditSpec spec;
  const auto* name = r.need("expects exactly 2 arguments.");
  const auto* format = name == nullptr ? nullptr : r.need("expects exactly 2 arguments.");
  if (format == nullptr) return false;
  spec.name = *name;
  spec.format = *format;
  r.rule.args = spec;
  return true;
}

bool read_del_header(RuleReader& r) {
  HeaderEditSpec spec;
  const auto* name = r.need("expects at least 1 argument.");
  if (name == nullptr) return false;
  spec.name = *name;
  if (r.words.take_if("-m")) {
    const auto* method = r.need("-m flag expects exactly 1 argument.");
    if (method == nullptr) return false;
    constexpr std::pair<std::string_view, NameMatch> kMethods[] = {{"str", NameMatch::Str},
                                                                   {"beg", NameMatch::Beg},
                                                                   {"end", NameMatch::End},
                                                                   {"sub", NameMatch::Sub},
                                                                   {"reg", NameMatch::Reg}};
    const auto* found =
        std::find_if(std::begin(kMethods), std::end(kMethods), [&](const auto& m) { return m.first == method->text; });
    if (found == std::end(kMethods)) {
      return r.fail_at(*method, fmt::format("-m with unsupported matching method '{}'.", method->text),
                       "the methods are str, beg, end, sub and reg");
    }
    spec.match = found->second;
    spec.regex = *name;
  }
  r.rule.args = spec;
  return true;
}

bool read_replace_header(RuleReader& r) {
  HeaderEditSpec spec;
  for (Text* t : {&spec.name, &spec.regex, &spec.format}) {
    const auto* w = r.need("expects exactly 3 arguments.");
    if (w == nullptr) return false;
    *t = *w;
  }
  r.rule.args = spec;
  return true;
}

bool read_format(RuleReader& r) {
  const auto* format = r.need("expects exactly 1 argument <format>.");
  if (format == nullptr) return false;
  r.rule.args = FormatSpec{*format};
  return true;
}

bool read_replace_target(RuleReader& r) {
  constexpr std::string_view kExpects = "expects exactly 2 arguments <match-regex> and <replace-format>.";
  const auto* regex = r.need(kExpects);
  const auto* format = regex == nullptr ? nullptr : r.need(kExpects);
  if (format == nullptr) return false;
  r.rule.args = ReplaceSpec{*regex, *format};
  return true;
}

bool read_set_status(RuleReader& r) {
  SetStatusSpec spec;
  const auto* code = r.need("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>.");
  if (code == nullptr) return false;
  const auto v = base::parse_int<unsigned>(code->text);
  if (!v || *v < 100 || *v > 999) return r.fail_at(*code, "expects an integer status code between 100 and 999.");
  spec.status = static_cast<std::uint16_t>(*v);
  if (r.words.take_if("reason")) {
    const auto* reason = r.need("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>.");
    if (reason == nullptr) return false;
    spec.reason = reason->text;
  }
  r.rule.args = spec;
  return true;
}

bool read_log_level(RuleReader& r) {
  constexpr std::string_view kExpects = "expects exactly 1 argument (log level name or 'silent').";
  const auto* w = r.need(kExpects);
  if (w == nullptr) return false;
  constexpr std::string_view kLevels[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
  for (std::size_t i = 0; i < std::size(kLevels); ++i) {
    if (w->text == kLevels[i]) {
      r.rule.args = LevelSpec{static_cast<std::int8_t>(i)};
      return true;
    }
  }
  if (w->text != "silent") return r.fail_at(*w, kExpects);
  r.rule.args = LevelSpec{-1};
  return true;
}

// Where the words of an expression end: it is one word, plus converters written as words of their own in old files.
bool read_capture(RuleReader& r) {
  constexpr std::string_view kExpects = "expects <expression> [ 'len' <length> | id <idx> ].";
  CaptureRuleSpec spec;
  while (!r.words.done() && !r.words.next_is("len") && !r.words.next_is("id") && !r.words.at_condition()) {
    if (spec.sample.size() == 1 && r.words.rest().size() >= 2 &&
        base::is_digit(r.words.rest()[1].text.empty() ? 'x' : r.words.rest()[1].text[0])) {
      return r.fail_at(*r.words.peek(), fmt::format("expects 'len' or 'id', found '{}'.", r.words.peek()->text));
    }
    spec.sample.push_back(*r.words.take());
  }
  const bool len = r.words.next_is("len");
  if (spec.sample.empty() || r.words.done() || r.words.at_condition()) return r.fail(kExpects);
  r.words.take();
  const auto* n = r.need(kExpects);
  if (n == nullptr) return false;
  const auto v = base::parse_int<std::uint32_t>(n->text);
  if (len) {
    if (!v || *v == 0) return r.fail_at(*n, "length must be > 0.");
    if (r.set != "http-request" && r.set != "tcp-request content") {
      return r.fail_at(*n, "'len' is not possible here, only 'id' of a declared capture.",
                       "use 'declare capture' and 'id'");
    }
    if ((r.c.section().where() & config::kBackend) != 0) {
      return r.fail_at(*n,
                       "proxy has no frontend capability: only 'id' of a capture declared in a frontend is possible.");
    }
    spec.len = *v;
  } else {
    if (!v) return r.fail_at(*n, fmt::format("cannot parse id '{}'.", n->text));
    spec.id = *v;
  }
  r.rule.args = std::move(spec);
  return true;
}

bool read_strict_mode(RuleReader& r) {
  const auto* w = r.need("expects exactly 1 arguments.");
  if (w == nullptr) return false;
  if (w->text != "on" && w->text != "off") {
    return r.fail_at(*w, fmt::format("Unexpected value '{}'. Only 'on' and 'off' are supported.", w->text));
  }
  r.rule.args = SwitchSpec{w->text == "on"};
  return true;
}

bool read_wait_for_body(RuleReader& r) {
  WaitForBodySpec spec;
  bool time_given = false;
  while (!r.words.done() && !r.words.at_condition()) {
    const auto& word = *r.words.take();
    if (word.text == "time") {
      const auto* w = r.need("missing argument for 'time'.");
      if (w == nullptr) return false;
      const auto v = config::parse_time(w->text);
      if (!v.has_value())
        return r.fail_at(*w, fmt::format("invalid time '{}' ({}).", w->text, config::describe(v.error())));
      spec.time = *v;
      time_given = true;
    } else if (word.text == "at-least") {
      const auto* w = r.need("missing argument for 'at-least'.");
      if (w == nullptr) return false;
      const auto v = config::parse_size(w->text);
      if (!v.has_value())
        return r.fail_at(*w, fmt::format("invalid size '{}' ({}).", w->text, config::describe(v.error())));
      spec.at_least_bytes = *v;
    } else if (word.text == "use-large-buffer") {
      return r.fail_at(word, "'use-large-buffer' is not supported yet.");
    } else {
      return r.fail_at(word, "expects time <time> [ at-least <bytes> ].");
    }
  }
  if (!time_given) return r.fail("expects time <time> [ at-least <bytes> ].");
  r.rule.args = spec;
  return true;
}

bool read_layer4(RuleReader& r) {
  const auto* w = r.need("expects 'layer4'.");
  if (w == nullptr) return false;
  return w->text == "layer4" || r.fail_at(*w, "expects 'layer4'.");
}

struct ActionRow {
  std::string_view name;
  std::uint32_t sets;
  ActionKind kind;
  bool (*read)(RuleReader&);
};

constexpr ActionRow kActions[] = {
    {"accept", kSetTcp, ActionKind::Allow, read_nothing},
    {"allow", kSetHttpEdits, ActionKind::Allow, read_nothing},
    {"reject", kSetTcp | kSetHttpRequest, ActionKind::Reject, read_nothing},
    {"deny", kSetHttpRequest | kSetHttpResponse, ActionKind::Deny, read_reply_action},
    {"tarpit", kSetHttpRequest, ActionKind::Tarpit, read_reply_action},
    {"return", kSetHttpRequest | kSetHttpResponse, ActionKind::Return, read_reply_action},
    {"redirect", kSetHttpRequest | kSetHttpResponse, ActionKind::Redirect, read_redirect_action},
    {"set-header", kSetHttpEdits, ActionKind::SetHeader, read_name_and_format},
    {"add-header", kSetHttpEdits, ActionKind::AddHeader, read_name_and_format},
    {"del-header", kSetHttpEdits, ActionKind::DelHeader, read_del_header},
    {"replace-header", kSetHttpEdits, ActionKind::ReplaceHeader, read_replace_header},
    {"replace-value", kSetHttpEdits, ActionKind::ReplaceValue, read_replace_header},
    {"set-method", kSetHttpRequest, ActionKind::SetMethod, read_format},
    {"set-path", kSetHttpRequest, ActionKind::SetPath, read_format},
    {"set-pathq", kSetHttpRequest, ActionKind::SetPathQ, read_format},
    {"set-query", kSetHttpRequest, ActionKind::SetQuery, read_format},
    {"set-uri", kSetHttpRequest, ActionKind::SetUri, read_format},
    {"replace-path", kSetHttpRequest, ActionKind::ReplacePath, read_replace_target},
    {"replace-pathq", kSetHttpRequest, ActionKind::ReplacePathQ, read_replace_target},
    {"replace-uri", kSetHttpRequest, ActionKind::ReplaceUri, read_replace_target},
    {"set-status", kSetHttpResponse | kSetHttpAfter, ActionKind::SetStatus, read_set_status},
    {"set-log-level", kSetHttpEdits | kSetTcpContent, ActionKind::SetLogLevel, read_log_level},
    {"capture", kSetHttpEdits | kSetTcpContent, ActionKind::Capture, read_capture},
    {"disable-l7-retry", kSetHttpRequest, ActionKind::DisableL7Retry, read_nothing},
    {"strict-mode", kSetHttpEdits, ActionKind::StrictMode, read_strict_mode},
    {"expect-proxy", kSetTcpConnection, ActionKind::ExpectProxy, read_layer4},
    {"expect-netscaler-cip", kSetTcpConnection, ActionKind::ExpectNetscaler, read_layer4},
    {"wait-for-body", kSetHttpRequest | kSetHttpResponse, ActionKind::WaitForBody, read_wait_for_body},
};

constexpr std::pair<RuleSet, std::string_view> kSetNames[] = {{kSetTcpConnection, "tcp-request connection"},
                                                              {kSetTcpContent, "tcp-request content"},
                                                              {kSetHttpRequest, "http-request"},
                                                              {kSetHttpResponse, "http-response"},
                                                              {kSetHttpAfter, "http-after-response"}};

// Names of the actions of a set, quoted, for "expects ...".
std::string list_actions(RuleSet set) {
  std::string out;
  for (const auto& a : kActions) {
    if ((a.sets & set) == 0) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("'{}'", a.name);
  }
  return out;
}

void unknown_action(config::KeywordContext& c, RuleSet set, const config::Token& word) {
  const auto name = rule_set_name(set);
  // "set-var(txn.x)" is known as "set-var".
  const auto plain = word.text.substr(0, word.text.find('('));
  if (config::known_in_language(config::Class::Action, plain, name)) {
    c.error(word, fmt::format("'{} {}' is not supported yet.", name, plain));
    return;
  }
  config::Suggestion near(plain);
  for (const auto& a : kActions) {
    if ((a.sets & set) != 0) near.offer(a.name);
  }
  c.error(word, fmt::format("'{}' expects {}, but got '{}'{}", name, list_actions(set), word.text, near.ending()));
}

}  // namespace

std::string_view rule_set_name(RuleSet set) noexcept {
  for (const auto& [s, name] : kSetNames) {
    if (s == set) return name;
  }
  return {};
}

bool RuleReader::fail_at(const config::Token& at, std::string_view message, std::string hint) {
  // Without the final stop: the frame puts it.
  if (message.ends_with('.')) message.remove_suffix(1);
  if (standalone) {
    c.error(at,
            set == "redirect" ? fmt::format("error detected in {} while parsing redirect rule : {}.",
                                            section_text(c.section()), message)
                              : fmt::format("{} : {}.", set, message),
            std::move(hint));
  } else {
    c.error(at,
            fmt::format("error detected in {} while parsing '{} {}' rule : {}.", section_text(c.section()), set,
                        action.text, message),
            std::move(hint));
  }
  return false;
}

const config::Token* RuleReader::need(std::string_view message) {
  const auto* w = words.take();
  if (w == nullptr || w->text.empty()) {
    fail_at(w == nullptr ? action : *w, message);
    return nullptr;
  }
  return w;
}

bool read_rule(config::KeywordContext& c, RuleSet set, RuleSpec& out) {
  Words words(c.args());
  const auto* name = words.take();
  if (name == nullptr) {
    c.error(fmt::format("'{}' expects {}, but got '' (missing argument).", rule_set_name(set), list_actions(set)));
    return false;
  }
  const ActionRow* row = nullptr;
  for (const auto& a : kActions) {
    if (a.name == name->text && (a.sets & set) != 0) row = &a;
  }
  if (row == nullptr) {
    unknown_action(c, set, *name);
    return false;
  }
  out.action = row->kind;
  out.name = row->name;
  out.at = c.at();
  out.from_defaults = c.in_defaults();
  RuleReader reader{c, words, out, rule_set_name(set), *name};
  if (!row->read(reader)) return false;
  if (!words.done() && !words.at_condition()) {
    c.error(*words.peek(),
            fmt::format("'{} {}' expects either 'if' or 'unless' followed by a condition but found '{}'.",
                        rule_set_name(set), name->text, words.peek()->text));
    return false;
  }
  out.when = words.take_condition();
  return true;
}

void offer_actions(config::KeywordTable& table) {
  for (const auto& [set, name] : kSetNames) {
    for (const auto& a : kActions) {
      if ((a.sets & set) != 0) table.offer({config::Class::Action, name, a.name, {}});
    }
  }
}

}  // namespace sluice::proxy
