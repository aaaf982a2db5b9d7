// Every line of tests/cases/samples/*.txt: what an expression gives for a given request.
#include <fstream>

#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

void origin_request(World& w) {
  w.request("GET", "/a/b.html?x=1&y=two&z=%41%20b",
            {{"host", "www.example.com"},
             {"cookie", "A=1; B=two; A=3"},
             {"x-list", "a, b ,c"},
             {"x-list", "d"},
             {"x-num", "42"},
             {"x-empty", ""},
             {"user-agent", "Mozilla/5.0 (X, y)"},
             {"x-forwarded-for", "10.0.0.1, 192.168.1.7"},
             {"content-length", "11"},
             {"x-case", "167"}});
  w.req.body = http::BodyKind::Length;
  w.req.content_length = 11;
  w.ctx.request_body = "p=1&q=hello";
  w.ctx.request_body_complete = true;
}

void absolute_request(World& w) {
  w.request("GET", "http://10.1.2.3:8080/p/q;z=9?a=1&b=22;c=x+y&d",
            {{"host", "10.1.2.3:8080"},
             {"cookie", "C=a,b; D=\"q;u\"; E = sp ; F"},
             {"cookie", "D=2"},
             {"x-list", "nope, 10.9.9.9:80"},
             {"x-quoted", "\"a,b\", c"},
             {"x-commas", "a,,b,"}});
}

void run(const std::string& file, void (*make)(World&), unsigned at_least) {
  std::ifstream in(std::string(SLUICE_TEST_DIR) + "/cases/samples/" + file);
  ASSERT_TRUE(in);
  World w;
  make(w);
  w.frontend.id = 1;
  std::string line;
  unsigned cases = 0;
  while (std::getline(in, line)) {
    if (line.starts_with('#')) continue;
    const auto tab = line.rfind('\t');
    ASSERT_NE(tab, std::string::npos) << line;
    const std::string expression = line.substr(0, tab);
    const std::string expected = line.substr(tab + 1);
    const std::string got = w.http_value("<%[" + expression + "]>");
    if (expected == "!") {
      EXPECT_EQ(got, "(error)") << expression;
    } else {
      EXPECT_EQ(got, "<" + expected + ">") << expression << "\n" << (got == "(error)" ? w.messages() : "");
    }
    w.diag.clear();
    ++cases;
  }
  EXPECT_GE(cases, at_least);
}

TEST(SampleCases, Origin) { run("origin.txt", origin_request, 200); }
TEST(SampleCases, Absolute) { run("absolute.txt", absolute_request, 80); }

}  // namespace
}  // namespace sluice::policy::test
