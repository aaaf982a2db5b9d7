// What every session and stream of the process shares: limits, facts, counters, the table of proxies.
//
// Made once before the threads start; afterwards only the atomics and per-thread blocks change. Thread: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/backend/backend.h"
#include "sluice/base/counters.h"
#include "sluice/base/log_sink.h"
#include "sluice/http/mux/h1_channel.h"
#include "sluice/net/proxy_protocol.h"
#include "sluice/net/socket_options.h"
#include "sluice/policy/context.h"
#include "sluice/policy/process_variables.h"
#include "sluice/proxy/draining.h"
#include "sluice/proxy/rules.h"

namespace sluice::proxy {

// Settings of the global section that the data path reads.
struct GlobalSettings {
  std::size_t buffer_bytes = 16384;      // tune.bufsize
  std::size_t max_rewrite_bytes = 1024;  // tune.maxrewrite
  unsigned max_headers = 101;            // tune.http.maxhdr
  bool h1_any_payload = false;           // h1-accept-payload-with-any-method
  bool h1_keep_suspect = false;          // h1-do-not-close-on-insecure-transfer-encoding
  std::size_t pipe_bytes = 0;  // tune.pipesize; 0 = the system's: larger ones cost a quarter more CPU (performance.md)
  std::size_t max_pipes = 1024;        // maxpipes, of all threads together
  bool splice = true;                  // nosplice, -dS
  unsigned max_accept = 64;            // tune.maxaccept
  std::uint32_t log_uri_bytes = 1024;  // tune.http.logurilen
  std::uint32_t maxconn = 0;           // concurrent client connections; 0 = no limit
  int client_rcvbuf = 0, client_sndbuf = 0, server_rcvbuf = 0, server_sndbuf = 0;  // tune.*; 0 = the system's
  unsigned threads = 1;
};

// Limits of the process that may change while it runs ("set maxconn global", "set rate-limit"). 0 = no limit.
struct LiveLimits {
  std::atomic<std::uint32_t> maxconn{0};          // at most GlobalSettings::maxconn
  std::atomic<std::uint32_t> connection_rate{0};  // "maxconnrate", per second
  std::atomic<std::uint32_t> session_rate{0};     // "maxsessrate", per second
};

// What the listeners of a frontend do. Written by who pauses and stops them, see ops/frontend_control.h.
enum class FrontState : std::uint8_t { Running, Paused, Stopped };

// Per thread; summed for `show stat` and `show info`.
struct FrontendCounters {
  base::Counter connections;  // conn_tot
  base::Counter sessions;     // stot
  base::Counter requests;     // req_tot
  base::Counter bytes_in, bytes_out;
  base::Counter denied_requests;     // dreq
  base::Counter denied_responses;    // dresp
  base::Counter request_errors;      // ereq
  base::Counter denied_connections;  // dcon
  base::Counter denied_sessions;     // dses
  base::Counter intercepted;
  base::Counter rewrite_failures;  // wrew
  base::Counter internal_errors;   // eint
  base::Counter responses[6];      // hrsp_1xx .. hrsp_5xx, hrsp_other
  base::Counter req_bytes_in, req_bytes_out, res_bytes_in, res_bytes_out;
};

struct ListenerCounters {
  base::Counter sessions, bytes_in, bytes_out;
};

// A listener of a frontend, as logs and statistics see it.
struct ListenerInfo {
  explicit ListenerInfo(unsigned threads) : counters(threads) {}
  policy::Identity identity;
  std::string name;
  std::string address;     // "127.0.0.1:80"
  std::string guid;        // "guid-prefix" and the number of the socket; "" = none
  net::Address fixed_dst;  // where every connection was sent to; unknown for wildcard and redirected listeners
  std::atomic<std::uint32_t> current{0};
  std::atomic<std::uint32_t> current_max{0};
  std::uint32_t maxconn = 0;
  std::string log_name;  // in lines about failed connections: the name given, else the number
  net::PrefaceKind preface = net::PrefaceKind::None;  // "accept-proxy", "accept-netscaler-cip"
  std::uint32_t netscaler_magic = 0;
  bool save_syn = false;  // "tcp-ss"
  bool passed = false;    // "sockpair@": connections are passed over a unix socket, not accepted
  int netns = -1;         // "namespace", -1: ours
  std::string netns_name;
  std::int8_t nice = 0;  // "nice", in the loop's measure
  std::string label;     // "label"
  base::PerThread<ListenerCounters> counters;
};

// The last message that could not be parsed, for `show errors`.
struct CapturedError {
  http::h1::ErrorCapture capture;
  std::uint64_t event = 0;  // count of all captured so far
  std::string other_proxy;  // backend of a request, frontend of a response; "" = none
  std::uint32_t other_id = 0;
  std::string server;  // "" = none
  std::uint32_t server_id = 0;
  net::Address source;
};

struct Global;

// One proxy section as it runs.
struct Proxy {
  Proxy(std::unique_ptr<CompiledProxy> compiled, unsigned threads);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // -- fixed
  std::unique_ptr<CompiledProxy> rules;
  std::unique_ptr<backend::Backend> servers;  // null: frontend only
  policy::Identity identity;
  std::vector<policy::Identity> server_identities;  // by server index
  std::vector<std::unique_ptr<ListenerInfo>> listeners;
  http::mux::H1Settings front_h1, back_h1;
  base::LogSink* log = nullptr;           // null: no target
  bool log_structured = false;            // a target shows structured data
  std::atomic<std::uint32_t> maxconn{0};  // of the frontend; 0 = no limit; "set maxconn frontend" changes it
  std::atomic<FrontState> front_state{FrontState::Running};

  // -- statistics of the frontend side
  base::PerThread<FrontendCounters> counters;
  base::EventRate connection_rate, session_rate, request_rate;
  alignas(64) std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> connections_max{0};
  std::atomic<std::uint32_t> log_counter{0};  // %lc

  // -- show errors
  mutable std::mutex error_mutex;
  std::unique_ptr<CapturedError> request_error, response_error;  // guarded by error_mutex
};

struct ThreadCounters {
  base::Counter connections, requests, streams, bytes_out, spliced_bytes;
};

class Worker;

struct Global final : public ProxyNames, public policy::BackendLookup {
  explicit Global(const GlobalSettings& s) : settings(s), counters(s.threads), workers(s.threads) {
    limits.maxconn = s.maxconn;
  }

  GlobalSettings settings;
  LiveLimits limits;
  policy::ProcessVariables variables;
  policy::ProcessFacts process;
  std::vector<std::unique_ptr<Proxy>> proxies;            // by CompiledProxy::index
  alignas(64) std::atomic<std::uint32_t> connections{0};  // client connections, all frontends (%ac)
  std::atomic<std::uint32_t> streams{0};
  std::atomic<std::uint64_t> error_events{0};
  std::atomic<std::uint64_t> maxconn_reached{0};
  std::atomic<bool> stopping{false};            // announced; connections still come and go as before
  Draining draining;                            // and now they end
  std::vector<net::NamedNamespace> namespaces;  // namespace_list: those that a client may name
  base::EventRate connection_rate, session_rate;
  base::PerThread<ThreadCounters> counters;
  // By thread; each entry is written and read by its own thread only. Null: not running.
  std::vector<Worker*> workers;

  [[nodiscard]] Proxy* proxy_of(const CompiledProxy& c) const noexcept { return proxies[c.index].get(); }
  // After all proxies are there, before the first lookup.
  void index_names();
  [[nodiscard]] Proxy* find_frontend(std::string_view name) const noexcept;

  [[nodiscard]] const CompiledProxy* find_backend(std::string_view name) const noexcept override;
  bool frontend(std::string_view name, policy::ProxyState& out) const noexcept override;
  bool backend(std::string_view name, policy::ProxyState& out) const noexcept override;
  bool server(std::string_view backend, std::string_view server, policy::ServerState& out) const noexcept override;

 private:
  struct NameIndex;
  struct NameIndexDeleter {
    void operator()(NameIndex* p) const noexcept;
  };
  std::unique_ptr<NameIndex, NameIndexDeleter> names_;
};

}  // namespace sluice::proxy
