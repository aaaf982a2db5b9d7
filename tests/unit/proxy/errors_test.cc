// Error files, redirects, http-errors sections and the order in which a page is looked for.
#include <gtest/gtest.h>

#include "unit/proxy/config_harness.h"

namespace sluice::proxy {
namespace {

using testing::Exchange;
using testing::Parsed;
using testing::TempFile;

std::string why_not(std::string_view text) {
  std::string why;
  EXPECT_EQ(parse_page(text, 503, why), nullptr);
  return why;
}

TEST(Pages, AFileMustBeAResponse) {
  EXPECT_EQ(why_not("garbage"), "unable to parse headers (error offset: 0)");
  EXPECT_EQ(why_not("HTTP/1.0 503 OK\r\n"), "unable to parse headers (error offset: 17)");
  EXPECT_EQ(why_not("HTTP/1.0 503 OK\r\nbad header\r\n\r\n"), "unable to parse headers (error offset: 17)");
  EXPECT_EQ(why_not("HTTP/1.0 503 OK\r\nContent-Length: 10\r\n\r\nbody"),
            "payload size does not match the announced content-length (4 != 10)");
  EXPECT_EQ(why_not("HTTP/1.1 503 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "chunk-encoded payload not supported");
}

TEST(Pages, LineEndsMayBeBare) {
  std::string why;
  const auto page = parse_page("HTTP/1.0 503 Down\nX-A: b\n\nbody", 503, why);
  ASSERT_NE(page, nullptr) << why;
  EXPECT_EQ(page->reason, "Down");
  EXPECT_EQ(page->body, "body");
  EXPECT_EQ(page->raw, "HTTP/1.0 503 Down\r\nx-a: b\r\ncontent-length: 4\r\n\r\nbody");
}

TEST(Pages, AnEmptyFileSendsNothing) {
  Parsed p("listen x\n mode http\n errorfile 408 /dev/null\n");
  p.compile();
  ASSERT_TRUE(p.good()) << p.said();
  EXPECT_EQ(raw_error(408, &p.proxy("x").pages), "");
  Exchange e("GET / HTTP/1.1\n");
  EXPECT_TRUE(prepare_error(408, nullptr, &p.proxy("x").pages, e.sample, e.arena, 16384, e.reply).silent);
}

TEST(Pages, BuiltInOnesAreThere) {
  for (const unsigned status : {200U, 400U, 403U, 404U, 408U, 413U, 500U, 502U, 503U, 504U}) {
    ASSERT_NE(default_page(status), nullptr) << status;
    EXPECT_EQ(default_page(status)->status, status);
  }
  EXPECT_EQ(default_page(418), nullptr);
  EXPECT_EQ(raw_error(400, nullptr), http::default_error_page(400));
}

TEST(Pages, BackendThenFrontendThenBuiltIn) {
  Parsed p(
      "frontend f\n mode http\n errorloc 503 /front\n errorloc303 504 /front4\nbackend b\n mode http\n errorloc302 503 "
      "/back\n"
      "backend reset\n mode http\n errorloc 503 /x\n http-error status 503 default-errorfiles\n");
  p.compile();
  ASSERT_TRUE(p.good()) << p.said();
  const auto answer = [&](unsigned status, const ErrorPages* back) {
    Exchange e("GET / HTTP/1.1\n");
    prepare_error(status, back, &p.proxy("f").pages, e.sample, e.arena, 16384, e.reply);
    return e.reply_text();
  };
  EXPECT_EQ(answer(503, &p.proxy("b").pages),
            "302 Found\ncache-control: no-cache\ncontent-length: 0\nlocation: /back\n\n");
  EXPECT_EQ(answer(503, nullptr), "302 Found\ncache-control: no-cache\ncontent-length: 0\nlocation: /front\n\n");
  EXPECT_EQ(answer(504, &p.proxy("b").pages),
            "303 See Other\ncache-control: no-cache\ncontent-length: 0\nlocation: /front4\n\n");
  EXPECT_EQ(answer(503, &p.proxy("reset").pages), answer(503, nullptr));
  EXPECT_EQ(answer(502, &p.proxy("b").pages).substr(0, 3), "502");
}

TEST(Pages, SectionsOfPages) {
  TempFile a("HTTP/1.0 404 Gone Fishing\r\n\r\na");
  TempFile b("HTTP/1.0 503 Busy\r\n\r\nb");
  Parsed p("http-errors site\n errorfile 404 " + a.path() + "\n errorfile 503 " + b.path() +
           "\nfrontend all\n mode http\n errorfiles site\nfrontend some\n mode http\n errorfiles site 404\n"
           " http-request return status 503 errorfiles site if { path /s }\n http-request return status 500 errorfiles "
           "site\n");
  p.compile();
  ASSERT_TRUE(p.good()) << p.said();
  EXPECT_NE(p.proxy("all").pages.find(404), nullptr);
  EXPECT_NE(p.proxy("all").pages.find(503), nullptr);
  EXPECT_NE(p.proxy("some").pages.find(404), nullptr);
  EXPECT_EQ(p.proxy("some").pages.find(503), nullptr);
  Exchange e("GET /s HTTP/1.1\n");
  EXPECT_EQ(e.run(p.proxy("some").http_request, &p.proxy("some")), ActionResult::Respond);
  EXPECT_EQ(e.reply_text().substr(0, 8), "503 Busy");
  Exchange none("GET / HTTP/1.1\n");
  EXPECT_EQ(none.run(p.proxy("some").http_request, &p.proxy("some")), ActionResult::Respond);
  EXPECT_EQ(none.reply_text().substr(0, 3), "500");
}

TEST(Pages, AFileLargerThanTheBufferIsRefused) {
  TempFile big("HTTP/1.0 503 Busy\r\n\r\n" + std::string(20000, 'x'));
  Parsed p("listen x\n mode http\n errorfile 503 " + big.path() + "\n");
  p.compile();
  EXPECT_TRUE(p.says(3, "exceeds the buffer size")) << p.said();
}

TEST(Pages, AMistakeInDefaultsIsReportedOnce) {
  Parsed p("defaults\n mode http\n errorfile 503 /nonexistent\nfrontend a\n maxconn 1\nfrontend b\n maxconn 1\n");
  p.compile();
  EXPECT_EQ(p.said(), "3: errorfile : error opening file '/nonexistent'.\n");
}

TEST(Pages, HttpErrorIsMadePerRequest) {
  Parsed p(
      "listen x\n mode http\n http-error status 429 content-type text/plain lf-string \"no %[path]\" hdr X-A "
      "%[method]\n");
  p.compile();
  ASSERT_TRUE(p.good()) << p.said();
  Exchange e("GET /p HTTP/1.1\n");
  prepare_error(429, nullptr, &p.proxy("x").pages, e.sample, e.arena, 16384, e.reply);
  EXPECT_EQ(e.reply_text(), "429 Too Many Requests\nx-a: GET\ncontent-length: 5\ncontent-type: text/plain\n\n");
}

}  // namespace
}  // namespace sluice::proxy
