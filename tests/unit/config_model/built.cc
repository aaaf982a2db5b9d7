#include "unit/config_model/built.h"

#include "sluice/backend/spec.h"
#include "sluice/net/bind_spec.h"
#include "sluice/ops/log_spec.h"
#include "sluice/policy/acl.h"
#include "sluice/proxy/keywords.h"

namespace sluice::model::testing {

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

const config::KeywordTable& language() {
  static const auto table = [] {
    auto t = std::make_unique<config::KeywordTable>();
    for (const SectionRow& s : kSections) t->add_section(s);
    ops::register_keywords(*t);
    net::register_keywords(*t);
    policy::register_keywords(*t);
    backend::register_keywords(*t);
    proxy::register_keywords(*t);
    return t;
  }();
  return *table;
}

}  // namespace

Built::Built(std::string text, std::uint32_t maxconn) {
  std::vector<config::InputFile> files;
  files.push_back({"t.cfg", std::move(text)});
  config::parse(std::move(files), language(), {}, document, diag);
  BuildOptions options;
  options.settings.maxconn = maxconn;
  options.settings.threads = 2;
  options.facts.node = "testnode";
  options.facts.threads = 2;
  options.facts.start_wall_us = 1795355796000000;
  model = build(document, std::move(options), diag);
}

std::string Built::said() const {
  std::string out;
  for (const auto& d : diag.all()) out += std::to_string(d.at.line) + ": " + d.message + "\n";
  return out;
}

}  // namespace sluice::model::testing
