// ACLs: named tests of a sample against patterns (manual 7.1).
//
// AclSpecs is the part a section carries after parsing; AclSet compiles them, each on its first use, and keeps the
// result for all conditions of the section. Start-up only; the compiled tests are immutable and shared by threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/source.h"
#include "sluice/policy/context.h"

namespace sluice::config {
class KeywordTable;
}

namespace sluice::policy {

struct CompileScope;
class Acl;  // private: one name with all its lines

// One "acl" line. The words keep their places.
struct AclSpec {
  std::string name;
  config::Location at;
  std::vector<config::Token> words;  // criterion, flags, patterns; views into the sources
};

struct AclSpecs {
  std::vector<AclSpec> lines;
};

class AclSet {
 public:
  // specs outlives the set.
  explicit AclSet(const AclSpecs& specs);
  AclSet(AclSet&&) noexcept;
  AclSet& operator=(AclSet&&) noexcept;
  ~AclSet();

  // Compiles every line, used or not, so that all errors are seen. False when scope.diag got an error.
  bool compile_all(CompileScope& scope);

  // The named ACL, predefined ones included (manual 7.4); null when unknown or broken. `known` tells these two apart.
  std::shared_ptr<const Acl> find(std::string_view name, CompileScope& scope, bool& known);

  // The declared name nearest to `name`, or empty.
  [[nodiscard]] std::string suggestion(std::string_view name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "acl" for defaults, frontend, listen and backend, filling AclSpecs; and the lists of ACL keywords, samples and
// converters that -dK prints.
void register_keywords(config::KeywordTable& table);

}  // namespace sluice::policy
