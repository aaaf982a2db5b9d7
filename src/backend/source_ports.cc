#include "sluice/backend/source_ports.h"

namespace sluice::backend {

SourcePorts::SourcePorts(std::uint16_t first, std::uint16_t last)
    : first_(first), count_(last - first + 1U), used_(std::make_unique<std::atomic<bool>[]>(count_)) {}

std::uint16_t SourcePorts::take() noexcept {
  const std::uint32_t begin = next_.fetch_add(1, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::uint32_t at = (begin + i) % count_;
    if (used_[at].load(std::memory_order_relaxed) || used_[at].exchange(true, std::memory_order_acquire)) continue;
    // Who comes next need not walk over what is in use.
    if (i != 0) next_.store(at + 1, std::memory_order_relaxed);
    return static_cast<std::uint16_t>(first_ + at);
  }
  return 0;
}

void SourcePorts::give(std::uint16_t port) noexcept { used_[port - first_].store(false, std::memory_order_release); }

}  // namespace sluice::backend
