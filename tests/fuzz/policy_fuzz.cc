// room: policy
// Arbitrary text as a log format, an expression and a condition: compiled, and run against a request made of the same
// bytes. The first byte chooses, the first line is the configuration, the rest are target and header values.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/check.h"
#include "sluice/config/diagnostics.h"
#include "sluice/http/message.h"
#include "sluice/policy/acl.h"
#include "sluice/policy/condition.h"
#include "sluice/policy/log_format.h"

namespace {

using namespace sluice;
using namespace sluice::policy;

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

// Pattern files reach outside: not here.
bool reaches_outside(const std::vector<config::Token>& tokens) {
  for (const auto& t : tokens) {
    if (t.text == "-f") return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned what = data[0];
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view text = take_line(rest);
  const std::string_view target = take_line(rest);
  const std::string_view a = take_line(rest);
  const std::string_view b = take_line(rest);

  http::Field storage[8];
  http::RequestHead req;
  req.fields = http::Fields(storage, 8);
  req.method_text = "GET";
  req.method = http::Method::Get;
  req.target = target;
  req.fields.push("host", a, http::HeaderId::Host, 0);
  req.fields.push("cookie", b, http::HeaderId::Cookie, 0);
  req.fields.push("x-a", rest, http::HeaderId::Unknown, 0);
  req.fields.push("x-a", a, http::HeaderId::Unknown, 0);
  const Identity name{"fe", 1};
  ConnectionFacts conn;
  conn.src = net::Address::ip4(0x7f000001, 1);
  conn.frontend = &name;
  StreamFacts stream;
  stream.backend = &name;
  stream.request_line = a;
  stream.unique_id = b;
  const std::string_view captures[] = {a, {}, b};
  stream.request_captures = captures;
  Scratch scratch(1U << (4 + what % 12));
  SampleContext ctx;
  ctx.conn = &conn;
  ctx.stream = &stream;
  ctx.request = &req;
  ctx.request_body = rest;
  ctx.scratch = &scratch;

  config::Diagnostics diag;
  CompileScope scope{diag, 0, "", nullptr, -1, -1, (what & 1) == 0, {}};
  scope.options.resolve_names = false;
  const config::Token token{text, {0, 1, 1}, true};
  if (what % 3 == 0) {
    const auto use = static_cast<FormatUse>(what / 3 % 5);
    const LogFormat f = LogFormat::compile(token, use, scope);
    SLUICE_CHECK(f.valid() != diag.failed());
    if (f.valid()) {
      char out[512];
      SLUICE_CHECK(f.render(ctx, out, what % sizeof out) <= what % sizeof out);
      (void)f.render(ctx, out, sizeof out);
      (void)f.render(ctx);
    }
  } else if (what % 3 == 1) {
    const Expression e = Expression::compile(token, scope);
    SLUICE_CHECK(e.valid() != diag.failed());
    Sample s;
    Cursor cursor;
    cursor.iterate = true;
    for (int i = 0; e.valid() && i < 100; ++i) {
      cursor.more = false;
      if (!e.evaluate(ctx, s, cursor) && !cursor.more) break;
      if (!cursor.more) break;
    }
    std::string_view out;
    if (e.valid()) (void)e.evaluate_text(ctx, out);
  } else {
    std::vector<config::Token> tokens{{"if", {}, true}};
    std::string_view line = text;
    while (!line.empty()) {
      const auto n = std::min(line.find(' '), line.size());
      if (n != 0) tokens.push_back({line.substr(0, n), {}, true});
      line.remove_prefix(std::min(n + 1, line.size()));
    }
    tokens.insert(tokens.begin() + 1, {"!FALSE", {}, true});
    if (reaches_outside(tokens)) return 0;
    const Condition c = Condition::compile(tokens, scope);
    SLUICE_CHECK(c.valid() != diag.failed());
    (void)c.evaluate(ctx);
  }
  return 0;
}
