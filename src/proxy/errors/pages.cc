// Whole responses kept ready: error files, redirects of errorloc, built-in pages.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

#include "sluice/base/strings.h"
#include "sluice/http/status.h"
#include "sluice/proxy/errors.h"

namespace sluice::proxy {
namespace {

// One line without its end, CR LF or LF alone; false when there is no line end.
bool take_line(std::string_view& text, std::string_view& line) noexcept {
  const auto lf = text.find('\n');
  if (lf == std::string_view::npos) return false;
  line = text.substr(0, lf);
  if (line.ends_with('\r')) line.remove_suffix(1);
  text.remove_prefix(lf + 1);
  return true;
}

bool is_token(std::string_view s) noexcept {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  for (const char c : s) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !base::is_digit(c) && kOther.find(c) == std::string_view::npos) return false;
  }
  return !s.empty();
}

// "HTTP/1.1 503 Reason".
bool parse_status_line(std::string_view line, ReplyPage& page) {
  if (!line.starts_with("HTTP/") || line.size() < 12 || line[8] != ' ') return false;
  const auto status = base::parse_int<unsigned>(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599 || (line.size() > 12 && line[12] != ' ')) return false;
  page.status = static_cast<std::uint16_t>(*status);
  page.version = line.starts_with("HTTP/1.0") ? http::Version::H10 : http::Version::H11;
  page.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
  return true;
}

bool parse_field(std::string_view line, ReplyPage& page) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  const auto value = base::trim_ows(line.substr(colon + 1));
  for (const char c : value) {
    if (c == '\r' || c == '\0') return false;
  }
  ReplyPage::Header h;
  for (const char c : line.substr(0, colon)) h.name += base::to_lower(c);
  h.id = http::header_id(h.name);
  h.value = value;
  page.headers.push_back(std::move(h));
  return true;
}

// The message for a connection that has no stream: as it stands, and closing. HTTP/1.0 closes without saying so.
void make_raw(ReplyPage& page) {
  page.raw = fmt::format("{} {} {}\r\n", http::version_name(page.version), page.status, page.reason);
  for (const auto& h : page.headers) page.raw += fmt::format("{}: {}\r\n", h.name, h.value);
  if (page.version != http::Version::H10) page.raw += "connection: close\r\n";
  page.raw += "\r\n";
  page.raw += page.body;
}

ReplyPage::Header header(std::string_view name, std::string_view value) {
  return {std::string(name), std::string(value), http::header_id(name)};
}

using BuiltIn = std::array<std::unique_ptr<ReplyPage>, http::kErrorPageCount>;

BuiltIn make_built_in() {
  BuiltIn pages;
  std::string why;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const unsigned status = http::error_page_status(i);
    const auto text = http::default_error_page(status);
    pages[i] = parse_page(text, static_cast<std::uint16_t>(status), why);
    SLUICE_CHECK(pages[i] != nullptr);
    pages[i]->raw = text;
  }
  return pages;
}

}  // namespace

bool ReplyPage::fill(http::ResponseHead& head) const noexcept {
  head.clear();
  head.status = status;
  head.reason = reason;
  head.version = version;
  const bool bodiless = status < 200 || status == 204 || status == 304;
  head.body = bodiless ? http::BodyKind::None : http::BodyKind::Length;
  head.content_length = bodiless ? 0 : body.size();
  for (const auto& h : headers) {
    if (head.fields.push(h.id == http::HeaderId::Unknown ? std::string_view(h.name) : http::header_name(h.id), h.value,
                         h.id, http::Field::kEdited) == nullptr) {
      return false;
    }
  }
  return true;
}

std::unique_ptr<ReplyPage> parse_page(std::string_view text, std::uint16_t status, std::string& why) {
  auto page = std::make_unique<ReplyPage>();
  page->status = status;
  if (text.empty()) {
    page->silent = true;
    return page;
  }
  const auto* const begin = text.data();
  std::string_view line;
  const auto bad = [&](const char* at) {
    why = fmt::format("unable to parse headers (error offset: {})", at - begin);
    return nullptr;
  };
  const char* line_begin = text.data();
  if (!take_line(text, line) || !parse_status_line(line, *page)) return bad(line_begin);
  for (;;) {
    line_begin = text.data();
    if (!take_line(text, line)) return bad(line_begin);
    if (line.empty()) break;
    if (!parse_field(line, *page)) return bad(line_begin);
  }
  page->body = text;

  bool length_given = false;
  std::erase_if(page->headers, [](const auto& h) { return h.id == http::HeaderId::Connection; });
  for (const auto& h : page->headers) {
    if (h.id == http::HeaderId::TransferEncoding) {
      why = "chunk-encoded payload not supported";
      return nullptr;
    }
    if (h.id != http::HeaderId::ContentLength) continue;
    const auto n = base::parse_int<std::uint64_t>(h.value);
    if (!n || *n != page->body.size()) {
      why = fmt::format("payload size does not match the announced content-length ({} != {})", page->body.size(),
                        h.value);
      return nullptr;
    }
    length_given = true;
  }
  // The reference sends such a page without a length and closes; with it the connection can stay.
  const bool bodiless = page->status < 200 || page->status == 204 || page->status == 304;
  if (!length_given && !bodiless) page->headers.push_back(header("content-length", std::to_string(page->body.size())));
  make_raw(*page);
  return page;
}

std::string_view redirect_reason(unsigned code) noexcept { return code == 302 ? "Found" : http::status_reason(code); }

std::unique_ptr<ReplyPage> redirect_page(std::uint16_t code, std::string_view url) {
  auto page = std::make_unique<ReplyPage>();
  page->status = code;
  page->reason = redirect_reason(code);
  page->headers = {header("cache-control", "no-cache"), header("content-length", "0"), header("location", url)};
  make_raw(*page);
  return page;
}

const ReplyPage* default_page(unsigned status) noexcept {
  static const BuiltIn pages = make_built_in();
  const int i = http::error_page_index(status);
  return i < 0 ? nullptr : pages[static_cast<std::size_t>(i)].get();
}

}  // namespace sluice::proxy
