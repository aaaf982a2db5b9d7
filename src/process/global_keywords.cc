// Keywords of the global section that belong to the process (manual 3.1, 3.2). All of them fill GlobalSpec or the
// environment.
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "process/capabilities.h"
#include "process/cpu_map.h"
#include "sluice/base/strings.h"
#include "sluice/process/global_spec.h"
#include "sluice/process/modules.h"

namespace sluice::process {

namespace {

using config::KeywordContext;
using config::Token;

GlobalSpec& spec(KeywordContext& c) { return c.part<GlobalSpec>(); }
std::string quoted(std::string_view s) { return "'" + std::string(s) + "'"; }

// -- shapes shared by many keywords

template <auto Member, std::int64_t Min, std::int64_t Max>
void on_number(KeywordContext& c) {
  const auto v = c.integer(c.arg(0), Min, Max);
  if (v) spec(c).*Member = static_cast<std::remove_reference_t<decltype(spec(c).*Member)>>(*v);
}
template <auto Member, std::uint64_t Min, std::uint64_t Max>
void on_size(KeywordContext& c) {
  const auto v = c.size_bytes(c.arg(0));
  if (!v) return;
  if (*v < Min || *v > Max) {
    c.error(c.arg(0), quoted(c.name()) + " : value " + quoted(c.arg(0).text) + " is out of range",
            "allowed is " + std::to_string(Min) + " to " + std::to_string(Max) + " bytes");
    return;
  }
  spec(c).*Member = static_cast<std::remove_reference_t<decltype(spec(c).*Member)>>(*v);
}
template <auto Member, bool Value>
void on_flag(KeywordContext& c) {
  spec(c).*Member = c.negated() || c.defaulted() ? !Value : Value;
}
template <auto Member>
void on_text(KeywordContext& c) {
  spec(c).*Member = c.arg(0).text;
}

// -- threads

void on_nbthread(KeywordContext& c) {
  const auto v = base::parse_int<unsigned>(c.arg(0).text);
  if (!v || *v < 1 || *v > runtime::kMaxThreads) {
    c.error(c.arg(0), "'nbthread' value must be between 1 and " + std::to_string(runtime::kMaxThreads) + " (was " +
                          std::string(c.arg(0).text) + ")");
    return;
  }
  spec(c).threads = *v;
}

void on_thread_groups(KeywordContext& c) {
  if (c.arg(0).text != "1")
    c.error(c.arg(0), "'thread-groups' : more than one thread group is not supported yet.", "leave it out, or say 1");
}

// -- environment

bool good_variable(KeywordContext& c, const Token& name) {
  const std::string_view n = name.text;
  const auto good = [](char x) { return std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '_'; };
  if (!n.empty() && !base::is_digit(n[0]) && std::all_of(n.begin(), n.end(), good)) return true;
  c.error(name, quoted(c.name()) + " : " + quoted(n) + " is no name of a variable.",
          "letters, digits and '_', not beginning with a digit");
  return false;
}

void on_setenv(KeywordContext& c) {
  auto* env = c.document().env;
  if (env == nullptr || !good_variable(c, c.arg(0))) return;
  if (c.name() == "presetenv" && env->get(c.arg(0).text)) return;
  env->set(c.arg(0).text, c.arg(1).text);
}

void on_unsetenv(KeywordContext& c) {
  auto* env = c.document().env;
  for (const Token& t : c.args()) {
    if (good_variable(c, t) && env != nullptr) env->unset(t.text);
  }
}

void on_resetenv(KeywordContext& c) {
  std::vector<std::string_view> names;
  for (const Token& t : c.args()) {
    if (good_variable(c, t)) names.push_back(t.text);
  }
  if (c.document().env != nullptr) c.document().env->keep_only(names);
}

// -- identity and rights

void on_user(KeywordContext& c) {
  const std::string name(c.arg(0).text);
  const struct passwd* p = ::getpwnam(name.c_str());
  if (p == nullptr) {
    c.error(c.arg(0), "cannot find user id for " + quoted(name) + ".",
            "the system knows no such user; 'uid' takes a number");
    return;
  }
  spec(c).user = name;
  spec(c).uid = p->pw_uid;
}

void on_group(KeywordContext& c) {
  const std::string name(c.arg(0).text);
  const struct group* g = ::getgrnam(name.c_str());
  if (g == nullptr) {
    c.error(c.arg(0), "cannot find group id for " + quoted(name) + ".",
            "the system knows no such group; 'gid' takes a number");
    return;
  }
  spec(c).group = name;
  spec(c).gid = g->gr_gid;
}

void on_setcap(KeywordContext& c) {
  const auto set = parse_capabilities(c.arg(0).text);
  if (set) {
    spec(c).capabilities |= *set;
  } else {
    c.error(c.arg(0), "'setcap' : " + set.error() + ".");
  }
}

void on_node(KeywordContext& c) {
  const std::string_view n = c.arg(0).text;
  const auto good = [](char x) {
    return std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '.' || x == '-' || x == '_';
  };
  if (n.empty() || !std::all_of(n.begin(), n.end(), good)) {
    c.error(c.arg(0),
            "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), hyphen(-) "
            "or underscode(_).");
    return;
  }
  spec(c).node = n;
}

void on_description(KeywordContext& c) {
  std::string text;
  for (const Token& t : c.args()) {
    if (!text.empty()) text += ' ';
    text += t.text;
  }
  spec(c).description = std::move(text);
}

void on_set_dumpable(KeywordContext& c) {
  if (c.negated()) {
    spec(c).dumpable = false;
    return;
  }
  if (c.has(0) && c.arg(0).text == "libs") {
    c.error(c.arg(0), "'set-dumpable libs' is not supported yet.", "'set-dumpable on' keeps core dumps possible");
    return;
  }
  const auto on = c.has(0) ? c.on_off(c.arg(0)) : std::optional<bool>(true);
  if (on) spec(c).dumpable = *on;
}

void on_expose_experimental(KeywordContext& c) { c.document().expose_experimental = true; }
void on_expose_deprecated(KeywordContext& c) { c.document().expose_deprecated = true; }

// -- stopping

void on_grace(KeywordContext& c) {
  if (const auto t = c.time(c.arg(0))) spec(c).grace = *t;
}
void on_hard_stop_after(KeywordContext& c) {
  if (const auto t = c.time(c.arg(0))) spec(c).hard_stop_after = *t;
}
void on_close_spread(KeywordContext& c) {
  if (c.arg(0).text == "infinite") {
    spec(c).close_spread = base::kNoTimeout;
  } else if (const auto t = c.time(c.arg(0))) {
    spec(c).close_spread = *t;
  }
}

void on_master_worker(KeywordContext& c) {
  if (c.has(0) && c.arg(0).text != "no-exit-on-failure") {
    c.error(c.arg(0), "'master-worker' : only 'no-exit-on-failure' is supported, got " + quoted(c.arg(0).text) + ".");
    return;
  }
  spec(c).master_worker = true;
  spec(c).no_exit_on_failure = c.has(0);
}

// What is never used needs no switching off.
void on_nothing(KeywordContext&) {}

// -- names of header fields for peers that are wrong about case

void add_case(KeywordContext& c, const Token& at, std::string_view from, std::string_view to) {
  if (!base::iequals(from, to)) {
    c.error(at, quoted(c.name()) + " : " + quoted(from) + " and " + quoted(to) + " differ in more than case.",
            "the second form is the first one in other case");
    return;
  }
  auto& list = spec(c).case_adjust;
  std::string key(from);
  std::transform(key.begin(), key.end(), key.begin(), [](char x) { return base::to_lower(x); });
  if (std::any_of(list.begin(), list.end(), [&](const auto& e) { return e.first == key; })) {
    c.error(at, quoted(c.name()) + " : duplicate entry '" + std::string(from) + "'.");
    return;
  }
  list.emplace_back(std::move(key), std::string(to));
}

void on_case_adjust(KeywordContext& c) { add_case(c, c.arg(0), c.arg(0).text, c.arg(1).text); }

void on_case_adjust_file(KeywordContext& c) {
  std::ifstream in{std::string(c.arg(0).text)};
  if (!in) {
    c.error(c.arg(0), "'h1-case-adjust-file' : cannot open file " + quoted(c.arg(0).text) + ".");
    return;
  }
  std::string line;
  for (unsigned number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string::npos || line[first] == '#') continue;
    const auto end = line.find_first_of(" \t", first);
    const auto second = end == std::string::npos ? end : line.find_first_not_of(" \t", end);
    const auto last = line.find_last_not_of(" \t");
    if (second == std::string::npos || line.find_first_of(" \t", second) < last) {
      c.error(c.arg(0), "'h1-case-adjust-file' : line " + std::to_string(number) + " of " + quoted(c.arg(0).text) +
                            ": two words are expected, <from> <to>.");
      continue;
    }
    add_case(c, c.arg(0), std::string_view(line).substr(first, end - first),
             std::string_view(line).substr(second, last - second + 1));
  }
}

// -- tune.*

void on_max_accept(KeywordContext& c) {
  const auto v = c.integer(c.arg(0), -1, 1000000);
  if (v) spec(c).max_accept = *v == 0 ? -1 : static_cast<int>(*v);
}

void on_default_shards(KeywordContext& c) {
  using Kind = net::Shards::Kind;
  const std::string_view v = c.arg(0).text;
  if (v == "by-process" || v == "by-group") {
    spec(c).default_shards.kind = Kind::ByGroup;  // there is one group
  } else if (v == "by-thread") {
    spec(c).default_shards.kind = Kind::ByThread;
  } else {
    c.error(c.arg(0),
            "'tune.listener.default-shards' expects either 'by-process', 'by-group', or 'by-thread' but got " +
                quoted(v) + ".");
  }
}

void on_max_rewrite(KeywordContext& c) {
  const auto v = c.size_bytes(c.arg(0));
  if (v) spec(c).max_rewrite_bytes = *v;
}

constexpr std::int64_t kMaxConnections = 1000000000;
constexpr std::int64_t kMaxSocketBuffer = 1 << 30;
constexpr auto kG = config::kGlobal;
using G = GlobalSpec;

constexpr config::KeywordRow kRows[] = {
    {"busy-polling", kG, 0, 0, "", on_flag<&G::busy_poll, true>, config::kNoPrefix},
    {"chroot", kG, 1, 1, "<directory>|auto", on_text<&G::chroot>, config::kOnce},
    {"close-spread-time", kG, 1, 1, "<time>|infinite", on_close_spread},
    {"cpu-affinity", kG, 1, 2, "<affinity>", on_cpu_affinity},
    {"cpu-map", kG, 2, config::kAnyArgs, "[auto:]<group>[/<threads>] <cpus>...", on_cpu_map},
    {"cpu-policy", kG, 1, 3, "<policy> [threads-per-core 1|auto]", on_cpu_policy},
    {"cpu-set", kG, 1, config::kAnyArgs, "<directive>...", on_cpu_set},
    {"daemon", kG, 0, 0, "", on_flag<&G::daemon, true>},
    {"description", kG, 1, config::kAnyArgs, "<text>", on_description, config::kAnonymizeArgs},
    {"expose-deprecated-directives", kG, 0, 0, "", on_expose_deprecated},
    {"expose-experimental-directives", kG, 0, 0, "", on_expose_experimental},
    {"fd-hard-limit", kG, 1, 1, "<number>", on_number<&G::fd_hard_limit, 1, kMaxConnections>, config::kOnce},
    {"gid", kG, 1, 1, "<number>", on_number<&G::gid, 0, 0xfffffffe>},
    {"grace", kG, 1, 1, "<time>", on_grace},
    {"group", kG, 1, 1, "<group name>", on_group},
    {"h1-accept-payload-with-any-method", kG, 0, 0, "", on_flag<&G::h1_any_payload, true>},
    {"h1-do-not-close-on-insecure-transfer-encoding", kG, 0, 0, "", on_flag<&G::h1_keep_suspect, true>},
    {"h1-case-adjust", kG, 2, 2, "<from> <to>", on_case_adjust},
    {"h1-case-adjust-file", kG, 1, 1, "<file>", on_case_adjust_file},
    {"hard-stop-after", kG, 1, 1, "<time>", on_hard_stop_after},
    {"insecure-fork-wanted", kG, 0, 0, "", on_flag<&G::insecure_fork, true>, config::kNoPrefix},
    {"insecure-setuid-wanted", kG, 0, 0, "", on_flag<&G::insecure_setuid, true>, config::kNoPrefix},
    {"localpeer", kG, 1, 1, "<name>", on_text<&G::local_peer>, config::kAnonymizeArgs},
    {"master-worker", kG, 0, 1, "[no-exit-on-failure]", on_master_worker},
    {"maxconn", kG, 1, 1, "<number>", on_number<&G::maxconn, 0, kMaxConnections>, config::kOnce},
    {"maxconnrate", kG, 1, 1, "<number>", on_number<&G::max_conn_rate, 0, kMaxConnections>},
    {"maxpipes", kG, 1, 1, "<number>", on_number<&G::max_pipes, 0, kMaxConnections>, config::kOnce},
    {"maxsessrate", kG, 1, 1, "<number>", on_number<&G::max_sess_rate, 0, kMaxConnections>},
    {"mworker-max-reloads", kG, 1, 1, "<number>", on_number<&G::max_reloads, 0, kMaxConnections>},
    {"nbthread", kG, 1, 1, "<number>", on_nbthread},
    {"node", kG, 1, 1, "<name>", on_node, config::kAnonymizeArgs},
    {"noepoll", kG, 0, 0, "", on_flag<&G::epoll, false>},
    {"noevports", kG, 0, 0, "", on_nothing},  // event ports: Solaris
    {"nokqueue", kG, 0, 0, "", on_flag<&G::kqueue, false>},
    {"noktls", kG, 0, 0, "", on_nothing},
    {"nopoll", kG, 0, 0, "", on_flag<&G::poll, false>},
    {"noreuseport", kG, 0, 0, "", on_flag<&G::reuseport, false>},
    {"nosplice", kG, 0, 0, "", on_flag<&G::splice, false>},
    {"pidfile", kG, 1, 1, "<file>", on_text<&G::pid_file>, config::kOnce},
    {"presetenv", kG, 2, 2, "<name> <value>", on_setenv, config::kAnonymizeArgs},
    {"quiet", kG, 0, 0, "", on_flag<&G::quiet, true>},
    {"resetenv", kG, 0, config::kAnyArgs, "[<name>...]", on_resetenv},
    {"set-dumpable", kG, 0, 1, "[on|off]", on_set_dumpable, config::kNoPrefix},
    {"setcap", kG, 1, 1, "<name>[,<name>...]", on_setcap},
    {"setenv", kG, 2, 2, "<name> <value>", on_setenv, config::kAnonymizeArgs},
    {"strict-limits", kG, 0, 0, "", on_flag<&G::strict_limits, true>, config::kNoPrefix},
    {"thread-groups", kG, 1, 1, "<number>", on_thread_groups},
    {"tune.bufsize", kG, 1, 1, "<size>", on_size<&G::buffer_bytes, 1024, std::uint64_t{1} << 28>},
    {"tune.disable-fast-forward", kG, 0, 0, "", on_flag<&G::splice, false>},
    {"tune.disable-zero-copy-forwarding", kG, 0, 0, "", on_flag<&G::splice, false>},
    {"tune.http.logurilen", kG, 1, 1, "<number>", on_number<&G::log_uri_bytes, 1, 1 << 20>},
    {"tune.http.maxhdr", kG, 1, 1, "<number>", on_number<&G::max_headers, 1, 32767>},
    {"tune.listener.default-shards", kG, 1, 1, "by-process|by-thread|by-group", on_default_shards},
    {"tune.maxaccept", kG, 1, 1, "<number>", on_max_accept, config::kOnce},
    {"tune.maxpollevents", kG, 1, 1, "<number>", on_number<&G::max_poll_events, 1, 100000>, config::kOnce},
    {"tune.maxrewrite", kG, 1, 1, "<size>", on_max_rewrite},
    {"tune.pipesize", kG, 1, 1, "<size>", on_size<&G::pipe_bytes, 0, std::uint64_t{1} << 30>},
    {"tune.rcvbuf.client", kG, 1, 1, "<size>", on_size<&G::client_rcvbuf, 0, kMaxSocketBuffer>, config::kOnce},
    {"tune.rcvbuf.server", kG, 1, 1, "<size>", on_size<&G::server_rcvbuf, 0, kMaxSocketBuffer>, config::kOnce},
    {"tune.runqueue-depth", kG, 1, 1, "<number>", on_number<&G::run_queue_depth, 1, 1000000>, config::kOnce},
    {"tune.sndbuf.client", kG, 1, 1, "<size>", on_size<&G::client_sndbuf, 0, kMaxSocketBuffer>, config::kOnce},
    {"tune.sndbuf.server", kG, 1, 1, "<size>", on_size<&G::server_sndbuf, 0, kMaxSocketBuffer>, config::kOnce},
    {"uid", kG, 1, 1, "<number>", on_number<&G::uid, 0, 0xfffffffe>},
    {"ulimit-n", kG, 1, 1, "<number>", on_number<&G::ulimit_n, 1, kMaxConnections>, config::kOnce},
    {"unsetenv", kG, 1, config::kAnyArgs, "<name>...", on_unsetenv},
    {"user", kG, 1, 1, "<user name>", on_user},
    {"zero-warning", kG, 0, 0, "", on_flag<&G::zero_warning, true>},
};

}  // namespace

void register_global_keywords(config::KeywordTable& table) { table.add(kRows); }

}  // namespace sluice::process
