// What `log`, `log-tag` and `log-send-hostname` say in the configuration (manual 3.1, 4.2 "log"). Plain specs, nothing
// live: log_target.h turns them into something that sends.
//
// Parts: the global section has a GlobalLogSpec; defaults, frontend, backend and listen sections have a LogSpecs.
// Thread: written while the configuration is read, read-only afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/log_sink.h"
#include "sluice/config/keyword.h"
#include "sluice/net/address.h"

namespace sluice::ops {

// manual 4.2 "log", <format>. Unset: `local`, or `rfc3164` once a host name is sent ("log-send-hostname").
enum class LogFormat : std::uint8_t { Unset, Local, Rfc3164, Rfc5424, Priority, Short, Timed, Iso, Raw };

struct LogTargetSpec {
  // Where to: a datagram address (UDP, unix path, abstract name), or a file descriptor when fd >= 0.
  net::AddressSpec address;
  int fd = -1;

  LogFormat format = LogFormat::Unset;
  std::uint32_t max_len = 1024;                      // "len": of the whole line, header and newline included
  std::uint8_t facility = 0;                         // 0 .. 23, RFC 5424 6.2.1
  base::LogLevel level = base::LogLevel::Debug;      // less urgent ones are not sent
  base::LogLevel min_level = base::LogLevel::Emerg;  // more urgent ones are sent as this one

  // "sample 1-3,5:8": lines 1, 2, 3 and 5 of every 8. Empty: every line.
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };
  std::vector<Range> sample;
  std::uint32_t sample_size = 0;

  config::Location at{};
};

// Of a proxy.
struct LogSpecs {
  bool global = false;        // "log global": the targets of the global section too ...
  std::size_t global_at = 0;  // ... in front of this one of `targets`
  std::vector<LogTargetSpec> targets;
  std::optional<std::string> tag;  // "log-tag"
};

// Of the global section.
struct GlobalLogSpec {
  std::vector<LogTargetSpec> targets;
  std::optional<std::string> tag;
  // "log-send-hostname [name]"; "" = ask the system.
  std::optional<std::string> hostname;
};

// `log`, `log-tag`, `log-send-hostname`, the stats socket keywords of cli_spec.h, and what is refused by name.
void register_keywords(config::KeywordTable& table);

// "local0" -> 16; empty when there is no such facility.
std::optional<std::uint8_t> parse_facility(std::string_view name) noexcept;
std::optional<base::LogLevel> parse_log_level(std::string_view name) noexcept;
std::string_view log_level_name(base::LogLevel level) noexcept;

}  // namespace sluice::ops
