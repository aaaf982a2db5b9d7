// Bytes that a socket did not take yet. Empty and without memory in the normal case: output goes straight from where it
// lies to the socket. One pointer while empty, since every idle connection has one. Thread: the connection's loop.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "sluice/net/transport.h"

namespace sluice::http::mux {

class OutQueue {
 public:
  OutQueue() = default;
  OutQueue(const OutQueue&) = delete;
  OutQueue& operator=(const OutQueue&) = delete;
  ~OutQueue() { release(); }

  [[nodiscard]] bool empty() const noexcept { return block_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->end - block_->begin; }
  // Copies the bytes of the pieces behind the first `skip` ones. False when memory is out.
  [[nodiscard]] bool append(const iovec* pieces, unsigned count, std::size_t skip) noexcept;
  // Sends what the socket takes. Done: empty now.
  net::IoResult flush(net::Transport& transport) noexcept;
  void release() noexcept;

 private:
  // Followed by `capacity` bytes; [begin, end) of them are waiting, never none.
  struct Block {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t capacity;
    [[nodiscard]] char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  Block* block_ = nullptr;
};

}  // namespace sluice::http::mux
