// Who reads what: read this list to know which rooms have a say in the configuration.
#include "sluice/process/modules.h"

#include "process/features.h"
#include "sluice/backend/spec.h"
#include "sluice/net/bind_spec.h"
#include "sluice/ops/log_spec.h"
#include "sluice/policy/acl.h"
#include "sluice/process/identity.h"
#include "sluice/proxy/keywords.h"

namespace sluice::process {

namespace {

using config::SectionRow;
constexpr std::uint32_t kProxyFlags = SectionRow::kTakesDefaults | SectionRow::kUniqueNames;

constexpr SectionRow kSections[] = {
    {"global", config::kGlobal, SectionRow::Name::None, SectionRow::kMerges},
    {"defaults", config::kDefaults, SectionRow::Name::Optional, SectionRow::kIsDefaults},
    {"frontend", config::kFrontend, SectionRow::Name::Required, kProxyFlags},
    {"backend", config::kBackend, SectionRow::Name::Required, kProxyFlags},
    {"listen", config::kListen, SectionRow::Name::Required, kProxyFlags},
};

}  // namespace

void register_all(config::KeywordTable& table) {
  for (const SectionRow& s : kSections) table.add_section(s);
  register_global_keywords(table);    // threads, limits, rights, tune.*
  ops::register_keywords(table);      // log targets, stats socket
  net::register_keywords(table);      // bind, unix-bind
  policy::register_keywords(table);   // acl
  backend::register_keywords(table);  // server, balance, checks
  proxy::register_keywords(table);    // everything else of proxies; section http-errors
}

config::Facts build_facts(bool epoll, bool poll, bool splice, bool reuseport) {
  config::Facts f;
  f.version = kLanguageVersion;
  for (const Feature& x : features()) {
    if (x.present) f.features.push_back(x.name);
  }
  if (epoll) f.enabled.emplace_back("EPOLL");
  if (poll) f.enabled.emplace_back("POLL");
  if (splice) {
    f.enabled.emplace_back("SPLICE");
    f.enabled.emplace_back("FAST-FORWARD");
  }
  if (reuseport) f.enabled.emplace_back("REUSEPORT");
  f.enabled.emplace_back("GETADDRINFO");
  return f;
}

}  // namespace sluice::process
