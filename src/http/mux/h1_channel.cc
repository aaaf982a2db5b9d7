#include "sluice/http/mux/h1_channel.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace sluice::http::mux {

namespace {

// Up to here pieces are copied together, so that one plain send() does it.
constexpr std::size_t kCopyBytes = 4096;

// What goes behind a head: a chunk head, small pieces copied, a chunk's end. Trailers come on top, at most as long as a
// head.
constexpr std::size_t kFramingBytes = h1::kMaxChunkHeadBytes + 64 + kCopyBytes;

// Tail of a chunk: CR LF, the last chunk and its trailers.
constexpr std::size_t kScratchBytes = 65536;

base::ErrorCode code_of(int sys) noexcept {
  switch (sys) {
    case ECONNRESET:
    case EPIPE:
      return base::ErrorCode::Reset;
    case ECONNREFUSED:
      return base::ErrorCode::ConnectRefused;
    case ETIMEDOUT:
      return base::ErrorCode::Timeout;
    case ENOMEM:
    case ENOBUFS:
      return base::ErrorCode::NoResource;
    default:
      return base::ErrorCode::System;
  }
}

constinit thread_local char* t_scratch = nullptr;
constinit thread_local std::size_t t_scratch_bytes = 0;
struct ScratchOwner {
  ~ScratchOwner() {
    std::free(t_scratch);
    t_scratch = nullptr;
    t_scratch_bytes = 0;
  }
};

}  // namespace

template <class Base>
H1Channel<Base>::H1Channel(const H1Settings& settings, int fd) noexcept
    : settings_(&settings), transport_(std::make_unique<net::PlainTransport>(fd, *this)) {}

template <class Base>
H1Channel<Base>::~H1Channel() = default;

template <class Base>
char* H1Channel<Base>::scratch(std::size_t bytes, std::size_t& room) noexcept {
  if (bytes > t_scratch_bytes) {
    static thread_local ScratchOwner owner;
    (void)owner;
    const std::size_t wanted = std::max(bytes, kScratchBytes);
    auto* grown = static_cast<char*>(std::realloc(t_scratch, wanted));
    if (grown == nullptr) return nullptr;
    t_scratch = grown;
    t_scratch_bytes = wanted;
  }
  room = t_scratch_bytes;
  return t_scratch;
}

template <class Base>
typename H1Channel<Base>::WrittenHead H1Channel<Base>::write_head(const Outgoing& head,
                                                                  const h1::HeadWriteOptions& options) noexcept {
  WrittenHead out{nullptr, 0, 0};
  out.begin = scratch(h1::max_head_bytes(head, options) + kFramingBytes + settings_->parse.max_head_bytes, out.room);
  if (out.begin != nullptr) {
    if constexpr (std::is_same_v<Outgoing, RequestHead>)
      out.bytes = h1::write_request_head(out.begin, out.room, head, options);
    else
      out.bytes = h1::write_response_head(out.begin, out.room, head, options);
  }
  if (out.bytes == 0) fail(base::ErrorCode::NoResource, 0);
  return out;
}

template <class Base>
void H1Channel<Base>::fail(base::ErrorCode code, int sys) noexcept {
  // The first cause stays, but a lost connection outweighs bad input: nothing can be answered any more.
  const bool bad_input = code == base::ErrorCode::BadMessage || code == base::ErrorCode::ClosedEarly;
  if (error_.code != base::ErrorCode::None && (broken() || bad_input)) return;
  error_.code = code;
  error_.sys = sys;
}

template <class Base>
typename H1Channel<Base>::ReadOutcome H1Channel<Base>::read_some(std::size_t keep_free) noexcept {
  runtime::Loop& loop = *runtime::Loop::current();
  if (!in_.attach(loop.buffers())) {
    fail(base::ErrorCode::NoResource, 0);
    return ReadOutcome::Ended;
  }
  if (in_.room() <= keep_free && !head_held_ && gathered_ == 0) in_.compact();
  if (in_.room() <= keep_free) return ReadOutcome::Full;
  const net::IoResult r = transport_->recv(in_.writable().first(in_.room() - keep_free));
  switch (r.status) {
    case net::IoStatus::Done:
      in_.produced(r.bytes);
      wire_in_ += r.bytes;
      return ReadOutcome::Bytes;
    case net::IoStatus::WouldBlock:
      trim_buffer();
      return ReadOutcome::Nothing;
    case net::IoStatus::Eof:
      eof_ = true;
      break;
    case net::IoStatus::Error:
      eof_ = true;
      fail(code_of(r.sys), r.sys);
      break;
  }
  trim_buffer();
  return ReadOutcome::Ended;
}

template <class Base>
void H1Channel<Base>::trim_buffer() noexcept {
  if (in_.attached() && in_.empty() && !head_held_) in_.release();
}

template <class Base>
void H1Channel<Base>::start_body(BodyKind kind, std::uint64_t content_length, std::uint32_t head_bytes) noexcept {
  in_.skip(head_bytes);
  body_begin_ = static_cast<std::uint32_t>(in_.begin() - in_.data());
  body_kind_ = kind;
  body_length_ = content_length;
  gathered_ = 0;
  head_held_ = true;
  decoder_.start(kind, content_length);
  decoder_.keep_trailers(nullptr);
  if (kind == BodyKind::Chunked && !settings_->drop_trailers) {
    if (trailers_ == nullptr) trailers_ = std::make_unique<Trailers>();
    trailers_->fields.clear();
    decoder_.keep_trailers(&trailers_->fields);
  }
  decoder_.set_max_trailer_bytes(settings_->parse.max_head_bytes);
  input_done_ = decoder_.done();
}

template <class Base>
void H1Channel<Base>::gather(Pieces& out) noexcept {
  out.chunked = body_kind_ == BodyKind::Chunked;
  while (!input_done_ && out.count < Pieces::kMax) {
    const std::size_t left = in_.size() - gathered_;
    if (left == 0) break;
    const h1::BodyPiece piece = decoder_.feed(in_.begin() + gathered_, left);
    gathered_ += static_cast<std::uint32_t>(piece.consumed);
    if (!piece.data.empty()) out.add(piece.data.data(), piece.data.size());
    if (piece.status == h1::BodyPiece::Status::End) {
      input_done_ = true;
      break;
    }
    if (piece.status == h1::BodyPiece::Status::Error) {
      fail(base::ErrorCode::BadMessage, 0);
      out.failed = true;
      return;
    }
    if (piece.consumed == 0) break;  // framing is incomplete
  }
  if (!input_done_ && eof_ && (in_.size() == gathered_ || decoder_.kind() == BodyKind::Chunked) &&
      out.count < Pieces::kMax) {
    if (error_.code == base::ErrorCode::None && decoder_.on_close())
      input_done_ = true;
    else
      fail(base::ErrorCode::ClosedEarly, 0);
    out.failed = !input_done_;
  }
  if (input_done_) {
    out.end = true;
    if (trailers_ != nullptr && body_kind_ == BodyKind::Chunked && trailers_->fields.size() != 0)
      out.trailers = &trailers_->fields;
  }
}

template <class Base>
void H1Channel<Base>::drop() noexcept {
  in_.skip(gathered_);
  gathered_ = 0;
  if (head_held_) return;
  if (in_.empty()) in_.release();
}

template <class Base>
void H1Channel<Base>::release_head() noexcept {
  head_held_ = false;
  if (gathered_ == 0) trim_buffer();
}

template <class Base>
bool H1Channel<Base>::rewind_body() noexcept {
  if (!head_held_) {
    // Raw bytes that were only looked at are all still there.
    if (body_kind_ != BodyKind::Tunnel) return false;
    gathered_ = 0;
    input_done_ = false;
    return true;
  }
  const auto at = static_cast<std::uint32_t>(in_.begin() - in_.data());
  SLUICE_DCHECK(at >= body_begin_);
  gathered_ = 0;
  in_.unskip(at - body_begin_);
  decoder_.start(body_kind_, body_length_);
  if (trailers_ != nullptr && body_kind_ == BodyKind::Chunked) {
    trailers_->fields.clear();
    decoder_.keep_trailers(&trailers_->fields);
  }
  input_done_ = decoder_.done();
  return true;
}

template <class Base>
bool H1Channel<Base>::buffer_full() const noexcept {
  return in_.attached() && in_.room() == 0;
}

template <class Base>
void H1Channel<Base>::read_body(Reading how) noexcept {
  reading_ = how;
  // Interest is taken away only when an event comes that nobody wants (see on_io): most pauses are over before.
  if (how != Reading::Off && !eof_ && !input_done_) transport_->want_more(runtime::kIn);
}

template <class Base>
void H1Channel<Base>::write_out(const iovec* pieces, unsigned count, std::size_t total, bool last) noexcept {
  const bool more = last && close_follows_;
  if (broken() || total == 0) return;
  std::size_t sent = 0;
  if (out_.empty()) {
    const net::IoResult r = count == 1 ? transport_->send(static_cast<const char*>(pieces[0].iov_base), total, more)
                                       : transport_->sendv(pieces, static_cast<int>(count), more);
    if (r.status == net::IoStatus::Error) {
      fail(code_of(r.sys), r.sys);
      return;
    }
    sent = r.bytes;
  }
  wire_out_ += total;
  if (sent == total) return;
  if (!out_.append(pieces, count, sent)) {
    fail(base::ErrorCode::NoResource, 0);
    return;
  }
  transport_->want_more(runtime::kOut);
}

template <class Base>
void H1Channel<Base>::send_head_and_body(char* head, std::size_t head_bytes, std::size_t head_room,
                                         const Pieces& body) noexcept {
  if (body.end) body_sent_ = true;
  const bool chunked = encoding_ == Encoding::Chunked;
  const bool with_body = encoding_ != Encoding::None && (body.bytes != 0 || (body.end && chunked));
  if (!with_body) {
    if (head_bytes == 0) return;
    const iovec one{head, head_bytes};
    write_out(&one, 1, head_bytes, body.end);
    return;
  }
  char* p = head + head_bytes;
  char* const limit = head + head_room;
  if (chunked && body.bytes != 0) p += h1::write_chunk_head(p, body.bytes);
  const bool copy = body.bytes <= kCopyBytes && static_cast<std::size_t>(limit - p) >= body.bytes;
  iovec pieces[Pieces::kMax + 2];
  unsigned count = 0;
  std::size_t total = 0;
  if (copy) {
    for (unsigned i = 0; i < body.count; ++i) {
      std::memcpy(p, body.iov[i].iov_base, body.iov[i].iov_len);
      p += body.iov[i].iov_len;
    }
  } else {
    if (p != head) pieces[count++] = {head, static_cast<std::size_t>(p - head)};
    total = static_cast<std::size_t>(p - head);
    for (unsigned i = 0; i < body.count; ++i) {
      pieces[count++] = body.iov[i];
      total += body.iov[i].iov_len;
    }
  }
  char* const tail = p;
  if (chunked) {
    if (body.bytes != 0) {
      std::memcpy(p, "\r\n", 2);
      p += 2;
    }
    if (body.end) {
      std::memcpy(p, h1::kLastChunk.data(), h1::kLastChunk.size());
      p += h1::kLastChunk.size();
      std::size_t n = 0;
      if (body.trailers != nullptr)
        n = h1::write_trailers(p, static_cast<std::size_t>(limit - p), *body.trailers, settings_->case_map);
      if (n == 0) {
        std::memcpy(p, "\r\n", 2);
        n = 2;
      }
      p += n;
    }
  }
  if (copy) {
    const iovec one{head, static_cast<std::size_t>(p - head)};
    write_out(&one, 1, one.iov_len, body.end);
    return;
  }
  if (p != tail) {
    pieces[count++] = {tail, static_cast<std::size_t>(p - tail)};
    total += static_cast<std::size_t>(p - tail);
  }
  write_out(pieces, count, total, body.end);
}

template <class Base>
void H1Channel<Base>::send_body(const Pieces& pieces) noexcept {
  if (pieces.end) body_sent_ = true;
  if (encoding_ == Encoding::None || (pieces.bytes == 0 && !pieces.end)) return;
  std::size_t room = 0;
  char* area = scratch(kScratchBytes, room);
  if (area == nullptr) {
    fail(base::ErrorCode::NoResource, 0);
    return;
  }
  if (encoding_ == Encoding::Raw) {
    // No framing to put around: the pieces go as they are.
    if (pieces.bytes != 0) write_out(pieces.iov, pieces.count, pieces.bytes, pieces.end);
    return;
  }
  send_head_and_body(area, 0, room, pieces);
}

template <class Base>
bool H1Channel<Base>::flush() noexcept {
  const net::IoResult r = out_.flush(*transport_);
  if (r.status == net::IoStatus::Error) {
    fail(code_of(r.sys), r.sys);
    out_.release();
  }
  if (!out_.empty()) return false;
  waiting_for_room_ = false;
  transport_->want_less(runtime::kOut);
  if (shut_wanted_) shutdown_write();
  return true;
}

template <class Base>
void H1Channel<Base>::shutdown_write() noexcept {
  if (write_shut_) return;
  if (!out_.empty()) {
    shut_wanted_ = true;
    return;
  }
  shut_wanted_ = false;
  write_shut_ = true;
  transport_->shutdown_write();
}

template <class Base>
std::uint64_t H1Channel<Base>::splice_in_limit() const noexcept {
  if (input_done_ || eof_ || head_held_ || !in_.empty() || body_kind_ == BodyKind::Chunked || !transport_->can_splice())
    return 0;
  return decoder_.contiguous();
}

template <class Base>
bool H1Channel<Base>::can_splice_out() const noexcept {
  return encoding_ == Encoding::Raw && out_.empty() && !broken() && transport_->can_splice();
}

template <class Base>
net::IoResult H1Channel<Base>::splice_in(net::Pipe& pipe, std::size_t max) noexcept {
  const net::IoResult r = transport_->splice_to_pipe(pipe.write_fd, max);
  switch (r.status) {
    case net::IoStatus::Done:
      pipe.held_bytes += r.bytes;
      wire_in_ += r.bytes;
      decoder_.skipped(r.bytes);
      if (decoder_.done()) input_done_ = true;
      break;
    case net::IoStatus::WouldBlock:
      break;
    case net::IoStatus::Eof:
      eof_ = true;
      transport_->want_less(runtime::kIn | runtime::kRdHup);
      if (decoder_.on_close())
        input_done_ = true;
      else
        fail(base::ErrorCode::ClosedEarly, 0);
      break;
    case net::IoStatus::Error:
      eof_ = true;
      fail(code_of(r.sys), r.sys);
      break;
  }
  return r;
}

template <class Base>
net::IoResult H1Channel<Base>::splice_out(net::Pipe& pipe) noexcept {
  const net::IoResult r = transport_->splice_from_pipe(pipe.read_fd, pipe.held_bytes);
  if (r.status == net::IoStatus::Done) {
    pipe.held_bytes -= r.bytes;
    wire_out_ += r.bytes;
  } else if (r.status == net::IoStatus::Error) {
    fail(code_of(r.sys), r.sys);
  }
  return r;
}

template <class Base>
void H1Channel<Base>::want_room() noexcept {
  waiting_for_room_ = true;
  transport_->want_more(runtime::kOut);
}

template <class Base>
void H1Channel<Base>::become_tunnel() noexcept {
  encoding_ = Encoding::Raw;
  body_kind_ = BodyKind::Tunnel;
  decoder_.start(BodyKind::Tunnel, 0);
  input_done_ = false;
  gathered_ = 0;
  head_held_ = false;
  if (in_.empty()) trim_buffer();
  if (!eof_) transport_->want_more(runtime::kIn | runtime::kRdHup);
}

template <class Base>
void H1Channel<Base>::capture(h1::ErrorCapture& out) const {
  out.data.assign(in_.begin(), in_.size());
  out.buffer_bytes = static_cast<std::uint32_t>(in_.capacity());
  out.body_left = decoder_.contiguous() == h1::kUnknownLength ? 0 : decoder_.contiguous();
}

template class H1Channel<FrontEndpoint>;
template class H1Channel<BackEndpoint>;

}  // namespace sluice::http::mux
