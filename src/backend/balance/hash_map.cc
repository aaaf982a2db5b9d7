// hash-type map-based: the key's hash modulo the total weight points into the slot map. Without a key: turns along the
// map.
#include "backend/balance/balancers.h"
#include "backend/balance/slot_map.h"

namespace sluice::backend {
namespace {

class HashMap final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override { map_.set_servers(servers); }

  int pick(const PickRequest& request) noexcept override {
    if (map_.empty()) return kNobody;
    if (request.has_key) {
      // Affinity goes before load: a full server is proposed all the same. A server to avoid sends the request on in
      // turns.
      const int chosen = map_.at(request.hash);
      if (chosen != request.avoid) return chosen;
    }
    return map_.take_turn(request);
  }

  [[nodiscard]] bool dynamic() const noexcept override { return false; }

 private:
  SlotMap map_;
};

}  // namespace

std::unique_ptr<Balancer> make_hash_map() { return std::make_unique<HashMap>(); }

}  // namespace sluice::backend
