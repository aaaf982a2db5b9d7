// Checks, graded by what a failure means.
//
//   SLUICE_CHECK   always on: memory or logic is lost, the process must end here.
//   SLUICE_DCHECK  debug builds only: the same, on paths too hot for an always-on test.
//   SLUICE_ODD     surprising but survivable: counted, reported once per place, goes on.
//
// Input from a peer never reaches SLUICE_CHECK or SLUICE_DCHECK.
// Thread: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::base {

[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

// One per SLUICE_ODD place; static storage, counts how often the place was hit.
struct OddPlace {
  const char* expression;
  const char* file;
  int line;
  std::atomic<std::uint64_t> hits{0};
};

// Counts, and writes one line to stderr for the first hit of a place.
void odd_happened(OddPlace& place) noexcept;

// Sum of the hits of all places since start.
std::uint64_t odd_count() noexcept;

}  // namespace sluice::base

#define SLUICE_CHECK(expr) \
  (__builtin_expect(!!(expr), 1) ? (void)0 : ::sluice::base::check_failed(#expr, __FILE__, __LINE__))

#ifdef NDEBUG
#define SLUICE_DCHECK(expr) ((void)0)
#else
#define SLUICE_DCHECK(expr) SLUICE_CHECK(expr)
#endif

// True when the odd condition holds, so that it can be used in an `if`.
#define SLUICE_ODD(cond)                                                  \
  (__builtin_expect(!!(cond), 0) ? ([]() noexcept -> bool {               \
    static ::sluice::base::OddPlace place{#cond, __FILE__, __LINE__, {}}; \
    ::sluice::base::odd_happened(place);                                  \
    return true;                                                          \
  }())                                                                    \
                                 : false)
