#include "sluice/http/h1/body_decoder.h"

#include <algorithm>

#include "http/h1/scan.h"
#include "sluice/base/check.h"

namespace sluice::http::h1 {

namespace {

constexpr std::size_t kBad = ~std::size_t{0};
// Zeros in front are harmless but bounded; the value itself must leave room for arithmetic.
constexpr std::size_t kMaxSizeDigits = 64;
constexpr std::uint64_t kMaxChunk = ~std::uint64_t{0} >> 8;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = base::to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Fields that frame, route or authenticate the message, or steer its processing, have no business behind it (RFC
// 9110 6.5.1).
bool allowed_in_trailer(HeaderId id) noexcept {
  switch (id) {
    case HeaderId::Authorization:
    case HeaderId::CacheControl:
    case HeaderId::Connection:
    case HeaderId::ContentEncoding:
    case HeaderId::ContentLength:
    case HeaderId::ContentRange:
    case HeaderId::ContentType:
    case HeaderId::Cookie:
    case HeaderId::Expect:
    case HeaderId::Host:
    case HeaderId::KeepAlive:
    case HeaderId::MaxForwards:
    case HeaderId::ProxyAuthenticate:
    case HeaderId::ProxyAuthorization:
    case HeaderId::ProxyConnection:
    case HeaderId::Range:
    case HeaderId::SetCookie:
    case HeaderId::SetCookie2:
    case HeaderId::Te:
    case HeaderId::Trailer:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade:
    case HeaderId::WwwAuthenticate:
      return false;
    default:
      return true;
  }
}

// Chunk extensions (RFC 9112 7.1.1): *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ), checked and left
// behind. Blanks at the end are let pass: old servers pad their sizes with them. Returns where it stopped: at `end`
// when more is needed, else at the CR that follows (good) or at the first byte that cannot be there.
const char* skip_extensions(const char* p, const char* end, bool& good) noexcept {
  good = false;
  const auto blanks = [&] {
    while (p < end && is_blank(*p)) ++p;
  };
  const auto token = [&]() -> bool {
    const char* start = p;
    while (p < end && kToken.has(*p)) ++p;
    return p != start;
  };
  for (;;) {
    blanks();
    if (p == end) return p;
    if (*p != ';') {
      good = *p == '\r';
      return p;
    }
    ++p;
    blanks();
    if (!token()) return p;
    blanks();
    if (p == end) return p;
    if (*p != '=') continue;
    ++p;
    blanks();
    if (p == end) return p;
    if (*p != '"') {
      if (!token()) return p;
      continue;
    }
    ++p;
    for (bool closed = false; !closed; ++p) {
      if (p == end) return p;
      const auto c = static_cast<unsigned char>(*p);
      if (c == '"') {
        closed = true;
      } else if (c == '\\') {
        if (++p == end) return p;
        const auto quoted = static_cast<unsigned char>(*p);
        if ((quoted < 0x20 && quoted != '\t') || quoted == 0x7f) return p;
      } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
        return p;
      }
    }
  }
}

}  // namespace

void BodyDecoder::start(BodyKind kind, std::uint64_t content_length) noexcept {
  kind_ = kind;
  left_ = 0;
  payload_ = 0;
  trailers_ = nullptr;
  error_ = {};
  switch (kind) {
    case BodyKind::None:
      state_ = State::Done;
      return;
    case BodyKind::Length:
      left_ = content_length;
      state_ = content_length == 0 ? State::Done : State::Counted;
      return;
    case BodyKind::Chunked:
      state_ = State::ChunkSize;
      return;
    case BodyKind::UntilClose:
    case BodyKind::Tunnel:
      state_ = State::Unbounded;
      return;
  }
}

std::size_t BodyDecoder::fail(ErrorCode code, std::size_t offset) noexcept {
  error_ = {code, msg_state(), static_cast<std::uint32_t>(offset)};
  state_ = State::Failed;
  return kBad;
}

MsgState BodyDecoder::msg_state() const noexcept {
  switch (state_) {
    case State::ChunkSize:
      return MsgState::ChunkSize;
    case State::ChunkEnd:
      return MsgState::ChunkCrlf;
    case State::Trailers:
      return MsgState::Trailers;
    case State::Done:
      return MsgState::Done;
    case State::Failed:
      return error_.state;
    case State::Counted:
    case State::ChunkData:
      return MsgState::Data;
    case State::Unbounded:
      return kind_ == BodyKind::Tunnel ? MsgState::Tunnel : MsgState::Data;
  }
  return MsgState::Data;
}

BodyPiece BodyDecoder::feed(char* data, std::size_t size) noexcept {
  using Status = BodyPiece::Status;
  switch (state_) {
    case State::Done:
      return {{}, 0, Status::End};
    case State::Failed:
      return {{}, 0, Status::Error};
    case State::Unbounded:
      payload_ += size;
      return {{data, size}, size, Status::More};
    case State::Counted: {
      const std::size_t n = size < left_ ? size : static_cast<std::size_t>(left_);
      left_ -= n;
      payload_ += n;
      if (left_ == 0) state_ = State::Done;
      return {{data, n}, n, left_ == 0 ? Status::End : Status::More};
    }
    default:
      return feed_chunked(data, size);
  }
}

BodyPiece BodyDecoder::feed_chunked(char* data, std::size_t size) noexcept {
  using Status = BodyPiece::Status;
  std::size_t used = 0;
  std::string_view payload;
  for (;;) {
    const std::size_t rest = size - used;
    std::size_t n = 0;
    switch (state_) {
      case State::ChunkData:
        if (!payload.empty()) return {payload, used, Status::More};  // one piece a call
        n = rest < left_ ? rest : static_cast<std::size_t>(left_);
        if (n == 0) return {payload, used, Status::More};
        payload = {data + used, n};
        payload_ += n;
        left_ -= n;
        if (left_ == 0) state_ = State::ChunkEnd;
        break;
      case State::ChunkEnd:
        if (rest >= 1 && data[used] != '\r') {
          n = fail(ErrorCode::BadChunkEnd, used);
        } else if (rest >= 2) {
          if (data[used + 1] != '\n') {
            n = fail(ErrorCode::BadChunkEnd, used + 1);
          } else {
            n = 2;
            state_ = State::ChunkSize;
          }
        }
        break;
      case State::ChunkSize:
        n = read_size_line(data + used, rest);
        if (n == kBad) error_.offset += static_cast<std::uint32_t>(used);
        break;
      case State::Trailers:
        n = read_trailers(data + used, rest);
        if (n == kBad) error_.offset += static_cast<std::uint32_t>(used);
        break;
      case State::Done:
        return {payload, used, Status::End};
      default:
        return {payload, used, Status::Error};
    }
    if (n == kBad) {
      // Payload before the fault is still good; the fault is told by the next call.
      return payload.empty() ? BodyPiece{{}, used, Status::Error} : BodyPiece{payload, used, Status::More};
    }
    if (n == 0) return {payload, used, Status::More};
    used += n;
  }
}

std::size_t BodyDecoder::read_size_line(const char* data, std::size_t size) noexcept {
  const char* const end = data + size;
  const char* p = data;
  std::uint64_t value = 0;
  for (int d; p < end && (d = hex_digit(*p)) >= 0; ++p) {
    if (value > (kMaxChunk >> 4) || static_cast<std::size_t>(p - data) >= kMaxSizeDigits) {
      return fail(ErrorCode::BadChunkSize, static_cast<std::size_t>(p - data));
    }
    value = value << 4 | static_cast<std::uint64_t>(d);
  }
  if (p == end) return 0;
  if (p == data) return fail(ErrorCode::BadChunkSize, 0);
  if (*p != '\r') {
    const auto limit = static_cast<std::ptrdiff_t>(kMaxChunkExtensionBytes);
    const char* bounded = end - p > limit ? p + limit : end;
    bool good = false;
    const char* q = skip_extensions(p, bounded, good);
    if (q == bounded) {
      return bounded == end ? 0 : fail(ErrorCode::BadChunkExtension, static_cast<std::size_t>(q - data));
    }
    if (!good) {
      const ErrorCode code = q == p ? ErrorCode::BadChunkSize : ErrorCode::BadChunkExtension;
      return fail(code, static_cast<std::size_t>(q - data));
    }
    p = q;
  }
  if (p + 1 == end) return 0;
  if (p[1] != '\n') return fail(ErrorCode::BadChunkSize, static_cast<std::size_t>(p + 1 - data));
  left_ = value;
  state_ = value == 0 ? State::Trailers : State::ChunkData;
  return static_cast<std::size_t>(p + 2 - data);
}

// The whole section at once, so that its texts lie in one piece of memory.
std::size_t BodyDecoder::read_trailers(char* data, std::size_t size) noexcept {
  if (size >= 2 && data[0] == '\r' && data[1] == '\n') {
    state_ = State::Done;
    return 2;
  }
  // What is behind the limit is not looked at, so that the verdict does not depend on how the bytes arrive.
  const char* const end = data + (size < max_trailer_bytes_ ? size : max_trailer_bytes_);
  // First pass: is all of it there, and is it well-formed so far?
  const char* p = data;
  bool complete = false;
  while (p < end && !complete) {
    if (*p == '\r') {
      if (p + 1 == end) break;
      if (p[1] != '\n') return fail(ErrorCode::BadTrailer, static_cast<std::size_t>(p + 1 - data));
      p += 2;
      complete = true;
      break;
    }
    const char* q = p;
    while (q < end && kToken.has(*q)) ++q;
    if (q == end) break;
    if (q == p || *q != ':') return fail(ErrorCode::BadTrailer, static_cast<std::size_t>(q - data));
    q = find_line_stop(q, end);
    if (q == end || q + 1 == end) break;
    if (*q != '\r' || q[1] != '\n') {
      return fail(ErrorCode::BadTrailer, static_cast<std::size_t>(*q == '\r' ? q + 1 - data : q - data));
    }
    p = q + 2;
  }
  if (!complete) {
    return size >= max_trailer_bytes_ ? fail(ErrorCode::TrailersTooLarge, max_trailer_bytes_) : 0;
  }
  const auto used = static_cast<std::size_t>(p - data);
  if (trailers_ != nullptr) {
    for (char* line = data; *line != '\r';) {
      char* colon = line;
      for (; *colon != ':'; ++colon) *colon = base::to_lower(*colon);
      char* stop = const_cast<char*>(find_line_stop(colon, end));
      const std::string_view name{line, static_cast<std::size_t>(colon - line)};
      const HeaderId id = header_id(name);
      if (allowed_in_trailer(id)) {
        const std::string_view value = base::trim_ows({colon + 1, static_cast<std::size_t>(stop - (colon + 1))});
        if (name.size() > 0xffff ||
            trailers_->push(id == HeaderId::Unknown ? name : header_name(id), value, id, 0) == nullptr) {
          return fail(ErrorCode::TrailersTooLarge, static_cast<std::size_t>(line - data));
        }
      }
      line = stop + 2;
    }
  }
  state_ = State::Done;
  return used;
}

bool BodyDecoder::on_close() noexcept {
  if (state_ == State::Unbounded) state_ = State::Done;
  return state_ == State::Done;
}

std::uint64_t BodyDecoder::contiguous() const noexcept {
  switch (state_) {
    case State::Counted:
    case State::ChunkData:
      return left_;
    case State::Unbounded:
      return kUnknownLength;
    default:
      return 0;
  }
}

void BodyDecoder::skipped(std::uint64_t bytes) noexcept {
  payload_ += bytes;
  if (state_ == State::Unbounded) return;
  SLUICE_DCHECK(bytes <= contiguous());
  left_ -= bytes;
  if (left_ != 0) return;
  if (state_ == State::Counted) state_ = State::Done;
  if (state_ == State::ChunkData) state_ = State::ChunkEnd;
}

}  // namespace sluice::http::h1
