#include "sluice/policy/condition.h"

#include "policy/acl_lines.h"
#include "sluice/config/values.h"

namespace sluice::policy {
namespace {
constexpr std::uint16_t kAccept = 0xffff;
constexpr std::uint16_t kReject = 0xfffe;
constexpr std::size_t kMostSteps = 0xfff0;
}  // namespace

// Terms joined by "and" form a group, groups are joined by "or". Every term is one ACL whose lines are joined by "or";
// the steps of all lines lie in one array, and where to go on is known when the group is complete.
class ConditionCompiler {
 public:
  ConditionCompiler(Condition& c, CompileScope& scope) : c_(c), scope_(scope) {}

  void compile(std::span<const config::Token> tokens) {
    const bool unless = tokens[0].text == "unless";
    prefix_ = scope_.directive.empty()
                  ? "error detected while parsing a condition : "
                  : "error detected while parsing an '" + std::string(scope_.directive) + "' condition : ";
    std::size_t i = 1;
    groups_.emplace_back();
    bool negated = false;
    for (; i < tokens.size(); ++i) {
      const config::Token& token = tokens[i];
      std::string_view word = token.text;
      if (word == "or" || word == "||") {
        if (negated || groups_.back().empty()) return fail(token, "missing ACL before '" + std::string(word) + "'");
        groups_.emplace_back();
        continue;
      }
      bool not_glued = false;
      while (!word.empty() && word.front() == '!') {
        negated = !negated;
        not_glued = true;
        word.remove_prefix(1);
      }
      if (word.empty() && not_glued) continue;
      Term term{nullptr, negated};
      negated = false;
      if (word == "{") {
        std::size_t end = i + 1;
        while (end < tokens.size() && tokens[end].text != "}") ++end;
        if (end == tokens.size()) return fail(token, "missing closing '}' in condition");
        term.acl = anonymous(tokens.subspan(i + 1, end - i - 1), token);
        i = end;
      } else {
        term.acl = named(word, token);
      }
      if (term.acl == nullptr) {
        c_.valid_ = false;
        continue;
      }
      groups_.back().push_back(std::move(term));
    }
    if (!c_.valid_) return;
    if (groups_.back().empty() || negated) {
      const config::Token& last = tokens.back();
      return fail(last, tokens.size() == 1 ? "missing ACL behind '" + std::string(last.text) + "'"
                                           : "missing ACL at the end of the condition");
    }
    emit(unless);
  }

 private:
  struct Term {
    std::shared_ptr<const Acl> acl;
    bool negated = false;
  };

  void fail(const config::Token& at, const std::string& message, std::string hint = {}) {
    scope_.diag.error(at, prefix_ + message + (message.ends_with('?') ? "" : "."), std::move(hint));
    c_.valid_ = false;
  }

  std::shared_ptr<const Acl> anonymous(std::span<const config::Token> words, const config::Token& brace) {
    if (words.empty()) {
      fail(brace, "missing fetch method in ACL expression ''");
      return nullptr;
    }
    auto test = Test::compile(words, scope_, prefix_);
    if (test == nullptr) return nullptr;
    auto acl = std::make_shared<Acl>();
    acl->tests.push_back(std::move(test));
    const Program& program = acl->tests[0]->program();
    if (scope_.places != 0 && (program.places & scope_.places) == 0) {
      scope_.diag.warning(words[0], "anonymous acl will never match because it uses keyword '" +
                                        std::string(program.row->name) + "' which is incompatible with '" +
                                        std::string(place_name(scope_.places)) + "'");
    }
    return acl;
  }

  std::shared_ptr<const Acl> named(std::string_view name, const config::Token& token) {
    bool known = false;
    std::shared_ptr<const Acl> acl;
    AclSet none{kNoSpecs};
    AclSet& set = scope_.acls != nullptr ? *scope_.acls : none;
    acl = set.find(name, scope_, known);
    if (acl == nullptr && !known) {
      const std::string near = set.suggestion(name);
      fail(token, "no such ACL : '" + std::string(name) + "'" + config::Suggestion::text_of(near));
      return nullptr;
    }
    if (acl == nullptr) return nullptr;  // its own line has been reported
    std::uint32_t places = 0;
    for (const auto& test : acl->tests) places |= test->program().places;
    if (scope_.places != 0 && (places & scope_.places) == 0) {
      scope_.diag.warning(token,
                          "acl '" + acl->name +
                              "' will never match because it only involves keywords that are incompatible with '" +
                              std::string(place_name(scope_.places)) + "'");
    }
    return acl;
  }

  void emit(bool unless) {
    c_.unless_ = unless;
    const std::uint16_t yes = unless ? kReject : kAccept;
    const std::uint16_t no = unless ? kAccept : kReject;
    std::size_t total = 0;
    for (const auto& group : groups_) {
      for (const Term& t : group) total += t.acl->tests.size();
    }
    if (total > kMostSteps) {
      scope_.diag.error(config::Location{},
                        prefix_ + "more than " + std::to_string(kMostSteps) + " tests in one condition.");
      c_.valid_ = false;
      return;
    }
    std::size_t group_begin = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      std::size_t group_end = group_begin;
      for (const Term& t : groups_[g]) group_end += t.acl->tests.size();
      const std::uint16_t next_group = g + 1 < groups_.size() ? static_cast<std::uint16_t>(group_end) : no;
      std::size_t term_begin = group_begin;
      for (std::size_t k = 0; k < groups_[g].size(); ++k) {
        const Term& term = groups_[g][k];
        const std::size_t term_end = term_begin + term.acl->tests.size();
        const std::uint16_t next_term = k + 1 < groups_[g].size() ? static_cast<std::uint16_t>(term_end) : yes;
        for (std::size_t n = 0; n < term.acl->tests.size(); ++n) {
          const Test* test = term.acl->tests[n].get();
          const bool last = n + 1 == term.acl->tests.size();
          const auto following = static_cast<std::uint16_t>(term_begin + n + 1);
          const std::uint16_t on_match = term.negated ? next_group : next_term;
          const std::uint16_t on_no_match = !last ? following : term.negated ? next_term : next_group;
          c_.steps_.push_back({test, on_match, on_no_match, next_group, last});
          c_.needs_ |= test->program().needs;
        }
        c_.owned_.push_back(term.acl);
        term_begin = term_end;
      }
      group_begin = group_end;
    }
  }

  static const AclSpecs kNoSpecs;
  Condition& c_;
  CompileScope& scope_;
  std::string prefix_;
  std::vector<std::vector<Term>> groups_;
};
const AclSpecs ConditionCompiler::kNoSpecs;

Condition::Condition() noexcept = default;
Condition::Condition(Condition&&) noexcept = default;
Condition& Condition::operator=(Condition&&) noexcept = default;
Condition::~Condition() = default;

bool Condition::starts(const config::Token& token) noexcept { return token.text == "if" || token.text == "unless"; }

Condition Condition::compile(std::span<const config::Token> tokens, CompileScope& scope) {
  Condition c;
  if (tokens.empty()) return c;
  if (!starts(tokens[0])) {
    scope.diag.error(tokens[0],
                     "expects either 'if' or 'unless' before a condition, got '" + std::string(tokens[0].text) + "'");
    c.valid_ = false;
    return c;
  }
  ConditionCompiler(c, scope).compile(tokens);
  return c;
}

bool Condition::evaluate(SampleContext& ctx) const noexcept {
  if (steps_.empty()) return valid_;
  const ScratchScope scope(*ctx.scratch);
  const Step* steps = steps_.data();
  std::uint16_t at = 0;
  do {
    const Step& step = steps[at];
    at = step.test->matches(ctx) ? step.on_true : step.on_false;
  } while (at < kReject);
  return at == kAccept;
}

Condition::Verdict Condition::decide(SampleContext& ctx) const noexcept {
  if (steps_.empty()) return valid_ ? Verdict::Yes : Verdict::No;
  const ScratchScope scope(*ctx.scratch);
  bool open_term = false;  // a line of the ACL at hand could still match
  bool open = false;       // a group could still hold
  std::uint16_t at = 0;
  do {
    const Step& step = steps_[at];
    ctx.undecided = false;
    if (step.test->matches(ctx)) {
      open_term = false;
      at = step.on_true;
      continue;
    }
    open_term |= ctx.undecided;
    if (!step.last || !open_term) {
      at = step.on_false;
      continue;
    }
    open = true;
    open_term = false;
    at = step.on_undecided;
  } while (at < kReject);
  const bool holds = at == (unless_ ? kReject : kAccept);
  if (!holds && open) return Verdict::Undecided;
  return at == kAccept ? Verdict::Yes : Verdict::No;
}

}  // namespace sluice::policy
