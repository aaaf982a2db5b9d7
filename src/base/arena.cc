#include "sluice/base/arena.h"

#include <algorithm>
#include <cstdlib>

namespace sluice::base {

void* Arena::allocate_slow(std::size_t bytes, std::size_t align) noexcept {
  constexpr std::size_t kBlockBytes = 4096;
  if (bytes > max_extra_bytes_ || extra_bytes_ > max_extra_bytes_ - bytes) return nullptr;
  const std::size_t size = std::max(kBlockBytes, sizeof(Block) + bytes + 16);
  auto* block = static_cast<Block*>(std::malloc(size));
  if (block == nullptr) return nullptr;
  block->next = blocks_;
  blocks_ = block;
  extra_bytes_ += size;
  cur_ = reinterpret_cast<char*>(block + 1);
  end_ = reinterpret_cast<char*>(block) + size;
  auto p = (reinterpret_cast<std::uintptr_t>(cur_) + (align - 1)) & ~(align - 1);
  cur_ = reinterpret_cast<char*>(p + bytes);
  return reinterpret_cast<void*>(p);
}

void Arena::free_blocks() noexcept {
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    std::free(blocks_);
    blocks_ = next;
  }
}

}  // namespace sluice::base
