// Statistics: per-thread blocks of counters that are added up when somebody reads them, and shared event rates.
//
// A block is a plain struct whose members are all `Counter`. Each thread writes its own block with plain stores;
// reading sums the blocks that exist. A thread's block is made at its first use, so that ten thousand idle servers cost
// little.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "sluice/base/check.h"

namespace sluice::base {

// One writer, any number of readers.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    v_.store(v_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) noexcept { v_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept { return v_.load(std::memory_order_relaxed); }
  void raise_to(std::uint64_t n) noexcept {
    if (n > get()) set(n);
  }

 private:
  std::atomic<std::uint64_t> v_{0};
};

// One Block per thread. Block: default constructible.
template <class Block>
class PerThread {
 public:
  explicit PerThread(unsigned threads) : threads_(threads), blocks_(std::make_unique<std::atomic<Block*>[]>(threads)) {}
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;
  ~PerThread() {
    for (unsigned i = 0; i < threads_; ++i) delete blocks_[i].load(std::memory_order_relaxed);
  }

  // The block of a thread, made at its first use. Only that thread calls this with its number (0 .. threads - 1).
  Block& local(unsigned thread) noexcept {
    SLUICE_DCHECK(thread < threads_);
    Block* b = blocks_[thread].load(std::memory_order_relaxed);
    return b != nullptr ? *b : make(thread);
  }
  // Any thread; null where that thread has not used it yet.
  [[nodiscard]] Block* peek(unsigned thread) const noexcept { return blocks_[thread].load(std::memory_order_acquire); }
  [[nodiscard]] unsigned threads() const noexcept { return threads_; }

 private:
  [[gnu::noinline]] Block& make(unsigned thread) noexcept {
    auto* b = new (std::nothrow) Block();
    SLUICE_CHECK(b != nullptr);  // a thread's first use of it, at start; there is no going on without
    blocks_[thread].store(b, std::memory_order_release);
    return *b;
  }
  unsigned threads_;
  std::unique_ptr<std::atomic<Block*>[]> blocks_;
};

// Adds all threads' blocks into a fresh one. Block consists of Counters only.
template <class Block>
void add_up(const PerThread<Block>& per_thread, Block& total) noexcept {
  static_assert(sizeof(Block) % sizeof(Counter) == 0);
  constexpr std::size_t kCounters = sizeof(Block) / sizeof(Counter);
  auto* out = reinterpret_cast<Counter*>(&total);
  for (unsigned t = 0; t < per_thread.threads(); ++t) {
    const Block* b = per_thread.peek(t);
    if (b == nullptr) continue;
    const auto* in = reinterpret_cast<const Counter*>(b);
    for (std::size_t i = 0; i < kCounters; ++i) out[i].add(in[i].get());
  }
}

// Sets every counter of a block to 0. Only its writer may do that.
template <class Block>
void clear_block(Block& block) noexcept {
  static_assert(sizeof(Block) % sizeof(Counter) == 0);
  auto* counters = reinterpret_cast<Counter*>(&block);
  for (std::size_t i = 0; i < sizeof(Block) / sizeof(Counter); ++i) counters[i].set(0);
}
// The block of a thread, by that thread.
template <class Block>
void clear(PerThread<Block>& per_thread, unsigned thread) noexcept {
  if (Block* b = per_thread.peek(thread)) clear_block(*b);
}

// Events per second over a sliding window of one second, and the highest rate seen. Any thread.
class EventRate {
 public:
  // now_ms: monotonic milliseconds.
  void add(std::int64_t now_ms) noexcept {
    turn(now_ms / 1000);
    const auto n = current_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (n > max_.load(std::memory_order_relaxed)) max_.store(n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t read(std::int64_t now_ms) const noexcept {
    const std::int64_t second = now_ms / 1000;
    const std::int64_t at = second_.load(std::memory_order_relaxed);
    const auto part = static_cast<std::uint32_t>(now_ms % 1000);
    const std::uint32_t now = current_.load(std::memory_order_relaxed);
    const std::uint32_t before = previous_.load(std::memory_order_relaxed);
    if (second == at) return now + static_cast<std::uint32_t>((std::uint64_t{before} * (999U - part)) / 1000U);
    if (second == at + 1) return static_cast<std::uint32_t>((std::uint64_t{now} * (999U - part)) / 1000U);
    return 0;
  }
  [[nodiscard]] std::uint32_t max() const noexcept { return max_.load(std::memory_order_relaxed); }
  void clear_max() noexcept { max_.store(0, std::memory_order_relaxed); }

 private:
  void turn(std::int64_t second) noexcept {
    std::int64_t at = second_.load(std::memory_order_relaxed);
    if (at == second || at > second) return;
    // One thread moves the window; the others count on. An event or two on the edge may land on either side.
    if (!second_.compare_exchange_strong(at, second, std::memory_order_relaxed)) return;
    const std::uint32_t n = current_.exchange(0, std::memory_order_relaxed);
    previous_.store(at + 1 == second ? n : 0, std::memory_order_relaxed);
  }
  std::atomic<std::int64_t> second_{0};
  std::atomic<std::uint32_t> current_{0};
  std::atomic<std::uint32_t> previous_{0};
  std::atomic<std::uint32_t> max_{0};
};

}  // namespace sluice::base
