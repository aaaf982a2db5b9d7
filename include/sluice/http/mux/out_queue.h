// Bytes that a socket did not take yet. Empty and without memory in the normal case: output goes straight from where it lies
// to the socket. Thread: the connection's loop.
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

  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  // Copies the bytes of the pieces behind the first `skip` ones. False when memory is out.
  [[nodiscard]] bool append(const iovec* pieces, unsigned count, std::size_t skip) noexcept;
  // Sends what the socket takes. Done: empty now.
  net::IoResult flush(net::Transport& transport, bool more) noexcept;
  void release() noexcept;

 private:
  char* data_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace sluice::http::mux
