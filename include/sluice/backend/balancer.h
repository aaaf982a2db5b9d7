// Who is next: one small class per algorithm, pure: no clock, no lock, no servers, only numbers.
//
// A balancer works on positions 0 .. n-1 of the servers in use (those that are up, not draining, with a weight above 0;
// the active ones, or the backup ones when no active is left). set_servers() gives it a new list whenever that set or a
// weight changes. pick() proposes, the caller judges: `blocked` says which servers have no room now.
//
// Thread: the caller holds the backend's mutex.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sluice/backend/spec.h"

namespace sluice::backend {

// One server in use.
struct Candidate {
  std::uint32_t server = 0;  // its index in the backend
  std::uint32_t id = 0;      // "id": the order of `first`, the place in hash rings
  std::uint32_t weight = 1;  // 1 .. 256 * kWeightScale
  std::uint32_t load = 0;    // requests it serves now, those in its queue included
};

inline constexpr int kNobody = -1;

// Weights of candidates are configured weights times this, so that a slow start can go in small steps.
inline constexpr std::uint32_t kWeightScale = 16;

struct PickRequest {
  // Whether a server of the given backend index has no room for another request now. Null: all have room.
  bool (*blocked)(const void* ctx, std::uint32_t server) noexcept = nullptr;
  // What a server serves right now, those in its queue included. Null: the load of its Candidate.
  std::uint32_t (*load)(const void* ctx, std::uint32_t server) noexcept = nullptr;
  const void* ctx = nullptr;
  std::uint32_t hash = 0;  // of the key
  bool has_key = false;    // false: algorithms with a key take turns instead
  int avoid = kNobody;     // backend index of a server to pass over if there is another
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  // servers: in order of the configuration. O(n log n). Turns go on from where they were as well as the algorithm can.
  virtual void set_servers(std::span<const Candidate> servers) = 0;
  // The backend index of the chosen server, or kNobody when none has room. Keyed algorithms propose the key's server
  // even when it is blocked: the request then waits in that server's queue. Counts the turn.
  virtual int pick(const PickRequest& request) noexcept = 0;
  // Load of a server has changed (leastconn keeps its order by it).
  virtual void load_changed(std::uint32_t server, std::uint32_t load) noexcept {
    (void)server;
    (void)load;
  }
  // Whether load_changed() must be called; known at construction.
  [[nodiscard]] virtual bool wants_load() const noexcept { return false; }
  // Whether the algorithm follows weights that change at run time.
  [[nodiscard]] virtual bool dynamic() const noexcept = 0;
};

// draws, hash: of BackendSpec. seed: for `random`.
std::unique_ptr<Balancer> make_balancer(Algorithm algorithm, const BackendSpec& spec, std::uint64_t seed);
// `show stat` column "algo".
std::string_view algorithm_name(Algorithm a) noexcept;

}  // namespace sluice::backend
