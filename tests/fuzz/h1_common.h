// What the HTTP/1 fuzz targets share: checks that stay on in every build, and copies of the input that end where memory
// ends.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "sluice/http/h1/body_decoder.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/http/h1/serialise.h"

namespace sluice::http::h1 {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

inline constexpr std::size_t kFuzzFields = 101;
inline constexpr std::size_t kSlack = 32;

template <class Head>
struct ParsedHead {
  Head head;
  Field storage[kFuzzFields];
  HeadParser parser;
  HeadStatus status = HeadStatus::NeedMore;
  std::unique_ptr<char[]> memory;

  // step 0: everything at once. slack: bytes behind the data that may be read.
  void parse(const std::string& text, const ParseOptions& options, ResponseContext context, std::size_t step,
             std::size_t slack) {
    memory.reset(new char[text.size() + slack]);
    std::memcpy(memory.get(), text.data(), text.size());
    std::memset(memory.get() + text.size(), ':', slack);
    head.fields = Fields(storage, kFuzzFields);
    parser.start(options);
    std::size_t given = 0;
    do {
      given = step == 0 || given + step > text.size() ? text.size() : given + step;
      const std::size_t readable = slack == 0 ? given : text.size() + slack;
      if constexpr (std::is_same_v<Head, RequestHead>) {
        status = parser.parse_request(memory.get(), given, readable, head);
      } else {
        status = parser.parse_response(memory.get(), given, readable, context, head);
      }
    } while (status == HeadStatus::NeedMore && given < text.size());
  }
  [[nodiscard]] std::string written() const {
    HeadWriteOptions o;
    o.version = head.version >= Version::H11 ? Version::H11 : Version::H10;
    std::string out(max_head_bytes(head, o), '\0');
    std::size_t n = 0;
    if constexpr (std::is_same_v<Head, RequestHead>) {
      n = write_request_head(out.data(), out.size(), head, o);
    } else {
      n = write_response_head(out.data(), out.size(), head, o);
    }
    require(n != 0, "max_head_bytes is an upper bound");
    // One byte less than needed must be refused without writing further.
    std::unique_ptr<char[]> tight(new char[n - 1]);
    if constexpr (std::is_same_v<Head, RequestHead>) {
      require(write_request_head(tight.get(), n - 1, head, o) == 0, "a head that does not fit is refused");
    } else {
      require(write_response_head(tight.get(), n - 1, head, o) == 0, "a head that does not fit is refused");
    }
    out.resize(n);
    return out;
  }
};

// No line of a written head can hold more than the parser put there: what is written parses to the same again.
template <class Head>
void check_head(const std::string& text, ParseOptions options, ResponseContext context) {
  ParsedHead<Head> whole;
  whole.parse(text, options, context, 0, 0);
  if (whole.status == HeadStatus::Error) require(whole.parser.error().offset <= text.size(), "error inside the data");

  for (const std::size_t step : {std::size_t{0}, std::size_t{1}, std::size_t{5}}) {
    for (const std::size_t slack : {std::size_t{0}, kSlack}) {
      ParsedHead<Head> again;
      again.parse(text, options, context, step, slack);
      require(again.status == whole.status, "pieces give the same verdict");
      require(again.parser.error().code == whole.parser.error().code, "pieces give the same error");
      require(again.parser.error().offset == whole.parser.error().offset, "pieces give the same place");
      require(again.parser.state() == whole.parser.state(), "pieces give the same state");
      if (whole.status == HeadStatus::Done) {
        require(again.head.head_bytes == whole.head.head_bytes, "pieces give the same length");
        require(again.head.body == whole.head.body, "pieces give the same body");
        require(again.written() == whole.written(), "pieces give the same text");
      }
    }
  }
  if (whole.status != HeadStatus::Done) return;

  const std::string first = whole.written();
  options.max_head_bytes = static_cast<std::uint32_t>(first.size() + 1);
  options.max_fields = 0;  // a Host that was added counts now
  ParsedHead<Head> second;
  second.parse(first, options, context, 0, 0);
  require(second.status == HeadStatus::Done, "what was accepted and written is accepted again");
  require(second.head.head_bytes == first.size(), "nothing is left over");
  require(second.head.body == whole.head.body, "the body kind stays");
  require(second.head.content_length == whole.head.content_length || whole.head.body != BodyKind::Length,
          "the length stays");
  require(!second.head.connection.framing_suspect || whole.head.version < Version::H11,
          "no suspicious framing is sent");
  require(second.written() == first, "what is written is written the same again");
}

}  // namespace sluice::http::h1
