// Pools of fixed-size memory that hand out the most recently freed object first, because it is still in cache.
//
// A pool belongs to one thread. Objects are taken from malloc when the pool is empty and given back to it when it holds
// more than `keep` free ones. Under AddressSanitizer pools keep nothing, so that use after free is seen.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_ASAN 1
#endif
#endif

namespace sluice::base {

class RawPool {
 public:
  RawPool(std::size_t object_bytes, std::size_t keep) noexcept
      : object_bytes_(object_bytes < sizeof(Node) ? sizeof(Node) : object_bytes), keep_(keep) {}
  RawPool(const RawPool&) = delete;
  RawPool& operator=(const RawPool&) = delete;
  ~RawPool() { trim(0); }

  // Null when memory is out.
  [[nodiscard]] void* take() noexcept {
    ++used_;
    if (free_ != nullptr) {
      Node* n = free_;
      free_ = n->next;
      if (--free_count_ < low_) low_ = free_count_;
      return n;
    }
    void* p = std::malloc(object_bytes_);
    if (p == nullptr) --used_;
    return p;
  }
  void give(void* p) noexcept {
    --used_;
#ifdef SLUICE_ASAN
    std::free(p);
#else
    if (free_count_ >= keep_) {
      std::free(p);
      return;
    }
    auto* n = static_cast<Node*>(p);
    n->next = free_;
    free_ = n;
    ++free_count_;
#endif
  }
  // Gives free objects back to malloc until at most `left` remain.
  void trim(std::size_t left) noexcept {
    while (free_count_ > left) {
      Node* n = free_;
      free_ = n->next;
      --free_count_;
      std::free(n);
    }
  }
  // For a timer: gives back half of what was never needed since the last call. Returns the bytes given back.
  std::size_t trim_unused() noexcept {
    const std::size_t drop = (low_ + 1) / 2;
    const std::size_t before = free_count_;
    if (drop != 0) trim(free_count_ - drop);
    low_ = free_count_;
    return (before - free_count_) * object_bytes_;
  }
  [[nodiscard]] std::size_t object_bytes() const noexcept { return object_bytes_; }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::size_t free_count() const noexcept { return free_count_; }

 private:
  struct Node {
    Node* next;
  };
  std::size_t object_bytes_;
  std::size_t keep_;
  Node* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t low_ = 0;  // smallest free_count_ since trim_unused()
  std::size_t used_ = 0;
};

// Typed door over RawPool: make() constructs, destroy() destructs and gives back.
template <class T>
class ObjectPool {
  static_assert(alignof(T) <= alignof(std::max_align_t), "memory comes from malloc");

 public:
  explicit ObjectPool(std::size_t keep = 1024) noexcept : raw_(sizeof(T), keep) {}
  template <class... Args>
  [[nodiscard]] T* make(Args&&... args) {
    void* p = raw_.take();
    return p == nullptr ? nullptr : ::new (p) T(std::forward<Args>(args)...);
  }
  void destroy(T* x) noexcept {
    x->~T();
    raw_.give(x);
  }
  RawPool& raw() noexcept { return raw_; }

 private:
  RawPool raw_;
};

}  // namespace sluice::base
