#include <gtest/gtest.h>

#include "unit/config_syntax/harness.h"

namespace sluice::config::testing {
namespace {

using Lines = std::vector<std::string>;

TEST(Parser, SectionsAndTheLongestKeyword) {
  Parsed p("global\n  nbthread 4\nfrontend web\n  bind :80\n  option httplog clf\n  timeout client 5s\n");
  EXPECT_TRUE(p.good()) << p.text();
  EXPECT_EQ(p.lines("global"), (Lines{"nbthread|4"}));
  EXPECT_EQ(p.lines("frontend", "web"), (Lines{"bind|:80", "option httplog|clf"}));
  EXPECT_EQ(p.doc.find("frontend", "web")->parts.view<Notes>().timeout_ms, 5000);
}

TEST(Parser, GlobalSectionsMergeAcrossFiles) {
  Parsed p(std::vector<InputFile>{{"a.cfg", "global\nnote a\n"}, {"b.cfg", "global\nnote b\n"}});
  EXPECT_TRUE(p.good()) << p.text();
  EXPECT_EQ(p.lines("global"), (Lines{"note|a", "note|b"}));
}

TEST(Parser, EachFileBeginsWithASection) {
  Parsed p(std::vector<InputFile>{{"a.cfg", "global\nnote a\n"}, {"b.cfg", "note b\n"}});
  EXPECT_EQ(p.said(), (Lines{"1:1 unknown keyword 'note' out of section."}));
  EXPECT_NE(p.text().find("parsing [b.cfg:1] : "), std::string::npos);
}

TEST(Parser, DefaultsAreTakenFromTheLastOneOrByName) {
  Parsed p(
      "defaults base\n mode http\n note base\n"
      "defaults tcp from base\n mode tcp\n note more\n"
      "frontend a\n note own\n"
      "backend b from base\n"
      "defaults\n"
      "backend c\n");
  EXPECT_TRUE(p.good()) << p.text();
  EXPECT_EQ(p.lines("defaults", "base"), (Lines{"note|base"}));
  EXPECT_EQ(p.lines("frontend", "a"), (Lines{"note|base", "note|more", "note|own"}));
  EXPECT_EQ(p.doc.find("frontend", "a")->parts.view<Notes>().mode, "tcp");
  EXPECT_EQ(p.lines("backend", "b"), (Lines{"note|base"}));
  EXPECT_EQ(p.doc.find("backend", "b")->parts.view<Notes>().mode, "http");
  EXPECT_EQ(p.lines("backend", "c"), Lines{}) << "an empty defaults section resets everything";
  EXPECT_EQ(p.doc.find("backend", "b")->defaults, p.doc.find("defaults", "base"));
}

TEST(Parser, PartsCanRefuseToBeHandedDown) {
  Parsed p("defaults\n note x\nbackend b\n note y\n");
  EXPECT_EQ(p.doc.find("defaults")->parts.view<OwnOnly>().count, 1);
  EXPECT_EQ(p.doc.find("backend", "b")->parts.view<OwnOnly>().count, 1);
}

TEST(Parser, FromMustNameADefaultsSectionThatIsUnique) {
  Parsed p("defaults one\nlisten a from onne\ndefaults x\ndefaults x\nlisten b from x\nlisten c from\n");
  EXPECT_EQ(
      p.said(),
      (Lines{"2:15 defaults section 'onne' not found for proxy 'a'; did you mean 'one' maybe ?",
             "5:15 ambiguous defaults section name 'x' referenced by 'b', it exists at least at t.cfg:3 and t.cfg:4.",
             "6:10 'listen' : 'from' expects the name of a defaults section."}));
}

TEST(Parser, MixingNamedAndLastDefaultsIsWarnedAbout) {
  Parsed p("defaults a\nfrontend x from a\nfrontend y\nfrontend z\ndefaults b\nbackend v\nbackend w from b\n");
  ASSERT_EQ(p.diag.warnings(), 2U);
  EXPECT_EQ(p.said()[0].substr(0, 120),
            "3:1 defaults section 'a' (declared at t.cfg:1) is explicitly referenced by another proxy and implicitly "
            "used here. To av");
  EXPECT_TRUE(p.said()[1].starts_with("7:1 defaults section 'b'"));
}

TEST(Parser, ProxyNamesAreUniqueWhateverTheirKind) {
  Parsed p("frontend a\nbackend a\nlisten b\nlisten b\ndefaults a\n");
  EXPECT_EQ(p.said(), (Lines{"2:9 backend 'a' has the same name as frontend 'a' declared at t.cfg:1.",
                             "4:8 proxy 'b' has the same name as proxy 'b' declared at t.cfg:3."}));
}

TEST(Parser, SectionLineErrors) {
  Parsed p("frontend\nfrontend f$\nglobal x\nlisten a b\n");
  EXPECT_EQ(p.said(), (Lines{"1:1 'frontend' expects an <id> argument",
                             "2:10 character '$' is not permitted in 'frontend' name 'f$'.",
                             "3:8 'global' cannot handle unexpected argument 'x'.",
                             "4:10 'listen' cannot handle unexpected argument 'b'."}));
}

TEST(Parser, NoAndDefaultPrefixes) {
  Parsed p(
      "listen a\n no note x\n default option abortonclose\n no option abortonclose\n no mode http\n no option "
      "httplog\n no\n");
  EXPECT_EQ(p.lines("listen", "a"), (Lines{"no note|x", "default option abortonclose", "no option abortonclose"}));
  EXPECT_EQ(p.said(), (Lines{"5:2 negation/default is not supported for 'mode'.",
                             "6:2 negation/default is not supported for option 'httplog'.",
                             "7:2 unknown keyword 'no' in 'listen' section"}));
}

TEST(Parser, ArgumentCounts) {
  Parsed p("listen a\n mode\n mode a b\n option httplog a b\n timeout client\n");
  EXPECT_EQ(p.said(),
            (Lines{"2:2 'mode' expects <mode> as argument.", "3:9 'mode' cannot handle unexpected argument 'b'.",
                   "4:19 'option httplog' cannot handle unexpected argument 'b'.",
                   "5:10 'timeout client' expects <timeout> as argument."}));
}

TEST(Parser, KeywordsInTheWrongSection) {
  Parsed p(
      "defaults\n bind :80\nfrontend f\n balance roundrobin\n server s 1.1.1.1\nbackend b\n bind :80\n timeout client "
      "1s\n nbthread 3\nglobal\n bind :80\n");
  EXPECT_EQ(p.said(), (Lines{"2:2 'bind' not allowed in 'defaults' section.",
                             "4:2 'balance' ignored because frontend 'f' has no backend capability.",
                             "5:2 'server' not allowed because frontend 'f' has no backend capability.",
                             "7:2 'bind' not allowed because backend 'b' has no frontend capability.",
                             "8:2 'timeout client' ignored because backend 'b' has no frontend capability.",
                             "9:2 unknown keyword 'nbthread' in 'backend' section",
                             "11:2 unknown keyword 'bind' in 'global' section"}));
  EXPECT_EQ(p.diag.warnings(), 2U);
}

TEST(Parser, UnknownWordsGetASuggestion) {
  Parsed p("listen a\n blance x\n option httplg\n timeout clint 1s\n timeout\n option\n zzzzzz\n");
  EXPECT_EQ(p.said(),
            (Lines{"2:2 unknown keyword 'blance' in 'listen' section; did you mean 'balance' maybe ?",
                   "3:9 unknown option 'httplg'; did you mean 'httplog' maybe ?",
                   "4:10 'timeout' supports 'client' and 'server' (got 'clint'); did you mean 'client' maybe ?",
                   "5:2 'timeout' expects 'client' and 'server'", "6:2 'option' expects an option name.",
                   "7:2 unknown keyword 'zzzzzz' in 'listen' section"}));
}

TEST(Parser, WordsOfTheLanguageThatAreNotBuiltAreRefusedByName) {
  Parsed p(
      "global\n lua-load x\nlisten a\n cookie x\n option persist\n timeout tunnel 1s\npeers p\n anything goes\n peer "
      "x\nlisten b\n mode http\n");
  EXPECT_EQ(p.said(),
            (Lines{"2:2 'lua-load' is not supported yet.", "4:2 'cookie' is not supported yet.",
                   "5:9 'option persist' is not supported yet.", "6:10 'timeout tunnel' is not supported yet.",
                   "7:1 section 'peers' is not supported yet."}));
  EXPECT_EQ(p.doc.find("listen", "b")->parts.view<Notes>().mode, "http");
}

TEST(Parser, RulesOnlyInNamedDefaults) {
  Parsed p("defaults\n acl x\ndefaults d\n acl x\n");
  EXPECT_EQ(p.said(), (Lines{"2:2 'acl' is not allowed in anonymous 'defaults' section."}));
}

TEST(Parser, ValueErrorsPointAtTheWord) {
  Parsed p("defaults\n timeout client 5x\n timeout client 99999d\n");
  EXPECT_EQ(p.said(), (Lines{"2:17 'timeout client' : unexpected time value '5x'",
                             "3:17 'timeout client' : timer overflow in argument '99999d' (maximum value is 2147483647 "
                             "ms or ~24.8 days)"}));
}

TEST(Parser, OptionTables) {
  Parsed p(
      "backend b\n server s name x no-check check\n server t name\n server u chek name y\n server v cookie a check\n "
      "server w rest a b\n");
  EXPECT_EQ(p.lines("backend", "b"), (Lines{"server|s|name=x;no-check;check;", "server|t|", "server|u|name=y;",
                                            "server|v|check;", "server|w|rest,a,b"}));
  EXPECT_EQ(p.said(), (Lines{"3:11 'server b/t' : 'name' expects an argument.",
                             "4:11 'server b/u' : unknown keyword 'chek'; did you mean 'check' maybe ?",
                             "5:11 'server b/v' : 'cookie' is not supported yet."}));
}

TEST(Parser, ConditionalBlocks) {
  Environment env;
  env.set("B", "1");
  Parsed p(
      "global\n"
      ".if 0\n note a\n unknown \"words\n .if 1\n note b\n .else\n note c\n .endif\n"
      ".elif \"$B\"\n note d\n .if 0\n note e\n .else\n note f\n .endif\n"
      ".elif 1\n note g\n.else\n note h\n.endif\n note i\n",
      env);
  EXPECT_TRUE(p.good()) << p.text();
  EXPECT_EQ(p.lines("global"), (Lines{"note|d", "note|f", "note|i"}));
}

TEST(Parser, ConditionsSeeWhatSetenvDid) {
  Parsed p("global\n setenv X yes\n.if streq(\"$X\",yes)\n note \"$X\"\n.endif\n");
  EXPECT_EQ(p.lines("global"), (Lines{"note|yes"})) << p.text();
}

TEST(Parser, BlockErrors) {
  Parsed p(
      "global\n.else\n.endif\n.elif 1\n.if foo\n note a\n.else\n note b\n.endif\n.if "
      "1\n.else\n.else\n.endif\n.endfi\n.else x\n.if 1\n");
  EXPECT_EQ(p.said(), (Lines{"2:1 lone '.else' with no matching '.if'.", "3:1 lone '.endif' with no matching '.if'.",
                             "4:1 lone '.elif' with no matching '.if'.",
                             "5:5 unparsable conditional expression 'foo' in '.if' at position 1:",
                             "12:1 '.else' after '.else' is not permitted.",
                             "14:1 unknown directive '.endfi'; did you mean '.endif' maybe ?",
                             "15:1 lone '.else' with no matching '.if'.", "16:1 non-terminated '.if' block."}));
  EXPECT_EQ(p.lines("global"), Lines{});
}

TEST(Parser, Messages) {
  Parsed p("global\n.notice \"n\"\n.warning w\n.diag d\n.notice a b\n.alert a\n");
  EXPECT_EQ(p.said(),
            (Lines{"2:1 'n'.", "3:1 'w'.", "4:1 'd'.",
                   "5:11 Unexpected argument 'b' for '.notice'. Use quotes if the message should contain spaces.",
                   "6:1 'a'."}));
  EXPECT_EQ(p.diag.errors(), 2U);
  EXPECT_EQ(p.diag.warnings(), 1U);
  const std::string shown = p.diag.render(p.doc.sources, {.pid = 7, .show_diag = false, .show_source = false});
  EXPECT_EQ(shown.substr(0, shown.find("[ALERT]")),
            "[NOTICE]   (7) : config : parsing [t.cfg:2] : 'n'.\n[WARNING]  (7) : config : parsing [t.cfg:3] : 'w'.\n");
}

TEST(Parser, LineEndsAndStrayBytes) {
  Parsed p(std::string("global\r\n note a\r\n note b\0c\n note d", 34));
  EXPECT_EQ(p.lines("global"), (Lines{"note|a", "note|d"}));
  EXPECT_EQ(p.said(), (Lines{"3:8 Stray NUL character at position 8.",
                             "4:7 Missing LF on last line, file might have been truncated at position 7."}));
}

TEST(Parser, TheCaretStandsUnderTheWord) {
  Parsed p("listen a\n\tblance x\n");
  EXPECT_EQ(p.text(),
            "[ALERT]    : config : parsing [t.cfg:2] : unknown keyword 'blance' in 'listen' section; did you mean "
            "'balance' maybe ?\n"
            "    t.cfg:2:2\n"
            "     2 | \tblance x\n"
            "       | \t^~~~~~\n");
}

TEST(Parser, TenMistakesAreTenReports) {
  std::string text = "listen a\n";
  for (int i = 0; i < 10; ++i) text += " blance\n";
  EXPECT_EQ(Parsed(text).diag.errors(), 10U);
}

TEST(Dump, StripsCommentsAndIndents) {
  Parsed p("global # x\nnote  \"a b\"   # y\nfrontend web\n  bind 10.0.0.1:80 secret\n");
  EXPECT_EQ(dump(p.doc, 0), "# t.cfg\n\nglobal\n\tnote a\\ b\n\nfrontend web\n\tbind 10.0.0.1:80 secret\n");
}

TEST(Dump, HidesNamesAndAddressesWithAKey) {
  Parsed p("frontend web\n  bind 10.0.0.1:80 secret x\n mode http\n");
  const std::string out = dump(p.doc, 123);
  EXPECT_EQ(out.find("10.0.0.1"), std::string::npos) << out;
  EXPECT_EQ(out.find("web"), std::string::npos) << out;
  EXPECT_EQ(out.find("secret"), std::string::npos) << out;
  EXPECT_NE(out.find("mode http"), std::string::npos) << out;
  EXPECT_EQ(out, dump(p.doc, 123));
  EXPECT_NE(out, dump(p.doc, 124));
}

}  // namespace
}  // namespace sluice::config::testing
