#include "sluice/config/keyword.h"
#include "sluice/config/values.h"
#include "sluice/policy/acl.h"

namespace sluice::policy {

void offer_listings(config::KeywordTable& table);

namespace {

void on_acl(config::KeywordContext& context) {
  const auto args = context.args();
  const config::Token& name = args[0];
  if (const auto bad = config::bad_name_char(name.text)) {
    context.error(name, "character '" + std::string(1, *bad) + "' is not permitted in acl name '" +
                            std::string(name.text) + "'.");
    return;
  }
  if (name.text == "or") {
    context.error(name,
                  "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition.");
    return;
  }
  AclSpec spec;
  spec.name = std::string(name.text);
  spec.at = name.at;
  spec.words.assign(args.begin() + 1, args.end());
  context.part<AclSpecs>().lines.push_back(std::move(spec));
}

constexpr config::KeywordRow kRows[] = {
    {"acl", config::kDefaultsAndProxies, 2, config::kAnyArgs, "<aclname> <criterion> [flags] [operator] <value> ...",
     on_acl, config::kNamedDefaultsOnly},
};

}  // namespace

void register_keywords(config::KeywordTable& table) {
  table.add(kRows);
  offer_listings(table);
}

}  // namespace sluice::policy
