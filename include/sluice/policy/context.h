// The window through which samples, ACLs and log formats see the world.
//
// Plain structs that the data path fills and owns; this room only reads them. Strings are views whose owner outlives
// the evaluation. Everything is optional: a null pointer means "there is no such thing here", and samples that need it
// are not found. Durations are milliseconds, -1 meaning "that point was never reached" (manual 8.4). Thread: that of
// the stream.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "sluice/base/time.h"
#include "sluice/net/address.h"
#include "sluice/policy/scratch.h"

namespace sluice::http {
struct RequestHead;
struct ResponseHead;
}  // namespace sluice::http

namespace sluice::policy {

class ProcessVariables;

// Name and number of a frontend, backend, listener or server; lives as long as the configuration generation.
struct Identity {
  std::string_view name;
  std::uint32_t id = 0;
};

// What is true for a whole client connection. Kept inside the session.
struct ConnectionFacts {
  net::Address src;                      // client, as it shall be seen (PROXY protocol and set-src applied)
  net::Address dst;                      // the address the client connected to
  const net::Address* fc_src = nullptr;  // of the socket itself, when it differs from src
  const net::Address* fc_dst = nullptr;
  const Identity* frontend = nullptr;
  const Identity* listener = nullptr;
  std::string_view default_backend;  // fe_defbe
  std::int64_t accept_wall_us = 0;   // microseconds since the epoch
  base::TimePoint accept_time{};
  bool http = false;  // mode of the frontend
  bool tls = false;
  bool proxy_header = false;      // a PROXY header was received
  std::uint8_t error = 0;         // fc_err: why the connection failed (connection_errors.h)
  std::int32_t handshake_ms = 0;  // %Th of its first request
  std::string_view proxy_tlvs;    // records of a PROXY version 2 header
  std::string_view saved_syn;     // its first packet, where the listener keeps them ("tcp-ss")
};

// All in milliseconds, -1 unknown. The names of the log aliases stand beside them.
struct Timers {
  std::int32_t handshake = 0;  // %Th
  std::int32_t idle = -1;      // %Ti
  std::int32_t request = -1;   // %TR
  std::int32_t queue = -1;     // %Tw
  std::int32_t connect = -1;   // %Tc
  std::int32_t response = -1;  // %Tr
  std::int32_t data = -1;      // %Td
  std::int64_t active = -1;    // %Ta: from the first byte of the request to the end
  std::int64_t total = -1;     // %Tt: from accept to the end
  std::int64_t user = -1;      // %Tu: %Ta plus idle and handshake time
};

// Counts taken when the line is made, the stream itself included (manual 8.2.3).
struct Counts {
  std::uint32_t active = 0;         // %ac
  std::uint32_t frontend = 0;       // %fc
  std::uint32_t backend = 0;        // %bc
  std::uint32_t server = 0;         // %sc
  std::uint32_t server_queue = 0;   // %sq: position when it was queued
  std::uint32_t backend_queue = 0;  // %bq
  std::uint32_t retries = 0;        // %rc
  bool redispatched = false;        // puts the '+' in front of %rc
};

// Where a log line comes from (%OG).
enum class LogOrigin : std::uint8_t {
  Unspec,
  SessError,
  SessKilled,
  TxnAccept,
  TxnRequest,
  TxnConnect,
  TxnResponse,
  TxnClose
};

// What is true for one stream: an HTTP exchange or a TCP session.
struct StreamFacts {
  const Identity* backend = nullptr;       // null until one was chosen; logs then print the frontend's name
  const Identity* server = nullptr;        // null: "<NOSRV>"
  std::string_view service;                // name of the internal service that answered: "STATS" prints "<STATS>"
  const net::Address* back_src = nullptr;  // our end of the server connection (%bi %bp)
  const net::Address* back_dst = nullptr;  // the server's end (%si %sp)
  Timers timers;
  Counts counts;
  std::int64_t request_wall_us = 0;                     // first byte of the request; 0 = none: the accept date is used
  std::uint64_t bytes_in = 0;                           // %U: client to server
  std::uint64_t bytes_out = 0;                          // %B: server to client
  std::uint32_t request_counter = 0;                    // %rt
  std::uint32_t log_counter = 0;                        // %lc
  std::uint16_t status = 0;                             // %ST; 0 = none: printed as -1 in logs
  std::array<char, 4> termination{'-', '-', '-', '-'};  // %tsc; %ts is the first two
  bool incomplete = false;                              // option logasap: '+' before times and sizes
  bool http = false;                                    // the stream is in HTTP mode
  bool reused = false;                                  // server connection was reused
  bool first_request = true;
  LogOrigin origin = LogOrigin::Unspec;
  // The request line as received, without CR LF; kept by the stream when a compiled format needs it (Needs). Empty:
  // none was received whole, printed as "<BADREQ>".
  std::string_view request_line;
  // One entry per declared capture slot (manual 8.8); null data = header absent. Both are empty when nothing is
  // declared.
  std::span<const std::string_view> request_captures;
  std::span<const std::string_view> response_captures;
  std::string_view request_cookie;   // %CC, "NAME=value"; null data = none
  std::string_view response_cookie;  // %CS
  std::string_view unique_id;        // made by the proxy when `Needs::unique_id` or a keyword asks for it
};

// The process. Made once at start.
struct ProcessFacts {
  std::string_view hostname;
  std::string_view node;
  std::int64_t start_wall_us = 0;
  std::uint32_t pid = 0;
  std::uint32_t threads = 1;
  const ProcessVariables* variables = nullptr;  // null: there are none
};

// Answers of BackendLookup.
struct ProxyState {
  std::uint32_t id = 0;
  std::uint32_t connections = 0;
  std::uint32_t session_rate = 0;
  std::uint32_t request_rate = 0;
  std::uint32_t queued = 0;
  std::uint32_t usable_servers = 0;    // nbsrv
  std::uint32_t free_connections = 0;  // be_conn_free
  std::uint32_t free_slots = 0;        // connslots
};
struct ServerState {
  std::uint32_t connections = 0;
  std::uint32_t queued = 0;
  std::uint32_t session_rate = 0;
  std::uint32_t weight = 0;  // effective
  std::uint32_t user_weight = 0;
  std::uint32_t initial_weight = 0;
  std::int32_t free_connections = -1;  // -1: no limit
  bool up = false;
};

// Live state of proxies and servers, answered by whoever owns them. Any thread; must not block or allocate.
// An empty proxy name never reaches it: samples put in the name of the stream's own frontend or backend.
class BackendLookup {
 public:
  virtual bool frontend(std::string_view name, ProxyState& out) const noexcept = 0;
  virtual bool backend(std::string_view name, ProxyState& out) const noexcept = 0;
  virtual bool server(std::string_view backend, std::string_view server, ServerState& out) const noexcept = 0;

 protected:
  ~BackendLookup() = default;
};

// Places where an expression may be evaluated, one bit per column of `-dKsmp`.
enum Place : std::uint32_t {
  kFrontConnRule = 1U << 0,     // tcp-request connection
  kFrontSessionRule = 1U << 1,  // tcp-request session
  kFrontContentRule = 1U << 2,  // frontend tcp-request content
  kFrontRequestRule = 1U << 3,  // frontend http-request
  kFrontRequestBody = 1U << 4,
  kUseBackendRule = 1U << 5,
  kBackContentRule = 1U << 6,  // backend tcp-request content
  kBackRequestRule = 1U << 7,  // backend http-request
  kBackRequestBody = 1U << 8,
  kUseServerRule = 1U << 9,  // use-server, balance, stick match
  kServerSource = 1U << 10,
  kBackResponseContent = 1U << 11,
  kBackResponseRule = 1U << 12,  // backend http-response
  kBackResponseBody = 1U << 13,
  kStickStoreRule = 1U << 14,
  kFrontResponseContent = 1U << 15,
  kFrontResponseRule = 1U << 16,  // frontend http-response, http-after-response
  kFrontResponseBody = 1U << 17,
  kLogPlace = 1U << 18,
  kCheckRule = 1U << 19,
  kConfigParser = 1U << 20,
  kCliParser = 1U << 21,
};

// What a compiled object reads, so that the data path fills no more than is looked at.
struct Needs {
  bool timers = false;
  bool counts = false;
  bool request_line = false;  // at a time when the request itself may be gone
  bool request_captures = false;
  bool response_captures = false;
  bool cookies = false;
  bool unique_id = false;
  bool request_head = false;
  bool response_head = false;
  bool body = false;

  Needs& operator|=(const Needs& o) noexcept {
    timers |= o.timers;
    counts |= o.counts;
    request_line |= o.request_line;
    request_captures |= o.request_captures;
    response_captures |= o.response_captures;
    cookies |= o.cookies;
    unique_id |= o.unique_id;
    request_head |= o.request_head;
    response_head |= o.response_head;
    body |= o.body;
    return *this;
  }
};

// Everything an evaluation sees. Cheap to make; keep one per stream and call request_changed() when a rule edits the
// request.
struct SampleContext {
  const ConnectionFacts* conn = nullptr;
  const StreamFacts* stream = nullptr;
  const http::RequestHead* request = nullptr;  // null: no request head here
  const http::ResponseHead* response = nullptr;
  std::string_view request_body;  // what is buffered of it, dechunked
  std::string_view response_body;
  bool request_body_complete = false;
  bool response_body_complete = false;
  bool response_side = false;  // "hdr" and friends then mean the response
  // Raw content is looked at while more of it may come (tcp-request content within its inspect-delay). A sample that
  // may then become another sets `undecided`; who asks clears it before.
  bool more_may_come = false;
  bool undecided = false;
  const ProcessFacts* process = nullptr;
  const BackendLookup* lookup = nullptr;
  Scratch* scratch = nullptr;    // required
  std::int64_t now_wall_us = 0;  // cached wall clock of the loop; 0 = ask the system

  // The request target or the Host field was edited (set-path, set-header host, ...): forget what was derived from
  // them.
  void request_changed() noexcept { cache = {}; }

  // Parts of the request target, found once per request whatever the number of rules. Private to this room.
  struct Cache {
    std::string_view path;
    std::string_view query;
    std::string_view host;
    bool have_target = false;
    bool have_path = false;
    bool have_host = false;
    bool host_found = false;
    bool host_single = false;  // one Host field with one value
  } cache;
};

}  // namespace sluice::policy
