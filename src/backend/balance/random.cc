// balance random(<draws>): as many servers as draws are drawn by weight, the least loaded of them is taken.
//
// The manual describes the draw as a random key on a consistent hash ring; drawing by cumulative weight has the same
// distribution without the ring's unevenness.
#include <algorithm>
#include <vector>

#include "backend/balance/balancers.h"

namespace sluice::backend {
namespace {

class Random final : public Balancer {
 public:
  Random(std::uint32_t draws, std::uint64_t seed) noexcept : draws_(draws), state_(seed) {}

  void set_servers(std::span<const Candidate> servers) override {
    servers_.assign(servers.begin(), servers.end());
    ends_.clear();
    std::uint64_t end = 0;
    for (const Candidate& c : servers_) ends_.push_back(end += c.weight);
  }

  int pick(const PickRequest& request) noexcept override {
    if (servers_.empty()) return kNobody;
    const Candidate* best = nullptr;
    std::uint64_t best_load = 0;
    for (std::uint32_t draw = 0; draw < draws_; ++draw) {
      const Candidate* c = draw_one(request);
      if (c == nullptr) return only_avoided(request);
      // Load per weight, compared without dividing.
      const std::uint64_t load = request.load == nullptr ? c->load : request.load(request.ctx, c->server);
      if (best == nullptr || load * best->weight < best_load * c->weight) {
        best = c;
        best_load = load;
      }
    }
    return best == nullptr ? kNobody : static_cast<int>(best->server);
  }

  [[nodiscard]] bool dynamic() const noexcept override { return true; }

 private:
  // A random server; when it has no room, the next one behind it that has.
  const Candidate* draw_one(const PickRequest& request) noexcept {
    const std::uint64_t point = next() % ends_.back();
    auto at = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), point) - ends_.begin());
    for (std::size_t i = 0; i < servers_.size(); ++i, at = at + 1 == servers_.size() ? 0 : at + 1) {
      const Candidate& c = servers_[at];
      if (static_cast<int>(c.server) == request.avoid) continue;
      if (request.blocked == nullptr || !request.blocked(request.ctx, c.server)) return &c;
    }
    return nullptr;
  }
  // All others are out: the one to avoid, when it has room.
  int only_avoided(const PickRequest& request) const noexcept {
    for (const Candidate& c : servers_) {
      if (static_cast<int>(c.server) != request.avoid) continue;
      return request.blocked != nullptr && request.blocked(request.ctx, c.server) ? kNobody : request.avoid;
    }
    return kNobody;
  }
  // splitmix64
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  std::vector<Candidate> servers_;
  std::vector<std::uint64_t> ends_;  // cumulative weights
  std::uint32_t draws_;
  std::uint64_t state_;
};

}  // namespace

std::unique_ptr<Balancer> make_random(std::uint32_t draws, std::uint64_t seed) {
  return std::make_unique<Random>(draws, seed);
}

}  // namespace sluice::backend
