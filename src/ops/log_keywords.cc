// Reads `log`, `log-tag` and `log-send-hostname`. Messages are worded as the reference words them.
#include <algorithm>
#include <array>
#include <string>

#include "ops/keywords.h"
#include "sluice/base/strings.h"
#include "sluice/ops/log_spec.h"

namespace sluice::ops {

namespace {

using config::KeywordContext;
using config::Token;

constexpr std::array<std::string_view, 24> kFacilities = {
    "kern", "user",  "mail",  "daemon", "auth",   "syslog", "lpr",    "news",   "uucp",   "cron",   "auth2",  "ftp",
    "ntp",  "audit", "alert", "cron2",  "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 8> kLevels = {"emerg",   "alert",  "crit", "err",
                                                     "warning", "notice", "info", "debug"};
struct FormatName {
  std::string_view name;
  LogFormat format;
};
constexpr FormatName kFormats[] = {{"local", LogFormat::Local},     {"rfc3164", LogFormat::Rfc3164},
                                   {"rfc5424", LogFormat::Rfc5424}, {"priority", LogFormat::Priority},
                                   {"short", LogFormat::Short},     {"timed", LogFormat::Timed},
                                   {"iso", LogFormat::Iso},         {"raw", LogFormat::Raw}};
// Ways to send that have an address prefix of their own and need streams, rings or log backends.
constexpr std::string_view kLaterPrefixes[] = {"ring@", "backend@", "tcp@", "tcp4@", "tcp6@", "uxst@"};

constexpr std::uint16_t kSyslogPort = 514;

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<std::size_t>(it - names.begin());
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

bool read_target(KeywordContext& c, const Token& word, LogTargetSpec& out) {
  std::string_view text = word.text;
  for (const std::string_view prefix : kLaterPrefixes) {
    if (!text.starts_with(prefix)) continue;
    c.error(word, "log : " + quoted(prefix) + " targets are not supported yet.",
            "send to a UDP address, a unix datagram socket, stdout, stderr or fd@<number>");
    return false;
  }
  if (text == "stdout") {
    out.fd = 1;
    return true;
  }
  if (text == "stderr") {
    out.fd = 2;
    return true;
  }
  if (text.starts_with("fd@")) {
    const auto fd = base::parse_int<int>(text.substr(3));
    if (!fd || *fd < 0) {
      c.error(word, "log : file descriptor " + quoted(text.substr(3)) + " is not a valid integer in " + quoted(text));
      return false;
    }
    out.fd = *fd;
    return true;
  }
  net::AddressRules rules;
  rules.type = net::SocketType::Datagram;
  rules.datagram = true;
  rules.stream = false;
  auto address = net::parse_address(text, rules);
  if (!address) {
    c.error(word, "log : " + address.error());
    return false;
  }
  out.address = std::move(*address);
  if (out.address.kind == net::AddressKind::Ip && out.address.port_kind == net::PortKind::None) {
    out.address.port_kind = net::PortKind::Fixed;
    out.address.port = out.address.port_last = kSyslogPort;
  }
  return true;
}

bool read_length(KeywordContext& c, const Token& word, LogTargetSpec& out) {
  const auto len = base::parse_int<std::uint32_t>(word.text);
  if (!len || *len < 80 || *len > 65535) {
    c.error(word, "log : invalid log length " + quoted(word.text) + ", must be between 80 and 65535");
    return false;
  }
  out.max_len = *len;
  return true;
}

bool read_format(KeywordContext& c, const Token& word, LogTargetSpec& out) {
  config::Suggestion near(word.text);
  for (const FormatName& f : kFormats) {
    if (f.name == word.text) {
      out.format = f.format;
      return true;
    }
    near.offer(f.name);
  }
  c.error(word, "log : unknown log format " + quoted(word.text) + near.text());
  return false;
}

// "1-3,5:8"
bool read_sample(KeywordContext& c, const Token& word, LogTargetSpec& out) {
  const std::size_t colon = word.text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == word.text.size()) {
    c.error(word, "log : Missing sample size");
    return false;
  }
  const auto size = base::parse_int<std::uint32_t>(word.text.substr(colon + 1));
  if (!size || *size == 0) {
    c.error(word, "log : wrong sample size " + quoted(word.text.substr(colon + 1)));
    return false;
  }
  std::string_view list = word.text.substr(0, colon);
  std::uint32_t highest = 0;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view range = list.substr(0, comma);
    const std::size_t dash = range.find('-');
    const auto first = base::parse_int<std::uint32_t>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : base::parse_int<std::uint32_t>(range.substr(dash + 1));
    if (!first || !last || *first == 0 || *last < *first) {
      c.error(word, "log : wrong sample range " + quoted(range));
      return false;
    }
    for (const LogTargetSpec::Range& r : out.sample) {
      if (*first <= r.last && r.first <= *last) {
        c.error(word, "log : ranges are overlapping");
        return false;
      }
    }
    out.sample.push_back({*first, *last});
    highest = std::max(highest, *last);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  if (*size < highest) {
    c.error(word, "log : sample size " + std::to_string(*size) + " should be greater or equal to " +
                      std::to_string(highest) + " the maximum of the high ranges limits");
    return false;
  }
  out.sample_size = *size;
  return true;
}

bool read_levels(KeywordContext& c, std::size_t i, LogTargetSpec& out) {
  if (c.has(i)) {
    const auto level = parse_log_level(c.arg(i).text);
    if (!level) {
      c.error(c.arg(i), "log : unknown optional log level " + quoted(c.arg(i).text));
      return false;
    }
    out.level = *level;
  }
  if (c.has(i + 1)) {
    const auto level = parse_log_level(c.arg(i + 1).text);
    if (!level) {
      c.error(c.arg(i + 1), "log : unknown optional minimum log level " + quoted(c.arg(i + 1).text));
      return false;
    }
    out.min_level = *level;
  }
  if (c.has(i + 2)) {
    c.error(c.arg(i + 2), "log : cannot handle unexpected argument " + quoted(c.arg(i + 2).text));
    return false;
  }
  return true;
}

// The whole line behind `log`. Options may come in any order; the reference wants that of the manual.
bool read_log(KeywordContext& c, LogTargetSpec& out) {
  out.at = c.at();
  if (!read_target(c, c.arg(0), out)) return false;
  std::size_t i = 1;
  for (; c.has(i); i += 2) {
    const std::string_view option = c.arg(i).text;
    if (option == "len") {
      if (!read_length(c, c.arg(i + 1), out)) return false;
    } else if (option == "format") {
      if (!read_format(c, c.arg(i + 1), out)) return false;
    } else if (option == "sample") {
      if (!read_sample(c, c.arg(i + 1), out)) return false;
    } else if (option == "profile") {
      c.error(c.arg(i), "log : 'profile' is not supported yet.");
      return false;
    } else {
      break;
    }
  }
  if (!c.has(i)) {
    c.error("log : expects <address> and <facility>  as arguments");
    return false;
  }
  const auto facility = parse_facility(c.arg(i).text);
  if (!facility) {
    config::Suggestion near(c.arg(i).text);
    for (const std::string_view f : kFacilities) near.offer(f);
    c.error(c.arg(i), "log : unknown log facility " + quoted(c.arg(i).text) + near.text());
    return false;
  }
  out.facility = *facility;
  return read_levels(c, i + 1, out);
}

bool negation_is_plain(KeywordContext& c) {
  if (c.size() == 0) return true;
  c.error(c.arg(0), "log : 'no log' does not expect arguments");
  return false;
}

void on_global_log(KeywordContext& c) {
  auto& spec = c.part<GlobalLogSpec>();
  if (c.negated()) {
    if (negation_is_plain(c)) spec.targets.clear();
    return;
  }
  if (c.arg(0).text == "global") {
    c.error(c.arg(0), "log : 'global' is not supported for a global syslog server");
    return;
  }
  if (c.size() < 2) {
    c.error("log : expects <address> and <facility>  as arguments");
    return;
  }
  LogTargetSpec target;
  if (read_log(c, target)) spec.targets.push_back(std::move(target));
}

void on_log(KeywordContext& c) {
  auto& spec = c.part<LogSpecs>();
  if (c.negated()) {
    if (!negation_is_plain(c)) return;
    spec.global = false;
    spec.targets.clear();
    return;
  }
  if (c.size() == 1 && c.arg(0).text == "global") {
    if (!spec.global) spec.global_at = spec.targets.size();
    spec.global = true;
    return;
  }
  if (c.size() > 1 && c.arg(0).text == "global") {
    c.error(c.arg(1), "log : 'log global' takes no other argument", "use either 'log global' or a target");
    return;
  }
  if (c.size() < 2) {
    c.error("log : expects <address> and <facility> or global as arguments");
    return;
  }
  LogTargetSpec target;
  if (read_log(c, target)) spec.targets.push_back(std::move(target));
}

bool tag_is_plain(KeywordContext& c) {
  if (!c.has(0) || c.arg(0).text.empty()) {
    c.error("'log-tag' expects a tag for use in syslog.");
    return false;
  }
  if (c.has(1)) {
    c.error(c.arg(1), "'log-tag' cannot handle unexpected argument '" + std::string(c.arg(1).text) + "'.");
    return false;
  }
  return true;
}

void on_global_tag(KeywordContext& c) {
  if (tag_is_plain(c)) c.part<GlobalLogSpec>().tag = std::string(c.arg(0).text);
}
void on_tag(KeywordContext& c) {
  if (tag_is_plain(c)) c.part<LogSpecs>().tag = std::string(c.arg(0).text);
}
void on_send_hostname(KeywordContext& c) { c.part<GlobalLogSpec>().hostname = std::string(c.arg(0).text); }

constexpr std::string_view kLogUsage =
    "<target> [len <length>] [format <format>] [sample <ranges>:<sample_size>] <facility> [<level> [<minlevel>]]";

constexpr config::KeywordRow kRows[] = {
    {"log", config::kGlobal, 0, config::kAnyArgs, kLogUsage, on_global_log, config::kNoPrefix | config::kFree},
    {"log", config::kDefaultsAndProxies, 0, config::kAnyArgs, kLogUsage, on_log, config::kNoPrefix | config::kFree},
    {"log-tag", config::kGlobal, 0, config::kAnyArgs, "<string>", on_global_tag, config::kFree},
    {"log-tag", config::kDefaultsAndProxies, 0, config::kAnyArgs, "<string>", on_tag, config::kFree},
    {"log-send-hostname", config::kGlobal, 0, 1, "[<string>]", on_send_hostname, config::kOnce},
};

}  // namespace

void register_log_keywords(config::KeywordTable& table) { table.add(kRows); }

void register_keywords(config::KeywordTable& table) {
  register_log_keywords(table);
  register_stats_keywords(table);
  register_state_keywords(table);
}

std::optional<std::uint8_t> parse_facility(std::string_view name) noexcept {
  const auto i = index_of(kFacilities, name);
  if (!i) return std::nullopt;
  return static_cast<std::uint8_t>(*i);
}
std::optional<base::LogLevel> parse_log_level(std::string_view name) noexcept {
  const auto i = index_of(kLevels, name);
  if (!i) return std::nullopt;
  return static_cast<base::LogLevel>(*i);
}
std::string_view log_level_name(base::LogLevel level) noexcept { return kLevels[static_cast<std::size_t>(level)]; }

}  // namespace sluice::ops
