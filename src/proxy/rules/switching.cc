// Choosing the backend; the monitor page.
#include <fmt/format.h>

#include "sluice/proxy/rules.h"

namespace sluice::proxy {
namespace {

// What a rule's target may be. Null when it cannot be used, reported.
const CompiledProxy* find_target(CompiledProxy& proxy, const ProxyNames& names, std::string_view name,
                                 std::string_view keyword, config::Location at, config::Diagnostics& diag) {
  const CompiledProxy* target = names.find_backend(name);
  if (target == nullptr || !target->back) {
    diag.error(at, fmt::format("Proxy '{}': unable to find required {}: '{}'.", proxy.name, keyword, name));
    return nullptr;
  }
  if (target->spec.mode != proxy.spec.mode) {
    if (proxy.spec.mode == Mode::Tcp) {
      diag.error(at,
                 fmt::format("Proxy '{}' : {} '{}' : a TCP frontend in front of an HTTP backend is not supported yet.",
                             proxy.name, keyword, name));
    } else {
      diag.error(
          at,
          fmt::format("{} {} '{}' (at line {}) tries to use incompatible {} {} '{}' (at line {}) in a '{}' rule "
                      "(see 'mode').",
                      "http", "frontend", proxy.name, proxy.at.line, "tcp", "backend", name, target->at.line, keyword));
    }
    return nullptr;
  }
  return target;
}

}  // namespace

void resolve_backends(CompiledProxy& proxy, const ProxyNames& names, config::Diagnostics& diag) {
  if (!proxy.front) return;
  if (proxy.default_backend_name.empty()) {
    proxy.default_backend = proxy.back ? &proxy : nullptr;
  } else {
    proxy.default_backend =
        find_target(proxy, names, proxy.default_backend_name, "default_backend", proxy.spec.default_backend.at, diag);
  }
  for (auto& rule : proxy.use_backend) {
    if (!rule.dynamic.valid()) rule.backend = find_target(proxy, names, rule.name, "use_backend", rule.at, diag);
  }
}

const CompiledProxy* select_backend(const CompiledProxy& front, policy::SampleContext& ctx, const ProxyNames& names,
                                    config::Location* rule_at) noexcept {
  for (const auto& rule : front.use_backend) {
    if (!rule.always && !rule.when.evaluate(ctx)) continue;
    const CompiledProxy* target = rule.backend;
    if (rule.dynamic.valid()) {
      policy::ScratchScope scope(*ctx.scratch);
      target = names.find_backend(rule.dynamic.render(ctx));
      // Nobody has that name, or it cannot be used: no other rule is looked at (manual 4.2 "use_backend").
      if (target == nullptr || !target->back || target->spec.mode != front.spec.mode) break;
    }
    if (target == nullptr || target->spec.disabled) continue;
    if (rule_at != nullptr) *rule_at = rule.at;
    return target;
  }
  const CompiledProxy* fallback = front.default_backend;
  if (fallback != nullptr && !fallback->spec.disabled) return fallback;
  return front.back ? &front : nullptr;
}

bool is_monitor_request(const CompiledProxy& front, policy::SampleContext& ctx, const http::RequestHead& request,
                        bool& failing) noexcept {
  const std::string& uri = front.spec.monitor_uri;
  if (uri.empty()) return false;
  // A URI that begins with '/' is compared with the path alone (manual 4.2 "monitor-uri").
  if ((uri.front() == '/' ? request.path() : request.target) != uri) return false;
  failing = false;
  for (const auto& when : front.monitor_fail) {
    if (when.evaluate(ctx)) {
      failing = true;
      break;
    }
  }
  return true;
}

}  // namespace sluice::proxy
