// balance static-rr: turns walk along a map that is made anew only when the set of servers changes.
#include "backend/balance/balancers.h"
#include "backend/balance/slot_map.h"

namespace sluice::backend {
namespace {

class StaticRoundRobin final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override { map_.set_servers(servers); }
  int pick(const PickRequest& request) noexcept override { return map_.take_turn(request); }
  [[nodiscard]] bool dynamic() const noexcept override { return false; }

 private:
  SlotMap map_;
};

}  // namespace

std::unique_ptr<Balancer> make_static_rr() { return std::make_unique<StaticRoundRobin>(); }

}  // namespace sluice::backend
