// errorfile, errorfiles, errorloc, http-error and the http-errors section. Files are read when the proxy is compiled.
#include <fmt/format.h>

#include "proxy/config/rule_parse.h"
#include "sluice/http/error_pages.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

std::optional<std::uint16_t> status_of(KeywordContext& c, const config::Token& word) {
  const auto v = base::parse_int<unsigned>(word.text);
  if (!v || http::error_page_index(*v) < 0) {
    c.error(word, fmt::format("{} : status code '{}' not handled.", c.name(), word.text));
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*v);
}

template <ErrorReplySpec::Kind kKind>
void on_error_source(KeywordContext& c) {
  if (c.size() < 2) {
    c.error(fmt::format("{} : expects <status_code> and <{}> as arguments.", c.name(),
                        kKind == ErrorReplySpec::Kind::File ? "file" : "url"));
    return;
  }
  const auto status = status_of(c, c.arg(0));
  if (!status) return;
  ErrorReplySpec e;
  e.status = *status;
  e.kind = kKind;
  e.source = c.arg(1);
  e.at = c.at();
  spec_of(c).error_replies.push_back(std::move(e));
}

void on_errorfiles(KeywordContext& c) {
  if (c.size() == 0) {
    c.error("errorfiles : expects <name> as argument.");
    return;
  }
  ErrorReplySpec e;
  e.kind = ErrorReplySpec::Kind::Section;
  e.source = c.arg(0);
  e.at = c.at();
  if (c.size() == 1) {
    spec_of(c).error_replies.push_back(std::move(e));
    return;
  }
  for (const auto& w : c.args().subspan(1)) {
    const auto status = status_of(c, w);
    if (!status) continue;
    e.status = *status;
    spec_of(c).error_replies.push_back(e);
  }
}

void on_http_error(KeywordContext& c) {
  Words words(c.args());
  RuleSpec rule;
  RuleReader reader{c, words, rule, "http-error", c.keyword().front(), true};
  ErrorReplySpec e;
  e.kind = ErrorReplySpec::Kind::Reply;
  e.at = c.at();
  if (!read_reply(reader, e.reply)) return;
  if (!words.done()) {
    c.error(*words.peek(), fmt::format("http-error : unknown keyword '{}'.", words.peek()->text));
    return;
  }
  if (e.reply.status == 0) {
    c.error("http-error : expects at least a <status> as arguments.");
    return;
  }
  if (http::error_page_index(e.reply.status) < 0) {
    c.error(fmt::format("http-error : status code '{}' not handled.", e.reply.status));
    return;
  }
  e.status = e.reply.status;
  spec_of(c).error_replies.push_back(std::move(e));
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr int kAny = config::kAnyArgs;

constexpr config::KeywordRow kRows[] = {
    {"errorfile", kAll | config::kHttpErrors, 0, kAny, "<code> <file>", on_error_source<ErrorReplySpec::Kind::File>},
    {"errorloc", kAll, 0, kAny, "<code> <url>", on_error_source<ErrorReplySpec::Kind::Location302>},
    {"errorloc302", kAll, 0, kAny, "<code> <url>", on_error_source<ErrorReplySpec::Kind::Location302>},
    {"errorloc303", kAll, 0, kAny, "<code> <url>", on_error_source<ErrorReplySpec::Kind::Location303>},
    {"errorfiles", kAll, 0, kAny, "<name> [<code>...]", on_errorfiles},
    {"http-error", kAll, 0, kAny, "status <code> [content-type <type>] [<payload>] [hdr <name> <fmt>]*", on_http_error},
};

const config::SectionRow kHttpErrorsSection = {
    .name = "http-errors",
    .where = config::kHttpErrors,
    .name_rule = config::SectionRow::Name::Required,
    .flags = config::SectionRow::kUniqueNames,
};

}  // namespace

std::span<const config::KeywordRow> error_rows() noexcept { return kRows; }

void register_http_errors(config::KeywordTable& table) { table.add_section(kHttpErrorsSection); }

}  // namespace sluice::proxy
