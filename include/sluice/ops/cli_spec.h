// The `stats` keywords of the global section (manual 3.1 "stats socket", "stats timeout", "stats maxconn").
// Thread: written while the configuration is read, read-only afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/source.h"
#include "sluice/net/address.h"
#include "sluice/ops/cli_level.h"

namespace sluice::ops {

struct StatsSocketSpec {
  net::AddressSpec address;
  std::string text;  // as written, for messages and `show cli sockets`
  CliLevel level = CliLevel::Operator;
  CliSeverityOutput severity = CliSeverityOutput::None;
  bool expose_listeners = false;  // "expose-fd listeners"
  // Unix sockets only (manual 5.1).
  std::optional<std::uint32_t> mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  std::uint32_t backlog = 0;  // 0: the default
  std::string name;           // "name"
  config::Location at{};
};

struct StatsSpec {
  std::vector<StatsSocketSpec> sockets;
  base::Millis timeout{10000};  // of a session without a command
  std::uint32_t maxconn = 10;   // sessions at a time
};

}  // namespace sluice::ops
