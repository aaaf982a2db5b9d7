// balance leastconn: the server with the least load for its weight; turns among those that are equal.
//
// A binary heap over (load / weight, order), with the place of each server in it, so that a change of load is O(log n).
// The order number is renewed whenever a server moves: among equals the one that has waited longest is first.
#include <algorithm>
#include <vector>

#include "backend/balance/balancers.h"

namespace sluice::backend {
namespace {

class LeastConn final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override {
    std::vector<Entry> before = std::move(heap_);
    heap_.clear();
    std::sort(before.begin(), before.end(), [](const Entry& a, const Entry& b) { return a.server < b.server; });
    std::uint32_t top = 0;
    for (const Candidate& c : servers) {
      const auto it = std::lower_bound(before.begin(), before.end(), c.server,
                                       [](const Entry& e, std::uint32_t server) { return e.server < server; });
      const bool known = it != before.end() && it->server == c.server;
      heap_.push_back({key_of(c.load, c.weight), known ? it->order : ++order_, c.weight, c.server});
      top = std::max(top, c.server + 1);
    }
    place_.assign(top, kNobody);
    std::sort(heap_.begin(), heap_.end(), before_than);  // a sorted array is a heap
    for (std::size_t i = 0; i < heap_.size(); ++i) place_[heap_[i].server] = static_cast<int>(i);
    walk_.reserve(heap_.size() + 2);
  }

  int pick(const PickRequest& request) noexcept override {
    int chosen = search(request, request.avoid);
    if (chosen == kNobody && request.avoid != kNobody) chosen = search(request, kNobody);
    return chosen;
  }

  void load_changed(std::uint32_t server, std::uint32_t load) noexcept override {
    if (server >= place_.size() || place_[server] == kNobody) return;
    const auto at = static_cast<std::size_t>(place_[server]);
    const std::uint64_t key = key_of(load, heap_[at].weight);
    heap_[at].key = key;
    heap_[at].order = ++order_;
    sift_down(sift_up(at));
  }

  [[nodiscard]] bool wants_load() const noexcept override { return true; }
  [[nodiscard]] bool dynamic() const noexcept override { return true; }

 private:
  struct Entry {
    std::uint64_t key;
    std::uint64_t order;
    std::uint32_t weight;
    std::uint32_t server;
  };
  // What the load would be with this request, for its weight. Idle servers are all alike, whatever they weigh: they
  // take turns.
  static std::uint64_t key_of(std::uint32_t load, std::uint32_t weight) noexcept {
    constexpr std::uint64_t kScale = std::uint64_t{256} * kWeightScale;
    return load == 0 ? 0 : (load + std::uint64_t{1}) * kScale / weight;
  }
  static bool before_than(const Entry& a, const Entry& b) noexcept {
    return a.key != b.key ? a.key < b.key : a.order < b.order;
  }

  // The first server in order that has room. Goes down the heap only as far as servers are refused.
  int search(const PickRequest& request, int avoid) noexcept {
    if (heap_.empty()) return kNobody;
    const auto later = [this](std::size_t a, std::size_t b) { return before_than(heap_[b], heap_[a]); };
    walk_.clear();
    walk_.push_back(0);
    while (!walk_.empty()) {
      std::pop_heap(walk_.begin(), walk_.end(), later);
      const std::size_t at = walk_.back();
      walk_.pop_back();
      const std::uint32_t server = heap_[at].server;
      if (static_cast<int>(server) != avoid && (request.blocked == nullptr || !request.blocked(request.ctx, server)))
        return static_cast<int>(server);
      for (std::size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap_.size(); ++child) {
        walk_.push_back(child);
        std::push_heap(walk_.begin(), walk_.end(), later);
      }
    }
    return kNobody;
  }

  void put(std::size_t at, const Entry& e) noexcept {
    heap_[at] = e;
    place_[e.server] = static_cast<int>(at);
  }
  std::size_t sift_up(std::size_t at) noexcept {
    const Entry e = heap_[at];
    while (at > 0 && before_than(e, heap_[(at - 1) / 2])) {
      put(at, heap_[(at - 1) / 2]);
      at = (at - 1) / 2;
    }
    put(at, e);
    return at;
  }
  void sift_down(std::size_t at) noexcept {
    const Entry e = heap_[at];
    for (;;) {
      std::size_t child = 2 * at + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && before_than(heap_[child + 1], heap_[child])) ++child;
      if (!before_than(heap_[child], e)) break;
      put(at, heap_[child]);
      at = child;
    }
    put(at, e);
  }

  std::vector<Entry> heap_;
  std::vector<int> place_;         // backend index -> position in heap_, kNobody when not in use
  std::vector<std::size_t> walk_;  // positions still to be looked at, nearest first; during one pick
  std::uint64_t order_ = 0;
};

}  // namespace

std::unique_ptr<Balancer> make_least_conn() { return std::make_unique<LeastConn>(); }

}  // namespace sluice::backend
