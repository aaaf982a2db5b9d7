#include "sluice/config/parser.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "config/syntax/blocks.h"
#include "config/syntax/removed_words.h"
#include "config/syntax/tokenizer.h"

namespace sluice::config {

namespace {

std::string quoted(std::string_view s) { return "'" + std::string(s) + "'"; }

class Parser {
 public:
  Parser(const KeywordTable& table, const ParseOptions& options, Document& out, Diagnostics& diag)
      : table_(table),
        options_(options),
        doc_(out),
        diag_(diag),
        tokenizer_(out.sources, options.env),
        blocks_(options, diag) {}

  void file(InputFile input) {
    place_.file = doc_.sources.add(std::move(input.path), std::move(input.content));
    place_.path = doc_.sources.path(place_.file);
    const std::string_view content = doc_.sources.content(place_.file);
    current_ = nullptr;
    skipping_ = false;
    set_section_name();
    std::uint32_t line = 0;
    for (std::size_t pos = 0; pos < content.size();) {
      const void* lf = std::memchr(content.data() + pos, '\n', content.size() - pos);
      const std::size_t end =
          lf == nullptr ? content.size() : static_cast<std::size_t>(static_cast<const char*>(lf) - content.data());
      place_.line = ++line;
      one_line(content.substr(pos, end - pos));
      if (lf == nullptr) {
        diag_.error(
            {place_.file, line, static_cast<std::uint32_t>(end - pos)},
            "Missing LF on last line, file might have been truncated at position " + std::to_string(end - pos) + ".",
            "end the last line with a newline");
      }
      pos = end + 1;
    }
    blocks_.end_of_file({place_.file, line, 0});
    close_section();
  }

 private:
  void one_line(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos || text[first] == '#') return;
    const bool directive = text[first] == '.';
    if (!directive && blocks_.skipping()) return;
    if (const auto cr = text.find('\r'); cr != std::string_view::npos) text = text.substr(0, cr);
    if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
      diag_.error({place_.file, place_.line, static_cast<std::uint32_t>(nul + 1)},
                  "Stray NUL character at position " + std::to_string(nul + 1) + ".");
      return;
    }
    TokenizeError error;
    const bool good = tokenizer_.split(text, place_, scratch_, error);
    if (!good && !(directive && blocks_.skipping())) {
      diag_.error({place_.file, place_.line, error.column},
                  std::string(error.message) + " at position " + std::to_string(error.column) + ":");
      return;
    }
    if (scratch_.empty()) return;
    if (blocks_.directive(scratch_, options_.env)) return;
    if (blocks_.skipping()) return;
    words(doc_.tokens.keep(scratch_));
  }

  void words(std::span<const Token> words) {
    if (const SectionRow* row = table_.section(words[0].text)) {
      record(words, true, 1, false);
      open_section(*row, words);
      return;
    }
    if (current_ != nullptr) return keyword(words);
    if (known_section(words) || skipping_) return;
    diag_.error(words[0], "unknown keyword " + quoted(words[0].text) + " out of section.",
                "a file begins with a section: global, defaults, frontend, backend or listen");
  }

  // A section of the language that is not built: say so once and leave its lines out.
  bool known_section(std::span<const Token> words) {
    const std::string_view name = words[0].text;
    if (name == "program") {
      close_section();
      skipping_ = true;
      diag_.error(words[0], "section 'program' is gone from the language: other programs are not started any more.",
                  "let the service manager start them; the lines of this section are left out");
      return true;
    }
    if (!known_in_language(Class::Config, name, "section")) return false;
    // Some names of sections are keywords inside others too.
    if (current_ != nullptr && current_->where() == kGlobal && known_in_language(Class::Config, name, "global"))
      return false;
    close_section();
    skipping_ = true;
    diag_.error(words[0], "section " + quoted(name) + " is not supported yet.",
                "the lines of this section are left out");
    return true;
  }

  void open_section(const SectionRow& row, std::span<const Token> words) {
    close_section();
    skipping_ = false;
    const auto rest = words.subspan(1);
    const auto from = std::find_if(rest.begin(), rest.end(), [](const Token& t) { return t.text == "from"; });
    const bool may_take = (row.flags & (SectionRow::kTakesDefaults | SectionRow::kIsDefaults)) != 0;
    std::span<const Token> head = may_take ? rest.first(static_cast<std::size_t>(from - rest.begin())) : rest;
    const Token* from_name = nullptr;
    if (may_take && from != rest.end()) {
      if (from + 1 == rest.end()) {
        diag_.error(*from, quoted(row.name) + " : 'from' expects the name of a defaults section.");
      } else {
        from_name = &*(from + 1);
        if (from + 2 != rest.end()) extra_argument(row, *(from + 2));
      }
    }

    if ((row.flags & SectionRow::kMerges) != 0) {
      if (!rest.empty()) extra_argument(row, rest[0]);
      for (Section& s : doc_.sections) {
        if (s.row == &row) {
          enter(s);
          return;
        }
      }
    }
    std::string_view name;
    if (row.name_rule != SectionRow::Name::None && !head.empty()) {
      name = head[0].text;
      check_section_name(row, head[0]);
      head = head.subspan(1);
    } else if (row.name_rule == SectionRow::Name::Required) {
      diag_.error(words[0], quoted(row.name) + " expects an <id> argument",
                  "give the section a name: " + std::string(row.name) + " <name>");
    }
    if (!head.empty() && (row.flags & (SectionRow::kExtraArgs | SectionRow::kMerges)) == 0) {
      extra_argument(row, head[0]);
      head = {};
    }

    doc_.sections.emplace_back();
    Section& s = doc_.sections.back();
    s.row = &row;
    s.name = name;
    s.at = words[0].at;
    s.header = rest;
    s.index = static_cast<std::uint32_t>(doc_.sections.size() - 1);
    if (!name.empty()) check_unique(s);
    choose_defaults(s, from_name);
    if (s.defaults != nullptr) s.parts.inherit(s.defaults->parts);
    enter(s);
    if (row.opened != nullptr) {
      static constexpr KeywordRow kHeader{};
      KeywordContext c(doc_, s, diag_, kHeader, words.first(1), head, false, false);
      row.opened(c);
    }
  }

  void extra_argument(const SectionRow& row, const Token& word) {
    diag_.error(word, quoted(row.name) + " cannot handle unexpected argument " + quoted(word.text) + ".");
  }

  void check_section_name(const SectionRow& row, const Token& name) {
    // Names of defaults sections are checked only where they are used (manual 4).
    if ((row.flags & SectionRow::kIsDefaults) != 0) return;
    if (const auto bad = bad_name_char(name.text)) {
      diag_.error(name,
                  "character '" + std::string(1, *bad) + "' is not permitted in " + quoted(row.name) + " name " +
                      quoted(name.text) + ".",
                  "names are made of letters, digits, '-', '_', '.' and ':'");
    }
  }

  // All proxies share one space of names (manual 4), other kinds have their own.
  void check_unique(const Section& s) {
    if ((s.row->flags & SectionRow::kUniqueNames) == 0) return;
    const std::uint32_t space = (s.where() & kProxies) != 0 ? std::uint32_t{kProxies} : s.where();
    const auto [it, fresh] = names_[space].emplace(s.name, &s);
    if (fresh) return;
    const Section& other = *it->second;
    const auto kind = [](const Section& x) {
      return (x.where() & kListen) != 0 ? std::string("proxy") : std::string(x.kind());
    };
    diag_.error(s.header[0], kind(s) + " " + quoted(s.name) + " has the same name as " + kind(other) + " " +
                                 quoted(other.name) + " declared at " + std::string(doc_.sources.path(other.at.file)) +
                                 ":" + std::to_string(other.at.line) + ".");
  }

  void choose_defaults(Section& s, const Token* from_name) {
    const std::uint32_t flags = s.row->flags;
    if (from_name == nullptr) {
      if ((flags & SectionRow::kTakesDefaults) != 0 && last_defaults_ != nullptr) {
        s.defaults = last_defaults_;
        mark_use(s, kImplicit);
      }
      return;
    }
    const Section* found = nullptr;
    for (const Section* d : defaults_) {
      if (d == &s || d->name != from_name->text) continue;
      if (found != nullptr) {
        diag_.error(*from_name, "ambiguous defaults section name " + quoted(from_name->text) + " referenced by " +
                                    quoted(s.name) + ", it exists at least at " + place_of(*found) + " and " +
                                    place_of(*d) + ".");
        break;
      }
      found = d;
    }
    if (found == nullptr) {
      Suggestion near(from_name->text);
      for (const Section* d : defaults_) near.offer(d->name);
      diag_.error(*from_name,
                  "defaults section " + quoted(from_name->text) + " not found for " +
                      ((flags & SectionRow::kIsDefaults) != 0 ? "defaults " : "proxy ") + quoted(s.name) +
                      near.ending(),
                  "a defaults section must stand before the sections that take from it");
      return;
    }
    if (bad_name_char(found->name)) {
      diag_.error(*from_name, "invalid character in the name of defaults section " + quoted(found->name) +
                                  " that is referenced by " + quoted(s.name) + ".");
    }
    s.defaults = found;
    if ((flags & SectionRow::kTakesDefaults) != 0) mark_use(s, kExplicit);
  }

  // Manual 4: taking one defaults section both by name and because it is the last one is asking for trouble.
  void mark_use(const Section& s, unsigned how) {
    unsigned& uses = uses_[s.defaults];
    const unsigned before = uses;
    uses |= how;
    if (before == uses || uses != (kImplicit | kExplicit)) return;
    diag_.warning(
        s.at,
        "defaults section " + quoted(s.defaults->name) + " (declared at " + place_of(*s.defaults) +
            ") is explicitly referenced by " +
            (how == kImplicit ? "another proxy and implicitly used here"
                              : "this proxy and implicitly used by another one") +
            ". To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly used or always "
            "use explicit references.");
  }

  std::string place_of(const Section& s) const { return doc_.sources.place(s.at); }

  void enter(Section& s) {
    current_ = &s;
    if ((s.row->flags & SectionRow::kIsDefaults) != 0) {
      last_defaults_ = &s;
      defaults_.push_back(&s);
    }
    set_section_name();
  }

  void set_section_name() {
    place_.section = current_ == nullptr      ? std::string_view()
                     : current_->name.empty() ? current_->kind()
                                              : current_->name;
  }

  void close_section() {
    if (current_ != nullptr && current_->row->closed != nullptr) current_->row->closed(*current_, diag_, doc_);
    current_ = nullptr;
    set_section_name();
  }

  void keyword(std::span<const Token> words) {
    const std::span<const Token> all = words;
    bool negated = false;
    bool defaulted = false;
    if (words[0].text == "no" || words[0].text == "default") {
      (words[0].text == "no" ? negated : defaulted) = true;
      words = words.subspan(1);
      if (words.empty()) {
        diag_.error(all[0], "unknown keyword " + quoted(all[0].text) + " in " + quoted(current_->kind()) + " section",
                    quoted(all[0].text) + " stands before the keyword it is for");
        return;
      }
    }
    const auto m = table_.match(words, current_->where());
    if (m.row == nullptr) {
      if (known_section(words)) return;
      record(all, false, 1, false);
      if (const RemovedWord* gone = removed_word(words); gone != nullptr) {
        removed(words, *gone);
      } else if (m.elsewhere != nullptr) {
        misplaced(words, *m.elsewhere, m.used);
      } else {
        unknown(words);
      }
      return;
    }
    const KeywordRow& row = *m.row;
    const auto args = words.subspan(m.used);
    record(all, false, static_cast<std::uint32_t>(all.size() - args.size()), (row.flags & kAnonymizeArgs) != 0);
    if ((negated && (row.flags & kNoPrefix) == 0) || (defaulted && (row.flags & kDefaultPrefix) == 0)) {
      if (words[0].text == "option" && m.used > 1) {
        diag_.error(all[0], "negation/default is not supported for option " + quoted(row.words.substr(7)) + ".");
      } else {
        diag_.error(all[0], "negation/default is not supported for " + quoted(row.words) + ".",
                    "it is for options and a few keywords; see their description");
      }
      return;
    }
    if (!allowed(row, words)) return;
    if (!good_count(row, words.first(m.used), args, negated || defaulted)) return;
    KeywordContext c(doc_, *current_, diag_, row, words.first(m.used), args, negated, defaulted);
    if ((row.flags & kOnce) != 0 && c.repeated()) {
      c.warning(quoted(row.words) + " already specified. Continuing.", "the first one holds");
      return;
    }
    row.handler(c);
  }

  bool allowed(const KeywordRow& row, std::span<const Token> words) {
    if ((row.flags & kExperimental) != 0 && !doc_.expose_experimental) {
      diag_.error(words[0],
                  quoted(row.words) +
                      " directive is experimental, must be allowed via a global 'expose-experimental-directives'");
      return false;
    }
    if ((row.flags & kDeprecated) != 0 && !doc_.expose_deprecated) {
      diag_.warning(words[0], quoted(row.words) + " directive is deprecated",
                    "a global 'expose-deprecated-directives' silences this");
    }
    if ((row.flags & kNamedDefaultsOnly) != 0 && (current_->where() & kDefaults) != 0 && current_->name.empty()) {
      diag_.error(words[0], quoted(row.words) + " is not allowed in anonymous 'defaults' section.",
                  "give the section a name: defaults <name>");
      return false;
    }
    return true;
  }

  bool good_count(const KeywordRow& row, std::span<const Token> name, std::span<const Token> args, bool prefixed) {
    if ((row.flags & kFree) != 0) return true;
    const auto given = static_cast<int>(args.size());
    const std::string usage =
        row.usage.empty() ? std::string() : "usage: " + std::string(row.words) + " " + std::string(row.usage);
    if (given > row.max_args) {
      diag_.error(args[static_cast<std::size_t>(row.max_args)],
                  quoted(row.words) + " cannot handle unexpected argument " +
                      quoted(args[static_cast<std::size_t>(row.max_args)].text) + ".",
                  usage);
      return false;
    }
    // "no x" takes the value back and needs none.
    if (given < row.min_args && !(prefixed && given == 0)) {
      std::string message = quoted(row.words) + " expects ";
      message += row.usage.empty() ? (row.min_args == 1 ? "an argument" : std::to_string(row.min_args) + " arguments")
                                   : std::string(row.usage);
      if (!row.usage.empty()) message += row.min_args == 1 ? " as argument" : " as arguments";
      diag_.error(name.back(), message + ".", usage);
      return false;
    }
    return true;
  }

  // The keyword exists, but not in this kind of section.
  void misplaced(std::span<const Token> words, const KeywordRow& row, std::size_t used) {
    const std::uint32_t here = current_->where();
    const std::string name(row.words);
    (void)used;
    if ((here & kDefaults) != 0 && (row.where & kProxies) != 0) {
      diag_.error(words[0], quoted(name) + " not allowed in 'defaults' section.", belongs(row));
      return;
    }
    if ((here & kProxies) != 0 && (row.where & kProxies) != 0) {
      const std::string_view side = (here & kFrontend) != 0 ? "backend" : "frontend";
      if ((row.flags & kStrictPlace) != 0) {
        diag_.error(words[0],
                    quoted(name) + " not allowed because " + std::string(current_->kind()) + " " +
                        quoted(current_->name) + " has no " + std::string(side) + " capability.",
                    belongs(row));
      } else {
        diag_.warning(words[0],
                      quoted(name) + " ignored because " + std::string(current_->kind()) + " " +
                          quoted(current_->name) + " has no " + std::string(side) + " capability.",
                      belongs(row));
      }
      return;
    }
    diag_.error(words[0], "unknown keyword " + quoted(words[0].text) + " in " + quoted(current_->kind()) + " section",
                belongs(row));
  }

  std::string belongs(const KeywordRow& row) const {
    std::string s;
    for (const SectionRow* section : table_.sections()) {
      if ((section->where & row.where) == 0) continue;
      if (!s.empty()) s += ", ";
      s += section->name;
    }
    return quoted(row.words) + " may be used in: " + s;
  }

  void removed(std::span<const Token> words, const RemovedWord& gone) {
    const Token& at = gone.words.find(' ') == std::string_view::npos ? words[0] : words[1];
    std::string since = gone.since.empty() ? std::string() : ", since HAProxy " + std::string(gone.since);
    diag_.error(at, quoted(gone.words) + " is no longer part of the language" + since + ".", std::string(gone.instead));
  }

  // Nothing in the table begins like this line.
  void unknown(std::span<const Token> words) {
    const std::uint32_t here = current_->where();
    const std::string_view scope = (here & (kDefaults | kProxies)) != 0 ? std::string_view("listen") : current_->kind();
    const std::string_view first = words[0].text;
    // "option httplg", "timeout clint": the first word is right.
    std::vector<std::string_view> seconds;
    for (const KeywordRow* row : table_.rows()) {
      if ((row->where & here) == 0 || row->words.size() <= first.size() || !row->words.starts_with(first) ||
          row->words[first.size()] != ' ')
        continue;
      std::string_view second = row->words.substr(first.size() + 1);
      seconds.push_back(second.substr(0, second.find(' ')));
    }
    if (words.size() > 1 && known_words(first, words, scope)) return;
    if (!seconds.empty()) {
      bad_second(words, seconds);
      return;
    }
    if (known_in_language(Class::Config, first, scope)) {
      diag_.error(words[0], quoted(first) + " is not supported yet.",
                  "keyword of the " + quoted(current_->kind()) + " section");
      return;
    }
    Suggestion near(first);
    for (const KeywordRow* row : table_.rows()) {
      if ((row->where & here) != 0) near.offer(row->words.substr(0, row->words.find(' ')));
    }
    for (const SectionRow* s : table_.sections()) near.offer(s->name);
    std::string hint;
    std::string suggestion = near.text();
    if (near.best().empty()) {
      const std::string_view known = nearest_in_language(Class::Config, first, scope);
      const KeywordRow* elsewhere = nullptr;
      for (const KeywordRow* row : table_.rows()) {
        if (row->words == known) elsewhere = row;
      }
      if (elsewhere != nullptr) {
        suggestion = Suggestion::text_of(known);
        hint = belongs(*elsewhere);
      } else if (!known.empty()) {
        hint = "the language has " + quoted(known) + ", which is not supported yet";
      }
    }
    diag_.error(words[0],
                "unknown keyword " + quoted(first) + " in " + quoted(current_->kind()) + " section" + suggestion, hint);
  }

  // "option persist", "stats uri": words of the language that are not built.
  bool known_words(std::string_view first, std::span<const Token> words, std::string_view scope) {
    std::string two = std::string(first) + " " + std::string(words[1].text);
    if (!known_in_language(Class::Config, two, scope)) return false;
    diag_.error(words[1], quoted(two) + " is not supported yet.");
    return true;
  }

  void bad_second(std::span<const Token> words, std::vector<std::string_view>& seconds) {
    std::sort(seconds.begin(), seconds.end());
    seconds.erase(std::unique(seconds.begin(), seconds.end()), seconds.end());
    const std::string_view first = words[0].text;
    const bool option = first == "option";
    if (words.size() == 1) {
      diag_.error(words[0], quoted(first) + " expects " + (option ? std::string("an option name.") : list_of(seconds)));
      return;
    }
    Suggestion near(words[1].text);
    for (const auto s : seconds) near.offer(s);
    if (option) {
      diag_.error(words[1], "unknown option " + quoted(words[1].text) + near.ending());
    } else {
      diag_.error(words[1], quoted(first) + " supports " + list_of(seconds) + " (got " + quoted(words[1].text) + ")" +
                                near.text());
    }
  }

  static std::string list_of(const std::vector<std::string_view>& words) {
    std::string s;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i != 0) s += i + 1 == words.size() ? " and " : ", ";
      s += quoted(words[i]);
    }
    return s;
  }

  void record(std::span<const Token> words, bool opens, std::uint32_t keyword_words, bool hides) {
    if (options_.keep_lines) doc_.lines.push_back({words, opens, hides, keyword_words});
  }

  const KeywordTable& table_;
  const ParseOptions& options_;
  Document& doc_;
  Diagnostics& diag_;
  Tokenizer tokenizer_;
  Blocks blocks_;
  LinePlace place_;
  std::vector<Token> scratch_;
  Section* current_ = nullptr;
  const Section* last_defaults_ = nullptr;
  std::vector<const Section*> defaults_;
  enum : unsigned { kImplicit = 1, kExplicit = 2 };
  std::unordered_map<const Section*, unsigned> uses_;  // of defaults sections, by proxies
  std::unordered_map<std::uint32_t, std::unordered_map<std::string_view, const Section*>> names_;
  bool skipping_ = false;  // inside a section that is not built
};

}  // namespace

bool parse(std::vector<InputFile> files, const KeywordTable& table, const ParseOptions& options, Document& out,
           Diagnostics& diag) {
  const std::size_t before = diag.errors();
  out.env = options.env;
  Parser parser(table, options, out, diag);
  for (InputFile& f : files) parser.file(std::move(f));
  out.env = nullptr;
  return diag.errors() == before;
}

}  // namespace sluice::config
