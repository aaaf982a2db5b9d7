// How long the request line is, as logs show it.
#include <gtest/gtest.h>

#include <string>

#include "sluice/http/h1/head_parser.h"

namespace sluice::http::h1 {
namespace {

std::string line_of(std::string text, bool unsafe = false) {
  Field storage[8];
  RequestHead head;
  head.fields = Fields(storage, 8);
  ParseOptions options;
  options.accept_unsafe = unsafe;
  HeadParser parser;
  parser.start(options);
  // All that comes at once, and byte by byte.
  std::string whole;
  for (const std::size_t first : {text.size(), std::size_t{1}}) {
    parser.start(options);
    head.clear();
    HeadStatus status = HeadStatus::NeedMore;
    for (std::size_t n = first; status == HeadStatus::NeedMore && n <= text.size(); ++n)
      status = parser.parse_request(text.data(), n, n, head);
    if (status != HeadStatus::Done) return "not read";
    const std::string line(head.method_text.data(), head.line_bytes);
    if (!whole.empty() && whole != line) return "differs: " + line;
    whole = line;
  }
  return whole;
}

TEST(RequestLine, EndsBehindTheVersion) {
  EXPECT_EQ(line_of("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /x HTTP/1.1");
  EXPECT_EQ(line_of("POST /x HTTP/1.0\r\n\r\n"), "POST /x HTTP/1.0");
  EXPECT_EQ(line_of("\r\nPURGE   /x   HTTP/1.1\nHost: a\n\n"), "PURGE   /x   HTTP/1.1");
  EXPECT_EQ(line_of("GET /x RTSP/1.0\r\n\r\n", true), "GET /x RTSP/1.0");
  EXPECT_EQ(line_of("GET /x\r\n", true), "GET /x");
}

}  // namespace
}  // namespace sluice::http::h1
