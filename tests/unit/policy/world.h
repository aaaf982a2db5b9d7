// A request, a response, a connection and a stream to look at, and verbs to compile and evaluate against them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/diagnostics.h"
#include "sluice/http/message.h"
#include "sluice/policy/acl.h"
#include "sluice/policy/condition.h"
#include "sluice/policy/expression.h"
#include "sluice/policy/log_format.h"

namespace sluice::policy::test {

class FakeLookup final : public BackendLookup {
 public:
  bool frontend(std::string_view name, ProxyState& out) const noexcept override { return find(frontends, name, out); }
  bool backend(std::string_view name, ProxyState& out) const noexcept override { return find(backends, name, out); }
  bool server(std::string_view backend_name, std::string_view name, ServerState& out) const noexcept override {
    const auto it = servers.find(std::string(backend_name) + "/" + std::string(name));
    if (it == servers.end()) return false;
    out = it->second;
    return true;
  }
  std::map<std::string, ProxyState, std::less<>> frontends;
  std::map<std::string, ProxyState, std::less<>> backends;
  std::map<std::string, ServerState, std::less<>> servers;

 private:
  static bool find(const std::map<std::string, ProxyState, std::less<>>& all, std::string_view name, ProxyState& out) {
    const auto it = all.find(name);
    if (it == all.end()) return false;
    out = it->second;
    return true;
  }
};

// Words of a configuration line, cut at single blanks.
std::vector<config::Token> words(std::string_view line);

class World {
 public:
  World();

  // Puts a request in place; headers as "name: value".
  void request(std::string_view method, std::string_view target,
               std::vector<std::pair<std::string, std::string>> headers, http::Version version = http::Version::H11);
  void response(std::uint16_t status, std::vector<std::pair<std::string, std::string>> headers);
  void acl(std::string_view name, std::string_view line);

  CompileScope scope();
  // Text of the result, or "(none)" when not found, "(error)" when refused.
  std::string sample(std::string_view expression);
  // As an HTTP value, or "(error)".
  std::string http_value(std::string_view format);
  std::string log(std::string_view format);
  LogFormat compile(std::string_view format, FormatUse use);
  // if/unless line; EXPECTs that it compiles.
  bool condition(std::string_view line);
  // The same with the tokens given one by one.
  bool matches(const std::vector<config::Token>& tokens);
  // Errors and warnings so far, one a line, without places.
  std::string messages() const;

  config::Sources sources;
  config::Diagnostics diag;
  AclSpecs acls;
  FakeLookup lookup;
  Scratch scratch;
  ConnectionFacts conn;
  StreamFacts stream;
  ProcessFacts process;
  http::RequestHead req;
  http::ResponseHead res;
  SampleContext ctx;
  Identity frontend{"fe1", 3};
  Identity listener{"lst", 7};
  Identity backend{"be1", 4};
  Identity server{"srv1", 1};
  net::Address back_src = net::Address::ip4(0x7f000001, 40000);
  net::Address back_dst = net::Address::ip4(0x7f000002, 8000);
  std::uint32_t places = 0;
  bool http = true;

 private:
  std::string_view keep(std::string_view s) { return sources.keep(s); }
  http::Field request_fields_[64];
  http::Field response_fields_[64];
};

}  // namespace sluice::policy::test
