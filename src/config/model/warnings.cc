#include "warnings.h"

#include <string>

#include "sluice/backend/spec.h"
#include "sluice/net/bind_spec.h"
#include "sluice/proxy/spec.h"

namespace sluice::model {
namespace {

std::string subject(const proxy::CompiledProxy& p) { return std::string(p.kind()) + " '" + p.name + "'"; }

void timeouts(const proxy::CompiledProxy& p, bool has_servers, config::Diagnostics& diag) {
  std::string missing;
  const auto add = [&missing](std::string_view name) {
    if (!missing.empty()) missing += ", ";
    missing += "'";
    missing += name;
    missing += "'";
  };
  const proxy::Timeouts& t = p.spec.timeouts;
  if (p.front && t.client == base::kNoTimeout) add("client");
  if (has_servers && t.connect == base::kNoTimeout) add("connect");
  if (has_servers && t.server == base::kNoTimeout) add("server");
  if (missing.empty()) return;
  diag.warning(p.at, "missing timeouts for " + subject(p) + ": " + missing + ".",
               "without them a connection that nobody closes stays forever; for example: timeout client 30s");
}

void listeners(const proxy::CompiledProxy& p, const config::Section& section, config::Diagnostics& diag) {
  if (diag.failed()) return;  // the line that is missing may be the one that is wrong
  const auto* binds = section.parts.find<net::BindSpecs>();
  if (!p.front || (binds != nullptr && !binds->binds.empty())) return;
  diag.warning(p.at, subject(p) + " has no 'bind' directive. Please declare it as a backend if this was intended.");
}

void routing(const proxy::CompiledProxy& p, bool has_servers, config::Diagnostics& diag) {
  if (!p.front || !has_servers || p.spec.default_backend.text.empty() || p.default_backend == &p) return;
  diag.warning(p.spec.default_backend,
               "In " + subject(p) +
                   ", the 'default_backend' rule always has precedence over the servers, which will never be used.");
}

// Inherited rules are for those that also have the option.
void check_rules(const proxy::CompiledProxy& p, const config::Section& section, const backend::CheckSpec& check,
                 config::Diagnostics& diag) {
  const auto tell = [&](const std::vector<backend::CheckStep>& steps, std::uint32_t section_index, bool option,
                        std::string_view rules, std::string_view name) {
    if (option || steps.empty() || section_index != section.index) return;
    diag.warning(steps.front().at, subject(p) + " uses " + std::string(rules) + " rules without 'option " +
                                       std::string(name) + "', so the rules are ignored.");
  };
  tell(check.http_steps, check.http_steps_section, check.http_option, "http-check", "httpchk");
  tell(check.tcp_steps, check.tcp_steps_section, check.tcp_option, "tcp-check", "tcp-check");
}

}  // namespace

void warn_about(const proxy::CompiledProxy& p, const config::Section& section, config::Diagnostics& diag) {
  if (p.spec.disabled) return;
  const auto* servers = p.back ? section.parts.find<backend::BackendSpec>() : nullptr;
  const bool has_servers = servers != nullptr && !servers->servers.empty();
  timeouts(p, has_servers, diag);
  listeners(p, section, diag);
  routing(p, has_servers, diag);
  if (servers != nullptr) check_rules(p, section, servers->check, diag);
}

void warn_about_log_format(const proxy::CompiledProxy& p, config::Diagnostics& diag) {
  if (!p.front || p.spec.disabled || diag.failed()) return;  // as above
  const bool format = p.spec.log_format.kind != proxy::LogFormatKind::Default;
  if (!format && p.spec.log_format_sd.text.empty()) return;
  diag.warning(format ? p.spec.log_format.format.at : p.spec.log_format_sd.at,
               "log format ignored for " + subject(p) + " since it has no log address.",
               "'log <target> <facility>' in the proxy, or 'log global' and a 'log' line in the global section");
}

}  // namespace sluice::model
