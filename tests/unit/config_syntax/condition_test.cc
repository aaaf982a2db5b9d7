#include <gtest/gtest.h>

#include "sluice/config/parser.h"

namespace sluice::config {
namespace {

class ConditionTest : public ::testing::Test {
 protected:
  ConditionTest() {
    env_.set("HERE", "");
    facts_.version = "3.5.0";
    facts_.features = {"EPOLL", "THREAD"};
    facts_.enabled = {"EPOLL", "SPLICE"};
  }
  std::string eval(std::string_view text) {
    std::string error;
    std::size_t at = 0;
    const auto v = evaluate_condition(text, &env_, facts_, error, at);
    return v ? (*v ? "true" : "false") : error + " @" + std::to_string(at);
  }
  Environment env_;
  Facts facts_;
};

TEST_F(ConditionTest, NumbersAndOperators) {
  EXPECT_EQ(eval(""), "false");
  EXPECT_EQ(eval("0"), "false");
  EXPECT_EQ(eval("12"), "true");
  EXPECT_EQ(eval("-1"), "true");
  EXPECT_EQ(eval("!0"), "true");
  EXPECT_EQ(eval("!!1"), "true");
  EXPECT_EQ(eval("1&&0||1 && 1"), "true");
  EXPECT_EQ(eval("0 && 1 || 0"), "false");
  EXPECT_EQ(eval("0 && (1 || 1)"), "false");
  EXPECT_EQ(eval("!(0||0) && !0"), "true");
}

TEST_F(ConditionTest, Predicates) {
  EXPECT_EQ(eval("defined(HERE)"), "true");
  EXPECT_EQ(eval("defined( HERE )"), "false") << "blanks belong to the argument";
  EXPECT_EQ(eval("feature(EPOLL) && !feature(OPENSSL)"), "true");
  EXPECT_EQ(eval("enabled(SPLICE)"), "true");
  EXPECT_EQ(eval("enabled(POLL)"), "false");
  EXPECT_EQ(eval("streq(a,a)"), "true");
  EXPECT_EQ(eval("streq(0, 0)"), "false");
  EXPECT_EQ(eval("strneq(a,b)"), "true");
  EXPECT_EQ(eval("strstr(abc,bc)"), "true");
  EXPECT_EQ(eval(R"(streq("a,)b",'a,)b'))"), "true") << "quotes of the second level";
  EXPECT_EQ(eval("fips_mode()"), "false");
  EXPECT_EQ(eval("fips_mode"), "false");
}

TEST_F(ConditionTest, VersionsCompareWithTheLanguageLevel) {
  EXPECT_EQ(eval("version_atleast(3.5)"), "true");
  EXPECT_EQ(eval("version_atleast(3.5-dev9)"), "true");
  EXPECT_EQ(eval("version_atleast(2.4-dev19)"), "true");
  EXPECT_EQ(eval("version_atleast(3.5.1)"), "false");
  EXPECT_EQ(eval("version_atleast(3.6-dev1)"), "false");
  EXPECT_EQ(eval("version_before(3.6)"), "true");
  EXPECT_EQ(eval("version_before(3.5.0)"), "false");
  EXPECT_EQ(eval("version_before(2.9.15)"), "false");
  EXPECT_EQ(eval("version_atleast(x)"), "false");
}

TEST_F(ConditionTest, TlsLibraryPredicates) {
  EXPECT_EQ(eval("openssl_version_atleast(1.1.1)"), "false") << "no library at all";
  EXPECT_EQ(eval("openssl_version_before(9.0.0)"), "false");
  facts_.ssl_library = "OpenSSL 3.0.11 19 Sep 2023";
  facts_.openssl_version = 0x300000b0;
  EXPECT_EQ(eval("ssllib_name_startswith(OpenSSL) && openssl_version_atleast(1.1.1)"), "true");
  EXPECT_EQ(eval("openssl_version_atleast(3.0.11)"), "true");
  EXPECT_EQ(eval("openssl_version_atleast(3.0.12)"), "false");
  EXPECT_EQ(eval("openssl_version_before(3.5.0)"), "true");
  EXPECT_EQ(eval("ssllib_name_startswith(wolfSSL)"), "false");
  EXPECT_EQ(eval("awslc_api_atleast(35)"), "false");
  facts_.awslc_api = 35;
  EXPECT_EQ(eval("awslc_api_atleast(35) && awslc_api_before(36)"), "true");
}

TEST_F(ConditionTest, ErrorsSayWhatAndWhere) {
  EXPECT_EQ(eval("foo"), "unparsable conditional expression 'foo' @0");
  EXPECT_EQ(eval("1 &&"), "unparsable conditional expression '&&' @2");
  EXPECT_EQ(eval("1) && 0"), "unexpected character ')' at the end of conditional expression '1) && 0' @1");
  EXPECT_EQ(eval("(1 && 0"), "expected ')' after conditional expression '(1 && 0' @0");
  EXPECT_EQ(eval("version_atleast(2.4"),
            "expected ')' in argument 1 of predicate 'version_atleast' used in conditional expression @19");
  EXPECT_EQ(eval("defined(a,b)"),
            "expected ')' before ',b)' in argument 1 of predicate 'defined' used in conditional expression @9");
  EXPECT_EQ(eval("streq(a)"),
            "missing arguments (got 1/2), type 'string' expected in argument 2 of predicate 'streq' used in "
            "conditional expression @8");
  EXPECT_NE(eval(std::string(100000, '(')), "true") << "depth is bounded";
  EXPECT_NE(eval(std::string(100000, '!')), "true");
}

}  // namespace
}  // namespace sluice::config
