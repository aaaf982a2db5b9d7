// hash-type map-based: the key's hash modulo the total weight points into the slot map. Without a key: turns along the
// map.
#include <vector>

#include "backend/balance/balancers.h"
#include "backend/balance/slot_map.h"

namespace sluice::backend {
namespace {

class HashMap final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override {
    slots_ = make_slot_map(servers);
    for (std::uint32_t& s : slots_) s = servers[s].server;
    if (next_ >= slots_.size()) next_ = 0;
  }

  int pick(const PickRequest& request) noexcept override {
    if (slots_.empty()) return kNobody;
    if (request.has_key) {
      const auto chosen = static_cast<int>(slots_[request.hash % slots_.size()]);
      // Affinity goes before load: a full server is proposed all the same. A server to avoid sends the request on in
      // turns.
      if (chosen != request.avoid) return chosen;
    }
    return in_turn(request);
  }

  [[nodiscard]] bool dynamic() const noexcept override { return false; }

 private:
  int in_turn(const PickRequest& request) noexcept {
    int avoided = kNobody;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const std::uint32_t server = slots_[next_];
      next_ = next_ + 1 == slots_.size() ? 0 : next_ + 1;
      if (request.blocked != nullptr && request.blocked(request.ctx, server)) continue;
      if (static_cast<int>(server) != request.avoid) return static_cast<int>(server);
      avoided = request.avoid;
    }
    return avoided;
  }

  std::vector<std::uint32_t> slots_;  // backend indexes
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Balancer> make_hash_map() { return std::make_unique<HashMap>(); }

}  // namespace sluice::backend
