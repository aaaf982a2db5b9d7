// Rules that do not run when, or as often as, their place in the file suggests. Private.
#pragma once

#include "proxy/config/rule_parse.h"

namespace sluice::proxy {

// What is looked at while a request is on its way, in that order (doc/configuration.txt 6.1).
enum class Stage : std::uint8_t {
  TcpConnection,
  TcpContent,
  MonitorFail,
  HttpRequest,
  Redirect,
  UseBackend,
  UseServer,
  None,  // of the way back
};
constexpr Stage stage_of(RuleSet set) noexcept {
  switch (set) {
    case kSetTcpConnection:
      return Stage::TcpConnection;
    case kSetTcpContent:
      return Stage::TcpContent;
    case kSetHttpRequest:
      return Stage::HttpRequest;
    default:
      return Stage::None;
  }
}

// A warning when the section has rules of a later stage above this line. Inherited rules do not count. To be asked
// before the rule is added.
void warn_if_late(config::KeywordContext& c, Stage stage);

// A warning when the rule above this one in the list ends the list in any case. What the reference does not mention,
// `reject` and the lists of tcp-request, is a remark for -dD.
void warn_if_void(config::KeywordContext& c, RuleSet set, const RuleSpecs& list);

}  // namespace sluice::proxy
