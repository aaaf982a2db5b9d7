// Reads `stats socket`, `stats timeout` and `stats maxconn`. Messages are worded as the reference words them.
#include <grp.h>
#include <pwd.h>

#include <string>

#include "ops/keywords.h"
#include "sluice/base/strings.h"
#include "sluice/config/option_table.h"
#include "sluice/ops/cli_spec.h"

namespace sluice::ops {

namespace {

using config::KeywordContext;
using config::OptionContext;

std::string named(std::string_view option, std::string_view rest) {
  return "'stats socket' : '" + std::string(option) + "' : " + std::string(rest);
}

void on_level(OptionContext& c, StatsSocketSpec& s) {
  const std::string_view word = c.arg(0).text;
  if (word == "user") {
    s.level = CliLevel::User;
  } else if (word == "operator") {
    s.level = CliLevel::Operator;
  } else if (word == "admin") {
    s.level = CliLevel::Admin;
  } else {
    c.error(c.arg(0),
            "'stats socket' : 'level' only supports 'user', 'operator', and 'admin' (got '" + std::string(word) + "')");
  }
}

void on_severity(OptionContext& c, StatsSocketSpec& s) {
  const std::string_view word = c.arg(0).text;
  if (word == "none") {
    s.severity = CliSeverityOutput::None;
  } else if (word == "number") {
    s.severity = CliSeverityOutput::Number;
  } else if (word == "string") {
    s.severity = CliSeverityOutput::Text;
  } else {
    c.error(c.arg(0),
            named("severity-output", "expects 'none', 'number' or 'string' (got '" + std::string(word) + "')"));
  }
}

void on_expose(OptionContext& c, StatsSocketSpec& s) {
  if (c.arg(0).text == "listeners")
    s.expose_listeners = true;
  else
    c.error(c.arg(0), named("expose-fd", "only supports 'listeners' (got '" + std::string(c.arg(0).text) + "')"));
}

void on_mode(OptionContext& c, StatsSocketSpec& s) {
  std::uint32_t mode = 0;
  const std::string_view word = c.arg(0).text;
  bool good = !word.empty() && word.size() <= 5;
  for (const char d : word) {
    if (d < '0' || d > '7') {
      good = false;
      break;
    }
    mode = mode * 8 + static_cast<std::uint32_t>(d - '0');
  }
  if (!good || mode > 07777) {
    c.error(c.arg(0), named("mode", "missing or invalid mode '" + std::string(word) + "' (octal integer expected)"));
    return;
  }
  s.mode = mode;
}

void on_user(OptionContext& c, StatsSocketSpec& s) {
  const std::string name(c.arg(0).text);
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) {
    c.error(c.arg(0), named("user", "unknown user name '" + name + "'"));
    return;
  }
  s.uid = user->pw_uid;
}

void on_group(OptionContext& c, StatsSocketSpec& s) {
  const std::string name(c.arg(0).text);
  const group* g = ::getgrnam(name.c_str());
  if (g == nullptr) {
    c.error(c.arg(0), named("group", "unknown group name '" + name + "'"));
    return;
  }
  s.gid = g->gr_gid;
}

void on_uid(OptionContext& c, StatsSocketSpec& s) {
  if (const auto id = c.line().integer(c.arg(0), 0, 0xfffffffeLL)) s.uid = static_cast<std::uint32_t>(*id);
}
void on_gid(OptionContext& c, StatsSocketSpec& s) {
  if (const auto id = c.line().integer(c.arg(0), 0, 0xfffffffeLL)) s.gid = static_cast<std::uint32_t>(*id);
}
void on_backlog(OptionContext& c, StatsSocketSpec& s) {
  if (const auto n = c.line().integer(c.arg(0), 1, 0x7fffffffLL)) s.backlog = static_cast<std::uint32_t>(*n);
}
void on_name(OptionContext& c, StatsSocketSpec& s) { s.name = std::string(c.arg(0).text); }

constexpr config::OptionRow<StatsSocketSpec> kSocketOptions[] = {
    {"level", 1, on_level},
    {"mode", 1, on_mode},
    {"user", 1, on_user},
    {"group", 1, on_group},
    {"severity-output", 1, on_severity},
    {"expose-fd", 1, on_expose},
    {"uid", 1, on_uid},
    {"gid", 1, on_gid},
    {"backlog", 1, on_backlog},
    {"name", 1, on_name},
};

const config::OptionTable<StatsSocketSpec>& socket_options() {
  static const config::OptionTable<StatsSocketSpec> table = [] {
    config::OptionTable<StatsSocketSpec> t(config::Class::BindOption, "");
    t.add(kSocketOptions);
    return t;
  }();
  return table;
}

void on_socket(KeywordContext& c) {
  if (!c.has(0)) {
    c.error("'stats socket' in global section expects an address or a path to a UNIX socket");
    return;
  }
  StatsSocketSpec s;
  s.text = std::string(c.arg(0).text);
  s.at = c.at();
  net::AddressRules rules;
  rules.inherited_fd = true;
  auto address = net::parse_address(s.text, rules);
  if (!address) {
    c.error(c.arg(0), "'stats socket' : " + address.error());
    return;
  }
  s.address = std::move(*address);
  if (s.address.kind == net::AddressKind::Ip && s.address.port_kind == net::PortKind::None) {
    c.error(c.arg(0), "'stats socket' : missing port number: '" + s.text + "'");
    return;
  }
  if (socket_options().parse(c, c.args().subspan(1), s)) c.part<StatsSpec>().sockets.push_back(std::move(s));
}

void on_timeout(KeywordContext& c) {
  const auto t = c.time(c.arg(0));
  if (!t) return;
  if (t->count() == 0) {
    c.error(c.arg(0), "'stats timeout' expects a positive value");
    return;
  }
  c.part<StatsSpec>().timeout = *t;
}

void on_maxconn(KeywordContext& c) {
  const auto n = base::parse_int<std::uint32_t>(c.arg(0).text);
  if (!n || *n == 0) {
    c.error(c.arg(0), "'stats maxconn' expects a positive value");
    return;
  }
  c.part<StatsSpec>().maxconn = *n;
}

constexpr config::KeywordRow kRows[] = {
    {"stats socket", config::kGlobal, 0, config::kAnyArgs,
     "<address|path> [level <level>] [mode <mode>] [user|group|uid|gid <owner>] [severity-output <how>] [expose-fd "
     "listeners]",
     on_socket, config::kFree},
    {"stats timeout", config::kGlobal, 1, 1, "<timeout>", on_timeout},
    {"stats maxconn", config::kGlobal, 1, 1, "<connections>", on_maxconn},
};

}  // namespace

void register_stats_keywords(config::KeywordTable& table) { table.add(kRows); }

}  // namespace sluice::ops
