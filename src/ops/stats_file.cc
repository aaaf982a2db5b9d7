#include "sluice/ops/stats_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

template <class Block>
struct Column {
  std::string_view name;
  base::Counter& (*get)(Block& block);
};

template <class Block, base::Counter Block::*Member>
base::Counter& member(Block& b) {
  return b.*Member;
}
template <class Block, std::size_t Index>
base::Counter& response(Block& b) {
  return b.responses[Index];
}

using Front = proxy::FrontendCounters;
constexpr Column<Front> kFront[] = {
    {"stot", member<Front, &Front::sessions>},
    {"conn_tot", member<Front, &Front::connections>},
    {"req_tot", member<Front, &Front::requests>},
    {"bin", member<Front, &Front::bytes_in>},
    {"bout", member<Front, &Front::bytes_out>},
    {"dreq", member<Front, &Front::denied_requests>},
    {"dresp", member<Front, &Front::denied_responses>},
    {"ereq", member<Front, &Front::request_errors>},
    {"dcon", member<Front, &Front::denied_connections>},
    {"dses", member<Front, &Front::denied_sessions>},
    {"intercepted", member<Front, &Front::intercepted>},
    {"wrew", member<Front, &Front::rewrite_failures>},
    {"eint", member<Front, &Front::internal_errors>},
    {"hrsp_1xx", response<Front, 0>},
    {"hrsp_2xx", response<Front, 1>},
    {"hrsp_3xx", response<Front, 2>},
    {"hrsp_4xx", response<Front, 3>},
    {"hrsp_5xx", response<Front, 4>},
    {"hrsp_other", response<Front, 5>},
    {"reqbin", member<Front, &Front::req_bytes_in>},
    {"reqbout", member<Front, &Front::req_bytes_out>},
    {"resbin", member<Front, &Front::res_bytes_in>},
    {"resbout", member<Front, &Front::res_bytes_out>},
};

using Back = backend::BackendCounters;
constexpr Column<Back> kBack[] = {
    {"stot", member<Back, &Back::sessions>},
    {"lbtot", member<Back, &Back::picked>},
    {"req_tot", member<Back, &Back::requests>},
    {"bin", member<Back, &Back::bytes_in>},
    {"bout", member<Back, &Back::bytes_out>},
    {"dreq", member<Back, &Back::denied_requests>},
    {"dresp", member<Back, &Back::denied_responses>},
    {"econ", member<Back, &Back::connect_errors>},
    {"eresp", member<Back, &Back::response_errors>},
    {"wretr", member<Back, &Back::retries>},
    {"wredis", member<Back, &Back::redispatches>},
    {"cli_abrt", member<Back, &Back::client_aborts>},
    {"srv_abrt", member<Back, &Back::server_aborts>},
    {"connect", member<Back, &Back::connections>},
    {"reuse", member<Back, &Back::reuses>},
    {"wrew", member<Back, &Back::rewrite_failures>},
    {"eint", member<Back, &Back::internal_errors>},
    {"hrsp_1xx", response<Back, 0>},
    {"hrsp_2xx", response<Back, 1>},
    {"hrsp_3xx", response<Back, 2>},
    {"hrsp_4xx", response<Back, 3>},
    {"hrsp_5xx", response<Back, 4>},
    {"hrsp_other", response<Back, 5>},
    {"reqbin", member<Back, &Back::req_bytes_in>},
    {"reqbout", member<Back, &Back::req_bytes_out>},
    {"resbin", member<Back, &Back::res_bytes_in>},
    {"resbout", member<Back, &Back::res_bytes_out>},
};

using Listen = proxy::ListenerCounters;
constexpr Column<Listen> kListen[] = {
    {"stot", member<Listen, &Listen::sessions>},
    {"bin", member<Listen, &Listen::bytes_in>},
    {"bout", member<Listen, &Listen::bytes_out>},
};

using Serve = backend::ServerCounters;
constexpr Column<Serve> kServe[] = {
    {"stot", member<Serve, &Serve::sessions>},
    {"lbtot", member<Serve, &Serve::picked>},
    {"req_tot", member<Serve, &Serve::requests>},
    {"bin", member<Serve, &Serve::bytes_in>},
    {"bout", member<Serve, &Serve::bytes_out>},
    {"dresp", member<Serve, &Serve::denied_responses>},
    {"econ", member<Serve, &Serve::connect_errors>},
    {"eresp", member<Serve, &Serve::response_errors>},
    {"wretr", member<Serve, &Serve::retries>},
    {"wredis", member<Serve, &Serve::redispatches>},
    {"cli_abrt", member<Serve, &Serve::client_aborts>},
    {"srv_abrt", member<Serve, &Serve::server_aborts>},
    {"connect", member<Serve, &Serve::connections>},
    {"reuse", member<Serve, &Serve::reuses>},
    {"wrew", member<Serve, &Serve::rewrite_failures>},
    {"eint", member<Serve, &Serve::internal_errors>},
    {"hrsp_1xx", response<Serve, 0>},
    {"hrsp_2xx", response<Serve, 1>},
    {"hrsp_3xx", response<Serve, 2>},
    {"hrsp_4xx", response<Serve, 3>},
    {"hrsp_5xx", response<Serve, 4>},
    {"hrsp_other", response<Serve, 5>},
    {"reqbin", member<Serve, &Serve::req_bytes_in>},
    {"reqbout", member<Serve, &Serve::req_bytes_out>},
    {"resbin", member<Serve, &Serve::res_bytes_in>},
    {"resbout", member<Serve, &Serve::res_bytes_out>},
};

enum BlockKind : unsigned { kFrontends, kBackends, kListeners, kServers };
constexpr std::string_view kBlockNames[kStatsFileBlocks] = {"fe", "be", "li", "srv"};

template <class Block>
void append_head(std::string& out, std::string_view name, std::span<const Column<Block>> columns) {
  out += '#';
  out += name;
  out += " guid";
  for (const Column<Block>& c : columns) {
    out += ',';
    out += c.name;
  }
  out += '\n';
}

template <class Block>
void append_row(std::string& out, std::string_view guid, Block& block, std::span<const Column<Block>> columns) {
  out += guid;
  for (const Column<Block>& c : columns) out += "," + std::to_string(c.get(block).get());
  out += '\n';
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t comma = line.find(',');
    out.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    line.remove_prefix(comma + 1);
  }
}

// names: the columns of the file. False: a value is not a number.
template <class Block>
bool apply_row(const std::vector<std::string_view>& names, const std::vector<std::string_view>& values, Block& block,
               std::span<const Column<Block>> columns) {
  for (std::size_t i = 1; i < names.size() && i < values.size(); ++i) {
    const auto n = base::parse_int<std::uint64_t>(values[i]);
    if (!n) return false;
    for (const Column<Block>& c : columns) {
      if (c.name == names[i]) c.get(block).add(*n);
    }
  }
  return true;
}

// Where the rows of a file go, by kind and guid.
struct Targets {
  std::unordered_map<std::string_view, proxy::Proxy*> fronts, backs;
  std::unordered_map<std::string_view, proxy::ListenerInfo*> listeners;
  std::unordered_map<std::string_view, backend::Server*> servers;

  explicit Targets(proxy::Global& global) {
    for (const auto& p : global.proxies) {
      const std::string& guid = p->rules->spec.guid;
      if (!guid.empty() && p->rules->front) fronts.emplace(guid, p.get());
      if (!guid.empty() && p->servers != nullptr) backs.emplace(guid, p.get());
      for (const auto& l : p->listeners) {
        if (!l->guid.empty()) listeners.emplace(l->guid, l.get());
      }
      for (std::size_t i = 0; p->servers != nullptr && i < p->servers->size(); ++i) {
        backend::Server& s = p->servers->server(i);
        if (!s.spec().guid.empty()) servers.emplace(s.spec().guid, &s);
      }
    }
  }

  template <class Map>
  static auto* find(const Map& map, std::string_view guid) {
    const auto it = map.find(guid);
    return it == map.end() ? nullptr : it->second;
  }

  // False: a damaged line.
  bool apply(unsigned block, const std::vector<std::string_view>& names, const std::vector<std::string_view>& values) {
    switch (block) {
      case kFrontends:
        if (proxy::Proxy* p = find(fronts, values[0]))
          return apply_row<Front>(names, values, p->counters.local(0), kFront);
        break;
      case kBackends:
        if (proxy::Proxy* p = find(backs, values[0]))
          return apply_row<Back>(names, values, p->servers->counters(0), kBack);
        break;
      case kListeners:
        if (proxy::ListenerInfo* l = find(listeners, values[0]))
          return apply_row<Listen>(names, values, l->counters.local(0), kListen);
        break;
      case kServers:
        if (backend::Server* s = find(servers, values[0]))
          return apply_row<Serve>(names, values, s->counters(0), kServe);
        break;
      default:
        break;
    }
    return true;
  }
};

}  // namespace

bool is_guid(std::string_view text) noexcept {
  constexpr std::size_t kMost = 127;
  if (text.empty() || text.size() > kMost) return false;
  for (const char c : text) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == ':' || c == '-' || c == '_';
    if (!good) return false;
  }
  return true;
}

void append_stats_head(std::string& out, unsigned block) {
  switch (block) {
    case kFrontends:
      return append_head<Front>(out, kBlockNames[block], kFront);
    case kBackends:
      return append_head<Back>(out, kBlockNames[block], kBack);
    case kListeners:
      return append_head<Listen>(out, kBlockNames[block], kListen);
    case kServers:
      return append_head<Serve>(out, kBlockNames[block], kServe);
    default:
      return;
  }
}

void append_stats(std::string& out, unsigned block, const proxy::Proxy& p) {
  const std::string& guid = p.rules->spec.guid;
  if (block == kFrontends && p.rules->front && !guid.empty()) {
    Front c;
    base::add_up(p.counters, c);
    append_row<Front>(out, guid, c, kFront);
  }
  if (block == kBackends && p.servers != nullptr && !guid.empty()) {
    Back c;
    p.servers->total(c);
    append_row<Back>(out, guid, c, kBack);
  }
  for (const auto& l : p.listeners) {
    if (block != kListeners || l->guid.empty()) continue;
    Listen c;
    base::add_up(l->counters, c);
    append_row<Listen>(out, l->guid, c, kListen);
  }
  for (std::size_t i = 0; block == kServers && p.servers != nullptr && i < p.servers->size(); ++i) {
    const backend::Server& s = p.servers->server(i);
    if (s.spec().guid.empty()) continue;
    Serve c;
    s.total(c);
    append_row<Serve>(out, s.spec().guid, c, kServe);
  }
}

std::string apply_stats(std::string_view text, proxy::Global& global) {
  Targets targets(global);
  unsigned block = kStatsFileBlocks;  // none yet, or an unknown one
  std::vector<std::string_view> names;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (line[0] == '#') {
      line.remove_prefix(1);
      const std::size_t space = std::min(line.find(' '), line.size());
      block = 0;
      while (block < kStatsFileBlocks && kBlockNames[block] != line.substr(0, space)) ++block;
      names = split(line.substr(std::min(space + 1, line.size())));
      if (names[0] != "guid") return "line " + std::to_string(number) + " does not name its columns";
      continue;
    }
    if (names.empty()) return "line " + std::to_string(number) + " has no columns";
    if (!targets.apply(block, names, split(line)))
      return "line " + std::to_string(number) + " has a value that is no number";
  }
  return {};
}

std::string load_stats_file(const std::string& path, proxy::Global& global) {
  constexpr std::size_t kMostBytes = 256U << 20U;
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return "'stats-file' : cannot open '" + path + "': " + std::strerror(errno) + ".";
  std::string text;
  char chunk[65536];
  for (std::size_t n; (n = std::fread(chunk, 1, sizeof(chunk), file)) > 0 && text.size() <= kMostBytes;)
    text.append(chunk, n);
  const bool failed = std::ferror(file) != 0 || text.size() > kMostBytes;
  std::fclose(file);
  if (failed) return "'stats-file' : cannot read '" + path + "'.";
  const std::string error = apply_stats(text, global);
  return error.empty() ? error : "'stats-file' : '" + path + "': " + error + ".";
}

}  // namespace sluice::ops
