// What a proxy says that only http mode knows (manual 4.2 "mode").
#include <fmt/format.h>

#include <algorithm>

#include "proxy/rules/compiler.h"

namespace sluice::proxy {
namespace {

struct Reporter {
  const CompiledProxy& proxy;
  config::Diagnostics& diag;

  // Rules of a defaults section are for those that can use them; nothing is said about the others.
  void rules(const RuleSpecs& list, std::string_view set) {
    const auto own = std::find_if(list.begin(), list.end(), [](const RuleSpec& rule) { return !rule.from_defaults; });
    if (own == list.end()) return;
    diag.warning(own->at, fmt::format("'{}' rules ignored for {} '{}' as they require HTTP mode.", set, proxy.kind(),
                                      proxy.name));
  }

  void keyword(const HttpOnlySpec& said) {
    if ((said.sides == Sides::Front && !proxy.front) || (said.sides == Sides::Back && !proxy.back)) return;
    const std::string_view kind = proxy.kind();
    if (said.name == "monitor-uri") {
      diag.warning(said.at,
                   fmt::format("{} will be ignored for {} '{}' (needs 'mode http').", said.name, kind, proxy.name));
    } else {
      const std::string_view noun = said.name == "capture" ? " statement" : "";
      diag.warning(said.at, fmt::format("'{}'{} ignored for {} '{}' as it requires HTTP mode.", said.name, noun, kind,
                                        proxy.name));
    }
  }
};

}  // namespace

void warn_about_mode(const CompiledProxy& proxy, config::Diagnostics& diag) {
  const ProxySpec& spec = proxy.spec;
  if (spec.mode == Mode::Http || spec.disabled) return;
  Reporter report{proxy, diag};
  report.rules(spec.http_request, "http-request");
  report.rules(spec.http_response, "http-response");
  report.rules(spec.http_after_response, "http-after-response");
  report.rules(spec.redirects, "redirect");
  for (const HttpOnlySpec& said : spec.http_only) report.keyword(said);
}

}  // namespace sluice::proxy
