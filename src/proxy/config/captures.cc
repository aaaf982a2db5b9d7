// "capture ..." and "declare capture".
#include <fmt/format.h>

#include "proxy/config/common.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

constexpr std::uint32_t kMaxCaptureBytes = 1U << 20;

template <std::vector<HeaderCaptureSpec> ProxySpec::*List>
void on_header(KeywordContext& c) {
  if (!needs_front(c)) return;
  const bool request = List == &ProxySpec::request_captures;
  if (c.size() < 3 || c.arg(1).text != "len") {
    c.error(fmt::format("'capture {}' expects 'header' <header_name> 'len' <len>.", request ? "request" : "response"));
    return;
  }
  if (c.size() > 3) {
    c.error(c.arg(3), fmt::format("'{}' cannot handle unexpected argument '{}'.", c.name(), c.arg(3).text));
    return;
  }
  if (const auto n = c.integer(c.arg(2), 1, kMaxCaptureBytes)) {
    (spec_of(c).*List).push_back({std::string(c.arg(0).text), static_cast<std::uint32_t>(*n), c.at()});
  }
}

void on_cookie(KeywordContext& c) {
  if (!needs_front(c)) return;
  if (c.size() < 3 || c.arg(1).text != "len") {
    c.error("'capture' expects 'cookie' <cookie_name> 'len' <len>.");
    return;
  }
  if (c.size() > 3) {
    c.error(c.arg(3), fmt::format("'capture cookie' cannot handle unexpected argument '{}'.", c.arg(3).text));
    return;
  }
  // The stored length counts the name too and is bounded by tune.http.cookielen (63 by default), as the reference does.
  if (const auto n = c.integer(c.arg(2), 1, kMaxCaptureBytes)) {
    spec_of(c).cookie_capture = {std::string(c.arg(0).text), static_cast<std::uint32_t>(*n)};
    set_http_only(c, "capture", Sides::Front);
  }
}

void on_other(KeywordContext& c) {
  if (c.has(0) && (c.arg(0).text == "request" || c.arg(0).text == "response") && c.has(1) &&
      c.arg(1).text == "header") {
    c.error(fmt::format("'capture {}' expects 'header' <header_name> 'len' <len>.", c.arg(0).text));
    return;
  }
  c.error(c.has(0) ? c.arg(0) : c.keyword().front(),
          "'capture' expects 'cookie' or 'request header' or 'response header'.");
}

void on_declare(KeywordContext& c) {
  if (!needs_front(c)) return;
  if (!c.has(0) || (c.arg(0).text != "request" && c.arg(0).text != "response")) {
    c.error(c.has(0) ? c.arg(0) : c.keyword().front(),
            "'declare capture' requires a direction ('request' or 'response')");
    return;
  }
  if (c.size() < 3 || c.arg(1).text != "len") {
    c.error("'declare capture' requires 'len <length>' behind the direction");
    return;
  }
  if (c.size() > 3) {
    c.error(c.arg(3), fmt::format("'declare capture' cannot handle unexpected argument '{}'.", c.arg(3).text));
    return;
  }
  if (const auto n = c.integer(c.arg(2), 1, kMaxCaptureBytes)) {
    auto& list = c.arg(0).text == "request" ? spec_of(c).request_captures : spec_of(c).response_captures;
    list.push_back({std::string(), static_cast<std::uint32_t>(*n), c.at()});
  }
}

constexpr config::KeywordRow kRows[] = {
    {"capture request header", config::kProxies, 0, config::kAnyArgs, "<name> len <length>",
     on_header<&ProxySpec::request_captures>},
    {"capture response header", config::kProxies, 0, config::kAnyArgs, "<name> len <length>",
     on_header<&ProxySpec::response_captures>},
    {"capture cookie", config::kProxies, 0, config::kAnyArgs, "<name> len <length>", on_cookie},
    {"capture", config::kProxies, 0, config::kAnyArgs, "{cookie|request header|response header} ...", on_other},
    {"declare capture", config::kProxies, 0, config::kAnyArgs, "{request|response} len <length>", on_declare},
};

}  // namespace

std::span<const config::KeywordRow> capture_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
