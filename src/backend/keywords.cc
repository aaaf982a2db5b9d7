// Keywords about balancing and about the backend as a whole. Servers: keywords_server.cc; checks: keywords_check.cc.
#include "backend/keywords.h"

#include <charconv>
#include <string>

#include "sluice/base/strings.h"
#include "sluice/config/keyword.h"

namespace sluice::backend {
namespace {

using config::KeywordContext;
using config::KeywordRow;
using config::Token;

constexpr std::string_view kUnsupported[] = {"hash", "uri", "url_param", "hdr", "rdp-cookie", "log-hash", "sticky"};

// "random(3)"
void parse_random(KeywordContext& c, BackendSpec& spec, std::string_view text) {
  spec.algorithm = Algorithm::Random;
  spec.draws = 2;
  if (text == "random") return;
  std::string_view inner = text.substr(7);
  if (inner.empty() || inner.back() != ')') {
    c.error(c.arg(0), "balance random : missing closing parenthesis in '" + std::string(text) + "'.");
    return;
  }
  inner.remove_suffix(1);
  if (inner.empty()) return;
  const auto draws = base::parse_int<std::uint32_t>(inner);
  if (!draws) {
    c.error(c.arg(0), "balance random : unexpected character '" + std::string(inner.substr(0, 1)) + "' after argument.",
            "random(<draws>) takes a number");
  } else if (*draws == 0) {
    c.error(c.arg(0), "balance random : number of draws must be at least 1.");
  } else {
    spec.draws = *draws;
  }
}

void on_balance(KeywordContext& c) {
  auto& spec = c.part<BackendSpec>();
  const std::string_view name = c.arg(0).text;
  const auto no_more = [&c] {
    if (c.has(1))
      c.error(c.arg(1), "'balance' cannot handle unexpected argument '" + std::string(c.arg(1).text) + "'.");
  };
  if (name == "random" || name.starts_with("random(")) {
    parse_random(c, spec, name);
    return no_more();
  }
  for (const Algorithm a :
       {Algorithm::RoundRobin, Algorithm::StaticRr, Algorithm::LeastConn, Algorithm::First, Algorithm::Source}) {
    if (name != algorithm_name(a)) continue;
    spec.algorithm = a;
    return no_more();
  }
  const std::string_view stem = name.substr(0, name.find('('));
  for (const std::string_view u : kUnsupported) {
    if (stem != u) continue;
    return c.error(c.arg(0), "'balance " + std::string(stem) + "' is not supported yet.");
  }
  config::Suggestion near(name);
  for (const auto n : {"roundrobin", "static-rr", "leastconn", "first", "random", "source"}) near.offer(n);
  c.error(c.arg(0), "'balance' : unknown algorithm '" + std::string(name) + "'" + near.ending(),
          "roundrobin, static-rr, leastconn, first, random[(<draws>)], source");
}

void on_hash_type(KeywordContext& c) {
  auto& spec = c.part<BackendSpec>();
  const std::string_view method = c.arg(0).text;
  if (method == "consistent") {
    spec.hash_method = HashMethod::Consistent;
  } else if (method == "map-based") {
    spec.hash_method = HashMethod::MapBased;
  } else {
    return c.error(c.arg(0), "'hash-type' only supports 'consistent' and 'map-based'.");
  }
  spec.hash_function = HashFunction::Sdbm;
  spec.hash_avalanche = false;
  if (!c.has(1)) {
    // manual 4.2 "hash-type": the ring needs well-spread hashes.
    spec.hash_avalanche = method == "consistent";
    return;
  }
  const std::string_view function = c.arg(1).text;
  if (function == "avalanche") {
    spec.hash_avalanche = true;
  } else if (function == "sdbm") {
    spec.hash_function = HashFunction::Sdbm;
  } else if (function == "djb2") {
    spec.hash_function = HashFunction::Djb2;
  } else if (function == "wt6") {
    spec.hash_function = HashFunction::Wt6;
  } else if (function == "crc32") {
    spec.hash_function = HashFunction::Crc32;
  } else if (function == "none") {
    spec.hash_function = HashFunction::None;
  } else {
    return c.error(c.arg(1), "'hash-type' only supports 'sdbm', 'djb2', 'crc32', 'none', or 'wt6' hash functions.");
  }
  if (!c.has(2)) return;
  if (c.arg(2).text != "avalanche")
    return c.error(c.arg(2), "'hash-type' only supports 'avalanche' as a modifier for hash functions.");
  spec.hash_avalanche = true;
}

void on_http_reuse(KeywordContext& c) {
  auto& spec = c.part<BackendSpec>();
  const std::string_view v = c.arg(0).text;
  if (v == "never") {
    spec.reuse = ReusePolicy::Never;
  } else if (v == "safe") {
    spec.reuse = ReusePolicy::Safe;
  } else if (v == "aggressive") {
    spec.reuse = ReusePolicy::Aggressive;
  } else if (v == "always") {
    spec.reuse = ReusePolicy::Always;
  } else {
    c.error(c.arg(0), "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.");
  }
}

void on_fullconn(KeywordContext& c) {
  if (const auto n = c.integer(c.arg(0), 0, INT32_MAX)) c.part<BackendSpec>().fullconn = static_cast<std::uint32_t>(*n);
}

void on_all_backups(KeywordContext& c) { c.part<BackendSpec>().all_backups = !c.negated() && !c.defaulted(); }

void on_source(KeywordContext& c) {
  SourceSpec source;
  std::size_t used = 0;
  if (parse_source(c, c.args(), source, used, false)) {
    if (used < c.size())
      return c.error(c.arg(used),
                     "'source' cannot handle unexpected argument '" + std::string(c.arg(used).text) + "'.");
    c.part<BackendSpec>().source = source;
  }
}

constexpr std::uint32_t kDefaultsAndBackends = config::kDefaultsAndBackends;
constexpr KeywordRow kRows[] = {
    {"balance", kDefaultsAndBackends, 1, config::kAnyArgs, "<algorithm>", on_balance},
    {"hash-type", kDefaultsAndBackends, 1, 3, "{ map-based | consistent } [<function>] [avalanche]", on_hash_type},
    {"http-reuse", kDefaultsAndBackends, 1, 1, "{ never | safe | aggressive | always }", on_http_reuse},
    {"fullconn", kDefaultsAndBackends, 1, 1, "<connections>", on_fullconn},
    {"option allbackups", kDefaultsAndBackends, 0, 0, "", on_all_backups, config::kNoPrefix | config::kDefaultPrefix},
    {"source", kDefaultsAndBackends, 1, config::kAnyArgs,
     "<address>[:<port>] [usesrc { <address>[:<port>] | client | clientip | hdr_ip(<name>[,<n>]) }] [interface <name>]",
     on_source},
};

}  // namespace

namespace {

bool parse_usesrc(KeywordContext& c, const config::Token& word, SourceSpec& out) {
  using Present = SourceSpec::Present;
  std::string_view text = word.text;
  if (text == "client") {
    out.present = Present::Client;
    return true;
  }
  if (text == "clientip") {
    out.present = Present::ClientIp;
    return true;
  }
  if (text.starts_with("hdr_ip(") && text.ends_with(')')) {
    text = text.substr(7, text.size() - 8);
    const auto comma = text.find(',');
    out.header = text.substr(0, comma);
    if (comma != std::string_view::npos) {
      const auto n = base::parse_int<int>(text.substr(comma + 1));
      if (!n || *n < -100 || *n > 100) {
        c.error(word, "'usesrc' : the occurrence of 'hdr_ip' is a number between -100 and 100.");
        return false;
      }
      out.occurrence = *n;
    }
    if (out.header.empty()) {
      c.error(word, "'usesrc' : 'hdr_ip' expects a header name.");
      return false;
    }
    // manual 4.2 "source": occurrence 0 switches it off.
    if (out.occurrence != 0) out.present = Present::Header;
    return true;
  }
  net::AddressRules rules;
  rules.unix_paths = false;
  auto address = net::parse_address(text, rules);
  if (!address) {
    c.error(word, "'usesrc " + std::string(text) + "' : " + address.error());
    return false;
  }
  out.present = Present::Fixed;
  out.present_address = address.value();
  return true;
}

}  // namespace

bool parse_source(KeywordContext& c, std::span<const Token> words, SourceSpec& out, std::size_t& used, bool range) {
  if (words.empty() || words[0].text.empty()) {
    c.error(
        "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as "
        "argument.");
    return false;
  }
  net::AddressRules rules;
  rules.unix_paths = false;
  rules.port_range = range;
  auto address = net::parse_address(words[0].text, rules);
  if (!address) {
    c.error(words[0], "'source " + std::string(words[0].text) + "' : " + address.error());
    return false;
  }
  out.set = true;
  out.address = address.value();
  used = 1;
  while (used < words.size()) {
    if (words[used].text == "interface") {
      if (used + 1 >= words.size()) {
        c.error(words[used], "'source' : missing interface name.");
        return false;
      }
      out.interface = words[used + 1].text;
      used += 2;
    } else if (words[used].text == "usesrc") {
      if (used + 1 >= words.size()) {
        c.error(words[used],
                "'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument.");
        return false;
      }
      if (!parse_usesrc(c, words[used + 1], out)) return false;
      used += 2;
    } else {
      break;
    }
  }
  return true;
}

void register_keywords(config::KeywordTable& table) {
  table.add(kRows);
  register_server_keywords(table);
  register_check_keywords(table);
}

}  // namespace sluice::backend
