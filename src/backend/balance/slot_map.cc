#include "backend/balance/slot_map.h"

#include <numeric>

namespace sluice::backend {

std::vector<std::uint32_t> make_slot_map(std::span<const Candidate> servers) {
  std::uint32_t divisor = 0;
  for (const Candidate& c : servers) divisor = std::gcd(divisor, c.weight);
  std::uint64_t total = 0;
  for (const Candidate& c : servers) total += c.weight / divisor;

  // Slot by slot: everybody's credit grows by his weight, the richest gets the slot and pays the total. At most 256
  // slots per server. Equal weights need no search.
  std::vector<std::uint32_t> slots;
  slots.reserve(total);
  if (total == servers.size()) {
    slots.resize(servers.size());
    std::iota(slots.begin(), slots.end(), 0U);
    return slots;
  }
  std::vector<std::int64_t> credit(servers.size(), 0);
  for (std::uint64_t slot = 0; slot < total; ++slot) {
    std::uint32_t best = 0;
    for (std::uint32_t i = 0; i < servers.size(); ++i) {
      credit[i] += servers[i].weight / divisor;
      if (credit[i] > credit[best]) best = i;
    }
    credit[best] -= static_cast<std::int64_t>(total);
    slots.push_back(best);
  }
  return slots;
}

}  // namespace sluice::backend
