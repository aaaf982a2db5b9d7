#include "unit/policy/world.h"

namespace sluice::policy::test {

std::vector<config::Token> words(std::string_view line) {
  std::vector<config::Token> out;
  std::size_t pos = 0;
  while (pos < line.size()) {
    const auto end = std::min(line.find(' ', pos), line.size());
    if (end != pos) out.push_back({line.substr(pos, end - pos), {0, 1, static_cast<std::uint32_t>(pos + 1)}, true});
    pos = end + 1;
  }
  return out;
}

World::World() {
  req.fields = http::Fields(request_fields_, 64);
  res.fields = http::Fields(response_fields_, 64);
  conn.src = net::Address::ip4(0x7f000001, 50036);
  conn.dst = net::Address::ip4(0x7f000001, 18200);
  conn.frontend = &frontend;
  conn.listener = &listener;
  conn.accept_wall_us = 1795366062'278123;  // 22/Nov/2026:16:47:42.278 UTC
  conn.http = stream.http = true;
  process.hostname = "vm";
  process.pid = 28163;
  process.start_wall_us = 1795366000'000000;
  ctx.conn = &conn;
  ctx.stream = &stream;
  ctx.process = &process;
  ctx.lookup = &lookup;
  ctx.scratch = &scratch;
  ctx.now_wall_us = 1795366070'500000;
}

void World::request(std::string_view method, std::string_view target,
                    std::vector<std::pair<std::string, std::string>> headers, http::Version version) {
  req.clear();
  req.method_text = keep(method);
  req.method = http::method_of(method);
  req.target = keep(target);
  req.version = version;
  for (const auto& [name, value] : headers) {
    req.fields.push(keep(name), keep(value), http::header_id(name), 0);
  }
  stream.request_line =
      keep(std::string(method) + " " + std::string(target) + " " + std::string(http::version_name(version)));
  ctx.request = &req;
  ctx.request_changed();
}

void World::response(std::uint16_t status, std::vector<std::pair<std::string, std::string>> headers) {
  res.clear();
  res.status = status;
  for (const auto& [name, value] : headers) res.fields.push(keep(name), keep(value), http::header_id(name), 0);
  ctx.response = &res;
  stream.status = status;
}

void World::acl(std::string_view name, std::string_view line) {
  AclSpec spec;
  spec.name = std::string(name);
  spec.words = words(keep(line));
  acls.lines.push_back(std::move(spec));
}

CompileScope World::scope() { return CompileScope{diag, places, "", nullptr, -1, -1, http, {}, nullptr}; }

std::string World::sample(std::string_view expression) {
  CompileScope s = scope();
  const config::Token token{keep(expression), {0, 1, 1}, true};
  const Expression e = Expression::compile(token, s);
  if (!e.valid()) return "(error)";
  const ScratchScope mark(scratch);
  std::string_view text;
  return e.evaluate_text(ctx, text) ? std::string(text) : "(none)";
}

LogFormat World::compile(std::string_view format, FormatUse use) {
  CompileScope s = scope();
  return LogFormat::compile(config::Token{keep(format), {0, 1, 1}, true}, use, s);
}

std::string World::http_value(std::string_view format) {
  const LogFormat f = compile(format, FormatUse::HttpValue);
  if (!f.valid()) return "(error)";
  const ScratchScope mark(scratch);
  return std::string(f.render(ctx));
}

std::string World::log(std::string_view format) {
  const LogFormat f = compile(format, FormatUse::Log);
  if (!f.valid()) return "(error)";
  char out[4096];
  return {out, f.render(ctx, out, sizeof out)};
}

bool World::matches(const std::vector<config::Token>& tokens) {
  AclSet set(acls);
  CompileScope s = scope();
  s.acls = &set;
  const Condition c = Condition::compile(tokens, s);
  EXPECT_TRUE(c.valid()) << messages();
  const std::size_t before = scratch.mark();
  const bool result = c.evaluate(ctx);
  EXPECT_EQ(scratch.mark(), before);
  return result;
}

bool World::condition(std::string_view line) { return matches(words(keep(line))); }

std::string World::messages() const {
  std::string out;
  for (const auto& d : diag.all()) out += d.message + "\n";
  return out;
}

}  // namespace sluice::policy::test
