// What a server was like in the process before, from a server state file (management manual 9.3 "show servers state").
// Plain data. Thread: start-up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sluice/backend/check_result.h"
#include "sluice/backend/health.h"
#include "sluice/net/address.h"

namespace sluice::backend {

struct SavedServer {
  std::optional<net::Address> address;  // used where "init-addr" says `last`, for servers with a name as address
  OpState op_state = OpState::Running;
  std::uint8_t admin = 0;  // Admin bits
  std::uint32_t weight = 1;
  std::uint32_t configured_weight = 1;  // of then: a weight that was changed in the files wins over the saved one
  std::int64_t seconds_since_change = 0;
  CheckStatus check_status = CheckStatus::Init;
  std::uint32_t check_health = 0;
  std::uint16_t port = 0;                     // 0 = as configured
  std::uint16_t check_port = 0;               // 0 = as configured
  std::optional<net::Address> check_address;  // unset = as configured
  std::uint16_t agent_port = 0;               // 0 = as configured
  std::optional<net::Address> agent_address;  // unset = as configured
};

// Of one backend, by name.
using SavedServers = std::map<std::string, SavedServer, std::less<>>;

}  // namespace sluice::backend
