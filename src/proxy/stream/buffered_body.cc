#include "buffered_body.h"

namespace sluice::proxy {

bool BufferedBody::take(http::mux::Endpoint& from, base::BufferPool& pool) noexcept {
  for (;;) {
    http::mux::Pieces pieces;
    from.gather(pieces);
    for (unsigned i = 0; i < pieces.count; ++i) {
      if (!add({static_cast<const char*>(pieces.iov[i].iov_base), pieces.iov[i].iov_len}, pool)) return false;
    }
    if (pieces.count == 0 || pieces.end || pieces.failed) return true;
  }
}

bool BufferedBody::add(std::string_view piece, base::BufferPool& pool) noexcept {
  if (!copy_.attached()) {
    if (text_.empty()) {
      text_ = piece;
      return true;
    }
    if (text_.data() + text_.size() == piece.data()) {
      text_ = {text_.data(), text_.size() + piece.size()};
      return true;
    }
    if (!copy_.attach(pool)) return false;
    copy_.append(text_);
  }
  const bool whole = copy_.append(piece) == piece.size();
  text_ = copy_.view();
  return whole;
}

}  // namespace sluice::proxy
