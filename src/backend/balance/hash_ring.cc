// hash-type consistent: servers have points (kWeightScale per unit of weight) on a ring of 2^32, in proportion to their
// weight; a key belongs to the nearest point. A server that goes moves only its own keys.
//
// Clients go where they went before a change of programs: the places are those of the reference, found by asking it for
// the server of every part of the ring. Point i of a server stands at avalanche(id * 4096 + i); a key halfway between
// two points belongs to the one before it.
#include <algorithm>
#include <vector>

#include "backend/balance/balancers.h"
#include "sluice/base/hash.h"

namespace sluice::backend {
namespace {

// The heaviest server has as many points (weight 256).
constexpr std::uint32_t kPointsPerId = 4096;

class HashRing final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override {
    points_.clear();
    for (const Candidate& c : servers) {
      for (std::uint32_t i = 0; i < c.weight; ++i)
        points_.push_back({base::avalanche(c.id * kPointsPerId + i), c.server});
    }
    std::sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) {
      return a.position != b.position ? a.position < b.position : a.server < b.server;
    });
  }

  int pick(const PickRequest& request) noexcept override {
    if (points_.empty()) return kNobody;
    // Without a key a run over the ring by golden-ratio steps: even, and by weight.
    const std::uint32_t position = request.has_key ? request.hash : (turn_ += 0x9e3779b9U);
    std::size_t at = nearest(position);
    int avoided = kNobody;
    for (std::size_t i = 0; i < points_.size(); ++i, at = at + 1 == points_.size() ? 0 : at + 1) {
      const std::uint32_t server = points_[at].server;
      if (static_cast<int>(server) == request.avoid) {
        avoided = request.avoid;
        continue;
      }
      // With a key, affinity goes before load.
      if (request.has_key || request.blocked == nullptr || !request.blocked(request.ctx, server))
        return static_cast<int>(server);
    }
    return avoided;
  }

  [[nodiscard]] bool dynamic() const noexcept override { return true; }

 private:
  [[nodiscard]] std::size_t nearest(std::uint32_t position) const noexcept {
    const auto it = std::lower_bound(points_.begin(), points_.end(), position,
                                     [](const Point& p, std::uint32_t at) { return p.position < at; });
    const std::size_t next = static_cast<std::size_t>(it - points_.begin()) % points_.size();
    const std::size_t before = next == 0 ? points_.size() - 1 : next - 1;
    // Distances on the ring: differences wrap around as it does.
    return points_[next].position - position < position - points_[before].position ? next : before;
  }

  struct Point {
    std::uint32_t position;
    std::uint32_t server;
  };
  std::vector<Point> points_;  // sorted
  std::uint32_t turn_ = 0;
};

}  // namespace

std::unique_ptr<Balancer> make_hash_ring() { return std::make_unique<HashRing>(); }

}  // namespace sluice::backend
