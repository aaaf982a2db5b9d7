#include "sluice/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::base {

namespace {
std::atomic<std::uint64_t> g_odd_total{0};
}

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "FATAL: check failed: %s at %s:%d\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

void odd_happened(OddPlace& place) noexcept {
  g_odd_total.fetch_add(1, std::memory_order_relaxed);
  if (place.hits.fetch_add(1, std::memory_order_relaxed) == 0)
    std::fprintf(stderr, "odd: %s at %s:%d (reported once)\n", place.expression, place.file, place.line);
}

std::uint64_t odd_count() noexcept { return g_odd_total.load(std::memory_order_relaxed); }

}  // namespace sluice::base
