// `bind` and `unix-bind`: lines to specs (manual 4.2 "bind", 5.1, 3.1 "unix-bind").
#include <grp.h>
#include <pwd.h>

#include <charconv>

#include "sluice/base/strings.h"
#include "sluice/net/bind_spec.h"

namespace sluice::net {

namespace {

using config::KeywordContext;
using config::OptionContext;
using config::OptionRow;

bool parse_mode(std::string_view text, int& out) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out, 8);
  return !text.empty() && r.ec == std::errc{} && r.ptr == text.data() + text.size() && out >= 0 && out <= 07777;
}

void permission(OptionContext& c, std::string_view option, UnixPermissions& p) {
  const std::string word(c.arg(0).text);
  if (option == "mode") {
    int mode = 0;
    if (!parse_mode(word, mode))
      c.error(c.arg(0), "'mode' expects an octal file mode.", "for example: mode 660");
    else
      p.mode = mode;
  } else if (option == "user") {
    const passwd* pw = ::getpwnam(word.c_str());
    if (pw == nullptr)
      c.error(c.arg(0), "'user' : no such user '" + word + "'.");
    else
      p.uid = static_cast<long>(pw->pw_uid);
  } else if (option == "group") {
    const group* gr = ::getgrnam(word.c_str());
    if (gr == nullptr)
      c.error(c.arg(0), "'group' : no such group '" + word + "'.");
    else
      p.gid = static_cast<long>(gr->gr_gid);
  } else {
    const auto id = base::parse_int<long>(word);
    if (!id || *id < 0)
      c.error(c.arg(0), "'" + std::string(option) + "' expects a numeric id.");
    else
      (option == "uid" ? p.uid : p.gid) = *id;
  }
}

constexpr std::size_t kMaxMd5Password = 80;  // the kernel's TCP_MD5SIG_MAXKEYLEN

// "[<group>/]<set>[,...]" (manual 5.1 "thread"). There is one group, so that both ways to number are the same.
void on_thread(OptionContext& c, BindSpec& b) {
  runtime::ThreadSet all;
  std::optional<bool> relative;
  std::string_view rest = c.arg(0).text;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    const auto slash = one.find('/');
    const bool grouped = slash != std::string_view::npos;
    if (relative.value_or(grouped) != grouped)
      return c.error(c.arg(0), "'thread' : numbers of the process and of a group cannot be mixed.");
    relative = grouped;
    if (grouped) {
      if (one.substr(0, slash) != "1")
        return c.error(c.arg(0), "'thread' : thread group '" + std::string(one.substr(0, slash)) + "' does not exist.",
                       "there is one thread group: thread 1/1-4");
      one.remove_prefix(slash + 1);
    }
    const auto set = runtime::parse_thread_set(one);
    if (!set)
      return c.error(c.arg(0), "'thread' : invalid thread set '" + std::string(one) + "'.",
                     "threads are numbered from 1: all, odd, even, 2, 1-4, 3-; several with commas between them");
    all |= *set;
  }
  b.threads = all;
}

void on_shards(OptionContext& c, BindSpec& b) {
  if (!parse_shards(c.arg(0).text, b.shards))
    c.error(c.arg(0), "'shards' : expects a number above 0, 'by-thread' or 'by-group', got '" +
                          std::string(c.arg(0).text) + "'.");
}

constexpr OptionRow<BindSpec> kBindRows[] = {
    {"name", 1, [](OptionContext& c, BindSpec& b) { b.name = c.arg(0).text; }},
    {"guid-prefix", 1, [](OptionContext& c, BindSpec& b) { b.guid_prefix = c.arg(0).text; }},
    {"id", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().integer(c.arg(0), 1, 2147483647)) b.id = static_cast<std::uint32_t>(*v);
     }},
    {"backlog", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().integer(c.arg(0), 0, 2147483647)) b.backlog = static_cast<std::uint32_t>(*v);
     }},
    {"maxconn", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().integer(c.arg(0), 0, 2147483647)) b.maxconn = static_cast<std::uint32_t>(*v);
     }},
    {"accept-proxy", 0, [](OptionContext&, BindSpec& b) { b.preface = PrefaceKind::Proxy; }},
    {"accept-netscaler-cip", 1,
     [](OptionContext& c, BindSpec& b) {
       const auto v = base::parse_int<std::uint32_t>(c.arg(0).text);
       if (!v || *v == 0)
         return c.error(c.arg(0),
                        "'accept-netscaler-cip' : invalid value " + std::string(c.arg(0).text) + ", must be > 0.",
                        "the magic number that the NetScaler is configured with, in decimal");
       b.preface = PrefaceKind::Netscaler;
       b.netscaler_magic = *v;
     }},
    {"defer-accept", 0, [](OptionContext&, BindSpec& b) { b.defer_accept = true; }},
    {"v6only", 0, [](OptionContext&, BindSpec& b) { b.v6only = true; }},
    {"v4v6", 0, [](OptionContext&, BindSpec& b) { b.v4v6 = true; }},
    {"transparent", 0, [](OptionContext&, BindSpec& b) { b.transparent = true; }},
    {"tfo", 0, [](OptionContext&, BindSpec& b) { b.tfo = true; }},
    {"mss", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().integer(c.arg(0), -65535, 65535)) b.mss = static_cast<int>(*v);
     }},
    {"tcp-ut", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().time(c.arg(0))) b.tcp_user_timeout = *v;
     }},
    {"cc", 1, [](OptionContext& c, BindSpec& b) { b.congestion = c.arg(0).text; }},
    {"namespace", 1, [](OptionContext& c, BindSpec& b) { b.netns = c.arg(0).text; }},
    {"label", 1, [](OptionContext& c, BindSpec& b) { b.label = c.arg(0).text; }},
    {"nice", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().integer(c.arg(0), -1024, 1024)) b.nice = static_cast<int>(*v);
     }},
    {"shards", 1, on_shards},
    {"thread", 1, on_thread},
    {"process", 1,
     [](OptionContext& c, BindSpec&) {
       c.error(c.option(), "'process' : the language has it no more, there is one process.",
               "which threads accept is said by 'thread'");
     }},
    {"tcp-md5sig", 1,
     [](OptionContext& c, BindSpec& b) {
       b.md5_password = c.arg(0).text;
       if (b.md5_password.empty() || b.md5_password.size() > kMaxMd5Password)
         c.error(c.arg(0), "'tcp-md5sig' expects a password of 1 to 80 characters.");
     }},
    {"tcp-ss", 1,
     [](OptionContext& c, BindSpec& b) {
       if (const auto v = c.line().integer(c.arg(0), 0, 2)) b.save_syn = static_cast<int>(*v);
     }},
    {"level", 1,
     [](OptionContext& c, BindSpec&) {
       // For command line sockets; elsewhere it has no meaning (manual 5.1 "level").
       const std::string_view v = c.arg(0).text;
       if (v != "user" && v != "operator" && v != "admin")
         c.error(c.arg(0),
                 "'level' : only 'user', 'operator', and 'admin' levels are supported (got '" + std::string(v) + "').");
     }},
    {"severity-output", 1,
     [](OptionContext& c, BindSpec&) {
       const std::string_view v = c.arg(0).text;
       if (v != "none" && v != "number" && v != "string")
         c.error(c.arg(0), "'severity-output' : only 'none', 'number', and 'string' are supported (got '" +
                               std::string(v) + "').");
     }},
    {"expose-fd", 1,
     [](OptionContext& c, BindSpec&) {
       // For command line sockets; elsewhere it has no meaning (manual 5.1 "expose-fd").
       if (c.arg(0).text != "listeners")
         c.error(c.arg(0), "'expose-fd' only supports 'listeners' (got '" + std::string(c.arg(0).text) + "').");
     }},
    {"interface", 1, [](OptionContext& c, BindSpec& b) { b.interface = c.arg(0).text; }},
    {"mode", 1, [](OptionContext& c, BindSpec& b) { permission(c, "mode", b.permissions); }},
    {"user", 1, [](OptionContext& c, BindSpec& b) { permission(c, "user", b.permissions); }},
    {"group", 1, [](OptionContext& c, BindSpec& b) { permission(c, "group", b.permissions); }},
    {"uid", 1, [](OptionContext& c, BindSpec& b) { permission(c, "uid", b.permissions); }},
    {"gid", 1, [](OptionContext& c, BindSpec& b) { permission(c, "gid", b.permissions); }},
};

constexpr OptionRow<UnixBindSpec> kUnixBindRows[] = {
    {"prefix", 1, [](OptionContext& c, UnixBindSpec& u) { u.prefix = c.arg(0).text; }},
    {"mode", 1, [](OptionContext& c, UnixBindSpec& u) { permission(c, "mode", u.permissions); }},
    {"user", 1, [](OptionContext& c, UnixBindSpec& u) { permission(c, "user", u.permissions); }},
    {"group", 1, [](OptionContext& c, UnixBindSpec& u) { permission(c, "group", u.permissions); }},
    {"uid", 1, [](OptionContext& c, UnixBindSpec& u) { permission(c, "uid", u.permissions); }},
    {"gid", 1, [](OptionContext& c, UnixBindSpec& u) { permission(c, "gid", u.permissions); }},
};

// Statistics know listeners by these numbers.
void check_id(KeywordContext& c, const std::vector<BindSpec>& made, const std::vector<BindSpec>& before) {
  if (made.empty() || made.front().id == 0) return;
  const auto text = [](const BindSpec& b) { return "'bind " + b.text + "'"; };
  const std::string subject = text(made.front()) + " in section '" + std::string(c.section().kind()) + "' : 'id' ";
  if (made.size() > 1 || made.front().address.port_kind == PortKind::Range) {
    c.error(c.arg(0), subject + "can only be used with a single socket.");
    return;
  }
  for (const BindSpec& other : before) {
    if (other.id != made.front().id) continue;
    c.error(c.arg(0), subject + ": custom id " + std::to_string(other.id) + " already used at " +
                          c.document().sources.place(other.at) + " (" + text(other) + ").");
    return;
  }
}

void on_bind(KeywordContext& c) {
  BindSpec shared;
  shared.at = c.at();
  shared.text = c.arg(0).text;
  const std::size_t before = c.diag().errors();
  // Options count even when the address is wrong, so that all mistakes of the line are reported.
  if (c.size() > 1) bind_options().parse(c, c.args().subspan(1), shared);
  AddressRules rules;
  rules.port_required = true;
  rules.port_range = true;
  rules.inherited_fd = true;
  rules.socket_pair = true;
  std::string_view rest = c.arg(0).text;
  std::vector<BindSpec> made;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view one = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    auto address = parse_address(one, rules);
    if (!address) {
      c.error(c.arg(0), "'bind' : " + address.error() + ".",
              "examples: bind :80   bind 127.0.0.1:8080   bind /run/app.sock");
      continue;
    }
    // Names are resolved while the line is read, once: what is checked is what will be bound.
    if (address->needs_resolving) {
      auto resolved = resolve(*address);
      if (!resolved) {
        c.error(c.arg(0), "'bind' : invalid address: '" + address->host + "' in '" + std::string(one) + "'.",
                resolved.error());
        continue;
      }
      address->host = resolved->address().ip_text();
      address->family = resolved->family();
      address->needs_resolving = false;
    }
    made.push_back(shared);
    made.back().address = *address;
  }
  auto& specs = c.section().parts.get<BindSpecs>();
  check_id(c, made, specs.binds);
  if (c.diag().errors() != before) return;
  for (auto& b : made) specs.binds.push_back(std::move(b));
}

void on_unix_bind(KeywordContext& c) {
  static const config::OptionTable<UnixBindSpec> table = [] {
    config::OptionTable<UnixBindSpec> t(config::Class::Config, "unix-bind");
    t.add(kUnixBindRows);
    return t;
  }();
  table.parse(c, c.args(), c.section().parts.get<UnixBindSpec>());
}

void on_listed_namespace(KeywordContext& c) {
  c.part<NamespaceListSpec>().names.push_back({std::string(c.arg(0).text), c.at()});
}

constexpr config::SectionRow kNamespaceListSection = {
    .name = "namespace_list",
    .where = config::kNamespaceList,
    .flags = config::SectionRow::kMerges,
};

constexpr config::KeywordRow kRows[] = {
    {"bind", config::kFrontends, 1, config::kAnyArgs, "<address>[:<port_range>] [, ...] [param*]", on_bind,
     config::kAnonymizeArgs},
    {"namespace", config::kNamespaceList, 1, 1, "<name>", on_listed_namespace},
    {"unix-bind", config::kGlobal, 1, config::kAnyArgs,
     "[ prefix <prefix> ] [ mode <mode> ] [ user <user> ] [ uid <uid> ] [ group <group> ] [ gid <gid> ]", on_unix_bind},
};

}  // namespace

const config::OptionTable<BindSpec>& bind_options() {
  static const config::OptionTable<BindSpec> table = [] {
    config::OptionTable<BindSpec> t(config::Class::BindOption, "bind");
    t.add(kBindRows);
    return t;
  }();
  return table;
}

bool parse_shards(std::string_view word, Shards& out) noexcept {
  if (word == "by-thread" || word == "by-group") {
    out = {word == "by-thread" ? Shards::Kind::ByThread : Shards::Kind::ByGroup, 0};
    return true;
  }
  const auto n = base::parse_int<std::uint32_t>(word);
  if (!n || *n == 0) return false;
  out = {Shards::Kind::Number, *n};
  return true;
}

void parse_permission_option(config::OptionContext& context, UnixPermissions& out) {
  permission(context, context.option().text, out);
}

void register_keywords(config::KeywordTable& table) {
  table.add_section(kNamespaceListSection);
  table.add(kRows);
  for (const auto& row : kBindRows) {
    if (row.name == "process") continue;  // known only to be refused
    table.offer({config::Class::BindOption, {}, row.name, row.args == 0 ? "" : " +1"});
  }
}

}  // namespace sluice::net
