// Bump allocator for data that dies together: a stream's edited headers, its log strings, its variables.
//
// The first block is handed in by the owner (usually part of the owner's own memory), further ones come from malloc and
// are bounded by max_extra_bytes. Nothing is destroyed, so only trivially destructible data goes in. Thread: the
// owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sluice::base {

class Arena {
 public:
  // first: memory that outlives the arena; may be empty.
  explicit Arena(std::span<char> first, std::size_t max_extra_bytes = 1U << 20) noexcept
      : cur_(first.data()), end_(first.data() + first.size()), first_(first), max_extra_bytes_(max_extra_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { free_blocks(); }

  // Null when the limit is reached; alignment is a power of two of at most 16.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t align = alignof(void*)) noexcept {
    auto p = (reinterpret_cast<std::uintptr_t>(cur_) + (align - 1)) & ~(align - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(end_);
    // Two comparisons, so that a huge `bytes` cannot wrap around; the first also sends an arena without memory down.
    if (p >= end || bytes > end - p) return allocate_slow(bytes, align);
    cur_ = reinterpret_cast<char*>(p + bytes);
    return reinterpret_cast<void*>(p);
  }
  // `bytes` uninitialised characters; an empty span when the limit is reached.
  [[nodiscard]] std::span<char> chars(std::size_t bytes) noexcept {
    auto* p = static_cast<char*>(allocate(bytes, 1));
    return p == nullptr ? std::span<char>{} : std::span<char>{p, bytes};
  }
  // Copies the text; an empty view with null data when the limit is reached.
  [[nodiscard]] std::string_view copy(std::string_view s) noexcept {
    auto out = chars(s.size());
    if (out.data() == nullptr) return {};
    if (!s.empty()) std::memcpy(out.data(), s.data(), s.size());
    return {out.data(), s.size()};
  }
  // Forgets everything and starts again in the first block.
  void reset() noexcept {
    if (blocks_ != nullptr) free_blocks();
    cur_ = first_.data();
    end_ = first_.data() + first_.size();
    extra_bytes_ = 0;
  }

 private:
  struct Block {
    Block* next;
  };
  void* allocate_slow(std::size_t bytes, std::size_t align) noexcept;
  void free_blocks() noexcept;

  char* cur_;
  char* end_;
  std::span<char> first_;
  Block* blocks_ = nullptr;
  std::size_t extra_bytes_ = 0;
  std::size_t max_extra_bytes_;
};

}  // namespace sluice::base
