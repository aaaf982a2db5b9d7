// A head that ends where readable memory ends: not one byte behind it is read.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "sluice/http/h1/head_parser.h"

namespace sluice::http::h1 {
namespace {

class GuardedPage : public ::testing::Test {
 protected:
  void SetUp() override {
    memory_ = static_cast<char*>(mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory_, MAP_FAILED);
    ASSERT_EQ(mprotect(memory_ + page_, page_, PROT_NONE), 0);
  }
  void TearDown() override { munmap(memory_, 2 * page_); }

  // The text at the very end of the page.
  char* at_the_end(std::string_view text) {
    char* p = memory_ + page_ - text.size();
    std::memcpy(p, text.data(), text.size());
    return p;
  }

  const std::size_t page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  char* memory_ = nullptr;
  const ParseOptions options_;
  Field storage_[16];
};

// Found by ThreadSanitizer: nothing at all was looked at before its end.
TEST_F(GuardedPage, EveryPrefixOfARequest) {
  constexpr std::string_view kText = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t n = 0; n < kText.size(); ++n) {
    RequestHead head;
    head.fields = Fields(storage_, 16);
    HeadParser parser;
    parser.start(options_);
    EXPECT_EQ(parser.parse_request(at_the_end(kText.substr(0, n)), n, n, head), HeadStatus::NeedMore) << n;
  }
}

TEST_F(GuardedPage, EveryPrefixOfAResponse) {
  constexpr std::string_view kText = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t n = 0; n < kText.size(); ++n) {
    ResponseHead head;
    head.fields = Fields(storage_, 16);
    HeadParser parser;
    parser.start(options_);
    EXPECT_EQ(parser.parse_response(at_the_end(kText.substr(0, n)), n, n, ResponseContext{}, head),
              HeadStatus::NeedMore)
        << n;
  }
}

}  // namespace
}  // namespace sluice::http::h1
