// The arguments of redirect (manual 4.2 "redirect").
#include <fmt/format.h>

#include "proxy/config/rule_parse.h"

namespace sluice::proxy {
namespace {

const config::Token* value_of(RuleReader& r, const config::Token& word) {
  return r.need(fmt::format("missing argument for '{}'.", word.text));
}

bool read_code(RuleReader& r, const config::Token& word, RedirectSpec& out) {
  const auto* v = value_of(r, word);
  if (v == nullptr) return false;
  const auto code = base::parse_int<unsigned>(v->text);
  if (!code || (*code != 301 && *code != 302 && *code != 303 && *code != 307 && *code != 308)) {
    return r.fail_at(
        *v, fmt::format("'code': unsupported HTTP code '{}' (must be one of 301, 302, 303, 307 or 308).", v->text));
  }
  out.code = static_cast<std::uint16_t>(*code);
  return true;
}

struct KindWord {
  std::string_view word;
  RedirectSpec::Kind kind;
};
constexpr KindWord kKinds[] = {{"location", RedirectSpec::Kind::Location},
                               {"prefix", RedirectSpec::Kind::Prefix},
                               {"scheme", RedirectSpec::Kind::Scheme}};
struct FlagWord {
  std::string_view word;
  bool RedirectSpec::*member;
};
constexpr FlagWord kFlags[] = {{"drop-query", &RedirectSpec::drop_query},
                               {"keep-query", &RedirectSpec::keep_query},
                               {"append-slash", &RedirectSpec::append_slash},
                               {"ignore-empty", &RedirectSpec::ignore_empty}};
struct CookieWord {
  std::string_view word;
  RedirectSpec::Cookie cookie;
};
constexpr CookieWord kCookies[] = {{"set-cookie", RedirectSpec::Cookie::Set},
                                   {"set-cookie-fmt", RedirectSpec::Cookie::SetFormat},
                                   {"clear-cookie", RedirectSpec::Cookie::Clear}};

}  // namespace

bool read_redirect(RuleReader& r, RedirectSpec& out) {
  bool kind_given = false;
  while (!r.words.done() && !r.words.at_condition()) {
    const auto& word = *r.words.take();
    bool known = false;
    for (const auto& k : kKinds) {
      if (k.word != word.text) continue;
      const auto* v = value_of(r, word);
      if (v == nullptr) return false;
      out.kind = k.kind;
      out.target = *v;
      kind_given = known = true;
    }
    for (const auto& f : kFlags) {
      if (f.word == word.text) out.*f.member = known = true;
    }
    for (const auto& k : kCookies) {
      if (k.word != word.text) continue;
      const auto* v = value_of(r, word);
      if (v == nullptr) return false;
      out.cookie = k.cookie;
      out.cookie_text = *v;
      known = true;
    }
    if (word.text == "code") {
      if (!read_code(r, word, out)) return false;
      known = true;
    }
    if (!known) {
      return r.fail_at(
          word, fmt::format("expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', "
                            "'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was '{}').",
                            word.text));
    }
  }
  if (!kind_given) return r.fail("redirection type expected ('prefix', 'location', or 'scheme').");
  if (r.set == "http-response" && out.kind != RedirectSpec::Kind::Location) {
    return r.fail("response only supports redirect type 'location'.");
  }
  return true;
}

}  // namespace sluice::proxy
