#include <gtest/gtest.h>

#include <string>

#include "sluice/http/error_pages.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/http/status.h"

namespace sluice::http {
namespace {

TEST(ErrorPages, AreWellFormedResponses) {
  for (std::size_t i = 0; i < kErrorPageCount; ++i) {
    const unsigned status = error_page_status(i);
    SCOPED_TRACE(status);
    EXPECT_EQ(error_page_index(status), static_cast<int>(i));
    if (i > 0) {
      EXPECT_LT(error_page_status(i - 1), status);
    }
    std::string page(default_error_page(status));
    Field storage[8];
    ResponseHead head;
    head.fields = Fields(storage, 8);
    h1::ParseOptions options;
    h1::HeadParser parser;
    parser.start(options);
    ASSERT_EQ(parser.parse_response(page.data(), page.size(), page.size(), {}, head), h1::HeadStatus::Done);
    EXPECT_EQ(head.status, status);
    EXPECT_EQ(head.head_bytes + head.content_length, page.size());
    EXPECT_TRUE(head.connection.close);
  }
  EXPECT_EQ(error_page_index(418), -1);
  EXPECT_TRUE(default_error_page(418).empty());
}

TEST(ErrorPages, The400PageIsTheReferencesToTheByte) {
  EXPECT_EQ(default_error_page(400),
            "HTTP/1.1 400 Bad request\r\n"
            "content-length: 90\r\n"
            "cache-control: no-cache\r\n"
            "connection: close\r\n"
            "content-type: text/html\r\n"
            "\r\n"
            "<html><body><h1>400 Bad request</h1>\n"
            "Your browser sent an invalid request.\n"
            "</body></html>\n");
}

TEST(Status, ReasonsAreTheReferences) {
  EXPECT_EQ(status_reason(200), "OK");
  EXPECT_EQ(status_reason(302), "Moved Temporarily");
  EXPECT_EQ(status_reason(299), "Success");
  EXPECT_EQ(status_reason(499), "client has closed connection");
  EXPECT_EQ(status_reason(700), "Other");
}

TEST(Status, DatesAreInTheFixedForm) {
  HttpDateCache cache;
  EXPECT_EQ(cache.get(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.get(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.get(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace sluice::http
