#include "unit/config_syntax/harness.h"

namespace sluice::config::testing {

namespace {

void note(KeywordContext& c) {
  std::string line = c.negated() ? "no " : c.defaulted() ? "default " : "";
  line += c.name();
  for (const Token& t : c.args()) {
    line += '|';
    line += t.text;
  }
  c.part<Notes>().lines.push_back(std::move(line));
  ++c.part<OwnOnly>().count;
}

void on_mode(KeywordContext& c) { c.part<Notes>().mode = c.arg(0).text; }

void on_timeout(KeywordContext& c) {
  if (const auto t = c.time(c.arg(0))) c.part<Notes>().timeout_ms = t->count();
}

void on_setenv(KeywordContext& c) {
  if (c.document().env != nullptr) c.document().env->set(c.arg(0).text, c.arg(1).text);
}

struct Options {
  std::string text;
};
constexpr OptionRow<Options> kOptions[] = {
    {"name", 1, [](OptionContext& c, Options& o) { o.text += "name=" + std::string(c.arg(0).text) + ";"; }},
    {"check", 0, [](OptionContext& c, Options& o) { o.text += c.negated() ? "no-check;" : "check;"; }, kNoPrefix},
    {"rest", 0,
     [](OptionContext& c, Options& o) {
       o.text += "rest";
       while (const Token* t = c.take()) o.text += "," + std::string(t->text);
     }},
};

void on_server(KeywordContext& c) {
  static const OptionTable<Options> table = [] {
    OptionTable<Options> t(Class::ServerOption, "");
    t.add(kOptions);
    return t;
  }();
  Options o;
  table.parse(c, c.args().subspan(1), o);
  c.part<Notes>().lines.push_back("server|" + std::string(c.arg(0).text) + "|" + o.text);
}

constexpr KeywordRow kRows[] = {
    {"note", kGlobal | kDefaultsAndProxies, 0, kAnyArgs, "[<text>...]", note, kNoPrefix | kDefaultPrefix},
    {"mode", kDefaultsAndProxies, 1, 1, "<mode>", on_mode},
    {"timeout client", kDefaultsAndFrontends, 1, 1, "<timeout>", on_timeout},
    {"timeout server", kDefaultsAndBackends, 1, 1, "<timeout>", on_timeout},
    {"option httplog", kDefaultsAndFrontends, 0, 1, "[clf]", note},
    {"option abortonclose", kDefaultsAndProxies, 0, 0, "", note, kNoPrefix | kDefaultPrefix},
    {"balance", kDefaultsAndBackends, 1, kAnyArgs, "<algorithm>", note},
    {"bind", kFrontends, 1, kAnyArgs, "<address>", note, kStrictPlace | kAnonymizeArgs},
    {"server", kBackends, 1, kAnyArgs, "<name> <address>", on_server, kStrictPlace},
    {"acl", kDefaultsAndProxies, 1, kAnyArgs, "<name> ...", note, kNamedDefaultsOnly},
    {"nbthread", kGlobal, 1, 1, "<number>", note},
    {"setenv", kGlobal, 2, 2, "<name> <value>", on_setenv},
};

constexpr SectionRow kGlobalRow{"global", kGlobal, SectionRow::Name::None, SectionRow::kMerges};
constexpr SectionRow kDefaultsRow{"defaults", kDefaults, SectionRow::Name::Optional, SectionRow::kIsDefaults};
constexpr std::uint32_t kProxyFlags = SectionRow::kTakesDefaults | SectionRow::kUniqueNames;
constexpr SectionRow kFrontendRow{"frontend", kFrontend, SectionRow::Name::Required, kProxyFlags};
constexpr SectionRow kBackendRow{"backend", kBackend, SectionRow::Name::Required, kProxyFlags};
constexpr SectionRow kListenRow{"listen", kListen, SectionRow::Name::Required, kProxyFlags};

}  // namespace

const KeywordTable& language() {
  static const KeywordTable& table = *[] {
    auto* t = new KeywordTable();
    for (const SectionRow* s : {&kGlobalRow, &kDefaultsRow, &kFrontendRow, &kBackendRow, &kListenRow})
      t->add_section(*s);
    t->add(kRows);
    return t;
  }();
  return table;
}

Parsed::Parsed(std::string text, Environment e, Facts facts) : env(std::move(e)) {
  std::vector<InputFile> files;
  files.push_back({"t.cfg", std::move(text)});
  run(std::move(files), std::move(facts));
}

Parsed::Parsed(std::vector<InputFile> files, Environment e, Facts facts) : env(std::move(e)) {
  run(std::move(files), std::move(facts));
}

void Parsed::run(std::vector<InputFile> files, Facts facts) {
  ParseOptions options;
  options.env = &env;
  options.facts = std::move(facts);
  options.keep_lines = true;
  parse(std::move(files), language(), options, doc, diag);
}

std::vector<std::string> Parsed::said() const {
  std::vector<std::string> out;
  for (const Diagnostic& d : diag.all()) {
    out.push_back(std::to_string(d.at.line) + ":" + std::to_string(d.at.column) + " " + d.message);
  }
  return out;
}

std::vector<std::string> Parsed::lines(std::string_view kind, std::string_view name) const {
  const Section* s = doc.find(kind, name);
  return s == nullptr ? std::vector<std::string>{"(no such section)"} : s->parts.view<Notes>().lines;
}

}  // namespace sluice::config::testing
