// Places below a limit that several threads take from: "maxconn" of the process, of a frontend, of a listener.
//
// A place is taken before what it is for is there (a connection before accept()), so that threads that look at the same
// time never take more than there are. Thread: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::proxy {

// limit: 0 = none. False: all places are taken, and nothing has changed.
[[nodiscard]] inline bool take_place(std::atomic<std::uint32_t>& taken, std::uint32_t limit) noexcept {
  if (limit == 0) {
    taken.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  std::uint32_t n = taken.load(std::memory_order_relaxed);
  do {
    if (n >= limit) return false;
  } while (!taken.compare_exchange_weak(n, n + 1, std::memory_order_relaxed));
  return true;
}

inline void give_place(std::atomic<std::uint32_t>& taken) noexcept { taken.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace sluice::proxy
