#include "unit/proxy/config_harness.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "sluice/http/h1/head_parser.h"
#include "sluice/policy/acl.h"
#include "sluice/proxy/keywords.h"

namespace sluice::proxy::testing {
namespace {

const config::KeywordTable& language() {
  static const auto table = [] {
    static const config::SectionRow kSections[] = {
        {.name = "global", .where = config::kGlobal, .flags = config::SectionRow::kMerges},
        {.name = "defaults",
         .where = config::kDefaults,
         .name_rule = config::SectionRow::Name::Optional,
         .flags = config::SectionRow::kIsDefaults | config::SectionRow::kTakesDefaults},
        {.name = "frontend",
         .where = config::kFrontend,
         .name_rule = config::SectionRow::Name::Required,
         .flags = config::SectionRow::kTakesDefaults},
        {.name = "backend",
         .where = config::kBackend,
         .name_rule = config::SectionRow::Name::Required,
         .flags = config::SectionRow::kTakesDefaults},
        {.name = "listen",
         .where = config::kListen,
         .name_rule = config::SectionRow::Name::Required,
         .flags = config::SectionRow::kTakesDefaults},
    };
    auto t = std::make_unique<config::KeywordTable>();
    for (const auto& s : kSections) t->add_section(s);
    proxy::register_keywords(*t);
    policy::register_keywords(*t);
    return t;
  }();
  return *table;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out + "\r\n";
}

void print_fields(const http::Fields& fields, std::string& out) {
  for (const auto& f : fields) {
    if (!f.removed()) out.append(f.name()).append(": ").append(f.value()).append("\n");
  }
}

std::string head_text(const http::ResponseHead& head) {
  std::string out = std::to_string(head.status) + " " + std::string(head.reason) + "\n";
  print_fields(head.fields, out);
  return out;
}

}  // namespace

Parsed::Parsed(std::string text) {
  std::vector<config::InputFile> files;
  files.push_back({"t.cfg", std::move(text)});
  config::parse(std::move(files), language(), {}, doc, diag);
}

std::string Parsed::said() const {
  std::string out;
  for (const auto& d : diag.all()) out += std::to_string(d.at.line) + ": " + d.message + "\n";
  return out;
}

bool Parsed::says(unsigned line, std::string_view part) const {
  for (const auto& d : diag.all()) {
    if (d.at.line == line && d.message.find(part) != std::string::npos) return true;
  }
  return false;
}

const ProxySpec& Parsed::spec(std::string_view kind, std::string_view name) const {
  const auto* s = doc.find(kind, name);
  static const ProxySpec kNone{};
  EXPECT_NE(s, nullptr) << kind << " " << name;
  return s == nullptr ? kNone : s->parts.view<ProxySpec>();
}

void Parsed::compile(std::size_t buffer_bytes) {
  CompileEnv env;
  env.document = &doc;
  env.buffer_bytes = buffer_bytes;
  env.pages = make_page_cache();
  for (const auto& s : doc.sections) {
    if ((s.where() & config::kProxies) != 0) proxies[std::string(s.name)] = compile_proxy(s, env, diag);
  }
  for (const auto& [name, p] : proxies) resolve_backends(*p, *this, diag);
}

const CompiledProxy* Parsed::find_backend(std::string_view name) const noexcept {
  const auto it = proxies.find(std::string(name));
  return it == proxies.end() ? nullptr : it->second.get();
}

Exchange::Exchange(std::string_view request_in, std::string_view response_in)
    : arena({}), context{.sample = sample, .arena = arena, .controls = controls, .body = {}, .reply_body = {}} {
  request_bytes_ = with_crlf(request_in);
  response_bytes_ = with_crlf(response_in);
  request.fields = http::Fields(request_fields_.data(), request_fields_.size());
  response.fields = http::Fields(response_fields_.data(), response_fields_.size());
  reply.fields = http::Fields(reply_fields_.data(), reply_fields_.size());
  const http::h1::ParseOptions options;
  http::h1::HeadParser parser;
  parser.start(options);
  EXPECT_EQ(parser.parse_request(request_bytes_.data(), request_bytes_.size(), request_bytes_.size(), request),
            http::h1::HeadStatus::Done)
      << request_in;
  if (!response_in.empty()) {
    parser.start(options);
    EXPECT_EQ(
        parser.parse_response(response_bytes_.data(), response_bytes_.size(), response_bytes_.size(), {}, response),
        http::h1::HeadStatus::Done)
        << response_in;
    sample.response = &response;
  }
  connection.src = net::Address::ip4(0x7f000001, 4242);
  connection.dst = net::Address::ip4(0x0a000001, 80);
  connection.http = true;
  stream.http = true;
  sample.conn = &connection;
  sample.stream = &stream;
  sample.request = &request;
  sample.scratch = &scratch;
  context.request = &request;
  context.reply = &reply;
}

ActionResult Exchange::run(const RuleList& list, const CompiledProxy* front, const CompiledProxy* back) {
  context.front_pages = front == nullptr ? nullptr : &front->pages;
  context.back_pages = back == nullptr ? nullptr : &back->pages;
  return list.run(context, cursor);
}

ActionResult Exchange::run_response(const RuleList& list, const CompiledProxy* front, const CompiledProxy* back) {
  context.response = &response;
  sample.response = &response;
  sample.response_side = true;
  return run(list, front, back);
}

std::string Exchange::request_text() const {
  std::string out = std::string(request.method_text) + " " + std::string(request.target) + "\n";
  print_fields(request.fields, out);
  return out;
}

std::string Exchange::response_text() const { return head_text(response); }

std::string Exchange::reply_text() const { return head_text(reply) + "\n" + std::string(context.reply_body); }

TempFile::TempFile(std::string_view content) : path_(::testing::TempDir() + "sluice_proxy_XXXXXX") {
  const int fd = mkstemp(path_.data());
  EXPECT_GE(fd, 0);
  EXPECT_EQ(write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  close(fd);
}

TempFile::~TempFile() { unlink(path_.c_str()); }

}  // namespace sluice::proxy::testing
