// "server" and "default-server" with their options (manual 5.2).
#include <algorithm>
#include <charconv>
#include <string>

#include "backend/keywords.h"
#include "sluice/base/strings.h"
#include "sluice/config/option_table.h"

namespace sluice::backend {
namespace {

using config::KeywordContext;
using config::OptionContext;
using config::Token;

// "'server b/s1' : "
std::string subject(OptionContext& c, const ServerSpec& s) {
  if (s.name.empty()) return "'default-server' : ";
  return "'server " + std::string(c.line().section().name) + "/" + s.name + "' : ";
}

std::optional<std::uint32_t> number(OptionContext& c, const ServerSpec& s, std::uint32_t max = INT32_MAX) {
  const auto n = base::parse_int<std::uint32_t>(c.arg(0).text);
  if (n && *n <= max) return n;
  c.error(c.arg(0), subject(c, s) + "'" + std::string(c.option().text) + "' expects a number between 0 and " +
                        std::to_string(max) + ", not '" + std::string(c.arg(0).text) + "'.");
  return std::nullopt;
}

template <std::uint32_t ServerOptions::*Member>
void set_number(OptionContext& c, ServerSpec& s) {
  if (const auto n = number(c, s)) s.options.*Member = *n;
}
template <base::Millis ServerOptions::*Member, bool ZeroAllowed>
void set_time(OptionContext& c, ServerSpec& s) {
  const auto t = c.line().time(c.arg(0));
  if (!t) return;
  if (!ZeroAllowed && t->count() <= 0) {
    c.error(c.arg(0), subject(c, s) + "invalid value " + std::string(c.arg(0).text) + " for argument '" +
                          std::string(c.option().text) + "' of server " + s.name + ".");
    return;
  }
  s.options.*Member = *t;
}

void on_weight(OptionContext& c, ServerSpec& s) {
  const auto n = base::parse_int<std::int64_t>(c.arg(0).text);
  if (!n || *n < 0 || *n > 256) {
    c.error(c.arg(0), subject(c, s) + "weight of server " + s.name + " is not within 0 and 256 (" +
                          std::string(c.arg(0).text) + ").");
    return;
  }
  s.options.weight = static_cast<std::uint32_t>(*n);
}

void on_guid(OptionContext& c, ServerSpec& s) {
  if (s.name.empty()) return c.error(subject(c, s) + "'guid' is not allowed here.");
  s.guid = std::string(c.arg(0).text);
}

void on_id(OptionContext& c, ServerSpec& s) {
  if (s.name.empty()) return c.error(subject(c, s) + "'id' is not allowed here.");
  const auto n = base::parse_int<std::uint32_t>(c.arg(0).text);
  if (!n || *n == 0 || *n > INT32_MAX) return c.error(c.arg(0), subject(c, s) + "'id' : custom id has to be > 0.");
  s.id = *n;
}

template <std::uint32_t ServerOptions::*Member>
void set_count(OptionContext& c, ServerSpec& s) {
  const auto n = base::parse_int<std::uint32_t>(c.arg(0).text);
  // Health counters have 16 bits.
  if (!n || *n == 0 || *n > 30000) {
    c.error(c.arg(0), subject(c, s) + "'" + std::string(c.option().text) + "' has to be > 0.");
    return;
  }
  s.options.*Member = *n;
}

void on_max_reuse(OptionContext& c, ServerSpec& s) {
  const auto n = base::parse_int<std::int32_t>(c.arg(0).text);
  if (!n || *n < -1) return c.error(c.arg(0), subject(c, s) + "'max-reuse' must be >= -1.");
  s.options.max_reuse = *n;
}
void on_pool_max_conn(OptionContext& c, ServerSpec& s) {
  const auto n = base::parse_int<std::int32_t>(c.arg(0).text);
  if (!n || *n < -1) return c.error(c.arg(0), subject(c, s) + "'pool-max-conn' must be >= -1.");
  s.options.pool_max_conn = *n;
}

void on_port(OptionContext& c, ServerSpec& s) {
  const auto n = base::parse_int<std::uint16_t>(c.arg(0).text);
  if (!n || *n == 0)
    return c.error(c.arg(0), subject(c, s) + "'port' expects a port number between 1 and 65535, not '" +
                                 std::string(c.arg(0).text) + "'.");
  s.options.check_port = *n;
}

void on_addr(OptionContext& c, ServerSpec& s) {
  net::AddressRules rules;
  auto address = net::parse_address(c.arg(0).text, rules);
  if (!address) return c.error(c.arg(0), subject(c, s) + "'addr' : " + address.error());
  s.options.check_address = address.value();
  if (address.value().port_kind == net::PortKind::Fixed) s.options.check_port = address.value().port;
}

void on_agent_addr(OptionContext& c, ServerSpec& s) {
  net::AddressRules rules;
  rules.port_forbidden = true;
  rules.unix_paths = false;
  auto address = net::parse_address(c.arg(0).text, rules);
  if (!address)
    return c.error(c.arg(0), subject(c, s) + "parsing agent-addr failed. Check if '" + std::string(c.arg(0).text) +
                                 "' is correct address: " + address.error());
  s.options.agent_address = address.value();
}

void on_agent_port(OptionContext& c, ServerSpec& s) {
  const auto n = base::parse_int<std::uint16_t>(c.arg(0).text);
  if (!n || *n == 0)
    return c.error(c.arg(0), subject(c, s) + "'agent-port' expects a port number between 1 and 65535, not '" +
                                 std::string(c.arg(0).text) + "'.");
  s.options.agent_port = *n;
}

void on_init_addr(OptionContext& c, ServerSpec& s) {
  std::vector<InitAddress> methods;
  std::string_view rest = c.arg(0).text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    InitAddress m;
    if (word == "last") {
      m.kind = InitAddress::Kind::Last;
    } else if (word == "libc") {
      m.kind = InitAddress::Kind::Libc;
    } else if (word == "none") {
      m.kind = InitAddress::Kind::None;
    } else if (net::parse_ip(word, m.ip)) {
      m.kind = InitAddress::Kind::Ip;
    } else {
      return c.error(c.arg(0), subject(c, s) + "'init-addr' : unknown init-addr method '" + std::string(word) +
                                   "', supported methods are 'libc', 'last', 'none'.");
    }
    methods.push_back(m);
  }
  s.options.init_addr = std::move(methods);
}

void on_init_state(OptionContext& c, ServerSpec& s) {
  const std::string_view v = c.arg(0).text;
  if (v == "fully-up") {
    s.options.init_state = InitState::FullyUp;
  } else if (v == "up") {
    s.options.init_state = InitState::Up;
  } else if (v == "down") {
    s.options.init_state = InitState::Down;
  } else if (v == "fully-down") {
    s.options.init_state = InitState::FullyDown;
  } else if (v == "none") {
    s.options.init_state = InitState::Default;
  } else {
    c.error(c.arg(0), subject(c, s) +
                          "'init-state' expects one of 'fully-up', 'up', 'down', 'fully-down', or 'none' but got '" +
                          std::string(v) + "'.");
  }
}

void on_marked_down(OptionContext& c, ServerSpec& s) {
  if (c.arg(0).text != "shutdown-sessions")
    return c.error(c.arg(0), subject(c, s) + "'on-marked-down' expects 'shutdown-sessions' but got '" +
                                 std::string(c.arg(0).text) + "'.");
  s.options.shutdown_sessions_on_down = true;
}
void on_marked_up(OptionContext& c, ServerSpec& s) {
  if (c.arg(0).text != "shutdown-backup-sessions")
    return c.error(c.arg(0), subject(c, s) + "'on-marked-up' expects 'shutdown-backup-sessions' but got '" +
                                 std::string(c.arg(0).text) + "'.");
  s.options.shutdown_backup_sessions_on_up = true;
}

void on_source(OptionContext& c, ServerSpec& s) {
  // A variable number of words: gathered here, read by the parser of the "source" keyword.
  std::vector<Token> words;
  if (const Token* first = c.take()) words.push_back(*first);
  while (c.peek() != nullptr && (c.peek()->text == "interface" || c.peek()->text == "usesrc")) {
    words.push_back(*c.take());
    if (c.peek() != nullptr) words.push_back(*c.take());
  }
  SourceSpec source;
  std::size_t used = 0;
  if (parse_source(c.line(), words, source, used, true)) s.options.source = source;
}

void send_proxy(OptionContext& c, ServerSpec& s, std::uint8_t version) {
  SendProxy& p = s.options.send_proxy;
  if (!c.negated())
    p.version = version;
  else if (p.version == version)
    p.version = 0;
}
void on_send_proxy(OptionContext& c, ServerSpec& s) { send_proxy(c, s, 1); }
void on_send_proxy_v2(OptionContext& c, ServerSpec& s) { send_proxy(c, s, 2); }
void on_send_proxy_v2_ssl(OptionContext& c, ServerSpec& s) {
  send_proxy(c, s, 2);
  s.options.send_proxy.ssl = !c.negated();
}

void on_proxy_v2_options(OptionContext& c, ServerSpec& s) {
  SendProxy& p = s.options.send_proxy;
  std::string_view rest = c.arg(0).text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    if (word == "crc32c") {
      p.crc32c = true;
    } else if (word == "unique-id") {
      p.unique_id = true;
    } else if (word == "ssl" || word == "cert-cn" || word == "ssl-cipher" || word == "cert-sig" || word == "cert-key") {
      p.ssl = true;
    } else if (word == "authority") {
      // Only the name of a TLS connection counts, and there is none without TLS.
    } else {
      return c.error(c.arg(0), subject(c, s) + "'proxy-v2-options' : option '" + std::string(word) + "' is unknown.",
                     "the options are ssl, cert-cn, ssl-cipher, cert-sig, cert-key, authority, crc32c and unique-id");
    }
  }
}

// "set-proxy-v2-tlv-fmt(0x20) %[fc_pp_tlv(0x20)]"
void on_proxy_tlv(OptionContext& c, ServerSpec& s) {
  std::string_view id = c.option().text;
  const auto open = id.find('(');
  id = open == std::string_view::npos ? std::string_view{} : id.substr(open + 1, id.size() - open - 2);
  const bool hex = id.starts_with("0x") || id.starts_with("0X");
  const std::string_view digits = hex ? id.substr(2) : id;
  unsigned type = 256;
  const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), type, hex ? 16 : 10);
  if (digits.empty() || r.ec != std::errc{} || r.ptr != digits.data() + digits.size() || type > 255)
    return c.error(subject(c, s) + "'set-proxy-v2-tlv-fmt' expects a type between 0 and 255 in parentheses.",
                   "for example: set-proxy-v2-tlv-fmt(0xE1) %[src]");
  s.options.send_proxy.tlvs.push_back({static_cast<std::uint8_t>(type), c.arg(0)});
}

void on_proto(OptionContext& c, ServerSpec& s) {
  if (c.arg(0).text == "h1" || c.arg(0).text == "none") return;
  if (c.arg(0).text == "h2" || c.arg(0).text == "fcgi" || c.arg(0).text == "quic" || c.arg(0).text == "spop") {
    c.error(c.arg(0), subject(c, s) + "'proto " + std::string(c.arg(0).text) + "' is not supported yet.");
  } else {
    c.error(c.arg(0), subject(c, s) + "'proto' : unknown MUX protocol '" + std::string(c.arg(0).text) + "'.");
  }
}

void on_md5(OptionContext& c, ServerSpec& s) {
  constexpr std::size_t kMaxPassword = 80;  // the kernel's TCP_MD5SIG_MAXKEYLEN
  s.options.md5_password = c.arg(0).text;
  if (s.options.md5_password.empty() || s.options.md5_password.size() > kMaxPassword)
    c.error(c.arg(0), subject(c, s) + "'tcp-md5sig' expects a password of 1 to 80 characters.");
}

void on_socks4(OptionContext& c, ServerSpec& s) {
  net::AddressRules rules;
  rules.port_required = true;
  rules.unix_paths = false;
  auto address = net::parse_address(c.arg(0).text, rules);
  if (!address)
    return c.error(c.arg(0), subject(c, s) + "'socks4' : " + address.error() + ".",
                   "for example: socks4 10.0.0.1:1080");
  s.options.socks4 = std::move(address).value();
}

constexpr config::OptionRow<ServerSpec> kServerOptions[] = {
    {"addr", 1, on_addr},
    {"agent-addr", 1, on_agent_addr},
    {"agent-check", 0, [](OptionContext& c, ServerSpec& s) { s.options.agent_check = !c.negated(); },
     config::kNoPrefix},
    {"agent-inter", 1, set_time<&ServerOptions::agent_inter, false>},
    {"agent-port", 1, on_agent_port},
    {"agent-send", 1, [](OptionContext& c, ServerSpec& s) { s.options.agent_send = c.arg(0).text; }},
    {"backup", 0, [](OptionContext& c, ServerSpec& s) { s.options.backup = !c.negated(); }, config::kNoPrefix},
    {"cc", 1, [](OptionContext& c, ServerSpec& s) { s.options.congestion = c.arg(0).text; }},
    {"check", 0, [](OptionContext& c, ServerSpec& s) { s.options.check = !c.negated(); }, config::kNoPrefix},
    {"check-via-socks4", 0, [](OptionContext&, ServerSpec& s) { s.options.check_via_socks4 = true; }},
    {"check-send-proxy", 0, [](OptionContext& c, ServerSpec& s) { s.options.check_send_proxy = !c.negated(); },
     config::kNoPrefix},
    {"disabled", 0, [](OptionContext&, ServerSpec& s) { s.options.disabled = true; }},
    {"enabled", 0, [](OptionContext&, ServerSpec& s) { s.options.disabled = false; }},
    {"downinter", 1, set_time<&ServerOptions::downinter, false>},
    {"fall", 1, set_count<&ServerOptions::fall>},
    {"fastinter", 1, set_time<&ServerOptions::fastinter, false>},
    {"guid", 1, on_guid},
    {"id", 1, on_id},
    {"init-addr", 1, on_init_addr},
    {"init-state", 1, on_init_state},
    {"inter", 1, set_time<&ServerOptions::inter, false>},
    {"max-reuse", 1, on_max_reuse},
    {"maxconn", 1, set_number<&ServerOptions::maxconn>},
    {"maxqueue", 1, set_number<&ServerOptions::maxqueue>},
    {"minconn", 1, set_number<&ServerOptions::minconn>},
    {"namespace", 1, [](OptionContext& c, ServerSpec& s) { s.options.netns = c.arg(0).text; }},
    {"on-marked-down", 1, on_marked_down},
    {"on-marked-up", 1, on_marked_up},
    {"pool-low-conn", 1, set_number<&ServerOptions::pool_low_conn>},
    {"pool-max-conn", 1, on_pool_max_conn},
    {"pool-purge-delay", 1, set_time<&ServerOptions::pool_purge_delay, true>},
    {"port", 1, on_port},
    {"proto", 1, on_proto},
    {"proxy-v2-options", 1, on_proxy_v2_options},
    {"send-proxy", 0, on_send_proxy, config::kNoPrefix},
    {"send-proxy-v2", 0, on_send_proxy_v2, config::kNoPrefix},
    {"send-proxy-v2-ssl", 0, on_send_proxy_v2_ssl, config::kNoPrefix},
    {"send-proxy-v2-ssl-cn", 0, on_send_proxy_v2_ssl, config::kNoPrefix},
    {"set-proxy-v2-tlv-fmt", 1, on_proxy_tlv, config::kInParentheses},
    {"rise", 1, set_count<&ServerOptions::rise>},
    {"slowstart", 1, set_time<&ServerOptions::slowstart, true>},
    {"socks4", 1, on_socks4},
    {"source", 0, on_source},
    {"tcp-md5sig", 1, on_md5},
    {"tcp-ut", 1, set_time<&ServerOptions::tcp_user_timeout, true>},
    {"tfo", 0, [](OptionContext& c, ServerSpec& s) { s.options.tfo = !c.negated(); }, config::kNoPrefix},
    {"weight", 1, on_weight},
};

const config::OptionTable<ServerSpec>& options() {
  static const config::OptionTable<ServerSpec> table = [] {
    config::OptionTable<ServerSpec> t(config::Class::ServerOption, "");
    t.add(kServerOptions);
    return t;
  }();
  return table;
}

void on_server(KeywordContext& c) {
  auto& spec = c.part<BackendSpec>();
  if (c.size() < 2) {
    c.error("'server' expects <name> and <addr>[:<port>] as arguments.");
    return;
  }
  ServerSpec s;
  s.name = c.arg(0).text;
  s.at = c.at();
  s.address_at = c.arg(1).at;
  if (const auto bad = config::bad_name_char(s.name)) {
    c.error(c.arg(0), std::string("character '") + *bad + "' is not permitted in server name '" + s.name + "'.");
    return;
  }
  s.options = spec.default_server;
  net::AddressRules rules;
  rules.port_offset = true;
  rules.socket_pair = true;
  auto address = net::parse_address(c.arg(1).text, rules);
  bool good = true;
  if (address) {
    s.address = std::move(address).value();
    // Without an address it is that of the client's connection, as with "0.0.0.0" and "*" (manual 5.2 "server").
    if (c.arg(1).text.empty()) {
      good = false;
      c.error(c.arg(1), "'server " + std::string(c.section().name) + "/" + s.name + "' : missing address in '" +
                            std::string(c.arg(1).text) + "'.");
    }
  } else {
    good = false;
    c.error(c.arg(1), "'server " + std::string(c.section().name) + "/" + s.name + "' : " + address.error());
  }
  good = options().parse(c, c.args().subspan(2), s) && good;
  // manual 5.2 "minconn": never more than maxconn; without a maxconn it is the limit itself.
  if (s.options.minconn > s.options.maxconn) s.options.maxconn = s.options.minconn;
  if (good) spec.servers.push_back(std::move(s));
}

void on_default_server(KeywordContext& c) {
  auto& spec = c.part<BackendSpec>();
  if (c.has(0) && options().find(c.arg(0).text) == nullptr && c.arg(0).text.find(':') != std::string_view::npos) {
    c.error(c.arg(0),
            "unknown keyword '" + std::string(c.arg(0).text) + "'. Hint: no address was expected for this server.");
    return;
  }
  ServerSpec s;
  s.options = spec.default_server;
  if (options().parse(c, c.args(), s)) spec.default_server = s.options;
}

constexpr config::KeywordRow kRows[] = {
    {"server", config::kBackends, 0, config::kAnyArgs, "<name> <address>[:<port>] [<option> ...]", on_server,
     config::kAnonymizeArgs | config::kFree | config::kStrictPlace},
    {"default-server", config::kDefaultsAndBackends, 0, config::kAnyArgs, "<option> ...", on_default_server,
     config::kStrictPlace},
};

}  // namespace

void register_server_keywords(config::KeywordTable& table) {
  table.add(kRows);
  for (const auto* row : options().rows())
    table.offer({config::Class::ServerOption, {}, row->name, row->args != 0 ? "+1" : ""});
}

}  // namespace sluice::backend
