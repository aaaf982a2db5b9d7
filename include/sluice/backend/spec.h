// What a backend, listen or defaults section says about servers, balancing and health checks. Plain, copyable, not
// live: keywords.cc fills it, Backend::make() turns it into something that runs.
//
// Thread: the one that reads the configuration; read-only afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/source.h"
#include "sluice/net/address.h"

namespace sluice::config {
class KeywordTable;
}

namespace sluice::backend {

// manual 4.2 "balance"
enum class Algorithm : std::uint8_t { RoundRobin, StaticRr, LeastConn, First, Random, Source };
// manual 4.2 "hash-type": how a hash becomes a server.
enum class HashMethod : std::uint8_t { MapBased, Consistent };
enum class HashFunction : std::uint8_t { Sdbm, Djb2, Wt6, Crc32, None };
// manual 4.2 "http-reuse"
enum class ReusePolicy : std::uint8_t { Never, Safe, Aggressive, Always };
// manual 5.2 "init-state"
enum class InitState : std::uint8_t { Default, FullyUp, Up, Down, FullyDown };

// One method of "init-addr".
struct InitAddress {
  enum class Kind : std::uint8_t { Last, Libc, None, Ip } kind = Kind::Libc;
  net::Address ip;
};

// "source" of a server or backend.
struct SourceSpec {
  bool set = false;
  net::AddressSpec address;  // host "" or "*": any address; its port may be a range
  std::string interface;     // SO_BINDTODEVICE; "" = none
  // "usesrc": what traffic presents instead; checks never do.
  enum class Present : std::uint8_t { Own, Fixed, Client, ClientIp, Header } present = Present::Own;
  net::AddressSpec present_address;  // Fixed
  std::string header;                // Header: its name ...
  int occurrence = -1;               // ... and which of its values, from 1, or from the end
};

// What every connection to a server begins with (manual 5.2 "send-proxy", "send-proxy-v2", "proxy-v2-options").
struct SendProxy {
  std::uint8_t version = 0;  // 0: nothing; 1, 2
  bool crc32c = false;
  bool unique_id = false;
  bool ssl = false;  // the record about TLS; on connections without it says so
  struct Tlv {
    std::uint8_t type;
    config::Token format;  // compiled by the proxy
  };
  std::vector<Tlv> tlvs;  // "set-proxy-v2-tlv-fmt"
};

// Everything that "server" and "default-server" can say. Copied from the default server, then overwritten.
struct ServerOptions {
  std::uint32_t weight = 1;     // 0 .. 256; 0 takes no new work
  std::uint32_t maxconn = 0;    // 0 = no limit
  std::uint32_t minconn = 0;    // 0 = the limit is always maxconn
  std::uint32_t maxqueue = 0;   // 0 = no limit
  std::int32_t max_reuse = -1;  // -1 = no limit
  std::int32_t pool_max_conn = -1;
  std::uint32_t pool_low_conn = 0;
  base::Millis pool_purge_delay{5000};
  base::Millis slowstart{0};
  bool backup = false;
  bool disabled = false;
  bool shutdown_sessions_on_down = false;       // "on-marked-down shutdown-sessions"
  bool shutdown_backup_sessions_on_up = false;  // "on-marked-up shutdown-backup-sessions"
  SourceSpec source;
  SendProxy send_proxy;
  bool tfo = false;                                  // fast open where bytes are ready to go
  base::Millis tcp_user_timeout = base::kNoTimeout;  // "tcp-ut"
  std::string congestion;                            // "cc"
  std::string md5_password;                          // "tcp-md5sig"
  std::string netns;                                 // "namespace"; "*": the client's
  std::optional<net::AddressSpec> socks4;            // "socks4"
  std::vector<InitAddress> init_addr;                // empty = last,libc
  InitState init_state = InitState::Default;

  bool check = false;
  bool check_send_proxy = false;  // "check-send-proxy": also to a "port" or "addr" of its own
  bool check_via_socks4 = false;  // "check-via-socks4": through the same proxy as the traffic
  base::Millis inter{2000};
  base::Millis fastinter{0};  // 0 = inter
  base::Millis downinter{0};  // 0 = inter
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  std::uint16_t check_port = 0;                   // "port"
  std::optional<net::AddressSpec> check_address;  // "addr"

  bool agent_check = false;
  std::uint16_t agent_port = 0;                   // needed
  std::optional<net::AddressSpec> agent_address;  // unset = the server's
  std::string agent_send;                         // to every agent first
  base::Millis agent_inter{2000};
};

struct ServerSpec {
  std::string name;
  std::uint32_t id = 0;   // 0 = the next free one
  std::string guid;       // "guid"; "" = none
  bool id_given = false;  // by "id"; set when the backend is made
  net::AddressSpec address;
  ServerOptions options;
  config::Location at;
  config::Location address_at;
};

// One header or body of "http-check send". Values are plain text: log-format expressions are refused for now.
struct CheckHeader {
  std::string name;
  std::string value;
};

struct CheckExpect {
  enum class Kind : std::uint8_t { Status, StatusRegex, String, Regex } kind = Kind::Status;
  bool negated = false;
  std::string pattern;  // as written; for binary patterns the bytes themselves
  bool binary = false;
  struct Range {
    std::uint16_t low, high;
  };
  std::vector<Range> ranges;  // Kind::Status
  std::int64_t min_recv = -1;
  std::string comment;
  // Check status reported instead of the usual one: "L7OK" ...; "" = usual.
  std::string ok_status, error_status, timeout_status;
  config::Location at;
};

struct HttpSend {
  std::string method = "OPTIONS";
  std::string uri = "/";
  std::string version = "HTTP/1.0";
  std::vector<CheckHeader> headers;
  std::string body;
  std::string comment;
};

// One step of a check sequence (http-check, tcp-check).
struct CheckStep {
  enum class Kind : std::uint8_t { Connect, Send, SendHttp, Expect, Comment } kind = Kind::Connect;
  // Connect
  std::uint16_t port = 0;                   // 0 = the check's
  std::optional<net::AddressSpec> address;  // unset = the check's
  bool linger = false;
  bool default_options = false;
  bool send_proxy = false;
  bool via_socks4 = false;
  std::string data;    // Send
  HttpSend http;       // SendHttp
  CheckExpect expect;  // Expect
  std::string comment;
  config::Location at;
};

enum class CheckType : std::uint8_t { Tcp, Http, TcpScript };

struct CheckSpec {
  CheckType type = CheckType::Tcp;  // "option httpchk" / "option tcp-check"
  // Whether the option was given at all; when both were, the last one is `type`.
  bool http_option = false;
  bool tcp_option = false;
  HttpSend option_request;  // what "option httpchk" itself says
  std::vector<CheckStep> http_steps;
  std::vector<CheckStep> tcp_steps;
  // Which section (config::Section::index) wrote the steps: one that writes its own drops those it has inherited.
  std::uint32_t http_steps_section = ~0U;
  std::uint32_t tcp_steps_section = ~0U;
  bool disable_on_404 = false;
  bool send_state = false;
  bool log_health_checks = false;
  base::Millis timeout = base::kNoTimeout;  // "timeout check"
};

// A part of a section (config::Parts).
struct BackendSpec {
  std::optional<Algorithm> algorithm;  // unset: Random as the reference does
  std::uint32_t draws = 2;             // random(<draws>)
  HashMethod hash_method = HashMethod::MapBased;
  HashFunction hash_function = HashFunction::Sdbm;
  bool hash_avalanche = false;
  std::uint32_t fullconn = 0;  // 0 = a tenth of the maxconns of the frontends that may use it
  bool all_backups = false;    // "option allbackups"
  ReusePolicy reuse = ReusePolicy::Safe;
  SourceSpec source;  // for servers without one of their own
  CheckSpec check;
  ServerOptions default_server;
  std::vector<ServerSpec> servers;  // never inherited
};

// A part of the global section.
struct GlobalCheckSpec {
  unsigned spread_percent = 0;                 // "spread-checks": 0 .. 50
  base::Millis max_spread = base::kNoTimeout;  // "max-spread-checks"
};

// Adds the keywords of this room: balance, hash-type, server, default-server, fullconn, source, http-reuse, option
// httpchk ...
void register_keywords(config::KeywordTable& table);

}  // namespace sluice::backend
