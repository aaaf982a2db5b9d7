// A map of slots over servers: each server has as many slots as it weighs, spread over the map. static-rr walks along
// it, map-based hashing points into it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sluice/backend/balancer.h"

namespace sluice::backend {

class SlotMap {
 public:
  // Weights are divided by their greatest common divisor first, which changes no share. O(s log s) for s slots.
  void set_servers(std::span<const Candidate> servers);
  [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
  // Backend index of the server that a hash points at; the map is not empty.
  [[nodiscard]] int at(std::uint32_t hash) const noexcept { return static_cast<int>(slots_[hash % slots_.size()]); }
  // The next slot whose server has room; the server to avoid only when there is no other. kNobody: none has.
  int take_turn(const PickRequest& request) noexcept;

 private:
  int take(std::size_t slot) noexcept;

  std::vector<std::uint32_t> slots_;  // backend indexes
  std::size_t next_ = 0;
};

}  // namespace sluice::backend
