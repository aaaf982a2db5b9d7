// Runs tests/cases/h1: every case at once, byte by byte, in pieces, with and without memory to read behind the data.
// All ways must give the same answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "h1_case.h"
#include "sluice/http/h1/body_decoder.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/http/h1/serialise.h"

namespace sluice::http::h1 {

void PrintTo(const Case& c, std::ostream* os) { *os << c.file << ": " << c.name; }

namespace {

constexpr std::size_t kFields = 110;

const char* code_name(ErrorCode c) {
  static constexpr const char* kNames[] = {"None",
                                           "BadStartLine",
                                           "BadTarget",
                                           "BadVersion",
                                           "Http2Preface",
                                           "BadStatusLine",
                                           "BadHeaderName",
                                           "BadHeaderValue",
                                           "BadLineEnd",
                                           "BadFold",
                                           "TooManyHeaders",
                                           "HeadTooLarge",
                                           "BadContentLength",
                                           "BadTransferEncoding",
                                           "UnknownCoding",
                                           "BadHost",
                                           "MissingHost",
                                           "BadUpgrade",
                                           "UnexpectedPayload",
                                           "BadChunkSize",
                                           "BadChunkExtension",
                                           "BadChunkEnd",
                                           "BadTrailer",
                                           "TrailersTooLarge"};
  return kNames[static_cast<std::size_t>(c)];
}

std::string fact_text(const ConnectionFacts& f) {
  std::string s;
  if (f.close) s += " close";
  if (f.keep_alive) s += " keep-alive";
  if (f.upgrade) s += " upgrade";
  if (f.websocket) s += " websocket";
  if (f.other_tokens) s += " tokens";
  if (f.expect_continue) s += " expect";
  if (f.te_trailers) s += " te";
  if (f.framing_suspect) s += " suspect";
  if (f.unsafe_accepted) s += " unsafe";
  return s;
}

std::string body_text(BodyKind kind, std::uint64_t length) {
  switch (kind) {
    case BodyKind::None:
      return "none";
    case BodyKind::Length:
      return "length " + std::to_string(length);
    case BodyKind::Chunked:
      return "chunked";
    case BodyKind::UntilClose:
      return "until-close";
    case BodyKind::Tunnel:
      return "tunnel";
  }
  return {};
}

struct Outcome {
  std::string verdict;
  std::string output;
  std::string trailers;
  std::size_t used = 0;
};

// Memory that ends where the parser may read no further.
struct Memory {
  explicit Memory(const std::string& s, std::size_t slack)
      : data(new char[s.size() + slack]), size(s.size()), readable(s.size() + slack) {
    std::memcpy(data.get(), s.data(), s.size());
    std::memset(data.get() + s.size(), ':', slack);  // the most misleading byte there is
  }
  std::unique_ptr<char[]> data;
  std::size_t size;
  std::size_t readable;
};

template <class Head>
std::string write_again(const Head& head) {
  HeadWriteOptions o;
  o.version = head.version == Version::H10 ? Version::H10 : Version::H11;
  std::string out(max_head_bytes(head, o), '\0');
  std::size_t n = 0;
  if constexpr (std::is_same_v<Head, RequestHead>) {
    n = write_request_head(out.data(), out.size(), head, o);
  } else {
    n = write_response_head(out.data(), out.size(), head, o);
  }
  EXPECT_GT(n, 0U) << "max_head_bytes is not an upper bound";
  out.resize(n);
  return out;
}

std::string error_verdict(const ParseError& e) {
  return std::string("error ") + code_name(e.code) + " " + std::to_string(e.offset) + " " +
         std::string(state_name(e.state));
}

// step 0: all at once; otherwise so many bytes more each time.
Outcome run_head(const Case& c, std::size_t step, std::size_t slack) {
  Memory m(c.input, slack);
  ParseOptions options;
  options.accept_unsafe = c.has("unsafe");
  options.any_payload = c.has("any-payload");
  options.keep_suspect = c.has("keep-suspect");
  options.require_host = c.has("require-host");
  options.max_fields = static_cast<std::uint16_t>(c.number("maxhdr", 0));
  options.max_head_bytes = static_cast<std::uint32_t>(c.number("max", 15360));
  ResponseContext context{c.has("head"), c.has("connect"), c.has("upgrade")};
  Field storage[kFields];
  RequestHead request;
  ResponseHead response;
  request.fields = response.fields = Fields(storage, kFields);
  HeadParser parser;
  parser.start(options);
  const bool is_request = c.type == "request";
  HeadStatus status = HeadStatus::NeedMore;
  std::size_t given = 0;
  do {
    given = step == 0 ? m.size : std::min(m.size, given + step);
    const std::size_t readable = slack == 0 ? given : m.readable;
    status = is_request ? parser.parse_request(m.data.get(), given, readable, request)
                        : parser.parse_response(m.data.get(), given, readable, context, response);
  } while (status == HeadStatus::NeedMore && given < m.size);

  Outcome out;
  if (status == HeadStatus::NeedMore) {
    out.verdict = "more " + std::string(state_name(parser.state()));
  } else if (status == HeadStatus::Error) {
    out.verdict = error_verdict(parser.error());
  } else if (is_request) {
    out.verdict = "done " + body_text(request.body, request.content_length) + fact_text(request.connection);
    out.output = write_again(request);
    out.used = request.head_bytes;
  } else {
    out.verdict = "done " + body_text(response.body, response.content_length) + fact_text(response.connection);
    out.output = write_again(response);
    out.used = response.head_bytes;
  }
  return out;
}

Outcome run_chunked(const Case& c, std::size_t step, std::size_t) {
  Memory m(c.input, 0);
  BodyDecoder decoder;
  decoder.start(BodyKind::Chunked, 0);
  Field storage[kFields];
  Fields trailers(storage, kFields);
  decoder.keep_trailers(&trailers);
  decoder.set_max_trailer_bytes(static_cast<std::uint32_t>(c.number("max", 8192)));
  Outcome out;
  std::size_t given = 0;
  for (bool going = true; going && given < m.size;) {
    given = step == 0 ? m.size : std::min(m.size, given + step);
    for (;;) {
      const BodyPiece piece = decoder.feed(m.data.get() + out.used, given - out.used);
      out.output += piece.data;
      out.used += piece.consumed;
      if (piece.status == BodyPiece::Status::End) {
        out.verdict = "done chunked";
        going = false;
        break;
      }
      if (piece.status == BodyPiece::Status::Error) {
        out.verdict = std::string("error ") + code_name(decoder.error().code) + " " +
                      std::string(state_name(decoder.error().state));
        going = false;
        break;
      }
      if (piece.consumed == 0) break;
    }
  }
  EXPECT_EQ(decoder.payload_bytes(), out.output.size());
  if (out.verdict.empty()) out.verdict = "more " + std::string(state_name(decoder.msg_state()));
  if (trailers.size() != 0) {
    out.trailers.resize(4096);
    out.trailers.resize(write_trailers(out.trailers.data(), out.trailers.size(), trailers, nullptr) - 2);
  }
  return out;
}

Outcome run(const Case& c, std::size_t step, std::size_t slack) {
  return c.type == "chunked" ? run_chunked(c, step, slack) : run_head(c, step, slack);
}

class H1Case : public testing::TestWithParam<Case> {};

TEST_P(H1Case, Holds) {
  const Case& c = GetParam();
  const Outcome whole = run(c, 0, 0);
  // A case may leave out the end of the verdict of an error.
  if (c.expect.rfind("error", 0) == 0) {
    EXPECT_THAT(whole.verdict + " ", testing::StartsWith(c.expect + " "));
  } else {
    EXPECT_EQ(whole.verdict, c.expect);
  }
  if (c.expect.rfind("done", 0) == 0) {
    EXPECT_EQ(c.input.size() - whole.used, c.rest);
  }
  if (c.has_output) {
    EXPECT_EQ(escape(whole.output), escape(c.output));
  }
  if (!c.trailers.empty()) {
    EXPECT_EQ(escape(whole.trailers), escape(c.trailers));
  }

  for (const std::size_t slack : {std::size_t{0}, std::size_t{32}}) {
    for (const std::size_t step : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{33}}) {
      SCOPED_TRACE("step " + std::to_string(step) + ", slack " + std::to_string(slack));
      if (step != 0 && c.input.size() / step > 5000) continue;
      const Outcome pieces = run(c, step, slack);
      EXPECT_EQ(pieces.verdict, whole.verdict);
      EXPECT_EQ(escape(pieces.output), escape(whole.output));
      EXPECT_EQ(pieces.trailers, whole.trailers);
      EXPECT_EQ(pieces.used, whole.used);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, H1Case, testing::ValuesIn(load_cases(SLUICE_TEST_DIR "/cases/h1")),
                         [](const testing::TestParamInfo<Case>& one) {
                           std::string s = one.param.file + "_" + std::to_string(one.index) + "_" + one.param.name;
                           for (char& ch : s) {
                             if (std::isalnum(static_cast<unsigned char>(ch)) == 0) ch = '_';
                           }
                           return s;
                         });

}  // namespace
}  // namespace sluice::http::h1
