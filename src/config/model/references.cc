#include "references.h"

namespace sluice::model {
namespace {

using policy::Reference;

// "referenced in arg 1 of ACL keyword 'nbsrv' in proxy 'fe'"
std::string where(const Reference& r, const proxy::Proxy& p) {
  return "referenced in arg " + std::to_string(r.argument) + " of " + (r.acl ? "ACL" : "sample fetch") + " keyword '" +
         std::string(r.keyword) + "' in proxy '" + p.rules->name + "'";
}

// What is wrong with it; "" = nothing.
std::string fault(const proxy::Global& global, const proxy::Proxy& p, const Reference& r) {
  const bool own = r.proxy.empty();
  const auto missing_side = [&](const char* side) {
    return "proxy '" + p.rules->name + "', " + where(r, p) + ", has not " + side + " capability.";
  };
  if (r.kind == Reference::Kind::Frontend) {
    if (own) return p.rules->front ? std::string{} : missing_side("frontend");
    if (global.find_frontend(r.proxy) != nullptr) return {};
    return "unable to find frontend '" + r.proxy + "' " + where(r, p) + ".";
  }
  const proxy::CompiledProxy* backend = own ? p.rules.get() : global.find_backend(r.proxy);
  if (r.kind == Reference::Kind::Backend) {
    if (own) return p.rules->back ? std::string{} : missing_side("backend");
    return backend != nullptr ? std::string{} : "unable to find backend '" + r.proxy + "' " + where(r, p) + ".";
  }
  if (backend == nullptr) return "unable to find proxy '" + r.proxy + "' " + where(r, p) + ".";
  backend::Backend* servers = global.proxy_of(*backend)->servers.get();
  if (servers != nullptr && servers->find(r.server) != nullptr) return {};
  return "unable to find server '" + r.server + "' in proxy '" + backend->name + "', " + where(r, p) + ".";
}

}  // namespace

void check_references(const proxy::Global& global, const proxy::Proxy& p, config::Diagnostics& diag) {
  for (const Reference& r : p.rules->references) {
    if (const std::string text = fault(global, p, r); !text.empty()) diag.error(r.at, text);
  }
}

}  // namespace sluice::model
