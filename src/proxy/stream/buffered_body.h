// What rules see of a message's body: the payload that has come so far, in one piece.
//
// Payload that lies together in the receive buffer is looked at where it is. As soon as framing stands between two
// pieces they are copied behind each other into a buffer of the same size; payload is never more than what was
// received, so that buffer cannot become too small. The mux keeps the bytes as received: they go to the other side from
// there. Owner: the stream. Thread: the stream's.
#pragma once

#include <string_view>

#include "sluice/base/buffer.h"
#include "sluice/http/mux/endpoint.h"

namespace sluice::proxy {

class BufferedBody {
 public:
  // Gathers what has come since the last call. False when memory is out: the text then ends before what is missing.
  [[nodiscard]] bool take(http::mux::Endpoint& from, base::BufferPool& pool) noexcept;
  // Views into the receive buffer or into the copy; valid until release() and as long as the mux holds the head.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  void release() noexcept {
    text_ = {};
    copy_.release();
  }

 private:
  bool add(std::string_view piece, base::BufferPool& pool) noexcept;

  std::string_view text_;
  base::Buffer copy_;
};

}  // namespace sluice::proxy
