#include "sluice/policy/regex.h"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

std::string replace(std::string_view pattern, std::string_view text, std::string_view with, bool all) {
  std::string error;
  const Regex r = Regex::compile(pattern, false, true, error);
  EXPECT_TRUE(r.valid()) << error;
  char out[256];
  bool matched = false;
  const std::size_t n = r.replace(text, with, all, out, matched);
  return n == Regex::npos ? "(full)" : std::string(out, n) + (matched ? "" : "(none)");
}

TEST(Regex, Replaces) {
  EXPECT_EQ(replace("b", "abcb", "X", false), "aXcb");
  EXPECT_EQ(replace("b", "abcb", "X", true), "aXcX");
  EXPECT_EQ(replace("(a)(b)?", "ac", "[\\1\\2\\3]", true), "[a]c");
  EXPECT_EQ(replace("x*", "abc", "-", true), "-a-b-c-");
  EXPECT_EQ(replace("z", "abc", "-", true), "abc(none)");
  EXPECT_EQ(replace("b", "abc", "\\\\", true), "a\\c");
  EXPECT_EQ(replace("b", "abc", "x\\", true), "ax\\c");
  EXPECT_EQ(replace("$", "abc", "!", true), "abc!");
}

TEST(Regex, ExpandGivesTheReplacementOnly) {
  std::string error;
  const Regex r = Regex::compile("^/old/(.*)$", false, true, error);
  char out[32];
  const std::size_t n = r.expand("/old/x/y", "/new/\\1", out);
  ASSERT_NE(n, Regex::npos);
  EXPECT_EQ(std::string_view(out, n), "/new/x/y");
  EXPECT_EQ(r.expand("/other", "/new/\\1", out), Regex::npos);
  EXPECT_EQ(r.expand("/old/x", "0123456789012345678901234567890123", out), Regex::npos);
}

TEST(Regex, CaseAndErrors) {
  std::string error;
  EXPECT_TRUE(Regex::compile("abc", true, true, error).search("xABCx"));
  EXPECT_FALSE(Regex::compile("abc", false, true, error).search("xABCx"));
  EXPECT_TRUE(Regex::compile("abc", false, false, error).search("xabcx"));  // without JIT
  EXPECT_TRUE(Regex::compile("^$", false, true, error).search({}));
  EXPECT_FALSE(Regex::compile("a(", false, true, error).valid());
  EXPECT_EQ(error, "regex 'a(' is invalid (error=missing closing parenthesis, erroffset=2)");
}

// A pattern that backtracks without end gives up instead of holding the thread.
TEST(Regex, BoundedWork) {
  std::string error;
  const Regex r = Regex::compile("^(a+)+$", false, true, error);
  EXPECT_FALSE(r.search(std::string(40, 'a') + "b"));
}

}  // namespace
}  // namespace sluice::policy
