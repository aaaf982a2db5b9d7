// The arguments of return, deny, tarpit and http-error (manual 4.4 "return").
#include <fmt/format.h>

#include "proxy/config/rule_parse.h"
#include "sluice/http/error_pages.h"

namespace sluice::proxy {
namespace {

struct BodyWord {
  std::string_view word;
  ReplySpec::Body kind;
  std::string_view expects;  // what stands behind it in messages; empty: nothing
};
constexpr BodyWord kBodyWords[] = {
    {"default-errorfiles", ReplySpec::Body::ErrorFiles, {}},
    {"errorfile", ReplySpec::Body::ErrorFile, "<fmt>"},
    {"errorfiles", ReplySpec::Body::ErrorFilesNamed, "<http_errors_name>"},
    {"string", ReplySpec::Body::String, "<str>"},
    {"lf-string", ReplySpec::Body::LfString, "<fmt>"},
    {"file", ReplySpec::Body::File, "<file>"},
    {"lf-file", ReplySpec::Body::LfFile, "<file>"},
};

std::string_view word_of(ReplySpec::Body kind) noexcept {
  for (const auto& b : kBodyWords) {
    if (b.kind == kind) return b.word;
  }
  return {};
}

bool is_whole_message(ReplySpec::Body k) noexcept {
  return k == ReplySpec::Body::ErrorFiles || k == ReplySpec::Body::ErrorFile || k == ReplySpec::Body::ErrorFilesNamed;
}

bool read_status(RuleReader& r, ReplySpec& out) {
  const auto* code = r.words.take();
  if (code == nullptr) return r.fail("'status' expects <status_code> as argument.");
  const auto v = base::parse_int<unsigned>(code->text);
  if (!v || *v < 200 || *v > 599) return r.fail_at(*code, fmt::format("Unexpected status code '{}'.", code->text));
  out.status = static_cast<std::uint16_t>(*v);
  return true;
}

bool read_header(RuleReader& r, ReplySpec& out) {
  const auto* name = r.words.take();
  const auto* value = r.words.take();
  if (name == nullptr || value == nullptr || name->text.empty()) {
    return r.fail("'hdr' expects <name> and <value> as arguments.");
  }
  if (base::iequals(name->text, "content-length") || base::iequals(name->text, "transfer-encoding") ||
      base::iequals(name->text, "content-type")) {
    r.c.warning(*name, fmt::format("header '{}' always ignored by the http reply.", name->text));
    return true;
  }
  out.headers.push_back({*name, *value});
  return true;
}

// What the combination means and what of it is ignored, after all words are read.
bool check_reply(RuleReader& r, ReplySpec& out, bool body_given) {
  if (is_whole_message(out.body_kind)) {
    if (out.status != 0 && http::error_page_index(out.status) < 0) {
      return r.fail(fmt::format("status code '{}' not handled by default with '{}' argument.", out.status,
                                word_of(out.body_kind)));
    }
    if (!out.content_type.text.empty()) {
      r.c.warning(out.content_type,
                  fmt::format("content-type '{}' ignored by the http reply when used with an errorfile.",
                              out.content_type.text));
      out.content_type = {};
    }
    if (!out.headers.empty()) {
      r.c.warning(out.headers.front().name, "hdr parameters ignored by the http reply when used with an errorfile.");
      out.headers.clear();
    }
    return true;
  }
  if (!body_given) {
    if (!out.content_type.text.empty()) {
      r.c.warning(
          out.content_type,
          fmt::format("content-type '{}' ignored by the http reply because neither errorfile nor payload defined.",
                      out.content_type.text));
      out.content_type = {};
    }
    return true;
  }
  if ((out.status == 204 || out.status == 304))
    return r.fail(fmt::format("No body expected for {} responses.", out.status));
  const bool text = out.body_kind == ReplySpec::Body::String || out.body_kind == ReplySpec::Body::LfString;
  if (text && out.content_type.text.empty()) {
    return r.fail("a content type must be defined when non-empty payload is configured.",
                  "add 'content-type text/plain' or what fits");
  }
  return true;
}

}  // namespace

bool read_reply(RuleReader& r, ReplySpec& out) {
  bool body_given = false;
  while (!r.words.done() && !r.words.at_condition()) {
    const auto& word = *r.words.peek();
    if (word.text == "status" || word.text == "deny_status") {
      r.words.take();
      if (!read_status(r, out)) return false;
      continue;
    }
    if (word.text == "content-type") {
      r.words.take();
      const auto* type = r.need("'content-type' expects <ctype> as argument.");
      if (type == nullptr) return false;
      out.content_type = *type;
      continue;
    }
    if (word.text == "hdr") {
      r.words.take();
      if (!read_header(r, out)) return false;
      continue;
    }
    const BodyWord* body = nullptr;
    for (const auto& b : kBodyWords) {
      if (b.word == word.text) body = &b;
    }
    if (body == nullptr) break;  // the caller says what may stand here
    if (body_given) {
      return r.fail_at(
          word, fmt::format("unexpected '{}' argument, '{}' already defined.", word.text, word_of(out.body_kind)));
    }
    r.words.take();
    body_given = true;
    out.body_kind = body->kind;
    if (!body->expects.empty()) {
      const auto* value = r.need(fmt::format("'{}' expects {} as argument.", body->word, body->expects));
      if (value == nullptr) return false;
      out.body = *value;
    }
  }
  return check_reply(r, out, body_given);
}

}  // namespace sluice::proxy
