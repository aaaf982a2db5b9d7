#include "backend/balance/slot_map.h"

#include <algorithm>
#include <numeric>

namespace sluice::backend {

std::vector<std::uint32_t> make_slot_map(std::span<const Candidate> servers) {
  std::uint32_t divisor = 0;
  for (const Candidate& c : servers) divisor = std::gcd(divisor, c.weight);

  // The k-th slot of a server of weight w lies at (k + 1/2) / w of the round; all slots in that order.
  struct Slot {
    std::uint32_t numerator;    // 2k + 1
    std::uint32_t denominator;  // w; the common factor 1/2 is left out
    std::uint32_t server;
  };
  std::vector<Slot> places;
  for (std::uint32_t i = 0; i < servers.size(); ++i) {
    const std::uint32_t weight = servers[i].weight / divisor;
    for (std::uint32_t k = 0; k < weight; ++k) places.push_back({2 * k + 1, weight, i});
  }
  std::sort(places.begin(), places.end(), [](const Slot& a, const Slot& b) {
    const auto left = std::uint64_t{a.numerator} * b.denominator;
    const auto right = std::uint64_t{b.numerator} * a.denominator;
    return left != right ? left < right : a.server < b.server;
  });
  std::vector<std::uint32_t> slots;
  slots.reserve(places.size());
  for (const Slot& p : places) slots.push_back(p.server);
  return slots;
}

}  // namespace sluice::backend
