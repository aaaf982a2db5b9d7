// Parses a small configuration with the keywords of this room and of `policy`, compiles its proxies, and runs their
// rules against a message given as text.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/parser.h"
#include "sluice/proxy/rules.h"

namespace sluice::proxy::testing {

class Parsed final : public ProxyNames {
 public:
  explicit Parsed(std::string text);

  [[nodiscard]] bool good() const { return !diag.failed(); }
  // "line: message" of all diagnostics.
  [[nodiscard]] std::string said() const;
  // True when some diagnostic of that line holds the text.
  [[nodiscard]] bool says(unsigned line, std::string_view part) const;
  const ProxySpec& spec(std::string_view kind, std::string_view name = {}) const;
  // Compiles every proxy and resolves their names; the errors join the others.
  void compile(std::size_t buffer_bytes = 16384);
  const CompiledProxy& proxy(std::string_view name) const { return *proxies.at(std::string(name)); }
  [[nodiscard]] const CompiledProxy* find_backend(std::string_view name) const noexcept override;

  config::Document doc;
  config::Diagnostics diag;
  std::map<std::string, std::unique_ptr<CompiledProxy>> proxies;
};

// One exchange: heads with storage, an arena, a context.
class Exchange {
 public:
  // request: "GET /a HTTP/1.1\nHost: x\n"
  explicit Exchange(std::string_view request, std::string_view response = {});

  ActionResult run(const RuleList& list, const CompiledProxy* front = nullptr, const CompiledProxy* back = nullptr);
  // Rules of a response.
  ActionResult run_response(const RuleList& list, const CompiledProxy* front = nullptr,
                            const CompiledProxy* back = nullptr);
  // "GET /a\nhost: x\n", removed fields left out.
  [[nodiscard]] std::string request_text() const;
  [[nodiscard]] std::string response_text() const;
  // "200 OK\nlocation: /\n\nbody"
  [[nodiscard]] std::string reply_text() const;

  http::RequestHead request;
  http::ResponseHead response;
  http::ResponseHead reply;
  policy::ConnectionFacts connection;
  policy::StreamFacts stream;
  policy::Scratch scratch;
  policy::SampleContext sample;
  base::Arena arena;
  StreamControls controls;
  ActionContext context;
  RuleCursor cursor;

 private:
  std::string request_bytes_, response_bytes_;
  std::array<http::Field, 32> request_fields_, response_fields_, reply_fields_;
};

// A file with that content that goes when the object does.
class TempFile {
 public:
  explicit TempFile(std::string_view content);
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sluice::proxy::testing
