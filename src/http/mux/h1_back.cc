#include "sluice/http/mux/h1_back.h"

#include <cerrno>

namespace sluice::http::mux {

void H1Back::start() noexcept {
  transport_->want(connecting_ ? unsigned{runtime::kOut} : runtime::kIn | runtime::kRdHup);
}

void H1Back::close(net::CloseMode mode) noexcept {
  stream_ = nullptr;
  transport_->close(mode);
  in_.release();
  out_.release();
}

void H1Back::begin_with(std::string_view bytes, bool now) noexcept {
  const iovec one{const_cast<char*>(bytes.data()), bytes.size()};
  if (now) {
    write_out(&one, 1, bytes.size(), false);
    if (error_.code == base::ErrorCode::None && out_.empty()) connecting_ = false;
  } else if (!out_.append(&one, 1, 0)) {
    fail(base::ErrorCode::NoResource, 0);
  }
}

void H1Back::attach(StreamEvents* stream, ResponseHead* response) noexcept {
  stream_ = stream;
  response_ = response;
  if (stream == nullptr) {
    awaiting_head_ = false;
    head_held_ = false;
    trim_buffer();
    return;
  }
  start_exchange_counters();
  head_state_ = HeadState::None;
  awaiting_head_ = false;
  begun_ = false;
  response_persistent_ = false;
  encoding_ = Encoding::None;
  body_kind_ = BodyKind::None;
  input_done_ = true;
  reading_ = Reading::Off;
}

void H1Back::send_request(const RequestHead& request, const RequestOptions& options, const Pieces& body) noexcept {
  h1::HeadWriteOptions write;
  // The version is the client's, as the reference passes it; anything newer than HTTP/1.1 becomes 1.1.
  write.version = request.version <= Version::H10 ? Version::H10 : Version::H11;
  write.case_map = options.case_adjust ? settings_->case_map : nullptr;
  switch (request.body) {
    case BodyKind::None:
    case BodyKind::UntilClose:
      encoding_ = Encoding::None;
      break;
    case BodyKind::Length:
    case BodyKind::Tunnel:
      encoding_ = Encoding::Raw;
      break;
    case BodyKind::Chunked:
      encoding_ = Encoding::Chunked;
      break;
  }
  request_wants_close_ = !options.keep_alive;
  write.connection = h1::connection_value(write.version, options.keep_alive);
  const WrittenHead head = write_head(request, write);
  if (head.bytes == 0) return;
  send_head_and_body(head.begin, head.bytes, head.room, body);
  // Bytes went out: the connection stands, whatever the poller will say.
  if (connecting_ && error_.code == base::ErrorCode::None && out_.empty()) {
    connecting_ = false;
    transport_->want(runtime::kIn | runtime::kRdHup);
  }
}

unsigned H1Back::expect_response(h1::ResponseContext context) noexcept {
  context_ = context;
  // An interim head before this one leaves nothing behind.
  response_->clear();
  parser_.start(settings_->parse);
  head_state_ = HeadState::None;
  awaiting_head_ = true;
  head_held_ = false;
  if (!connecting_ && !eof_) transport_->want_more(runtime::kIn | runtime::kRdHup);
  if (in_.empty()) {
    if (in_.attached()) in_.release();
    return eof_ ? unsigned{kClosed} : 0U;
  }
  // Further bytes behind an interim response.
  in_.compact();
  return parse_head();
}

unsigned H1Back::parse_head() noexcept {
  begun_ = true;
  switch (parser_.parse_response(in_.begin(), in_.size(), in_.size() + in_.room(), context_, *response_)) {
    case h1::HeadStatus::NeedMore:
      if (buffer_full()) {
        head_state_ = HeadState::TooLong;
        awaiting_head_ = false;
        return kHead;
      }
      return 0;
    case h1::HeadStatus::Error:
      head_state_ = HeadState::Bad;
      awaiting_head_ = false;
      return kHead;
    case h1::HeadStatus::Done:
      break;
  }
  head_state_ = HeadState::Ready;
  awaiting_head_ = false;
  response_persistent_ = response_->persistent() && !response_->connection.framing_suspect;
  start_body(response_->body, response_->content_length, response_->head_bytes);
  reading_ = input_done_ ? Reading::Off : Reading::Buffer;
  return input_done_ ? unsigned{kHead} : kHead | kBody;
}

unsigned H1Back::read_input(unsigned ready) noexcept {
  if (eof_) return 0;
  if (awaiting_head_ || (!input_done_ && reading_ != Reading::Off)) {
    if (!awaiting_head_ && reading_ == Reading::Splice && in_.empty()) return kBody;
    switch (read_some(0)) {
      case ReadOutcome::Bytes:
        return awaiting_head_ ? parse_head() : unsigned{kBody};
      case ReadOutcome::Nothing:
        return 0;
      case ReadOutcome::Full:
        transport_->want_less(runtime::kIn);
        return kBody;
      case ReadOutcome::Ended:
        return kBody | kClosed;
    }
  }
  if (!input_done_ && !in_.empty()) {
    // Paused: what was read is still to be sent on.
    transport_->want_less((ready & runtime::kRdHup) != 0 ? runtime::kIn | runtime::kRdHup : runtime::kIn);
    return 0;
  }
  if ((ready & (runtime::kRdHup | runtime::kHup)) != 0 && input_done_) {
    eof_ = true;
    return kClosed;
  }
  transport_->want_less((ready & runtime::kRdHup) != 0 ? runtime::kIn | runtime::kRdHup : runtime::kIn);
  return 0;
}

void H1Back::connect_failed(base::ErrorCode code, int sys) noexcept {
  connecting_ = false;
  fail(code, sys);
  transport_->want(0);
  if (stream_ != nullptr)
    stream_->on_back(kClosed);
  else
    owner_->on_idle_event();
}

// The end of the connect, and of what a proxy before the server has to be asked. False: not yet, or it failed and that
// was told.
bool H1Back::stands(unsigned ready) noexcept {
  if (!at_proxy_) {
    if ((ready & (runtime::kOut | runtime::kErr | runtime::kHup)) == 0) return false;
    if (const int sys = transport_->pending_error(); sys != 0) {
      connect_failed(sys == ECONNREFUSED ? base::ErrorCode::ConnectRefused
                     : sys == ETIMEDOUT  ? base::ErrorCode::ConnectTimeout
                                         : base::ErrorCode::ConnectFailed,
                     sys);
      return false;
    }
    if (socks4_ == nullptr) return true;
    at_proxy_ = true;
  }
  switch (socks4_->go_on(transport_->fd())) {
    case net::Socks4::Step::Wait:
      transport_->want(socks4_->asked() ? unsigned{runtime::kIn} : unsigned{runtime::kOut});
      return false;
    case net::Socks4::Step::Done:
      break;
    case net::Socks4::Step::Refused:
      connect_failed(base::ErrorCode::ConnectRefused, ECONNREFUSED);
      return false;
    case net::Socks4::Step::Broken:
      connect_failed(base::ErrorCode::ConnectFailed, errno);
      return false;
  }
  at_proxy_ = false;
  socks4_.reset();
  return true;
}

void H1Back::on_io(unsigned ready) noexcept {
  unsigned events = 0;
  if (connecting_) {
    if (!stands(ready)) return;
    connecting_ = false;
    events |= kConnected;
    transport_->want(runtime::kIn | runtime::kRdHup | (out_.empty() ? 0U : unsigned{runtime::kOut}));
    // Readiness for reading is looked at when the poller reports it.
    ready &= ~unsigned{runtime::kIn};
    if (out_.empty() && !waiting_for_room_) ready &= ~unsigned{runtime::kOut};
  }
  if (stream_ == nullptr) {
    owner_->on_idle_event();
    return;
  }
  if ((ready & runtime::kErr) != 0) {
    // Input that came before the error is still worth reading: a server may answer and reset.
    if ((ready & runtime::kIn) == 0) {
      const int sys = transport_->pending_error();
      eof_ = true;
      fail(sys == EPIPE || sys == ECONNRESET || sys == 0 ? base::ErrorCode::Reset : base::ErrorCode::System, sys);
      events |= kClosed;
    }
  }
  if ((ready & (runtime::kOut | runtime::kErr)) != 0 && congested() && error_.code == base::ErrorCode::None) {
    if (flush()) events |= kRoom;
    if (error_.code != base::ErrorCode::None) events |= kClosed;
  }
  if ((ready & (runtime::kIn | runtime::kRdHup | runtime::kHup)) != 0) events |= read_input(ready);
  if (eof_) transport_->want_less(runtime::kIn | runtime::kRdHup);
  if (error_.code != base::ErrorCode::None) transport_->want(0);
  if (events != 0) stream_->on_back(events);
}

bool H1Back::reusable() const noexcept {
  return !eof_ && error_.code == base::ErrorCode::None && !connecting_ && head_state_ == HeadState::Ready &&
         input_done_ && !request_wants_close_ && response_persistent_ && in_.empty() && out_.empty() &&
         body_kind_ != BodyKind::Tunnel && body_kind_ != BodyKind::UntilClose && !write_shut_;
}

void H1Back::start_raw() noexcept {
  become_tunnel();
  reading_ = Reading::Buffer;
  head_state_ = HeadState::Ready;
}

}  // namespace sluice::http::mux
