// Buffers for bytes in flight, and the per-thread pool they come from.
//
//   data()            begin()            end()           data()+capacity()
//     |  (consumed)     |    readable      |   writable     |
//
// A Buffer without memory is "empty and unattached": an idle connection owns none. All buffers of a pool have one size
// (tune.bufsize). Thread: the pool's.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "sluice/base/check.h"
#include "sluice/base/pool.h"

namespace sluice::base {

class BufferPool {
 public:
  explicit BufferPool(std::size_t buffer_bytes, std::size_t keep = 256) noexcept : raw_(buffer_bytes, keep) {}
  [[nodiscard]] std::size_t buffer_bytes() const noexcept { return raw_.object_bytes(); }
  RawPool& raw() noexcept { return raw_; }

 private:
  RawPool raw_;
};

class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& o) noexcept { swap(o); }
  Buffer& operator=(Buffer&& o) noexcept {
    if (this != &o) {
      release();
      swap(o);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }

  // Takes memory from the pool if there is none yet; false when memory is out.
  [[nodiscard]] bool attach(BufferPool& pool) noexcept {
    if (data_ != nullptr) return true;
    data_ = static_cast<char*>(pool.raw().take());
    if (data_ == nullptr) return false;
    pool_ = &pool;
    begin_ = end_ = 0;
    return true;
  }
  // Gives the memory back; the content is gone.
  void release() noexcept {
    if (data_ == nullptr) return;
    pool_->raw().give(data_);
    data_ = nullptr;
    pool_ = nullptr;
    begin_ = end_ = 0;
  }
  [[nodiscard]] bool attached() const noexcept { return data_ != nullptr; }
  [[nodiscard]] std::size_t capacity() const noexcept { return data_ == nullptr ? 0 : pool_->buffer_bytes(); }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] std::size_t room() const noexcept { return capacity() - end_; }  // behind the readable part

  [[nodiscard]] char* data() noexcept { return data_; }
  [[nodiscard]] const char* begin() const noexcept { return data_ + begin_; }
  [[nodiscard]] char* begin() noexcept { return data_ + begin_; }
  [[nodiscard]] char* end() noexcept { return data_ + end_; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_ + begin_, end_ - begin_}; }
  [[nodiscard]] std::span<char> writable() noexcept { return {data_ + end_, room()}; }

  // n more bytes have been written behind end().
  void produced(std::size_t n) noexcept {
    SLUICE_DCHECK(n <= room());
    end_ += static_cast<std::uint32_t>(n);
  }
  // n bytes at begin() are no longer needed.
  void consume(std::size_t n) noexcept {
    SLUICE_DCHECK(n <= size());
    begin_ += static_cast<std::uint32_t>(n);
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Like consume(), but never moves the start of memory back: views into the rest of the buffer stay where they are.
  void skip(std::size_t n) noexcept {
    SLUICE_DCHECK(n <= size());
    begin_ += static_cast<std::uint32_t>(n);
  }
  // Takes back the last n bytes skipped; nothing may have been consumed or compacted since.
  void unskip(std::size_t n) noexcept {
    SLUICE_DCHECK(n <= begin_);
    begin_ -= static_cast<std::uint32_t>(n);
  }
  // Moves the readable part to the front of the memory; every view into it dies.
  void compact() noexcept {
    if (begin_ == 0) return;
    std::memmove(data_, data_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  // Copies as much as fits; returns how much that was.
  std::size_t append(std::string_view s) noexcept {
    const std::size_t n = s.size() < room() ? s.size() : room();
    if (n != 0) std::memcpy(data_ + end_, s.data(), n);
    end_ += static_cast<std::uint32_t>(n);
    return n;
  }
  void clear() noexcept { begin_ = end_ = 0; }
  void swap(Buffer& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(pool_, o.pool_);
    std::swap(begin_, o.begin_);
    std::swap(end_, o.end_);
  }

 private:
  char* data_ = nullptr;
  BufferPool* pool_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace sluice::base
