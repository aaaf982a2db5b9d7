// What is refused, with which words, and where the error points to.
#include "sluice/config/keyword.h"
#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

std::string error_of(World& w, std::string_view expression) {
  w.diag.clear();
  EXPECT_EQ(w.sample(expression), "(error)") << expression;
  return w.diag.all().empty() ? "" : w.diag.all()[0].message;
}

TEST(ExpressionErrors, NameWhatIsWrong) {
  World w;
  EXPECT_NE(error_of(w, "pat").find("unknown fetch method 'pat'"), std::string::npos);
  EXPECT_NE(error_of(w, "pat").find("did you mean 'path'"), std::string::npos);
  EXPECT_NE(error_of(w, "path,lowr").find("unknown converter 'lowr'"), std::string::npos);
  EXPECT_NE(error_of(w, "path,lowr").find("did you mean 'lower'"), std::string::npos);
  EXPECT_NE(error_of(w, "var(txn.x)").find("not supported yet"), std::string::npos);
  EXPECT_NE(error_of(w, "path,map(x)").find("not supported yet"), std::string::npos);
  EXPECT_NE(error_of(w, "ssl_fc_sni").find("not supported yet"), std::string::npos);
  EXPECT_NE(error_of(w, "int(1),add(txn.x)").find("variables are not supported yet"), std::string::npos);
  EXPECT_NE(error_of(w, "hdr(a,b)").find("failed to parse 'b' as type 'integer' at position 2"), std::string::npos);
  EXPECT_NE(error_of(w, "path(3)").find("expected ')' before '3'"), std::string::npos);
  EXPECT_NE(error_of(w, "path(").find("expected ')'"), std::string::npos);
  EXPECT_NE(error_of(w, "int").find("expected type 'integer' at position 1, but got nothing"), std::string::npos);
  EXPECT_NE(error_of(w, "method,add(1)").find("converter 'add' cannot be applied"), std::string::npos);
  EXPECT_NE(error_of(w, "path,regsub((,x)").find("is invalid"), std::string::npos);
}

TEST(ExpressionErrors, PointIntoTheWord) {
  World w;
  error_of(w, "path,lower,nope");
  EXPECT_EQ(w.diag.all()[0].at.column, 12U);
}

TEST(ExpressionErrors, PlacesAreChecked) {
  World w;
  w.places = kFrontRequestRule;
  EXPECT_NE(error_of(w, "status").find("may not be reliably used here because it needs"), std::string::npos);
  EXPECT_NE(error_of(w, "srv_name").find("'server'"), std::string::npos);
  EXPECT_EQ(w.sample("path"), "(none)");
  w.places = kLogPlace;
  EXPECT_NE(error_of(w, "path").find("'HTTP request headers'"), std::string::npos);
  EXPECT_NE(w.sample("capture.req.uri"), "(error)");
  EXPECT_NE(w.sample("src"), "(error)");
}

TEST(ExpressionErrors, DeclaredCapturesAreChecked) {
  World w;
  CompileScope s = w.scope();
  s.request_captures = 1;
  EXPECT_TRUE(Expression::compile(config::Token{"capture.req.hdr(0)", {}, true}, s).valid());
  EXPECT_FALSE(Expression::compile(config::Token{"capture.req.hdr(1)", {}, true}, s).valid());
}

// A word that the language has is either built or refused by name; no sample is silently something else.
TEST(Registry, ListingsKnowTheLanguage) {
  config::KeywordTable table;
  register_keywords(table);
  unsigned samples = 0;
  unsigned converters = 0;
  unsigned acls = 0;
  for (const config::Listed& l : table.listed()) {
    samples += l.cls == config::Class::Sample;
    converters += l.cls == config::Class::Converter;
    acls += l.cls == config::Class::Acl;
    EXPECT_TRUE(config::known_in_language(l.cls, l.name)) << l.name;
  }
  EXPECT_GT(samples, 150U);
  EXPECT_GT(converters, 50U);
  EXPECT_GT(acls, 60U);
}

TEST(Expression, TakesConvertersFromFurtherWords) {
  World w;
  w.request("GET", "/Path", {{"host", "h"}});
  CompileScope s = w.scope();
  std::size_t used = 0;
  const auto line = words("path lower,length bogus");
  const Expression e = Expression::compile(line, s, used);
  ASSERT_TRUE(e.valid());
  EXPECT_EQ(used, 2U);
  std::int64_t n = 0;
  EXPECT_TRUE(e.evaluate_int(w.ctx, n));
  EXPECT_EQ(n, 5);
}

TEST(Expression, SaysWhatItNeeds) {
  World w;
  CompileScope s = w.scope();
  const auto needs = [&](std::string_view text) {
    return Expression::compile(config::Token{text, {}, true}, s).needs();
  };
  EXPECT_TRUE(needs("req.body").body);
  EXPECT_TRUE(needs("unique-id").unique_id);
  EXPECT_TRUE(needs("txn.timer.total").timers);
  EXPECT_TRUE(needs("capture.req.uri").request_line);
  EXPECT_FALSE(needs("src").timers);
}

}  // namespace
}  // namespace sluice::policy::test
