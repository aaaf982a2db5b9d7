#include "sluice/policy/condition.h"

#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

class Conditions : public ::testing::Test {
 protected:
  Conditions() {
    w.request("GET", "/images/logo.png?x=1", {{"host", "www.Example.com"}, {"x-list", "a, b"}, {"x-n", "7"}});
  }
  World w;
};

TEST_F(Conditions, AndOrNot) {
  EXPECT_TRUE(w.condition("if TRUE"));
  EXPECT_FALSE(w.condition("if FALSE"));
  EXPECT_FALSE(w.condition("unless TRUE"));
  EXPECT_TRUE(w.condition("unless FALSE"));
  EXPECT_FALSE(w.condition("if TRUE FALSE"));
  EXPECT_TRUE(w.condition("if FALSE or TRUE"));
  EXPECT_TRUE(w.condition("if FALSE || TRUE"));
  EXPECT_TRUE(w.condition("if !FALSE TRUE"));
  EXPECT_TRUE(w.condition("if ! FALSE TRUE"));
  EXPECT_TRUE(w.condition("if !!TRUE"));
  EXPECT_FALSE(w.condition("if TRUE !TRUE or FALSE"));
  EXPECT_TRUE(w.condition("if TRUE FALSE or TRUE !FALSE or FALSE"));
  EXPECT_FALSE(w.condition("unless FALSE TRUE or TRUE"));
}

// All forms of up to three terms in two groups, against the plain meaning.
TEST_F(Conditions, EveryTruthTable) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const auto value = [&](unsigned i) { return (bits >> i & 1) != 0; };
    std::string line = "if";
    bool expected = false;
    for (unsigned group = 0; group < 2; ++group) {
      bool all = true;
      if (group == 1) line += " or";
      for (unsigned term = 0; term < 2; ++term) {
        const bool v = value(group * 4 + term * 2);
        const bool negated = value(group * 4 + term * 2 + 1);
        line += negated ? " !" : " ";
        line += v ? "TRUE" : "FALSE";
        all &= v != negated;
      }
      expected |= all;
    }
    EXPECT_EQ(w.condition(line), expected) << line;
  }
}

TEST_F(Conditions, LinesOfOneNameAreJoinedByOr) {
  w.acl("static", "path_beg /static /img");
  w.acl("static", "path_end .png .css");
  w.acl("other", "path_beg /other");
  EXPECT_TRUE(w.condition("if static"));
  EXPECT_FALSE(w.condition("if !static"));
  EXPECT_FALSE(w.condition("if other"));
  EXPECT_TRUE(w.condition("if !other static"));
  w.request("GET", "/x.css", {});
  EXPECT_TRUE(w.condition("if static"));
  w.request("GET", "/x.js", {});
  EXPECT_FALSE(w.condition("if static"));
  EXPECT_TRUE(w.condition("if !static"));
}

TEST_F(Conditions, Anonymous) {
  EXPECT_TRUE(w.condition("if { path_beg /images }"));
  EXPECT_FALSE(w.condition("if !{ path_beg /images }"));
  EXPECT_TRUE(w.condition("if { path_beg /x } or { method GET }"));
  EXPECT_TRUE(w.condition("if { hdr(x-list) b }"));
}

TEST_F(Conditions, Predefined) {
  EXPECT_TRUE(w.condition("if METH_GET"));
  EXPECT_FALSE(w.condition("if METH_POST"));
  EXPECT_TRUE(w.condition("if HTTP_1.1 !HTTP_1.0"));
  EXPECT_TRUE(w.condition("if HTTP"));
  EXPECT_TRUE(w.condition("if LOCALHOST"));
  EXPECT_TRUE(w.condition("if HTTP_URL_SLASH !HTTP_URL_ABS !HTTP_URL_STAR"));
  EXPECT_FALSE(w.condition("if HTTP_CONTENT"));
  w.request("HEAD", "http://a/b", {{"content-length", "5"}});
  EXPECT_TRUE(w.condition("if METH_GET METH_HEAD HTTP_URL_ABS HTTP_CONTENT"));
  w.acl("METH_GET", "method POST");  // one's own wins
  EXPECT_FALSE(w.condition("if METH_GET"));
}

TEST_F(Conditions, Errors) {
  const auto error = [&](std::string_view line) {
    w.diag.clear();
    AclSet set(w.acls);
    CompileScope s = w.scope();
    s.acls = &set;
    s.directive = "http-request deny";
    EXPECT_FALSE(Condition::compile(words(w.sources.keep(line)), s).valid()) << line;
    return w.diag.all().empty() ? std::string() : w.diag.all()[0].message + " / " + w.diag.all()[0].hint;
  };
  w.acl("blocked", "src 10.0.0.0/8");
  EXPECT_EQ(error("if blokced"),
            "error detected while parsing an 'http-request deny' condition : no such ACL : 'blokced'; did you mean "
            "'blocked' maybe ? / ");
  EXPECT_NE(error("if { path_beg /x").find("missing closing '}' in condition"), std::string::npos);
  EXPECT_NE(error("if { nosuchcrit a }").find("unknown fetch method 'nosuchcrit' in ACL expression 'nosuchcrit'"),
            std::string::npos);
  EXPECT_NE(error("if { path -m nosuch a }").find("unknown matching method 'nosuch'"), std::string::npos);
  EXPECT_NE(error("if { path -x a }").find("'-x' is not a valid ACL option"), std::string::npos);
  EXPECT_NE(error("if { src 1.2.3.400 }").find("'1.2.3.400' is not a valid IPv4 or IPv6 address"), std::string::npos);
  EXPECT_NE(error("if { src_port foo }").find("'foo' is not a number"), std::string::npos);
  EXPECT_NE(error("if { src_port 10:5 }").find("'10:5' is not a valid number range"), std::string::npos);
  EXPECT_NE(error("if { path_reg ( }").find("regex '(' is invalid (error=missing closing parenthesis, erroffset=1)"),
            std::string::npos);
  EXPECT_NE(error("if { req.body a }").find("matching method must be specified first (using '-m')"), std::string::npos);
  EXPECT_NE(error("if { path -f /nonexistent/x }").find("failed to open pattern file </nonexistent/x>"),
            std::string::npos);
  EXPECT_NE(error("if { var(txn.x) a }").find("'var' is not supported yet"), std::string::npos);
  EXPECT_NE(error("if").find("missing ACL"), std::string::npos);
  EXPECT_NE(error("if blocked or").find("missing ACL"), std::string::npos);
  EXPECT_NE(error("if or blocked").find("missing ACL"), std::string::npos);
  EXPECT_NE(error("if !").find("missing ACL"), std::string::npos);
  EXPECT_NE(error("when blocked").find("'if' or 'unless'"), std::string::npos);
}

TEST_F(Conditions, WarnsWhenItCanNeverMatch) {
  w.places = kFrontRequestRule;
  EXPECT_FALSE(w.condition("if { status 200 }"));
  ASSERT_EQ(w.diag.warnings(), 1U);
  EXPECT_EQ(w.diag.all()[0].message,
            "anonymous acl will never match because it uses keyword 'status' which is incompatible with 'frontend "
            "http-request header rule'");
}

TEST_F(Conditions, EmptyIsAlwaysTrue) {
  CompileScope s = w.scope();
  const Condition c = Condition::compile({}, s);
  EXPECT_TRUE(c.always());
  EXPECT_TRUE(c.evaluate(w.ctx));
}

TEST_F(Conditions, CompileAllFindsErrorsOfUnusedLines) {
  w.acl("a", "path /x");
  w.acl("b", "nope x");
  AclSet set(w.acls);
  CompileScope s = w.scope();
  EXPECT_FALSE(set.compile_all(s));
  EXPECT_EQ(w.diag.errors(), 1U);
  EXPECT_NE(w.messages().find("error detected while parsing ACL 'b'"), std::string::npos);
}

}  // namespace
}  // namespace sluice::policy::test
