// Reading one rule: its action, the action's arguments, its condition. Private.
//
// A reader takes its arguments from the words and fills the rule's args; on a mistake it reports and returns false.
// What a rule set accepts stands in the action table (actions.cc), which follows the matrix of manual 4.3.
#pragma once

#include <string>
#include <string_view>

#include "proxy/config/common.h"

namespace sluice::proxy {

enum RuleSet : std::uint32_t {
  kSetTcpConnection = 1U << 0,
  kSetTcpContent = 1U << 1,
  kSetHttpRequest = 1U << 2,
  kSetHttpResponse = 1U << 3,
  kSetHttpAfter = 1U << 4,
  kSetHttpEdits = kSetHttpRequest | kSetHttpResponse | kSetHttpAfter,
  kSetTcp = kSetTcpConnection | kSetTcpContent,
};
std::string_view rule_set_name(RuleSet set) noexcept;

struct RuleReader {
  config::KeywordContext& c;
  Words& words;
  RuleSpec& rule;
  std::string_view set;     // "http-request"
  config::Token action;     // the action's word
  bool standalone = false;  // the "redirect" and "http-error" keywords: other words in messages

  // Reports and returns false. Message in the reference's frame around rule errors.
  bool fail_at(const config::Token& at, std::string_view message, std::string hint = {});
  bool fail(std::string_view message, std::string hint = {}) { return fail_at(action, message, std::move(hint)); }
  // The next word; null (reported) when there is none or it is empty.
  const config::Token* need(std::string_view message);
};

// "return", "deny", "tarpit": [status|deny_status] [content-type] [body] [hdr]*. Stops at the first word it does not
// know.
bool read_reply(RuleReader& r, ReplySpec& out);
// "redirect": kind, target and options.
bool read_redirect(RuleReader& r, RedirectSpec& out);

// The rule behind "http-request" and friends. False: reported.
bool read_rule(config::KeywordContext& c, RuleSet set, RuleSpec& out);

}  // namespace sluice::proxy
