// balance roundrobin: every server is due once in (total weight / its weight) turns.
//
// Turns are numbered. A server that has been served at turn p is due again at p + total/weight; fractions are carried,
// so that over a full round everybody gets exactly his share. At each turn the server that is due goes, the one due
// longest first, the heavier one on a tie. When nobody is due yet, a server that had no turn so far goes, heavier ones
// first. This spreads servers smoothly and gives the order that users of the reference see (3/1/2: 1 3 1 2 1 3).
#include <algorithm>
#include <cstdint>
#include <vector>

#include "backend/balance/balancers.h"

namespace sluice::backend {
namespace {

struct Entry {
  std::uint64_t due = 0;
  std::uint64_t order = 0;  // FIFO among equals
  std::uint32_t weight = 1;
  std::uint32_t carry = 0;  // of total / weight, in units of 1 / weight
  std::uint32_t server = 0;
};

// Heap order: the top is the smallest.
bool later(const Entry& a, const Entry& b) noexcept {
  if (a.due != b.due) return a.due > b.due;
  if (a.weight != b.weight) return a.weight < b.weight;
  return a.order > b.order;
}

class RoundRobin final : public Balancer {
 public:
  void set_servers(std::span<const Candidate> servers) override {
    std::vector<Entry> before = std::move(queue_);
    queue_.clear();
    fresh_.clear();
    total_ = 0;
    std::sort(before.begin(), before.end(), [](const Entry& a, const Entry& b) { return a.server < b.server; });
    for (const Candidate& c : servers) {
      total_ += c.weight;
      const auto it = std::lower_bound(before.begin(), before.end(), c.server,
                                       [](const Entry& e, std::uint32_t server) { return e.server < server; });
      if (it == before.end() || it->server != c.server) {
        fresh_.push_back({0, 0, c.weight, 0, c.server});
        continue;
      }
      Entry e = *it;
      if (e.weight != c.weight) {
        // Lighter than before: it must not wait out a turn that its old weight has earned, nor earn more.
        e.weight = c.weight;
        e.carry = 0;
        e.due = std::min(e.due, turn_ + c.weight);
      }
      queue_.push_back(e);
    }
    // Those who wait for their first turn: taken from the back, so the heaviest and first configured stands there.
    std::stable_sort(fresh_.begin(), fresh_.end(), [](const Entry& a, const Entry& b) { return a.weight > b.weight; });
    std::reverse(fresh_.begin(), fresh_.end());
    std::make_heap(queue_.begin(), queue_.end(), later);
    // No allocation on the data path.
    queue_.reserve(servers.size());
    aside_.reserve(servers.size());
  }

  int pick(const PickRequest& request) noexcept override {
    const int chosen = try_pick(request, request.avoid);
    if (chosen == kNobody && request.avoid != kNobody) return try_pick(request, kNobody);
    return chosen;
  }

  [[nodiscard]] bool dynamic() const noexcept override { return true; }

 private:
  static bool refuses(const PickRequest& r, int avoid, std::uint32_t server) noexcept {
    return static_cast<int>(server) == avoid || (r.blocked != nullptr && r.blocked(r.ctx, server));
  }

  int try_pick(const PickRequest& request, int avoid) noexcept {
    int chosen = kNobody;
    while (!queue_.empty() && queue_.front().due <= turn_ && chosen == kNobody) chosen = try_top(request, avoid);
    if (chosen == kNobody) chosen = try_fresh(request, avoid);
    while (!queue_.empty() && chosen == kNobody) chosen = try_top(request, avoid);
    for (const Entry& e : aside_) push(e);
    aside_.clear();
    return chosen;
  }

  // Serves the top, or puts it aside.
  int try_top(const PickRequest& request, int avoid) noexcept {
    std::pop_heap(queue_.begin(), queue_.end(), later);
    Entry e = queue_.back();
    queue_.pop_back();
    if (refuses(request, avoid, e.server)) {
      aside_.push_back(e);
      return kNobody;
    }
    serve(e);
    return static_cast<int>(e.server);
  }

  int try_fresh(const PickRequest& request, int avoid) noexcept {
    for (std::size_t i = fresh_.size(); i-- > 0;) {
      if (refuses(request, avoid, fresh_[i].server)) continue;
      Entry e = fresh_[i];
      fresh_.erase(fresh_.begin() + static_cast<std::ptrdiff_t>(i));
      e.due = turn_;
      serve(e);
      return static_cast<int>(e.server);
    }
    return kNobody;
  }

  void serve(Entry e) noexcept {
    const std::uint64_t step = total_ / e.weight;
    // One that was full for long has not saved up turns for a burst; one served early moves the clock.
    if (e.due + step < turn_) {
      e.due = turn_;
      e.carry = 0;
    }
    turn_ = std::max(turn_, e.due) + 1;
    e.due += step;
    e.carry += static_cast<std::uint32_t>(total_ % e.weight);
    if (e.carry >= e.weight) {
      e.carry -= e.weight;
      ++e.due;
    }
    e.order = ++order_;
    push(e);
  }

  void push(const Entry& e) noexcept {
    queue_.push_back(e);  // within the reserved capacity
    std::push_heap(queue_.begin(), queue_.end(), later);
  }

  std::vector<Entry> queue_;  // heap
  std::vector<Entry> fresh_;  // had no turn yet
  std::vector<Entry> aside_;  // during one pick
  std::uint64_t total_ = 0;
  std::uint64_t turn_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace

std::unique_ptr<Balancer> make_round_robin() { return std::make_unique<RoundRobin>(); }

}  // namespace sluice::backend
