#include "backend/balance/slot_map.h"

#include <algorithm>
#include <numeric>
#include <queue>

namespace sluice::backend {
namespace {

// Users see the order of turns, so it is the reference's (observed): slot n goes to the server with the most whole
// slots owed to it, the first in the configuration among equals. A server of weight w out of a total T has earned
// floor(w (n + 1) / T) slots by then, less those it got.
std::vector<std::uint32_t> spread(const std::vector<std::uint32_t>& weights) {
  struct Earned {
    std::uint64_t slot;
    std::uint32_t server;
  };
  struct Claim {
    int owed;
    std::uint32_t server;
    bool operator<(const Claim& other) const noexcept {
      return owed != other.owed ? owed < other.owed : server > other.server;
    }
  };
  const std::uint64_t total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::vector<Earned> earnings;
  earnings.reserve(total);
  std::priority_queue<Claim> claims;
  for (std::uint32_t s = 0; s < weights.size(); ++s) {
    claims.push({0, s});
    for (std::uint64_t k = 1; k <= weights[s]; ++k)
      earnings.push_back({(k * total + weights[s] - 1) / weights[s] - 1, s});
  }
  std::sort(earnings.begin(), earnings.end(), [](const Earned& a, const Earned& b) { return a.slot < b.slot; });

  std::vector<int> owed(weights.size(), 0);
  std::vector<std::uint32_t> slots;
  slots.reserve(total);
  auto earned = earnings.begin();
  while (slots.size() < total) {
    for (; earned != earnings.end() && earned->slot == slots.size(); ++earned)
      claims.push({++owed[earned->server], earned->server});
    while (claims.top().owed != owed[claims.top().server]) claims.pop();  // has changed since it was noted
    const std::uint32_t server = claims.top().server;
    claims.pop();
    slots.push_back(server);
    if (--owed[server] >= 0) claims.push({owed[server], server});
  }
  return slots;
}

}  // namespace

void SlotMap::set_servers(std::span<const Candidate> servers) {
  std::uint32_t divisor = servers.empty() ? 1 : servers[0].weight;
  for (const Candidate& c : servers) divisor = std::gcd(divisor, c.weight);
  std::vector<std::uint32_t> weights;
  weights.reserve(servers.size());
  for (const Candidate& c : servers) weights.push_back(c.weight / divisor);
  slots_ = spread(weights);
  for (std::uint32_t& s : slots_) s = servers[s].server;
  if (next_ >= slots_.size()) next_ = 0;
}

int SlotMap::take_turn(const PickRequest& request) noexcept {
  int avoided = kNobody;  // slot of the server to pass over, in case there is no other
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const std::size_t slot = (next_ + i) % slots_.size();
    const std::uint32_t server = slots_[slot];
    if (request.blocked != nullptr && request.blocked(request.ctx, server)) continue;
    if (static_cast<int>(server) != request.avoid) return take(slot);
    if (avoided == kNobody) avoided = static_cast<int>(slot);
  }
  return avoided == kNobody ? kNobody : take(static_cast<std::size_t>(avoided));
}

int SlotMap::take(std::size_t slot) noexcept {
  next_ = slot + 1 == slots_.size() ? 0 : slot + 1;
  return static_cast<int>(slots_[slot]);
}

}  // namespace sluice::backend
