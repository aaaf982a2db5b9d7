// balance static-rr: turns walk along a map that is made anew only when the set of servers changes.
#include <vector>

#include "backend/balance/balancers.h"
#include "backend/balance/slot_map.h"

namespace sluice::backend {
namespace {

class StaticRoundRobin final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override {
    slots_ = make_slot_map(servers);
    for (std::uint32_t& s : slots_) s = servers[s].server;
    if (next_ >= slots_.size()) next_ = 0;
  }

  int pick(const PickRequest& request) noexcept override {
    int avoided = kNobody;  // slot of the server to pass over, in case there is no other
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const std::size_t at = (next_ + i) % slots_.size();
      const std::uint32_t server = slots_[at];
      if (request.blocked != nullptr && request.blocked(request.ctx, server)) continue;
      if (static_cast<int>(server) == request.avoid) {
        if (avoided == kNobody) avoided = static_cast<int>(at);
        continue;
      }
      return take(at);
    }
    return avoided == kNobody ? kNobody : take(static_cast<std::size_t>(avoided));
  }

  [[nodiscard]] bool dynamic() const noexcept override { return false; }

 private:
  int take(std::size_t at) noexcept {
    next_ = at + 1 == slots_.size() ? 0 : at + 1;
    return static_cast<int>(slots_[at]);
  }

  std::vector<std::uint32_t> slots_;  // backend indexes
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Balancer> make_static_rr() { return std::make_unique<StaticRoundRobin>(); }

}  // namespace sluice::backend
