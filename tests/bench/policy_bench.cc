// room: policy
// What rules and log lines cost per request: a hundred ACL conditions (aim: under 2 us), an httplog line (under 600
// ns), header values.
#include <benchmark/benchmark.h>

#include <deque>
#include <string>
#include <vector>

#include "sluice/config/diagnostics.h"
#include "sluice/http/message.h"
#include "sluice/policy/acl.h"
#include "sluice/policy/condition.h"
#include "sluice/policy/log_format.h"

namespace {

using namespace sluice;
using namespace sluice::policy;

struct World {
  World() {
    req.fields = http::Fields(fields, 32);
    req.method = http::Method::Get;
    req.method_text = "GET";
    req.target = "/some/path/to/an/object.html?id=17&lang=en";
    const std::pair<std::string_view, std::string_view> headers[] = {
        {"host", "www.example.com"},        {"user-agent", "Mozilla/5.0 (X11; Linux x86_64)"},
        {"accept", "text/html,*/*"},        {"accept-encoding", "gzip, deflate"},
        {"cookie", "SID=0123456789abcdef"}, {"x-request-id", "a1b2c3"}};
    for (const auto& [n, v] : headers) req.fields.push(n, v, http::header_id(n), 0);
    conn.src = net::Address::ip4(0x0a010203, 50036);
    conn.dst = net::Address::ip4(0x7f000001, 80);
    conn.frontend = &frontend;
    conn.accept_wall_us = 1795366062'278123;
    stream.backend = &backend;
    stream.server = &server;
    stream.timers = {0, 0, 10, 0, 30, 69, 0, 109, 109, 109};
    stream.counts = {12, 11, 10, 9, 0, 0, 0, false};
    stream.status = 200;
    stream.bytes_out = 2750;
    stream.request_line = "GET /some/path/to/an/object.html?id=17&lang=en HTTP/1.1";
    ctx.conn = &conn;
    ctx.stream = &stream;
    ctx.request = &req;
    ctx.scratch = &scratch;
  }
  Condition condition(std::string line) {
    kept.push_back(std::move(line));
    std::string_view rest = kept.back();
    std::vector<config::Token> tokens;
    while (!rest.empty()) {
      const auto n = std::min(rest.find(' '), rest.size());
      if (n != 0) tokens.push_back({rest.substr(0, n), {}, true});
      rest.remove_prefix(std::min(n + 1, rest.size()));
    }
    CompileScope scope{diag, 0, "", nullptr, -1, -1, true, {}};
    return Condition::compile(tokens, scope);
  }
  LogFormat format(std::string_view text, FormatUse use) {
    CompileScope scope{diag, 0, "", nullptr, -1, -1, true, {}};
    return LogFormat::compile(text, {}, use, scope);
  }
  std::deque<std::string> kept;
  config::Diagnostics diag;
  Identity frontend{"www", 1};
  Identity backend{"app", 2};
  Identity server{"s1", 1};
  ConnectionFacts conn;
  StreamFacts stream;
  Scratch scratch;
  http::Field fields[32];
  http::RequestHead req;
  SampleContext ctx;
};

void hundred(benchmark::State& state, const std::string& before, const std::string& after) {
  World w;
  std::vector<Condition> all;
  for (int i = 0; i < 100; ++i) all.push_back(w.condition("if { " + before + std::to_string(i) + after + " }"));
  if (w.diag.failed()) state.SkipWithError("does not compile");
  for (auto _ : state) {
    w.ctx.request_changed();
    unsigned hits = 0;
    for (const Condition& c : all) hits += c.evaluate(w.ctx);
    benchmark::DoNotOptimize(hits);
  }
}
void BM_100_PathBeg(benchmark::State& s) { hundred(s, "path_beg /x", ""); }
void BM_100_PathEnd(benchmark::State& s) { hundred(s, "path_end .x", ""); }
void BM_100_PathExact(benchmark::State& s) { hundred(s, "path /x/", ""); }
void BM_100_PathReg(benchmark::State& s) { hundred(s, "path_reg ^/x", "/.*"); }
void BM_100_HostEnd(benchmark::State& s) { hundred(s, "hdr_end(host) -i .x", ".org"); }
void BM_100_Src(benchmark::State& s) { hundred(s, "src 192.168.", ".0/24"); }
void BM_100_UnknownHeader(benchmark::State& s) { hundred(s, "hdr(x-other) v", ""); }
BENCHMARK(BM_100_PathBeg);
BENCHMARK(BM_100_PathEnd);
BENCHMARK(BM_100_PathExact);
BENCHMARK(BM_100_PathReg);
BENCHMARK(BM_100_HostEnd);
BENCHMARK(BM_100_Src);
BENCHMARK(BM_100_UnknownHeader);

void render(benchmark::State& state, std::string_view text, FormatUse use) {
  World w;
  const LogFormat f = w.format(text, use);
  if (!f.valid()) state.SkipWithError("does not compile");
  char out[1024];
  for (auto _ : state) {
    w.conn.accept_wall_us += 1000;  // a new millisecond each time, a new second every thousand lines
    benchmark::DoNotOptimize(f.render(w.ctx, out, sizeof out));
  }
}
void BM_Httplog(benchmark::State& s) { render(s, kHttpLogFormat, FormatUse::Log); }
void BM_HttplogClf(benchmark::State& s) { render(s, kClfHttpLogFormat, FormatUse::Log); }
void BM_HeaderLiteral(benchmark::State& s) { render(s, "max-age=3600", FormatUse::HttpValue); }
void BM_HeaderSample(benchmark::State& s) { render(s, "%[src]:%[src_port]", FormatUse::HttpValue); }
void BM_HeaderConverters(benchmark::State& s) {
  render(s, "%[req.hdr(user-agent),lower,field(1,/)]", FormatUse::HttpValue);
}
BENCHMARK(BM_Httplog);
BENCHMARK(BM_HttplogClf);
BENCHMARK(BM_HeaderLiteral);
BENCHMARK(BM_HeaderSample);
BENCHMARK(BM_HeaderConverters);

}  // namespace
