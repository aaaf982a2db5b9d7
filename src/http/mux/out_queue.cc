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
  if (begin_ != 0 && end_ + more > capacity_) {
    std::memmove(data_, data_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ + more > capacity_) {
    const std::size_t wanted = end_ + more;
    auto* grown = static_cast<char*>(std::realloc(data_, wanted));
    if (grown == nullptr) return false;
    data_ = grown;
    capacity_ = static_cast<std::uint32_t>(wanted);
  }
  for (unsigned i = 0; i < count; ++i) {
    const std::size_t jump = std::min(skip, pieces[i].iov_len);
    skip -= jump;
    const std::size_t n = pieces[i].iov_len - jump;
    if (n == 0) continue;
    std::memcpy(data_ + end_, static_cast<const char*>(pieces[i].iov_base) + jump, n);
    end_ += static_cast<std::uint32_t>(n);
  }
  return true;
}

net::IoResult OutQueue::flush(net::Transport& transport, bool more) noexcept {
  std::size_t sent = 0;
  while (begin_ != end_) {
    const net::IoResult r = transport.send(data_ + begin_, size(), more);
    if (r.status != net::IoStatus::Done) return {r.status, sent, r.sys};
    const bool all = r.bytes == size();
    begin_ += static_cast<std::uint32_t>(r.bytes);
    sent += r.bytes;
    // The socket took less than it was given: it is full, another try would only tell so.
    if (!all) return {net::IoStatus::WouldBlock, sent, 0};
  }
  release();
  return {net::IoStatus::Done, sent, 0};
}

void OutQueue::release() noexcept {
  std::free(data_);
  data_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

}  // namespace sluice::http::mux
