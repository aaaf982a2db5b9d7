#include "sluice/http/h1/serialise.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sluice/http/h1/body_decoder.h"

namespace sluice::http::h1 {
namespace {

class SerialiseTest : public testing::Test {
 protected:
  SerialiseTest() {
    request.fields = Fields(storage, 16);
    request.method = Method::Get;
    request.method_text = "GET";
    request.target = "/";
  }
  std::string written(const HeadWriteOptions& o) {
    char out[1024];
    return {out, write_request_head(out, sizeof out, request, o)};
  }
  Field storage[16];
  RequestHead request;
};

TEST_F(SerialiseTest, AddsItsOwnConnectionAtTheEnd) {
  request.fields.append("connection", "foo, close");
  request.fields.append("host", "x");
  request.connection.other_tokens = true;
  HeadWriteOptions o;
  o.connection = connection_value(Version::H11, false);
  EXPECT_EQ(written(o), "GET / HTTP/1.1\r\nconnection: foo\r\nhost: x\r\nconnection: close\r\n\r\n");
  o.version = Version::H10;
  o.connection = connection_value(Version::H10, true);
  EXPECT_EQ(written(o), "GET / HTTP/1.0\r\nconnection: foo\r\nhost: x\r\nconnection: keep-alive\r\n\r\n");
}

TEST_F(SerialiseTest, ReplacesTheFraming) {
  request.fields.append("content-length", "5");
  request.fields.append("host", "x");
  HeadWriteOptions o;
  o.framing = Framing::AddChunked;
  EXPECT_EQ(written(o), "GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  o.framing = Framing::Strip;
  EXPECT_EQ(written(o), "GET / HTTP/1.1\r\nhost: x\r\n\r\n");
}

TEST_F(SerialiseTest, AdjustsTheCaseOfListedNames) {
  CaseMap map;
  EXPECT_TRUE(map.add("host", "Host"));
  EXPECT_TRUE(map.add("x-odd", "X-oDD"));
  EXPECT_TRUE(map.add("transfer-encoding", "Transfer-Encoding"));
  EXPECT_FALSE(map.add("host", "HOST")) << "named twice";
  EXPECT_FALSE(map.add("date", "dated")) << "another name";
  request.fields.append("host", "x");
  request.fields.append("x-odd", "1");
  request.fields.append("x-even", "2");
  HeadWriteOptions o;
  o.case_map = &map;
  o.framing = Framing::AddChunked;
  EXPECT_EQ(written(o), "GET / HTTP/1.1\r\nHost: x\r\nX-oDD: 1\r\nx-even: 2\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_F(SerialiseTest, NeverWritesBeyondTheRoom) {
  request.fields.append("host", "example.com");
  request.fields.append("x-custom", "value of some length");
  const std::string whole = written({});
  for (std::size_t room = 0; room <= whole.size(); ++room) {
    std::unique_ptr<char[]> out(new char[room]);
    EXPECT_EQ(write_request_head(out.get(), room, request, {}), room == whole.size() ? room : 0U);
  }
}

TEST(ChunkHead, IsHexWithoutZerosInFront) {
  const auto head = [](std::uint64_t n) {
    char out[kMaxChunkHeadBytes];
    return std::string(out, write_chunk_head(out, n));
  };
  EXPECT_EQ(head(1), "1\r\n");
  EXPECT_EQ(head(15), "f\r\n");
  EXPECT_EQ(head(16), "10\r\n");
  EXPECT_EQ(head(~std::uint64_t{0}), "ffffffffffffffff\r\n");
}

TEST(BodyDecoder, CountsWhatIsSplicedPastIt) {
  BodyDecoder d;
  d.start(BodyKind::Length, 10);
  char data[] = "abcd";
  EXPECT_EQ(d.feed(data, 4).data, "abcd");
  EXPECT_EQ(d.contiguous(), 6U);
  d.skipped(6);
  EXPECT_TRUE(d.done());
  EXPECT_EQ(d.payload_bytes(), 10U);
}

TEST(BodyDecoder, SplicesInsideAChunk) {
  BodyDecoder d;
  d.start(BodyKind::Chunked, 0);
  std::string head = "a\r\n";
  EXPECT_EQ(d.feed(head.data(), head.size()).consumed, 3U);
  EXPECT_EQ(d.contiguous(), 10U);
  d.skipped(10);
  std::string rest = "\r\n0\r\n\r\n";
  const BodyPiece p = d.feed(rest.data(), rest.size());
  EXPECT_EQ(p.status, BodyPiece::Status::End);
  EXPECT_EQ(p.consumed, rest.size());
}

TEST(BodyDecoder, AClosedConnectionEndsOnlyWhatHasNoLength) {
  BodyDecoder d;
  d.start(BodyKind::UntilClose, 0);
  char data[] = "abc";
  EXPECT_EQ(d.feed(data, 3).data, "abc");
  EXPECT_TRUE(d.on_close());
  d.start(BodyKind::Length, 4);
  EXPECT_EQ(d.feed(data, 3).data, "abc");
  EXPECT_FALSE(d.on_close());
  d.start(BodyKind::Chunked, 0);
  EXPECT_FALSE(d.on_close());
  d.start(BodyKind::None, 0);
  EXPECT_TRUE(d.on_close());
}

}  // namespace
}  // namespace sluice::http::h1
