#include "config/syntax/tokenizer.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

class TokenizerTest : public ::testing::Test {
 protected:
  TokenizerTest() {
    env_.set("A", "x y  z");
    env_.set("E", "");
    env_.set("P", "p");
  }
  // The words with '|' between them, or "error@column message".
  std::string split(std::string_view line) {
    Tokenizer t(sources_, &env_);
    TokenizeError error;
    if (!t.split(line, place_, words_, error)) return "error@" + std::to_string(error.column) + " " + error.message;
    std::string s;
    for (const Token& w : words_) {
      if (!s.empty()) s += '|';
      s += w.text.empty() ? std::string("<>") : std::string(w.text);
    }
    return s;
  }

  Sources sources_;
  Environment env_;
  LinePlace place_{0, 7, "t.cfg", "web"};
  std::vector<Token> words_;
};

TEST_F(TokenizerTest, BlanksAndTabsDelimitAndHashBeginsAComment) {
  EXPECT_EQ(split("  a\tb   c "), "a|b|c");
  EXPECT_EQ(split("a b#c d"), "a|b");
  EXPECT_EQ(split("# all"), "");
  EXPECT_EQ(split(""), "");
}

// The matrix of manual 2.2.
TEST_F(TokenizerTest, EscapesOutsideQuotes) {
  EXPECT_EQ(split(R"(a\ b \#c d\\e \'x \"y)"), "a b|#c|d\\e|'x|\"y");
  EXPECT_EQ(split(R"(\x41\n\r\t)"), "A\n\r\t");
  EXPECT_EQ(split(R"(a\bc a\,b)"), "a\\bc|a\\,b") << "what is no escape keeps its backslash";
  EXPECT_EQ(split(R"(a\)"), "a\\");
  EXPECT_EQ(split(R"($P ${P} \$P)"), "$P|${P}|\\$P") << "variables live in double quotes only";
}

TEST_F(TokenizerTest, WeakQuotes) {
  EXPECT_EQ(split(R"("a b" "it's" "a#b" "")"), "a b|it's|a#b|<>");
  EXPECT_EQ(split(R"("\x41\n\"\#\ \$\\")"), "A\n\"# $\\");
  EXPECT_EQ(split(R"(a"b c"d'e f')"), "ab cde f");
}

TEST_F(TokenizerTest, StrongQuotesKeepEverything) {
  EXPECT_EQ(split(R"('a\b "$P" #' '' x'y z')"), R"(a\b "$P" #|<>|xy z)");
}

TEST_F(TokenizerTest, ManualExampleIsTheSameFiveWays) {
  const std::string want = "log-format|%{+Q}o %t %s %{-Q}r";
  EXPECT_EQ(split(R"(log-format %{+Q}o\ %t\ %s\ %{-Q}r)"), want);
  EXPECT_EQ(split(R"(log-format "%{+Q}o %t %s %{-Q}r")"), want);
  EXPECT_EQ(split(R"(log-format '%{+Q}o %t %s %{-Q}r')"), want);
  EXPECT_EQ(split(R"(log-format "%{+Q}o %t"' %s %{-Q}r')"), want);
  EXPECT_EQ(split(R"(log-format "%{+Q}o %t"' %s'\ %{-Q}r)"), want);
}

TEST_F(TokenizerTest, Variables) {
  EXPECT_EQ(split(R"("$A" "${A}" "$A-foo" "a${P}b" "$ZZ")"), "x y  z|x y  z|x y  z-foo|apb|<>");
  EXPECT_EQ(split(R"("${ZZ-foo bar}" "${E-foo}" "${ZZ-}" "${ZZ-$P}")"), "foo bar|<>|<>|$P");
}

TEST_F(TokenizerTest, ListVariablesBecomeSeveralWords) {
  EXPECT_EQ(split(R"("${A[*]}")"), "x|y|z");
  EXPECT_EQ(split(R"("pre${A[*]}post" "${E[*]}" "${ZZ[*]-d}" x"${P[*]}"y)"), "prex|y|zpost|<>|d|xpy");
  EXPECT_EQ(split(R"("$P[*]")"), "p[*]");
}

TEST_F(TokenizerTest, PseudoVariables) {
  EXPECT_EQ(split(R"("${.FILE}:${.LINE}:${.SECTION}" "$.LINE")"), "t.cfg:7:web|7");
}

TEST_F(TokenizerTest, ErrorsNameTheColumn) {
  EXPECT_EQ(split(R"(node "a)"), "error@6 unmatched quote");
  EXPECT_EQ(split(R"(node b'a)"), "error@7 unmatched quote");
  EXPECT_EQ(split(R"(node "\)"), "error@6 unmatched quote");
  EXPECT_EQ(split(R"(node "${P")"), "error@8 unmatched brace in environment variable name");
  EXPECT_EQ(split(R"(node "${P+x}")"), "error@8 unmatched brace in environment variable name");
  EXPECT_EQ(split(R"(node "${9}")"), "error@9 forbidden first char in environment variable name");
  EXPECT_EQ(split(R"(node "$")"), "error@8 forbidden first char in environment variable name");
  EXPECT_EQ(split(R"(node \x4)"), "error@6 truncated or invalid hexadecimal sequence");
  EXPECT_EQ(split(R"(node "\xzz")"), "error@7 truncated or invalid hexadecimal sequence");
}

TEST_F(TokenizerTest, WordsKnowTheirColumns) {
  const std::string line = R"(  bind "a b" x\ y)";
  split(line);
  ASSERT_EQ(words_.size(), 3U);
  EXPECT_EQ(words_[0].at.column, 3U);
  EXPECT_EQ(words_[1].at.column, 9U);
  EXPECT_TRUE(words_[1].verbatim);
  EXPECT_EQ(words_[1].place(2).column, 11U);
  EXPECT_EQ(words_[2].at.column, 14U);
  EXPECT_FALSE(words_[2].verbatim);
  EXPECT_EQ(words_[1].text.data(), line.data() + 8) << "plain words are views into the file";
}

}  // namespace
}  // namespace sluice::config
