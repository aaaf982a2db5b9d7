// ProxySpec: what a defaults, frontend, backend or listen section says about itself, as far as `proxy` owns the
// keyword.
//
// A plain, copyable struct with every default beside its member. A defaults section's spec is copied into each section
// that inherits from it, then the section's own keywords overwrite. Nothing here is live and nothing is compiled;
// rules.h turns a finished spec into a CompiledProxy, which keeps the spec for the stream to read.
//
// A `listen` section is one spec used as both sides. When a stream joins a frontend F and a backend B (which may be the
// same proxy), each setting is read from the side named in its comment:
//   [F]  the frontend's        [B] the backend's        [F|B] on when either side has it        [L] see the note
// The functions at the end (connection_mode(), forwarded_for() ...) combine both sides where it takes more than a
// glance.
//
// Source: manual 4.1 and 4.2. Thread: written at start-up, read by any thread afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/source.h"
#include "sluice/proxy/rule_spec.h"

namespace sluice::proxy {

enum class Mode : std::uint8_t { Tcp, Http };

// A boolean option that remembers whether anybody said anything: some defaults depend on the mode or on the side.
enum class Tri : std::uint8_t { Unset, Off, On };

// How HTTP/1 connections end (manual 4 "Proxies").
//   KeepAlive    both sides stay open
//   ServerClose  the server side is closed behind each response, the client side stays
//   Close        both sides are closed behind the response
enum class HttpConnMode : std::uint8_t { Unset, KeepAlive, ServerClose, Close };

// "option http-restrict-req-hdr-names": applied once per proxy (F, then B), after that proxy's http-request rules, to
// request header names with a character outside [A-Za-z0-9-]. Reject answers 403.
enum class HeaderNamePolicy : std::uint8_t { Preserve, Delete, Reject };

// kNoTimeout where not set. Every one is restarted by activity unless said otherwise.
struct Timeouts {
  base::Millis client = base::kNoTimeout;   // [F] inactivity of the client. Log letter c.
  base::Millis server = base::kNoTimeout;   // [B] inactivity of the server. Letter s; 504 before the response head.
  base::Millis connect = base::kNoTimeout;  // [B] one connection attempt; also the retry turn-around is min(1 s, this).
  base::Millis http_request = base::kNoTimeout;  // [F] whole request head (and the body when it is waited for, also [B]
                                                 // then), from the first byte, not restarted; unset = client.
  base::Millis http_keep_alive = base::kNoTimeout;  // [F] wait for the first byte of the next request; unset =
                                                    // http_request, then client.
  base::Millis queue = base::kNoTimeout;            // [B] wait in a queue (503, sQ); unset = connect.
  base::Millis tunnel = base::kNoTimeout;           // [B, else F] both sides, once the connection is a tunnel: Upgrade,
                                           // CONNECT, tcp mode with data both ways; replaces client and server.
  base::Millis client_fin = base::kNoTimeout;  // [F] client side half-closed; replaces client, and tunnel on that side.
  base::Millis server_fin = base::kNoTimeout;  // [B] server side half-closed.
  base::Millis tarpit = base::kNoTimeout;      // [F or B, whose rule it was] unset = connect of that proxy.
};

// SO_KEEPALIVE parameters; 0 = the system's (manual 4.2 "clitcpka-cnt", "srvtcpka-cnt" and neighbours).
struct TcpKeepAlive {
  std::uint32_t count = 0;
  std::uint32_t idle_seconds = 0;
  std::uint32_t interval_seconds = 0;
};

// Every boolean "option". Off unless written otherwise.
struct Options {
  Tri abortonclose = Tri::Unset;     // [B] client closed before the server was reached: give up (queue, connect); see
                                     // abort_on_close(): on by default in http mode, off in tcp mode.
  bool http_buffer_request = false;  // [F|B] wait for the body (all of it or a full buffer) before going on.
  bool idle_close_on_response = false;  // [F] a soft stop leaves idle connections until their next answer
  bool http_ignore_probes = false;  // [F] a connection closed or timed out before its first byte: no 400/408, no log,
                                    // no error counter.
  bool http_no_delay = false;       // [F|B] no MSG_MORE
  bool http_pretend_keepalive = false;  // [B] never send "connection: close" to the server; close after its response.
  bool h1_case_adjust_client = false;   // [F] names of responses written to the client get the case of h1-case-adjust.
  bool h1_case_adjust_server = false;   // [B] the same for requests written to the server.
  bool accept_unsafe_request = false;   // [F] relaxed request parser.
  bool accept_unsafe_response = false;  // [B] relaxed response parser.
  bool drop_request_trailers = false;   // [B] trailers of requests are not sent on.
  bool drop_response_trailers = false;  // [F] trailers of responses are not sent on.
  bool contstats = false;               // [F] byte counters are added while a stream runs, not at its end.
  bool dontlognull = false;             // [F] no log for a connection on which no byte was ever received.
  bool dontlog_normal = false;  // [F] no log for streams that ended well (http: also status < 400, no retry; manual).
  bool logasap = false;         // [F] log when the response head is there (http) or the server connected (tcp); times
                                // and sizes still growing are marked with '+'.
  bool log_separate_errors = false;  // [F] abnormal ends are logged at level err.
  bool nolinger = false;             // [F for the client socket, B for the server socket] close with SO_LINGER 0 (RST).
  bool tcpka_client = false;         // [F] SO_KEEPALIVE on client sockets, parameters in client_keepalive.
  bool tcpka_server = false;         // [B] the same on server sockets.
  Tri tcp_smart_accept = Tri::Unset;  // [F] no immediate ACK after accept: TCP_QUICKACK off; unset = on in http mode.
  bool tcp_smart_connect = false;     // [B] no empty ACK when the connection completes and data is ready to go.
  bool independent_streams = false;   // [F client side, B server side] writing does not restart the timer of that side;
                                      // only reading does.
  // Unset: large transfers go through pipes, others are copied.
  Tri splice_auto = Tri::Unset;      // [F|B] Off: nothing is spliced ...
  Tri splice_request = Tri::Unset;   // [F|B] ... towards the server: On always, Off never ...
  Tri splice_response = Tri::Unset;  // [F|B] ... and towards the client.
  bool disable_h2_upgrade = false;   // [F] an HTTP/2 preface on a clear-text h1 connection is a bad request, as it
                                     // always is while there is no HTTP/2.
  bool prefer_last_server =
      false;  // [B] the next request of a client connection goes to the same server when that has room
};

// "option forwardfor" (X-Forwarded-For) and "option originalto" (X-Original-To).
struct AddressHeaderSpec {
  bool enabled = false;
  bool if_none = false;  // forwardfor only
  std::string header;    // "" = the default name
  Text except;           // network "a.b.c.d[/mask]" or IPv6 with prefix; "" = none
};

// "option forwarded" (RFC 7239) [B].
struct ForwardedSpec {
  struct Part {
    enum class From : std::uint8_t { Absent, Connection, Expression };
    From from = From::Absent;
    Text expression;
  };
  bool enabled = false;
  bool proto = false;
  Part host, by, by_port, for_, for_port;
  config::Location at{};
};

// "retry-on": bit set (manual 4.2). Kept by the backend.
enum RetryOn : std::uint32_t {
  kRetryNone = 0,
  kRetryConnFailure = 1U << 0,
  kRetryEmptyResponse = 1U << 1,
  kRetryJunkResponse = 1U << 2,
  kRetryResponseTimeout = 1U << 3,
  kRetry0RttRejected = 1U << 4,
  kRetry401 = 1U << 5,
  kRetry403 = 1U << 6,
  kRetry404 = 1U << 7,
  kRetry408 = 1U << 8,
  kRetry421 = 1U << 9,
  kRetry425 = 1U << 10,
  kRetry429 = 1U << 11,
  kRetry500 = 1U << 12,
  kRetry501 = 1U << 13,
  kRetry502 = 1U << 14,
  kRetry503 = 1U << 15,
  kRetry504 = 1U << 16,
  // Those for which the request must be kept in its buffer after it was sent.
  kRetryL7 = 0x1ffffU & ~kRetryConnFailure,
  kRetryAllRetryable = kRetryConnFailure | kRetryEmptyResponse | kRetryJunkResponse | kRetryResponseTimeout |
                       kRetry0RttRejected | kRetry500 | kRetry502 | kRetry503 | kRetry504,
};
// The bit that belongs to a response status, 0 when "retry-on" has no class for it.
std::uint32_t retry_bit(unsigned status) noexcept;

// "use_backend <name> [if|unless ...]"; the name may be a log-format rendered per request.
struct UseBackendSpec {
  Text name;
  bool dynamic = false;  // the name holds a %[...] or a %alias
  ConditionSpec when;
};
// "use-server <name> if|unless ..." [B].
struct UseServerSpec {
  Text name;
  bool dynamic = false;
  ConditionSpec when;
};

// One "capture request|response header <name> len <n>", or "declare capture" with an empty name. The order is that of
// the log.
struct HeaderCaptureSpec {
  std::string name;
  std::uint32_t len = 0;
  config::Location at{};
};
struct CookieCaptureSpec {
  std::string name;  // "" = no cookie capture. A name matches as a prefix when it does not end in '='
  std::uint32_t len = 0;
};

// What the proxy answers for one status (errorfile, errorloc*, http-error, errorfiles). The last one given for a status
// wins.
struct ErrorReplySpec {
  enum class Kind : std::uint8_t { File, Location302, Location303, Reply, Section };
  std::uint16_t status = 0;  // Section: one of the listed codes, 0 = every code the section has
  Kind kind = Kind::File;
  Text source;      // file name, URL or http-errors section name
  ReplySpec reply;  // Reply
  config::Location at{};
};

// Built-in log formats; Custom has its text in `format`.
enum class LogFormatKind : std::uint8_t { Default, Tcp, TcpClf, Http, HttpClf, Custom };
struct LogFormatSpec {
  LogFormatKind kind = LogFormatKind::Default;  // Default: "Connect from ..." as the manual 8.2.1
  Text format;
};

// A keyword that does nothing in tcp mode, for the warning about it.
enum class Sides : std::uint8_t { Both, Front, Back };
struct HttpOnlySpec {
  std::string_view name;  // "option forwardfor"
  Sides sides = Sides::Both;
  config::Location at{};
};

struct ProxySpec {
  // -- identity and state
  Mode mode = Mode::Tcp;  // F and B of one stream have the same mode
  bool disabled = false;  // not started, not listened on, still listed as DISABLED/MAINT
  std::string guid;       // "guid"; "" = none
  std::uint32_t id = 0;   // "id": 0 = given by the model, in order of appearance
  std::string description;
  std::uint32_t maxconn = 0;  // [F] concurrent connections; above it the listeners pause. 0 = the global one
  std::uint32_t backlog = 0;  // [F] listen() backlog; 0 = maxconn's
  std::uint32_t rate_limit_sessions =
      0;  // [F] new connections accepted per second; above it accepting waits. 0 = no limit

  // -- time
  Timeouts timeouts;
  base::Millis tcp_inspect_delay = base::kNoTimeout;  // [L] "tcp-request inspect-delay" of the proxy whose rules run

  // -- flags
  Options options;
  HttpConnMode http_conn_mode = HttpConnMode::Unset;  // combined by connection_mode()
  std::optional<HeaderNamePolicy> header_names;       // [F, then B] unset = Preserve
  TcpKeepAlive client_keepalive;                      // [F]
  TcpKeepAlive server_keepalive;                      // [B]

  std::vector<HttpOnlySpec> http_only;  // what was said of the above and below that needs http mode

  // -- headers added to requests (http mode)
  AddressHeaderSpec forwardfor;  // combined by forwarded_for()
  AddressHeaderSpec originalto;  // combined by original_to()
  ForwardedSpec forwarded;       // [B]
  std::string send_name_header;  // [B] carries the server's name, set anew for every attempt; "" = none

  // -- servers [B]
  std::uint32_t retries = 3;    // further connection attempts after a failed one (and L7 retries)
  std::int32_t redispatch = 0;  // "option redispatch [n]": 0 never; n > 0 on every n-th retry; n < 0 on the n-th before
                                // the last, -1 (no argument) on the last one. Then another server is chosen, against
                                // persistence. See redispatch_now()
  std::uint32_t retry_on = kRetryConnFailure;
  std::uint32_t max_session_srv_conns = 5;  // [F] server connections that one client may keep for itself
  std::int32_t max_keep_alive_queue = -1;   // queue length from which the server of the last request is not insisted on

  // -- logs [F]
  LogFormatSpec log_format;
  Text error_log_format;         // "" = none: errors use the reference's fixed error line (manual 8.2.5)
  Text log_format_sd;            // structured data of RFC 5424, "" = "-"
  Text unique_id_format;         // "" = none; evaluated when first asked for, at the latest before the request is sent
  std::string unique_id_header;  // "" = none; added to the request for the server

  // -- captures [F]
  std::vector<HeaderCaptureSpec> request_captures;
  std::vector<HeaderCaptureSpec> response_captures;
  CookieCaptureSpec cookie_capture;

  // -- monitoring [F]
  std::string monitor_uri;  // a request for exactly this (path when it starts with '/', else whole target) is
                            // answered 200, not logged, before all http-request rules
  std::vector<ConditionSpec> monitor_fail;  // 503 instead when one holds

  // -- replies
  std::vector<ErrorReplySpec> error_replies;  // order of selection: B's, then F's, then the built-in ones

  // -- routing [F]
  Text default_backend;
  std::vector<UseBackendSpec> use_backend;  // first that holds wins
  std::vector<UseServerSpec> use_server;    // [B] first that holds wins, when that server is usable

  // -- rules: F's first, then B's; http-response and http-after-response: B's first, then F's (once when F and B are
  // the same)
  RuleSpecs tcp_request_connection;  // [F] at accept, before any byte
  RuleSpecs tcp_request_content;     // [F, B] when data came or inspect-delay ended
  RuleSpecs http_request;
  RuleSpecs http_response;
  RuleSpecs http_after_response;  // also on replies made here
  RuleSpecs redirects;            // the "redirect" keyword: run behind http_request of the same proxy
};

// ---- both sides together

// Close beats ServerClose beats KeepAlive, over both sides (manual 4: the table of modes). Either may be the same
// proxy.
HttpConnMode connection_mode(const ProxySpec& front, const ProxySpec& back) noexcept;

// [B] with its default: on in http mode.
bool abort_on_close(const ProxySpec& back) noexcept;

// X-Forwarded-For: wanted when either side enables it; the name is B's, else F's, else the default; if-none holds only
// when every side that enables it says so; except-networks are looked at per side. `header` empty = nothing to add.
struct AddressHeader {
  std::string_view header;
  bool if_none = false;
};
AddressHeader forwarded_for(const ProxySpec& front, const ProxySpec& back) noexcept;
AddressHeader original_to(const ProxySpec& front, const ProxySpec& back) noexcept;

// Whether retry number `retry` (1 = the first one) of `retries` shall choose another server. pinned: the request itself
// says which server it is (use-server, a hash); then the interval of "option redispatch" counts. A server that was only
// next in turn is left at every retry, as the reference does.
bool redispatch_now(const ProxySpec& back, std::uint32_t retry, bool pinned) noexcept;

// Effective timeouts with their fallbacks, as listed in Timeouts.
base::Millis http_request_timeout(const ProxySpec& front) noexcept;
base::Millis keep_alive_timeout(const ProxySpec& front) noexcept;
base::Millis queue_timeout(const ProxySpec& back) noexcept;
base::Millis tarpit_timeout(const ProxySpec& proxy) noexcept;
base::Millis tunnel_timeout(const ProxySpec& front, const ProxySpec& back) noexcept;

}  // namespace sluice::proxy
