#include "sluice/http/mux/out_queue.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace sluice::http::mux {

bool OutQueue::append(const iovec* pieces, unsigned count, std::size_t skip) noexcept {
  std::size_t total = 0;
  for (unsigned i = 0; i < count; ++i) total += pieces[i].iov_len;
  const std::size_t more = total - skip;
  if (more == 0) return true;
  const std::size_t have = size();
  if (block_ == nullptr || block_->end + more > block_->capacity) {
    if (block_ != nullptr && block_->begin != 0) {
      std::memmove(block_->data(), block_->data() + block_->begin, have);
      block_->begin = 0;
      block_->end = static_cast<std::uint32_t>(have);
    }
    if (block_ == nullptr || have + more > block_->capacity) {
      const bool fresh = block_ == nullptr;
      auto* grown = static_cast<Block*>(std::realloc(block_, sizeof(Block) + have + more));
      if (grown == nullptr) return false;
      block_ = grown;
      if (fresh) block_->begin = block_->end = 0;
      block_->capacity = static_cast<std::uint32_t>(have + more);
    }
  }
  for (unsigned i = 0; i < count; ++i) {
    const std::size_t jump = std::min(skip, pieces[i].iov_len);
    skip -= jump;
    const std::size_t n = pieces[i].iov_len - jump;
    if (n == 0) continue;
    std::memcpy(block_->data() + block_->end, static_cast<const char*>(pieces[i].iov_base) + jump, n);
    block_->end += static_cast<std::uint32_t>(n);
  }
  return true;
}

net::IoResult OutQueue::flush(net::Transport& transport) noexcept {
  std::size_t sent = 0;
  while (block_ != nullptr) {
    const net::IoResult r = transport.send(block_->data() + block_->begin, size(), false);
    if (r.status != net::IoStatus::Done) return {r.status, sent, r.sys};
    const bool all = r.bytes == size();
    block_->begin += static_cast<std::uint32_t>(r.bytes);
    sent += r.bytes;
    // The socket took less than it was given: it is full, another try would only tell so.
    if (!all) return {net::IoStatus::WouldBlock, sent, 0};
    release();
  }
  return {net::IoStatus::Done, sent, 0};
}

void OutQueue::release() noexcept {
  std::free(block_);
  block_ = nullptr;
}

}  // namespace sluice::http::mux
