// A map of slots over servers: each server has as many slots as it weighs, spread as evenly as possible. Used by
// static-rr (turns walk along it) and by map-based hashing (the hash points into it).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sluice/backend/balancer.h"

namespace sluice::backend {

// Positions in `servers`; weights are divided by their greatest common divisor first, which changes no share.
std::vector<std::uint32_t> make_slot_map(std::span<const Candidate> servers);

}  // namespace sluice::backend
