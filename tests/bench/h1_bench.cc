// What one head costs: parsing, serialising, both as a proxy does them; and chunk framing.
// room: http
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "sluice/http/h1/body_decoder.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/http/h1/serialise.h"

namespace sluice::http::h1 {
namespace {

const std::string kSmall =
    "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: wrk/4.1.0\r\nAccept: */*\r\n\r\n";
const std::string kBrowser =
    "GET /static/app/main.js?v=20240117 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\n"
    "X-Trace: 7c5f00e1\r\n\r\n";
const std::string kAnswer =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/html\r\n"
    "Content-Length: 612\r\nConnection: keep-alive\r\nETag: \"63526f9e-264\"\r\n\r\n";

struct Bench {
  explicit Bench(const std::string& text) : size(text.size()), data(text.size() + 64) {
    std::memcpy(data.data(), text.data(), size);
    request.fields = response.fields = Fields(storage, 128);
  }
  std::size_t size;
  std::vector<char> data;
  char out[2048];
  Field storage[128];
  RequestHead request;
  ResponseHead response;
  ParseOptions options;
  HeadParser parser;
};

void parse_request(benchmark::State& state, const std::string& text) {
  Bench b(text);
  for (auto _ : state) {
    b.request.clear();
    b.parser.start(b.options);
    if (b.parser.parse_request(b.data.data(), b.size, b.data.size(), b.request) != HeadStatus::Done) std::abort();
    benchmark::DoNotOptimize(b.request);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * b.size));
}

// The data ends where memory ends: the last lines cannot use whole registers.
void parse_request_tight(benchmark::State& state, const std::string& text) {
  Bench b(text);
  for (auto _ : state) {
    b.request.clear();
    b.parser.start(b.options);
    if (b.parser.parse_request(b.data.data(), b.size, b.size, b.request) != HeadStatus::Done) std::abort();
    benchmark::DoNotOptimize(b.request);
  }
}

void parse_response(benchmark::State& state, const std::string& text) {
  Bench b(text);
  for (auto _ : state) {
    b.response.clear();
    b.parser.start(b.options);
    if (b.parser.parse_response(b.data.data(), b.size, b.data.size(), {}, b.response) != HeadStatus::Done) std::abort();
    benchmark::DoNotOptimize(b.response);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * b.size));
}

void write_request(benchmark::State& state, const std::string& text) {
  Bench b(text);
  b.parser.start(b.options);
  if (b.parser.parse_request(b.data.data(), b.size, b.data.size(), b.request) != HeadStatus::Done) std::abort();
  HeadWriteOptions o;
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_request_head(b.out, sizeof b.out, b.request, o));
    benchmark::ClobberMemory();
  }
}

void write_response(benchmark::State& state, const std::string& text) {
  Bench b(text);
  b.parser.start(b.options);
  if (b.parser.parse_response(b.data.data(), b.size, b.data.size(), {}, b.response) != HeadStatus::Done) std::abort();
  HeadWriteOptions o;
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_response_head(b.out, sizeof b.out, b.response, o));
    benchmark::ClobberMemory();
  }
}

void decode_chunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 16; ++i) body += "400\r\n" + std::string(1024, 'x') + "\r\n";
  body += "0\r\n\r\n";
  for (auto _ : state) {
    BodyDecoder d;
    d.start(BodyKind::Chunked, 0);
    std::size_t used = 0;
    while (!d.done()) {
      const BodyPiece p = d.feed(body.data() + used, body.size() - used);
      used += p.consumed;
      benchmark::DoNotOptimize(p.data.data());
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * 16));
}

BENCHMARK_CAPTURE(parse_request, small, kSmall);
BENCHMARK_CAPTURE(parse_request, browser, kBrowser);
BENCHMARK_CAPTURE(parse_request_tight, small, kSmall);
BENCHMARK_CAPTURE(parse_request_tight, browser, kBrowser);
BENCHMARK_CAPTURE(parse_response, answer, kAnswer);
BENCHMARK_CAPTURE(write_request, small, kSmall);
BENCHMARK_CAPTURE(write_request, browser, kBrowser);
BENCHMARK_CAPTURE(write_response, answer, kAnswer);
BENCHMARK(decode_chunks);

}  // namespace
}  // namespace sluice::http::h1
