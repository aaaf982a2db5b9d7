#include "sluice/policy/acl.h"

#include <absl/container/flat_hash_map.h>

#include <fstream>

#include "policy/acl_lines.h"
#include "sluice/base/strings.h"
#include "sluice/config/keyword.h"

namespace sluice::policy {
namespace {

#define SLUICE_TEXT_MATCHES(prefix, fetch)                                                                             \
  {prefix, fetch, "str"}, {prefix "_beg", fetch, "beg"}, {prefix "_dir", fetch, "dir"}, {prefix "_dom", fetch, "dom"}, \
      {prefix "_end", fetch, "end"}, {prefix "_len", fetch, "len"}, {prefix "_reg", fetch, "reg"}, {                   \
    prefix "_sub", fetch, "sub"                                                                                        \
  }

constexpr AclKeyword kAclKeywords[] = {
    SLUICE_TEXT_MATCHES("base", "base"),
    SLUICE_TEXT_MATCHES("cook", "req.cook"),
    SLUICE_TEXT_MATCHES("hdr", "req.hdr"),
    SLUICE_TEXT_MATCHES("path", "path"),
    SLUICE_TEXT_MATCHES("scook", "res.cook"),
    SLUICE_TEXT_MATCHES("shdr", "res.hdr"),
    SLUICE_TEXT_MATCHES("url", "url"),
    SLUICE_TEXT_MATCHES("urlp", "urlp"),
    {"method", "method", "str"},
    {"payload", "req.payload", "bin"},
    {"payload_lv", "req.payload_lv", "bin"},
    {"req_rdp_cookie", "req.rdp_cookie", "str"},
    {"req_rdp_cookie_cnt", "req.rdp_cookie_cnt", "int"},
    {"req_ver", "req.ver", "str"},
    {"resp_ver", "res.ver", "str"},
};
#undef SLUICE_TEXT_MATCHES

struct Predefined {
  std::string_view name;
  std::string_view words[4];
};
constexpr Predefined kPredefined[] = {
    {"FALSE", {"always_false"}},
    {"HTTP", {"req.proto_http"}},
    {"HTTP_1.0", {"req.ver", "1.0"}},
    {"HTTP_1.1", {"req.ver", "1.1"}},
    {"HTTP_2.0", {"req.ver", "2.0"}},
    {"HTTP_3.0", {"req.ver", "3.0"}},
    {"HTTP_CONTENT", {"req.hdr_val(content-length)", "gt", "0"}},
    {"HTTP_URL_ABS", {"url_reg", "^[^/:]*://"}},
    {"HTTP_URL_SLASH", {"url_beg", "/"}},
    {"HTTP_URL_STAR", {"url", "*"}},
    {"LOCALHOST", {"src", "127.0.0.1/8", "::1"}},
    {"METH_CONNECT", {"method", "CONNECT"}},
    {"METH_DELETE", {"method", "DELETE"}},
    {"METH_GET", {"method", "GET", "HEAD"}},
    {"METH_HEAD", {"method", "HEAD"}},
    {"METH_OPTIONS", {"method", "OPTIONS"}},
    {"METH_POST", {"method", "POST"}},
    {"METH_PUT", {"method", "PUT"}},
    {"METH_TRACE", {"method", "TRACE"}},
    {"RDP_COOKIE", {"req.rdp_cookie_cnt", "gt", "0"}},
    {"REQ_CONTENT", {"req.len", "gt", "0"}},
    {"TRUE", {"always_true"}},
    {"WAIT_END", {"wait_end"}},
};

constexpr std::string_view kPlaceNames[] = {"frontend tcp-request connection rule",
                                            "frontend tcp-request session rule",
                                            "frontend tcp-request content rule",
                                            "frontend http-request header rule",
                                            "frontend http-request body rule",
                                            "frontend use-backend rule",
                                            "backend tcp-request content rule",
                                            "backend http-request header rule",
                                            "backend http-request body rule",
                                            "backend use-server, balance or stick-match rule",
                                            "server source selection",
                                            "backend tcp-response content rule",
                                            "backend http-response header rule",
                                            "backend http-response body rule",
                                            "backend stick-store rule",
                                            "frontend tcp-response content rule",
                                            "frontend http-response header rule",
                                            "frontend http-response body rule",
                                            "logs",
                                            "backend tcp-check rule",
                                            "configuration parser",
                                            "CLI parser"};

// What one line says, read word by word.
class LineReader {
 public:
  LineReader(std::span<const config::Token> words, CompileScope& scope, const std::string& prefix)
      : words_(words), scope_(scope), prefix_(prefix) {}

  // False after an error.
  bool read(std::shared_ptr<Program>& program, Patterns& patterns) {
    if (!read_criterion(program)) return false;
    if (!read_flags(*program)) return false;
    if (!have_match_ && !default_match(*program)) return false;
    if (!match_applies(match_, program->type)) {
      return fail(words_[0], "matching method '" + std::string(match_name(match_)) +
                                 "' cannot be used with samples of type '" + std::string(type_name(program->type)) +
                                 "'");
    }
    patterns = Patterns(match_);
    if (!read_patterns(patterns)) return false;
    patterns.seal();
    if (takes_patterns(match_) && patterns.empty() && !quiet_) {
      scope_.diag.warning(
          words_[0],
          "parsing acl keyword '" + std::string(words_[0].text) +
              "' : no pattern to match against were provided, so this ACL will never match.",
          "to test for presence use '-m found', to use a number as a boolean '-m bool'; '--' silences this");
    }
    return true;
  }

 private:
  bool fail(const config::Token& at, std::string message, std::string hint = {}) {
    scope_.diag.error(at, prefix_ + message + (message.ends_with('?') ? "" : "."), std::move(hint));
    return false;
  }

  bool read_criterion(std::shared_ptr<Program>& program) {
    if (words_.empty() || words_[0].text.empty()) {
      scope_.diag.error(words_.empty() ? config::Token{} : words_[0],
                        prefix_ + "missing fetch method in ACL expression ''.");
      return false;
    }
    const config::Token& word = words_[0];
    const std::string_view name = word.text.substr(0, word.text.find_first_of("(,"));
    const FetchRow* row = nullptr;
    const AclKeyword* keyword = find_acl_keyword(name);
    if (keyword != nullptr) row = find_fetch(keyword->fetch);
    if (row == nullptr) row = find_fetch(name);
    if (row == nullptr) {
      config::Suggestion near(name);
      for (const AclKeyword& k : kAclKeywords) near.offer(k.name);
      const bool later =
          config::known_in_language(config::Class::Acl, name) || config::known_in_language(config::Class::Sample, name);
      if (later) return fail(word, "'" + std::string(name) + "' is not supported yet");
      return fail(word, unknown_fetch(name) + " in ACL expression '" + std::string(word.text) + "'",
                  near.best().empty() ? std::string{} : "there is an ACL keyword '" + std::string(near.best()) + "'");
    }
    const std::size_t references = scope_.references == nullptr ? 0 : scope_.references->size();
    ParsedExpression parsed = parse_expression(word.text, scope_, word, 0, row);
    if (scope_.references != nullptr) {
      for (std::size_t i = references; i < scope_.references->size(); ++i) (*scope_.references)[i].acl = true;
    }
    if (parsed.program == nullptr) {
      scope_.diag.error(word.place(parsed.error_at),
                        prefix_ + parsed.error + " in ACL expression '" + std::string(word.text) + "'.");
      return false;
    }
    if (parsed.used != word.text.size()) {
      return fail(word, "unexpected character '" + std::string(1, word.text[parsed.used]) + "' in ACL expression '" +
                            std::string(word.text) + "'");
    }
    program = std::move(parsed.program);
    // The keyword's own method counts only without converters behind it (manual 7.1).
    if (keyword != nullptr && program->steps.empty()) {
      match_of(keyword->match, match_);
      if (program->type == SampleType::Meth) match_ = Match::Meth;
      have_match_ = true;
    }
    return true;
  }

  bool default_match(const Program& program) {
    switch (program.type) {
      case SampleType::Bool:
        match_ = Match::Bool;
        break;
      case SampleType::Sint:
        match_ = Match::Int;
        break;
      case SampleType::Addr:
      case SampleType::Ipv4:
      case SampleType::Ipv6:
        match_ = Match::Ip;
        break;
      case SampleType::Str:
        match_ = Match::Str;
        break;
      case SampleType::Meth:
        match_ = Match::Meth;
        break;
      default:
        return fail(words_[0],
                    "matching method must be specified first (using '-m') when using a sample fetch of this type ('" +
                        std::string(words_[0].text) + "')");
    }
    return true;
  }

  // Only what stands before the first pattern; "-f" and "-i" may come again between patterns.
  bool read_flags(const Program& program) {
    for (pos_ = 1; pos_ < words_.size(); ++pos_) {
      const std::string_view word = words_[pos_].text;
      if (word == "-m") {
        if (pos_ + 1 >= words_.size()) return fail(words_[pos_], "missing matching method behind '-m'");
        if (chosen_) return fail(words_[pos_], "matching method given twice");
        const config::Token& name = words_[++pos_];
        if (!match_of(name.text, match_)) {
          config::Suggestion near(name.text);
          for (const auto n :
               {"found", "bool", "int", "ip", "bin", "len", "str", "beg", "end", "sub", "dir", "dom", "reg"})
            near.offer(n);
          return fail(name, "unknown matching method '" + std::string(name.text) + "' when parsing ACL expression" +
                                near.text());
        }
        if (program.type == SampleType::Meth && match_ == Match::Str) match_ = Match::Meth;
        have_match_ = chosen_ = true;
        continue;
      }
      if (word == "-n") {
        names_ = false;
        continue;
      }
      if (word == "-u") {
        if (pos_ + 1 >= words_.size() || !base::parse_int<std::uint32_t>(words_[pos_ + 1].text)) {
          return fail(words_[pos_], "'-u' wants a number");
        }
        ++pos_;
        continue;
      }
      if (word == "-M") {
        two_columns_ = true;
        continue;
      }
      break;
    }
    return true;
  }

  bool read_patterns(Patterns& patterns) {
    bool flags = true;
    Comparison how = Comparison::Eq;
    const bool numbers = match_ == Match::Int || match_ == Match::Len;
    for (; pos_ < words_.size(); ++pos_) {
      const config::Token& word = words_[pos_];
      if (flags && word.text.size() >= 2 && word.text[0] == '-') {
        if (word.text == "--") {
          flags = false;
          quiet_ = true;
        } else if (word.text == "-i") {
          ignore_case_ = true;
        } else if (word.text == "-n") {
          names_ = false;
        } else if (word.text == "-M") {
          two_columns_ = true;
        } else if (word.text == "-f") {
          if (pos_ + 1 >= words_.size()) return fail(word, "missing pattern file name behind '-f'");
          quiet_ = true;
          if (!read_file(words_[++pos_], patterns)) return false;
        } else if (word.text == "-m") {
          return fail(word, "'-m' must come before the patterns and '-f'");
        } else if (word.text == "-u") {
          ++pos_;
        } else {
          return fail(word, "'" + std::string(word.text) +
                                "' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'");
        }
        continue;
      }
      flags = false;
      if (numbers && comparison_of(word.text, how)) continue;
      std::string error;
      if (!patterns.add(word.text, ignore_case_, how, names_ && scope_.options.resolve_names, scope_.options.regex_jit,
                        error))
        return fail(word, error);
    }
    return true;
  }

  // Manual 2.7: "virt@" is no file at all, "opt@" need not exist, "file@" says what is meant anyway.
  bool read_file(const config::Token& word, Patterns& patterns) {
    std::string_view name = word.text;
    bool optional = false;
    if (name.starts_with("virt@")) return true;
    if (name.starts_with("opt@")) {
      optional = true;
      name.remove_prefix(4);
    } else if (name.starts_with("file@")) {
      name.remove_prefix(5);
    }
    std::ifstream in{std::string(name)};
    if (!in) {
      if (optional) return true;
      return fail(word, "failed to open pattern file <" + std::string(name) + ">");
    }
    std::string line;
    for (unsigned number = 1; std::getline(in, line); ++number) {
      std::string_view text = line;
      if (!text.empty() && text.front() == '#') continue;
      while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
      while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
      if (two_columns_) text = text.substr(0, text.find_first_of(" \t"));
      if (text.empty()) continue;
      std::string error;
      if (!patterns.add(text, ignore_case_, Comparison::Eq, names_ && scope_.options.resolve_names,
                        scope_.options.regex_jit, error)) {
        return fail(word, error + " at line " + std::to_string(number) + " of file '" + std::string(name) + "'");
      }
    }
    return true;
  }

  std::span<const config::Token> words_;
  CompileScope& scope_;
  const std::string& prefix_;
  std::size_t pos_ = 1;
  Match match_ = Match::Found;
  bool have_match_ = false;
  bool chosen_ = false;  // by -m
  bool ignore_case_ = false;
  bool names_ = true;
  bool two_columns_ = false;
  bool quiet_ = false;
};

}  // namespace

std::span<const AclKeyword> acl_keywords() { return kAclKeywords; }

std::string_view place_name(std::uint32_t places) noexcept {
  for (std::size_t i = 0; i < std::size(kPlaceNames); ++i) {
    if ((places >> i & 1) != 0) return kPlaceNames[i];
  }
  return "this place";
}

std::unique_ptr<Test> Test::compile(std::span<const config::Token> words, CompileScope& scope,
                                    const std::string& prefix) {
  std::shared_ptr<Program> program;
  auto test = std::make_unique<Test>();
  LineReader reader(words, scope, prefix);
  if (!reader.read(program, test->patterns_)) return nullptr;
  const Match match = test->patterns_.match();
  if (program->steps.empty()) {
    const std::string_view name = program->row->name;
    if (name == "always_true" && match == Match::Bool) test->source_ = Source::True;
    if (name == "always_false" && match == Match::Bool) test->source_ = Source::False;
    const bool host = name == "req.hdr" && program->args[0].given() && program->args[1].num == 0 &&
                      program->args[0].num == static_cast<std::int64_t>(http::HeaderId::Host);
    if (host && match >= Match::Len && match <= Match::Reg) test->source_ = Source::Host;
    if (name == "path" && match >= Match::Len && match <= Match::Reg) test->source_ = Source::Path;
  }
  test->program_ = std::move(program);
  return test;
}

bool Test::matches_program(SampleContext& ctx) const noexcept {
  Cursor cursor;
  cursor.iterate = true;
  do {
    Sample s;
    cursor.more = false;
    if (program_->run(ctx, s, cursor) && patterns_.matches(ctx, s)) return true;
  } while (cursor.more);
  return false;
}

struct AclSet::State {
  const AclSpecs* specs;
  absl::flat_hash_map<std::string_view, std::vector<const AclSpec*>> lines;
  absl::flat_hash_map<std::string, std::shared_ptr<const Acl>> compiled;  // null: broken
};

AclSet::AclSet(const AclSpecs& specs) : state_(std::make_unique<State>()) {
  state_->specs = &specs;
  for (const AclSpec& s : specs.lines) state_->lines[s.name].push_back(&s);
}
AclSet::AclSet(AclSet&&) noexcept = default;
AclSet& AclSet::operator=(AclSet&&) noexcept = default;
AclSet::~AclSet() = default;

std::shared_ptr<const Acl> AclSet::find(std::string_view name, CompileScope& scope, bool& known) {
  known = true;
  if (const auto it = state_->compiled.find(std::string(name)); it != state_->compiled.end()) return it->second;
  auto acl = std::make_shared<Acl>();
  acl->name = std::string(name);
  bool ok = true;
  const auto add = [&](std::span<const config::Token> words, const std::string& prefix) {
    auto test = Test::compile(words, scope, prefix);
    if (test == nullptr) {
      ok = false;
    } else {
      acl->tests.push_back(std::move(test));
    }
  };
  if (const auto it = state_->lines.find(name); it != state_->lines.end()) {
    const std::string prefix = "error detected while parsing ACL '" + std::string(name) + "' : ";
    for (const AclSpec* line : it->second) {
      if (line->words.empty()) {
        scope.diag.error(line->at, prefix + "missing fetch method in ACL expression ''.");
        ok = false;
        continue;
      }
      add(line->words, prefix);
    }
  } else {
    known = false;
    for (const Predefined& p : kPredefined) {
      if (p.name != name) continue;
      known = true;
      std::vector<config::Token> words;
      for (const std::string_view w : p.words) {
        if (!w.empty()) words.push_back({w, {}, true});
      }
      add(words, "predefined ACL '" + std::string(name) + "' : ");
    }
    if (!known) return nullptr;
  }
  std::shared_ptr<const Acl> result = ok ? std::move(acl) : nullptr;
  state_->compiled.emplace(std::string(name), result);
  return result;
}

bool AclSet::compile_all(CompileScope& scope) {
  bool ok = true;
  for (const AclSpec& line : state_->specs->lines) {
    bool known = false;
    ok &= find(line.name, scope, known) != nullptr;
  }
  return ok;
}

std::string AclSet::suggestion(std::string_view name) const {
  config::Suggestion near(name);
  for (const auto& [known, lines] : state_->lines) near.offer(known);
  for (const Predefined& p : kPredefined) near.offer(p.name);
  return std::string(near.best());
}

}  // namespace sluice::policy
