// Compiled rule lists, and the compiled form of a whole proxy section.
//
// compile_proxy() turns a section's ProxySpec into a CompiledProxy: expressions compiled, pages loaded, formats ready.
// It is called once per section by the model, after all ACLs of the section are known; names of backends and servers
// are filled in afterwards (resolve_backends()). Immutable from then on and shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/document.h"
#include "sluice/net/address.h"
#include "sluice/policy/condition.h"
#include "sluice/policy/expression.h"
#include "sluice/policy/log_format.h"
#include "sluice/proxy/actions.h"
#include "sluice/proxy/capture.h"
#include "sluice/proxy/errors.h"
#include "sluice/proxy/spec.h"

namespace sluice::proxy {

struct Rule {
  policy::Condition when;
  bool always = true;  // no condition: do not even ask
  std::unique_ptr<const Action> action;
  config::Location at;  // so that any decision can be traced back to its line
};

// Where a waiting list goes on.
struct RuleCursor {
  std::uint32_t next = 0;
  bool waiting = false;
};

class RuleList {
 public:
  std::vector<Rule> rules;

  [[nodiscard]] bool empty() const noexcept { return rules.empty(); }
  // Runs from the cursor to the first rule that does not say Continue; Continue means: all done. After Wait call again
  // with the same cursor. On any other result cursor.next - 1 is the rule that decided (rules[...].at for the log).
  ActionResult run(ActionContext& ctx, RuleCursor& cursor) const noexcept;
  // Without conditions, cursors or captures to keep.
  ActionResult run(ActionContext& ctx) const noexcept {
    RuleCursor c;
    return run(ctx, c);
  }
};

struct CompiledProxy;

// One "use_backend". Dynamic names are rendered, then looked up; a name nobody has ends the search (default_backend is
// used).
struct SwitchRule {
  policy::Condition when;
  bool always = true;
  std::string name;                        // static name
  const CompiledProxy* backend = nullptr;  // resolved
  policy::LogFormat dynamic;               // valid() when the name is a format
  config::Location at;
};

struct ServerRule {  // "use-server"
  policy::Condition when;
  std::string name;
  std::uint32_t server = ~0U;  // resolved: position in the backend's list of servers
  policy::LogFormat dynamic;
  config::Location at;
};

// A network that switches "option forwardfor"/"originalto" off.
struct ExceptNetwork {
  net::Address base;
  unsigned prefix_bits = 0;
  bool active = false;
  [[nodiscard]] bool holds(const net::Address& a) const noexcept;
};

// "option forwarded", compiled.
struct ForwardedBuilder {
  ForwardedSpec spec;
  policy::Expression host, by, by_port, for_, for_port;
  // The header's value; empty with null data when memory is out. Lives in the arena.
  std::string_view build(policy::SampleContext& ctx, base::Arena& arena) const noexcept;
};

struct CompiledProxy {
  std::string name;
  bool front = false;  // has the frontend side: frontend, listen
  bool back = false;   // has the backend side: backend, listen
  std::uint32_t id = 0;
  std::uint32_t index = 0;  // position in Global::proxies
  ProxySpec spec;
  config::Location at;

  // As warnings name it, with the reference's word for both sides in one.
  [[nodiscard]] std::string_view kind() const noexcept { return !back ? "frontend" : !front ? "backend" : "proxy"; }

  RuleList tcp_request_connection;
  RuleList tcp_request_content;
  RuleList http_request;  // the "redirect" keyword's rules stand at its end
  RuleList http_response;
  RuleList http_after_response;

  std::vector<SwitchRule> use_backend;
  const CompiledProxy* default_backend = nullptr;  // resolved; for a listen section without one: itself
  std::vector<ServerRule> use_server;
  std::vector<policy::Condition> monitor_fail;

  ErrorPages pages;
  Captures captures;
  std::vector<std::uint32_t> request_capture_lens;
  std::vector<std::uint32_t> response_capture_lens;

  policy::LogFormat log_format;               // !valid() with LogFormatKind::Default
  policy::LogFormat error_log_format;         // !valid(): none given
  policy::LogFormat log_format_sd;            // !valid(): none given
  policy::LogFormat connection_error_format;  // the fixed line of manual 8.2.5, up to the listener's name
  policy::LogFormat unique_id;                // !valid(): none given
  policy::Needs log_needs;                    // of the four above
  policy::Needs rule_needs;                   // of all rules, conditions and switches

  // "set-proxy-v2-tlv-fmt" of the servers, by their index; empty where none has any.
  struct ProxyTlv {
    std::uint8_t type;
    policy::LogFormat format;
  };
  std::vector<std::vector<ProxyTlv>> server_tlvs;

  ExceptNetwork forwardfor_except;
  ExceptNetwork originalto_except;
  std::optional<ForwardedBuilder> forwarded;

  // Proxies and servers that expressions name, for the check once all sections are known.
  std::vector<policy::Reference> references;

  // What the bytes of the process-wide lookups hang on: owner of the parts of this room that the stream does not see.
  std::string default_backend_name;
};

class PageCache;  // private: files and http-errors pages read so far
std::shared_ptr<PageCache> make_page_cache();

// What a compilation needs to know about the rest of the configuration.
struct CompileEnv {
  const config::Document* document = nullptr;  // http-errors sections are looked up here
  policy::PolicyOptions options;
  std::size_t buffer_bytes = 16384;      // tune.bufsize
  std::size_t max_rewrite_bytes = 1024;  // tune.maxrewrite
  // Shared by the sections of one configuration: files are read once, mistakes in defaults sections reported once.
  std::shared_ptr<PageCache> pages;  // make_page_cache(); null: nothing is shared
};

// Null only when nothing sensible could be made; errors are in diag, compilation goes on past them.
std::unique_ptr<CompiledProxy> compile_proxy(const config::Section& section, const CompileEnv& env,
                                             config::Diagnostics& diag);

// Names of proxies to compiled proxies; whoever owns them all.
class ProxyNames {
 public:
  [[nodiscard]] virtual const CompiledProxy* find_backend(std::string_view name) const noexcept = 0;

 protected:
  ~ProxyNames() = default;
};

// Fills in default_backend and use_backend, checks modes and sides (a frontend cannot be a target; tcp and http do not
// mix).
void resolve_backends(CompiledProxy& proxy, const ProxyNames& names, config::Diagnostics& diag);

// use_backend and default_backend, in the language's order: first rule that holds and whose backend is not disabled,
// else default_backend, else the proxy itself when it is a listen section; null when there is none (503). `rule` gets
// the rule's place, unknown when no rule decided.
const CompiledProxy* select_backend(const CompiledProxy& front, policy::SampleContext& ctx, const ProxyNames& names,
                                    config::Location* rule = nullptr) noexcept;

// Headers that the options of both sides add to a request: X-Forwarded-For, X-Original-To, Forwarded, unique-id-header,
// in the reference's order. Called behind the last http-request rule of the backend. False: no room for them.
bool add_option_headers(const CompiledProxy& front, const CompiledProxy& back, ActionContext& ctx) noexcept;
// "http-send-name-header": the name of the server that is tried now, in place of whatever the request has there.
// `server` lives as long as the request. False when the header table is full.
bool add_server_name(const ProxySpec& back, std::string_view server, http::RequestHead& request) noexcept;

// "option http-restrict-req-hdr-names" of one proxy, behind its http-request rules. False: answer 403.
bool restrict_header_names(const CompiledProxy& proxy, http::RequestHead& request) noexcept;

// Whether the request asks for the monitor page; `failing` is then what monitor fail says. Before all http-request
// rules.
bool is_monitor_request(const CompiledProxy& front, policy::SampleContext& ctx, const http::RequestHead& request,
                        bool& failing) noexcept;

}  // namespace sluice::proxy
