// Replies that the proxy makes itself: error pages, redirects of "errorloc", and what "return", "deny" and "http-error"
// say.
//
// A ReplyPage is a response made ready at start-up: head as fields, body as bytes. The stream fills its ResponseHead
// from it, runs http-after-response over that, and sends it like any other response; only a connection that has no
// stream yet (a malformed first line) sends `raw` as it is. Immutable once the configuration is built; shared by all
// threads.
//
// Source: manual 4.2 "errorfile", "errorloc", "http-error", "errorfiles", 4.4 "return"; sizes: manual 3.2
// "tune.bufsize".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/arena.h"
#include "sluice/config/diagnostics.h"
#include "sluice/http/error_pages.h"
#include "sluice/http/message.h"
#include "sluice/policy/log_format.h"
#include "sluice/proxy/rule_spec.h"

namespace sluice::proxy {

// A whole response kept in memory.
struct ReplyPage {
  struct Header {
    std::string name;  // lower case
    std::string value;
    http::HeaderId id = http::HeaderId::Unknown;
  };
  std::uint16_t status = 0;
  http::Version version = http::Version::H11;  // the status line's of an errorfile: HTTP/1.0 or 1.1
  std::string reason;
  std::vector<Header> headers;  // without Connection; with Content-Length when there is a body or status allows one
  std::string body;
  std::string raw;      // the bytes for a connection without a stream, which closes
  bool silent = false;  // an empty file (/dev/null): nothing is sent, the connection just closes

  // head.fields has its storage; everything else in head is overwritten. False when the fields do not fit.
  // The texts live as long as the page.
  bool fill(http::ResponseHead& head) const noexcept;
};

// Parses an errorfile's text ("HTTP/1.x 503 ...", fields, empty line, body). Empty text gives a silent page. Null when
// it is wrong: `why` says what, in the reference's words.
std::unique_ptr<ReplyPage> parse_page(std::string_view text, std::uint16_t status, std::string& why);
// A redirect of errorloc/errorloc302/errorloc303: `code` 302 or 303.
std::unique_ptr<ReplyPage> redirect_page(std::uint16_t code, std::string_view url);
// The reason of a redirect made here, as the reference prints it ("Found" for 302, unlike http::status_reason).
std::string_view redirect_reason(unsigned code) noexcept;
// The built-in page, null for a status without one.
const ReplyPage* default_page(unsigned status) noexcept;

// A reply whose headers or body may depend on the request: compiled ReplySpec.
class ReplyTemplate {
 public:
  struct Header {
    std::string name;  // lower case
    http::HeaderId id = http::HeaderId::Unknown;
    policy::LogFormat format;
    std::string literal;  // when nothing in it depends on the context
    bool constant = false;
  };
  std::uint16_t status = 200;
  // The page of the proxy for `status` is wanted (deny without arguments, default-errorfiles): the caller asks
  // ErrorPages.
  bool from_pages = false;
  // A fixed page (errorfile, errorfiles with that code). Null: the parts below.
  std::shared_ptr<const ReplyPage> page;
  std::string content_type;  // "" = none
  std::string body;          // constant body
  bool body_is_format = false;
  policy::LogFormat body_format;
  std::vector<Header> headers;
  std::string content_length;  // of the constant body

  // Not for from_pages. Renders into the arena what depends on the context, then overwrites head (which may be what the
  // context's `response` points to). body: out, lives as long as this template and the arena. False: out of room,
  // answer 500.
  bool fill(policy::SampleContext& ctx, base::Arena& arena, std::size_t max_body, http::ResponseHead& head,
            std::string_view& body_out) const noexcept;
};

// All pages of one proxy by status. Empty slots fall to the next proxy, then to the built-in page.
class ErrorPages {
 public:
  [[nodiscard]] const ReplyTemplate* find(unsigned status) const noexcept {
    const int i = http::error_page_index(status);
    return i < 0 ? nullptr : pages_[static_cast<std::size_t>(i)].get();
  }
  // "reset" takes a null pointer.
  void set(unsigned status, std::shared_ptr<const ReplyTemplate> page) noexcept;

 private:
  std::array<std::shared_ptr<const ReplyTemplate>, http::kErrorPageCount> pages_;
};

// What to answer for a status: the backend's page, else the frontend's, else the built-in one. Exactly one of the two
// is set; both null for a status that has no page at all (then use 500's).
struct PageChoice {
  const ReplyTemplate* page = nullptr;
  const ReplyPage* built_in = nullptr;
};
PageChoice choose_page(unsigned status, const ErrorPages* back, const ErrorPages* front) noexcept;

// Fills head and body for a status in one go. silent: nothing shall be sent. False: out of room; then the built-in page
// was used.
struct PreparedReply {
  std::string_view body;
  bool silent = false;
};
PreparedReply prepare_error(unsigned status, const ErrorPages* back, const ErrorPages* front,
                            policy::SampleContext& ctx, base::Arena& arena, std::size_t max_body,
                            http::ResponseHead& head) noexcept;

// Before there is a stream (first head of a connection unreadable or too late): ready bytes. Only fixed pages count
// here (manual "http-error", last note). Empty when nothing shall be sent.
std::string_view raw_error(unsigned status, const ErrorPages* front) noexcept;

}  // namespace sluice::proxy
