// balance first: the server with the lowest id that has room.
#include <algorithm>
#include <vector>

#include "backend/balance/balancers.h"

namespace sluice::backend {
namespace {

class First final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override {
    servers_.assign(servers.begin(), servers.end());
    std::stable_sort(servers_.begin(), servers_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  }

  int pick(const PickRequest& request) noexcept override {
    int avoided = kNobody;
    for (const Candidate& c : servers_) {
      if (request.blocked != nullptr && request.blocked(request.ctx, c.server)) continue;
      if (static_cast<int>(c.server) != request.avoid) return static_cast<int>(c.server);
      avoided = request.avoid;
    }
    return avoided;
  }

  [[nodiscard]] bool dynamic() const noexcept override { return true; }

 private:
  std::vector<Candidate> servers_;  // by id
};

}  // namespace

std::unique_ptr<Balancer> make_first() { return std::make_unique<First>(); }

}  // namespace sluice::backend
