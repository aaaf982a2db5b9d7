// Conditions of `.if`, `.elif` and `-cc` (manual 2.4): ||, &&, !, parentheses, numbers and predicates.
#include <algorithm>

#include "sluice/base/strings.h"
#include "sluice/config/parser.h"

namespace sluice::config {

namespace {

constexpr unsigned kMaxDepth = 200;

// OpenSSL's version words as one comparable number: "3.0.11", "1.1.1k".
std::optional<std::uint64_t> parse_openssl_version(std::string_view text) noexcept {
  std::uint64_t parts[3] = {0, 0, 0};
  for (int i = 0; i < 3; ++i) {
    std::size_t n = 0;
    while (n < text.size() && base::is_digit(text[n])) ++n;
    const auto v = base::parse_int<std::uint32_t>(text.substr(0, n));
    if (!v || *v > 0xff) return std::nullopt;
    parts[i] = *v;
    text.remove_prefix(n);
    if (i == 2 || !text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  // From 3.0 on: major, minor, patch as MNN00PP0; before: MNNFFPPS with a letter for PP.
  if (parts[0] >= 3) return parts[0] << 28 | parts[1] << 20 | parts[2] << 4;
  const std::uint64_t letter =
      text.size() == 1 && text[0] >= 'a' && text[0] <= 'z' ? static_cast<std::uint64_t>(text[0] - 'a' + 1) : 0;
  return parts[0] << 28 | parts[1] << 20 | parts[2] << 12 | letter << 4;
}

struct Predicate {
  std::string_view name;
  unsigned args;
  bool (*eval)(const std::string* args, const Environment* env, const Facts& facts);
};

bool contains(const std::vector<std::string_view>& list, std::string_view name) noexcept {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// compare: <0, 0, >0 as our version relates to the one asked for; empty when that is no version.
std::optional<int> compare_version(const Facts& facts, const std::string& text) noexcept {
  const auto ours = parse_version(facts.version);
  const auto theirs = parse_version(text);
  if (!ours || !theirs) return std::nullopt;
  return *ours < *theirs ? -1 : *ours > *theirs ? 1 : 0;
}

std::optional<bool> openssl_at_least(const Facts& facts, const std::string& text) noexcept {
  const auto theirs = parse_openssl_version(text);
  if (facts.openssl_version == 0 || !theirs) return std::nullopt;
  // The status bits at the end do not count.
  return (facts.openssl_version & ~std::uint64_t{0xf}) >= (*theirs & ~std::uint64_t{0xf});
}

std::optional<bool> awslc_at_least(const Facts& facts, const std::string& text) noexcept {
  const auto theirs = base::parse_int<std::uint32_t>(text);
  if (facts.awslc_api == 0 || !theirs) return std::nullopt;
  return facts.awslc_api >= *theirs;
}

constexpr Predicate kPredicates[] = {
    {"awslc_api_atleast", 1,
     [](const std::string* a, const Environment*, const Facts& f) { return awslc_at_least(f, a[0]).value_or(false); }},
    {"awslc_api_before", 1,
     [](const std::string* a, const Environment*, const Facts& f) { return !awslc_at_least(f, a[0]).value_or(true); }},
    {"defined", 1,
     [](const std::string* a, const Environment* e, const Facts&) { return e != nullptr && e->get(a[0]).has_value(); }},
    {"enabled", 1, [](const std::string* a, const Environment*, const Facts& f) { return contains(f.enabled, a[0]); }},
    {"feature", 1, [](const std::string* a, const Environment*, const Facts& f) { return contains(f.features, a[0]); }},
    {"fips_mode", 0, [](const std::string*, const Environment*, const Facts& f) { return f.fips; }},
    {"openssl_version_atleast", 1,
     [](const std::string* a, const Environment*, const Facts& f) {
       return openssl_at_least(f, a[0]).value_or(false);
     }},
    {"openssl_version_before", 1,
     [](const std::string* a, const Environment*, const Facts& f) {
       return !openssl_at_least(f, a[0]).value_or(true);
     }},
    {"ssllib_name_startswith", 1,
     [](const std::string* a, const Environment*, const Facts& f) {
       return !f.ssl_library.empty() && f.ssl_library.starts_with(a[0]);
     }},
    {"streq", 2, [](const std::string* a, const Environment*, const Facts&) { return a[0] == a[1]; }},
    {"strneq", 2, [](const std::string* a, const Environment*, const Facts&) { return a[0] != a[1]; }},
    {"strstr", 2,
     [](const std::string* a, const Environment*, const Facts&) { return a[0].find(a[1]) != std::string::npos; }},
    {"version_atleast", 1,
     [](const std::string* a, const Environment*, const Facts& f) {
       return compare_version(f, a[0]).value_or(-1) >= 0;
     }},
    {"version_before", 1,
     [](const std::string* a, const Environment*, const Facts& f) { return compare_version(f, a[0]).value_or(0) < 0; }},
};

class Evaluator {
 public:
  Evaluator(std::string_view text, const Environment* env, const Facts& facts, std::string& error,
            std::size_t& error_at)
      : text_(text), env_(env), facts_(facts), error_(error), error_at_(error_at) {}

  std::optional<bool> run() {
    skip_blanks();
    if (end()) return false;
    const auto v = any(0);
    if (!v) return std::nullopt;
    skip_blanks();
    if (!end()) {
      return fail(pos_, "unexpected character '" + std::string(1, text_[pos_]) +
                            "' at the end of conditional expression '" + std::string(text_) + "'");
    }
    return v;
  }

 private:
  [[nodiscard]] bool end() const noexcept { return pos_ >= text_.size(); }
  void skip_blanks() noexcept {
    while (!end() && (text_[pos_] == ' ' || text_[pos_] == '\t')) ++pos_;
  }
  bool accept(std::string_view word) noexcept {
    skip_blanks();
    if (!text_.substr(pos_).starts_with(word)) return false;
    pos_ += word.size();
    return true;
  }
  std::nullopt_t fail(std::size_t at, std::string message) {
    error_at_ = at;
    error_ = std::move(message);
    return std::nullopt;
  }

  std::optional<bool> any(unsigned depth) {
    auto v = all(depth);
    while (v && accept("||")) {
      const auto w = all(depth);
      if (!w) return w;
      v = *v || *w;
    }
    return v;
  }
  std::optional<bool> all(unsigned depth) {
    std::size_t before = pos_;
    auto v = term(depth, before);
    for (;;) {
      before = pos_;
      if (!v || !accept("&&")) return v;
      const auto w = term(depth, before);
      if (!w) return w;
      v = *v && *w;
    }
  }
  // before: where to point when there is nothing: the operator that asks for more.
  std::optional<bool> term(unsigned depth, std::size_t before) {
    skip_blanks();
    if (depth > kMaxDepth) return fail(pos_, "conditional expression nested too deeply");
    if (end()) {
      while (before < text_.size() && text_[before] == ' ') ++before;
      return fail(before, "unparsable conditional expression '" + std::string(text_.substr(before)) + "'");
    }
    const std::size_t start = pos_;
    if (accept("!")) {
      const auto v = term(depth + 1, start);
      if (!v) return v;
      return !*v;
    }
    if (accept("(")) {
      const auto v = any(depth + 1);
      if (!v) return v;
      if (!accept(")")) {
        return fail(start, "expected ')' after conditional expression '" + std::string(text_.substr(start)) + "'");
      }
      return v;
    }
    if (base::is_digit(text_[pos_]) || text_[pos_] == '-' || text_[pos_] == '+') return number();
    return predicate();
  }
  std::optional<bool> number() {
    const std::size_t start = pos_;
    if (!base::is_digit(text_[pos_])) ++pos_;
    bool nonzero = false;
    const std::size_t digits = pos_;
    while (!end() && base::is_digit(text_[pos_])) nonzero |= text_[pos_++] != '0';
    if (pos_ == digits) return unparsable(start);
    return nonzero;
  }
  std::nullopt_t unparsable(std::size_t start) {
    return fail(start, "unparsable conditional expression '" + std::string(text_.substr(start)) + "'");
  }
  std::optional<bool> predicate() {
    const std::size_t start = pos_;
    while (!end() && (base::is_digit(text_[pos_]) || text_[pos_] == '_' ||
                      (base::to_lower(text_[pos_]) >= 'a' && base::to_lower(text_[pos_]) <= 'z')))
      ++pos_;
    const std::string_view name = text_.substr(start, pos_ - start);
    const auto* p = std::find_if(std::begin(kPredicates), std::end(kPredicates),
                                 [&](const Predicate& x) { return x.name == name; });
    if (p == std::end(kPredicates)) return unparsable(start);
    std::vector<std::string> args;
    if (!end() && text_[pos_] == '(') {
      if (!arguments(*p, args)) return std::nullopt;
    }
    if (args.size() < p->args) {
      return fail(pos_, "missing arguments (got " + std::to_string(args.size()) + "/" + std::to_string(p->args) +
                            "), type 'string' expected in argument " + std::to_string(args.size() + 1) +
                            " of predicate '" + std::string(name) + "' used in conditional expression");
    }
    return p->eval(args.data(), env_, facts_);
  }
  // At '(': the arguments, with the quotes of the second level (manual 2.2) resolved.
  bool arguments(const Predicate& p, std::vector<std::string>& args) {
    ++pos_;
    if (p.args == 0) {
      if (accept(")")) return true;
      fail(pos_, "predicate '" + std::string(p.name) + "' takes no argument in conditional expression");
      return false;
    }
    for (;;) {
      std::string arg;
      char quote = '\0';
      while (!end()) {
        const char c = text_[pos_];
        if (quote == '\0' && (c == ',' || c == ')')) break;
        ++pos_;
        if (quote != '\0' && c == quote) {
          quote = '\0';
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
          quote = c;
        } else if (c == '\\' && quote != '\'' && !end()) {
          arg += unescape(text_[pos_++]);
        } else {
          arg += c;
        }
      }
      args.push_back(std::move(arg));
      if (end()) {
        if (args.size() < p.args) return true;  // reported as missing
        fail(pos_, "expected ')' in argument " + std::to_string(args.size()) + " of predicate '" + std::string(p.name) +
                       "' used in conditional expression");
        return false;
      }
      if (text_[pos_] == ')') {
        ++pos_;
        return true;
      }
      if (args.size() == p.args) {
        fail(pos_, "expected ')' before '" + std::string(text_.substr(pos_)) + "' in argument " +
                       std::to_string(args.size()) + " of predicate '" + std::string(p.name) +
                       "' used in conditional expression");
        return false;
      }
      ++pos_;
    }
  }
  static char unescape(char c) noexcept {
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      default:
        return c;
    }
  }

  std::string_view text_;
  const Environment* env_;
  const Facts& facts_;
  std::string& error_;
  std::size_t& error_at_;
  std::size_t pos_ = 0;
};

}  // namespace

std::optional<bool> evaluate_condition(std::string_view text, const Environment* env, const Facts& facts,
                                       std::string& error, std::size_t& error_at) {
  return Evaluator(text, env, facts, error, error_at).run();
}

}  // namespace sluice::config
