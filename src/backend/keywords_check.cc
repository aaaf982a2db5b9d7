// Keywords about health checks: option httpchk, http-check, option tcp-check, tcp-check, timeout check, spread-checks
// ...
#include <algorithm>
#include <span>
#include <string>

#include "backend/keywords.h"
#include "sluice/backend/check_result.h"
#include "sluice/base/strings.h"
#include "sluice/policy/regex.h"

namespace sluice::backend {
namespace {

using config::KeywordContext;
using config::Token;

// The words behind a keyword, taken one by one.
class Words {
 public:
  Words(KeywordContext& c, std::string subject, std::size_t from = 0)
      : c_(c), subject_(std::move(subject)), next_(from) {}
  [[nodiscard]] bool more() const { return next_ < c_.size(); }
  [[nodiscard]] const Token& peek() const { return c_.arg(next_); }
  const Token& take() { return c_.arg(next_++); }
  // The argument of the word just taken; null (and reported) when it is missing.
  const Token* value(const Token& of, std::string_view what = "a string as argument") {
    if (more()) return &take();
    fail(of, "'" + std::string(of.text) + "' expects " + std::string(what) + ".");
    return nullptr;
  }
  void fail(const Token& at, const std::string& why) {
    c_.error(at, "'" + subject_ + "' : " + why);
    failed_ = true;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  KeywordContext& c_;
  std::string subject_;
  std::size_t next_;
  bool failed_ = false;
};

// Steps of this section: those inherited from a defaults section end with the first own one.
std::vector<CheckStep>& http_steps(KeywordContext& c) {
  CheckSpec& check = c.part<BackendSpec>().check;
  if (check.http_steps_section != c.section().index) check.http_steps.clear();
  check.http_steps_section = c.section().index;
  return check.http_steps;
}
std::vector<CheckStep>& tcp_steps(KeywordContext& c) {
  CheckSpec& check = c.part<BackendSpec>().check;
  if (check.tcp_steps_section != c.section().index) check.tcp_steps.clear();
  check.tcp_steps_section = c.section().index;
  return check.tcp_steps;
}

// A text that the reference reads as a log-format: plain so far.
bool plain_format(Words& w, const Token& word, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < word.text.size(); ++i) {
    const char ch = word.text[i];
    if (ch == '%') {
      if (i + 1 < word.text.size() && word.text[i + 1] == '%') {
        ++i;
      } else {
        w.fail(word, "log-format expressions are not supported yet in '" + std::string(word.text) + "'.");
        return false;
      }
    }
    out += ch;
  }
  return true;
}

// "48656c6c6f"
bool parse_hex(std::string_view text, std::string& out) {
  const auto digit = [](char ch) -> int {
    if (ch >= '0' && ch <= '9') return ch - '0';
    const char l = base::to_lower(ch);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
  };
  out.clear();
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    if (digit(text[i]) < 0 || digit(text[i + 1]) < 0) return false;
    out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return true;
}

// ---- connect ------------------------------------------------------------------------------------------------------

void parse_connect(KeywordContext& c, const char* subject, std::vector<CheckStep>& steps) {
  Words w(c, subject, 0);
  CheckStep step;
  step.kind = CheckStep::Kind::Connect;
  step.at = c.at();
  while (w.more()) {
    const Token& word = w.take();
    if (word.text == "default") {
      step.default_options = true;
    } else if (word.text == "linger") {
      step.linger = true;
    } else if (word.text == "port") {
      const Token* v = w.value(word, "a port number or a sample expression as argument");
      if (v == nullptr) return;
      const auto port = base::parse_int<std::uint16_t>(v->text);
      if (!port || *port == 0)
        return w.fail(*v, "a port that is not a number is not supported yet: '" + std::string(v->text) + "'.");
      step.port = *port;
    } else if (word.text == "addr") {
      const Token* v = w.value(word, "<ip> as argument");
      if (v == nullptr) return;
      net::AddressRules rules;
      rules.names = false;
      auto address = net::parse_address(v->text, rules);
      if (!address) return w.fail(*v, "'addr' : " + address.error());
      step.address = address.value();
    } else if (word.text == "comment") {
      const Token* v = w.value(word);
      if (v == nullptr) return;
      step.comment = v->text;
    } else if (word.text == "send-proxy") {
      step.send_proxy = true;
    } else if (word.text == "via-socks4") {
      step.via_socks4 = true;
    } else if (word.text == "ssl" || word.text == "sni" || word.text == "alpn" || word.text == "proto") {
      return w.fail(word, "'" + std::string(word.text) + "' is not supported yet.");
    } else {
      return w.fail(word,
                    "expects 'comment', 'default', 'port', 'addr', 'send-proxy', 'via-socks4', 'linger' but got '" +
                        std::string(word.text) + "' as argument.");
    }
  }
  steps.push_back(std::move(step));
}

// ---- expect -------------------------------------------------------------------------------------------------------

bool parse_status_ranges(Words& w, const Token& word, std::vector<CheckExpect::Range>& out) {
  std::string_view rest = word.text;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const std::size_t dash = item.find('-');
    for (const char ch : item) {
      if (base::is_digit(ch) || ch == '-') continue;
      w.fail(word, std::string("invalid character '") + ch + "' in the list of status codes.");
      return false;
    }
    const auto low = base::parse_int<std::uint16_t>(item.substr(0, dash));
    const auto high = dash == std::string_view::npos ? low : base::parse_int<std::uint16_t>(item.substr(dash + 1));
    if (!low || !high || *low > *high) {
      w.fail(word, "invalid range of status codes '" + std::string(item) + "'.");
      return false;
    }
    out.push_back({*low, *high});
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

bool known_status(std::string_view name) {
  for (unsigned i = 0; i <= static_cast<unsigned>(CheckStatus::L7Status); ++i) {
    if (short_name(static_cast<CheckStatus>(i)) == name) return true;
  }
  return false;
}

// `http`: status patterns are allowed; binary ones belong to tcp-check.
void parse_expect(KeywordContext& c, const char* subject, bool http, std::vector<CheckStep>& steps) {
  Words w(c, subject);
  CheckStep step;
  step.kind = CheckStep::Kind::Expect;
  step.at = c.at();
  CheckExpect& e = step.expect;
  e.at = c.at();
  bool has_pattern = false;
  while (w.more()) {
    const Token& word = w.take();
    std::string_view name = word.text;
    if (name == "min-recv") {
      const Token* v = w.value(word, "a integer as argument");
      if (v == nullptr) return;
      const auto n = base::parse_int<std::int64_t>(v->text);
      if (!n || *n < -1)
        return w.fail(*v, "'min-recv' expects -1 or a positive integer, not '" + std::string(v->text) + "'.");
      e.min_recv = *n;
      continue;
    }
    if (name == "comment") {
      const Token* v = w.value(word);
      if (v == nullptr) return;
      step.comment = e.comment = v->text;
      continue;
    }
    if (name == "ok-status" || name == "error-status" || name == "tout-status") {
      const Token* v = w.value(word);
      if (v == nullptr) return;
      if (!known_status(v->text))
        return w.fail(*v, "'" + std::string(name) +
                              "' expects a check status such as 'L7OK', 'L7STS' or 'L4TOUT', not '" +
                              std::string(v->text) + "'.");
      (name == "ok-status" ? e.ok_status : name == "error-status" ? e.error_status : e.timeout_status) = v->text;
      continue;
    }
    if (name == "on-success" || name == "on-error" || name == "status-code") {
      return w.fail(word, "'" + std::string(name) + "' is not supported yet.");
    }
    if (has_pattern) return w.fail(word, "only on pattern expected.");

    // "!" may stand alone or right before the kind.
    if (name == "!") {
      e.negated = !e.negated;
      if (!w.more()) break;
      name = w.take().text;
    } else if (name.starts_with('!')) {
      e.negated = !e.negated;
      name.remove_prefix(1);
    }
    const bool regex = name == "rstatus" || name == "rstring";
    if (http && (name == "status" || name == "rstatus")) {
      e.kind = regex ? CheckExpect::Kind::StatusRegex : CheckExpect::Kind::Status;
    } else if (name == "string" || name == "rstring") {
      e.kind = regex ? CheckExpect::Kind::Regex : CheckExpect::Kind::String;
    } else if (!http && name == "binary") {
      e.kind = CheckExpect::Kind::String;
      e.binary = true;
    } else if (name == "hdr" || name == "fhdr" || name == "string-lf" || name == "binary-lf" || name == "rbinary" ||
               name == "custom") {
      return w.fail(word, "'" + std::string(name) + "' is not supported yet.");
    } else {
      return w.fail(
          word,
          (http ? "only supports min-recv, '[!]string', '[!]rstring', '[!]status', '[!]rstatus' or comment but got '"
                : "only supports min-recv, '[!]binary', '[!]string', '[!]rstring' or comment but got '") +
              std::string(word.text) + "' as argument.");
    }
    const Token* pattern = w.value(word, "a <pattern> as argument");
    if (pattern == nullptr) return;
    e.pattern = pattern->text;
    if (e.kind == CheckExpect::Kind::Status && !parse_status_ranges(w, *pattern, e.ranges)) return;
    if (e.binary && !parse_hex(pattern->text, e.pattern))
      return w.fail(*pattern,
                    "'binary' expects pairs of hexadecimal digits, not '" + std::string(pattern->text) + "'.");
    if (regex) {
      std::string error;
      if (!policy::Regex::compile(e.pattern, false, false, error).valid())
        return w.fail(*pattern, "regex '" + e.pattern + "' is invalid (" + error + ").");
    }
    has_pattern = true;
  }
  if (!has_pattern) return w.fail(c.keyword().back(), "expects at least a matching pattern as arguments.");
  steps.push_back(std::move(step));
}

// "http-check", "tcp-check" with a word that no row above has.
template <bool Http>
void on_check_other(KeywordContext& c) {
  const std::string name(c.name());
  const std::string_view word = c.has(0) ? c.arg(0).text : std::string_view{};
  const std::string_view plain = word.substr(0, word.find('('));
  if (plain == "set-var" || plain == "set-var-fmt" || plain == "unset-var")
    return c.error(c.arg(0), "'" + name + " " + std::string(plain) + "' is not supported yet.");
  config::Suggestion near(word);
  static constexpr std::string_view kHttp[] = {"comment", "connect", "disable-on-404", "expect", "send", "send-state"};
  static constexpr std::string_view kTcp[] = {"comment", "connect", "expect", "send", "send-binary"};
  std::string known;
  const std::span<const std::string_view> words = Http ? std::span<const std::string_view>(kHttp) : kTcp;
  for (const std::string_view w : words) {
    near.offer(w);
    if (!known.empty()) known += w == words.back() ? " and " : ", ";
    known += "'" + std::string(w) + "'";
  }
  const Token& at = c.has(0) ? c.arg(0) : c.keyword().front();
  c.error(at, "'" + name + "' supports " + known + " (got '" + std::string(word) + "')" + near.text());
}

// ---- http-check ---------------------------------------------------------------------------------------------------

void on_http_send(KeywordContext& c) {
  Words w(c, "http-check send");
  CheckStep step;
  step.kind = CheckStep::Kind::SendHttp;
  step.at = c.at();
  HttpSend& s = step.http;
  s.method.clear();
  s.uri.clear();
  s.version.clear();
  while (w.more()) {
    const Token& word = w.take();
    const std::string_view name = word.text;
    if (name == "meth" || name == "uri" || name == "ver" || name == "body" || name == "comment") {
      const Token* v = w.value(word);
      if (v == nullptr) return;
      (name == "meth"   ? s.method
       : name == "uri"  ? s.uri
       : name == "ver"  ? s.version
       : name == "body" ? s.body
                        : s.comment) = v->text;
      // Anything else than a version line would let the configuration write a second request.
      if (name == "ver" && !v->text.starts_with("HTTP/"))
        return w.fail(*v, "'ver' expects a version such as 'HTTP/1.1', not '" + std::string(v->text) + "'.");
    } else if (name == "hdr") {
      if (c.size() < static_cast<std::size_t>(&word - c.args().data()) + 3)
        return w.fail(word, "'hdr' expects <name> and <value> as arguments.");
      CheckHeader h;
      h.name = w.take().text;
      if (!plain_format(w, w.take(), h.value)) return;
      if (base::iequals(h.name, "content-length") || base::iequals(h.name, "connection") ||
          base::iequals(h.name, "transfer-encoding"))
        continue;  // manual 4.2 "http-check send": those are set by us
      s.headers.push_back(std::move(h));
    } else if (name == "uri-lf" || name == "body-lf") {
      return w.fail(word, "'" + std::string(name) + "' is not supported yet.");
    } else {
      return w.fail(word, "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '" +
                              std::string(name) + "' as argument.");
    }
  }
  http_steps(c).push_back(std::move(step));
}

void on_http_expect(KeywordContext& c) { parse_expect(c, "http-check expect", true, http_steps(c)); }
void on_http_connect(KeywordContext& c) { parse_connect(c, "http-check connect", http_steps(c)); }
void on_disable_on_404(KeywordContext& c) { c.part<BackendSpec>().check.disable_on_404 = !c.negated(); }
void on_send_state(KeywordContext& c) { c.part<BackendSpec>().check.send_state = !c.negated(); }
// Named in the message when the step behind it fails.
template <std::vector<CheckStep>& (*Steps)(KeywordContext&)>
void on_comment(KeywordContext& c) {
  CheckStep step;
  step.kind = CheckStep::Kind::Comment;
  step.comment = c.arg(0).text;
  step.at = c.at();
  Steps(c).push_back(std::move(step));
}

// "option httpchk [<method>] <uri> [<version> [<host>]]", or a uri alone.
void on_httpchk(KeywordContext& c) {
  CheckSpec& check = c.part<BackendSpec>().check;
  if (c.negated() || c.defaulted()) {
    if (check.type == CheckType::Http) check.type = CheckType::Tcp;
    check.http_option = false;
    return;
  }
  check.http_option = true;
  check.type = CheckType::Http;
  HttpSend r;
  if (c.size() == 1) {
    r.uri = c.arg(0).text;
  } else if (c.size() >= 2) {
    r.method = c.arg(0).text;
    r.uri = c.arg(1).text;
  }
  if (c.size() >= 3) {
    // Old configurations hide headers behind the version: "HTTP/1.1\r\nHost:\ www".
    std::string_view version = c.arg(2).text;
    const std::size_t end = version.find_first_of("\r\n");
    std::string_view rest = end == std::string_view::npos ? std::string_view() : version.substr(end);
    r.version = version.substr(0, end);
    if (!rest.empty()) {
      c.warning(c.arg(2),
                "'option httpchk' : hiding headers or body at the end of the version string is deprecated. Please, "
                "consider to "
                "use 'http-check send' directive instead.");
      while (rest.starts_with("\r\n") && !rest.starts_with("\r\n\r\n") && rest.size() > 2) {
        rest.remove_prefix(2);
        const std::string_view line = rest.substr(0, rest.find("\r\n"));
        rest.remove_prefix(line.size());
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
          c.error(c.arg(2), "'option httpchk' : invalid header '" + std::string(line) + "'.");
          return;
        }
        r.headers.push_back({std::string(line.substr(0, colon)), std::string(base::trim_ows(line.substr(colon + 1)))});
      }
      if (rest.starts_with("\r\n\r\n")) r.body = rest.substr(4);
    }
  }
  if (c.size() >= 4) r.headers.push_back({"host", std::string(c.arg(3).text)});
  check.option_request = std::move(r);
}

// ---- tcp-check ----------------------------------------------------------------------------------------------------

void on_tcp_check_option(KeywordContext& c) {
  CheckSpec& check = c.part<BackendSpec>().check;
  if (c.negated() || c.defaulted()) {
    if (check.type == CheckType::TcpScript) check.type = CheckType::Tcp;
    check.tcp_option = false;
    return;
  }
  check.tcp_option = true;
  check.type = CheckType::TcpScript;
}

template <bool Binary>
void on_tcp_send(KeywordContext& c) {
  Words w(c, Binary ? "tcp-check send-binary" : "tcp-check send");
  CheckStep step;
  step.kind = CheckStep::Kind::Send;
  step.at = c.at();
  const Token& data = w.take();
  if (Binary) {
    if (!parse_hex(data.text, step.data))
      return w.fail(data, "expects pairs of hexadecimal digits, not '" + std::string(data.text) + "'.");
  } else {
    step.data = data.text;
  }
  while (w.more()) {
    const Token& word = w.take();
    if (word.text != "comment")
      return w.fail(word, "expects 'comment' but got '" + std::string(word.text) + "' as argument.");
    const Token* v = w.value(word);
    if (v == nullptr) return;
    step.comment = v->text;
  }
  tcp_steps(c).push_back(std::move(step));
}
void on_tcp_expect(KeywordContext& c) { parse_expect(c, "tcp-check expect", false, tcp_steps(c)); }
void on_tcp_connect(KeywordContext& c) { parse_connect(c, "tcp-check connect", tcp_steps(c)); }

// ---- the rest -----------------------------------------------------------------------------------------------------

void on_log_health_checks(KeywordContext& c) {
  c.part<BackendSpec>().check.log_health_checks = !c.negated() && !c.defaulted();
}
void on_timeout_check(KeywordContext& c) {
  if ((c.section().where() & config::kFrontend) != 0)
    return c.warning("'timeout check' will be ignored because frontend '" + std::string(c.section().name) +
                     "' has no backend capability");
  if (!c.in_defaults() && c.repeated()) c.warning("overwriting 'timeout check' which was already specified");
  if (const auto t = c.time(c.arg(0))) c.part<BackendSpec>().check.timeout = t->count() == 0 ? base::kNoTimeout : *t;
}
void on_spread_checks(KeywordContext& c) {
  const auto n = base::parse_int<unsigned>(c.arg(0).text);
  if (!n || *n > 50)
    return c.error(c.arg(0),
                   "'spread-checks' expects an integer between 0 and 50, not '" + std::string(c.arg(0).text) + "'.");
  c.part<GlobalCheckSpec>().spread_percent = *n;
}
void on_max_spread_checks(KeywordContext& c) {
  if (const auto t = c.time(c.arg(0))) c.part<GlobalCheckSpec>().max_spread = *t;
}

constexpr std::uint32_t kBoth = config::kNoPrefix | config::kDefaultPrefix;
constexpr std::uint32_t kPlaces = config::kDefaultsAndBackends;
constexpr config::KeywordRow kRows[] = {
    {"option httpchk", kPlaces, 0, 4, "[[<method>] <uri> [<version> [<host>]]]", on_httpchk, kBoth},
    {"http-check send", kPlaces, 0, config::kAnyArgs,
     "[meth <method>] [uri <uri>] [ver <version>] [hdr <name> <value>] ... [body <string>]", on_http_send},
    {"http-check expect", kPlaces, 0, config::kAnyArgs, "[min-recv <int>] [comment <msg>] [!] <match> <pattern>",
     on_http_expect},
    {"http-check connect", kPlaces, 0, config::kAnyArgs,
     "[default] [port <port>] [addr <ip>] [send-proxy] [linger] [comment <msg>]", on_http_connect},
    {"http-check disable-on-404", kPlaces, 0, 0, "", on_disable_on_404, kBoth},
    {"http-check send-state", kPlaces, 0, 0, "", on_send_state, kBoth},
    {"http-check comment", kPlaces, 1, 1, "<string>", on_comment<http_steps>},
    {"http-check", kPlaces, 0, config::kAnyArgs, "connect|send|expect|comment|disable-on-404|send-state ...",
     on_check_other<true>},
    {"option tcp-check", kPlaces, 0, 0, "", on_tcp_check_option, kBoth},
    {"tcp-check connect", kPlaces, 0, config::kAnyArgs,
     "[default] [port <port>] [addr <ip>] [send-proxy] [linger] [comment <msg>]", on_tcp_connect},
    {"tcp-check send", kPlaces, 1, 3, "<data> [comment <msg>]", on_tcp_send<false>},
    {"tcp-check send-binary", kPlaces, 1, 3, "<hexstring> [comment <msg>]", on_tcp_send<true>},
    {"tcp-check expect", kPlaces, 0, config::kAnyArgs, "[min-recv <int>] [comment <msg>] [!] <match> <pattern>",
     on_tcp_expect},
    {"tcp-check comment", kPlaces, 1, 1, "<string>", on_comment<tcp_steps>},
    {"tcp-check", kPlaces, 0, config::kAnyArgs, "connect|send|send-binary|expect|comment ...", on_check_other<false>},
    {"option log-health-checks", kPlaces, 0, 0, "", on_log_health_checks, kBoth},
    {"timeout check", config::kDefaultsAndProxies, 1, 1, "<timeout>", on_timeout_check},
    {"spread-checks", config::kGlobal, 1, 1, "<0..50, in percent>", on_spread_checks, config::kOnce},
    {"max-spread-checks", config::kGlobal, 1, 1, "<delay>", on_max_spread_checks},
};

}  // namespace

void register_check_keywords(config::KeywordTable& table) { table.add(kRows); }

}  // namespace sluice::backend
