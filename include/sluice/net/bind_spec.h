// `bind` lines as written (manual 4.2 "bind", 5.1), and the keyword table that reads them. Nothing here is open.
// Thread: start-up only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/keyword.h"
#include "sluice/config/option_table.h"
#include "sluice/net/address.h"
#include "sluice/net/proxy_protocol.h"
#include "sluice/runtime/thread_set.h"

namespace sluice::net {

// What a unix socket file gets; -1 leaves it as the system made it (manual 5.1 "mode", "user", "group").
struct UnixPermissions {
  int mode = -1;
  long uid = -1;
  long gid = -1;
};

// "shards": how many sockets of an address share its connections.
struct Shards {
  enum class Kind : std::uint8_t { Default, Number, ByThread, ByGroup } kind = Kind::Default;
  std::uint32_t number = 0;  // Number: at least 1
};
// The word behind "shards": <number>, by-thread or by-group. False: none of them.
bool parse_shards(std::string_view word, Shards& out) noexcept;

struct BindSpec {
  AddressSpec address;
  config::Location at{};
  std::string text;                         // what stands behind "bind", all its addresses
  std::string name;                         // "name": how logs and statistics call the listener
  std::string guid_prefix;                  // "guid-prefix": of the identities of its sockets
  std::uint32_t id = 0;                     // "id": 0 = given in order
  std::uint32_t backlog = 0;                // "backlog": 0 = the proxy's
  std::uint32_t maxconn = 0;                // "maxconn": 0 = the frontend's alone
  bool defer_accept = false;                // "defer-accept": the kernel waits for the first bytes
  PrefaceKind preface = PrefaceKind::None;  // "accept-proxy", "accept-netscaler-cip"
  std::uint32_t netscaler_magic = 0;        // of "accept-netscaler-cip"
  bool v6only = false;
  bool v4v6 = false;
  bool transparent = false;
  bool tfo = false;                                  // "tfo": TCP fast open
  int mss = 0;                                       // "mss": 0 = the system's
  base::Millis tcp_user_timeout = base::kNoTimeout;  // "tcp-ut"
  std::string interface;                             // "interface": SO_BINDTODEVICE
  std::string netns;                                 // "namespace"
  std::string congestion;                            // "cc"
  std::string md5_password;                          // "tcp-md5sig"
  int save_syn = 0;                                  // "tcp-ss": 0 .. 2
  std::string label;                                 // "label"
  int nice = 0;                                      // "nice": -1024 .. 1024
  Shards shards;                                     // "shards"
  std::optional<runtime::ThreadSet> threads;         // "thread": the only ones that accept; unset: all
  UnixPermissions permissions;
};

// Part of a frontend or listen section: its listeners in the order of the file. Never inherited from defaults.
struct BindSpecs {
  static constexpr bool kInherited = false;
  std::vector<BindSpec> binds;
};

// Part of a namespace_list section: the namespaces that a PROXY header may name for "namespace *" of servers.
struct NamespaceListSpec {
  struct Name {
    std::string text;
    config::Location at{};
  };
  std::vector<Name> names;
};

// Part of the global section: "unix-bind [prefix <p>] [mode ..] [user ..] ...".
struct UnixBindSpec {
  std::string prefix;
  UnixPermissions permissions;
};

// The options that `bind` accepts, for `-dK` and for keywords that open sockets with the same options ("stats socket").
const config::OptionTable<BindSpec>& bind_options();
// The subset that makes sense for a unix socket or any other: "mode", "user", "group", "uid", "gid".
void parse_permission_option(config::OptionContext& context, UnixPermissions& out);

void register_keywords(config::KeywordTable& table);

}  // namespace sluice::net
