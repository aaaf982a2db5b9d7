#include "sluice/http/mux/h1_front.h"

#include <algorithm>
#include <cstring>

namespace sluice::http::mux {

namespace {
// How much of what a client goes on sending is dropped before the connection is cut (Closing).
constexpr std::uint32_t kMaxDrainBytes = 1U << 20;
}  // namespace

void H1Front::enter(FrontState to) noexcept {
  SLUICE_DCHECK(state_ != FrontState::Closed);
  state_ = to;
}

void H1Front::start(bool try_now) noexcept {
  enter(FrontState::Idle);
  if (try_now) {
    read_head();
    if (state_ != FrontState::Idle) return;
  }
  transport_->want(runtime::kIn | runtime::kRdHup);
}

void H1Front::start_raw(bool read_now) noexcept {
  enter(FrontState::Exchange);
  request_ = owner_->begin_exchange(stream_);
  if (request_ == nullptr) {
    end_connection(net::CloseMode::Normal, true);
    return;
  }
  encoding_ = Encoding::Raw;
  body_kind_ = BodyKind::Tunnel;
  decoder_.start(BodyKind::Tunnel, 0);
  input_done_ = false;
  keep_alive_ = false;
  reading_ = Reading::Buffer;
  if (read_now && read_some(0) == ReadOutcome::Ended && error_.code == base::ErrorCode::None) eof_ = true;
  if (!eof_) transport_->want(runtime::kIn | runtime::kRdHup);
  stream_->on_front(kHead | (in_.empty() ? 0U : kBody) | (closed() ? kClosed : 0U));
}

void H1Front::resume() noexcept {
  if (state_ != FrontState::Idle) return;
  in_.compact();
  parse_head();
}

void H1Front::close(net::CloseMode mode) noexcept {
  if (state_ == FrontState::Closed) return;
  end_connection(mode, state_ == FrontState::Idle);
}

void H1Front::end_connection(net::CloseMode mode, bool idle) noexcept {
  if (state_ == FrontState::Closed) return;
  enter(FrontState::Closed);
  stream_ = nullptr;
  transport_->close(mode);
  in_.release();
  out_.release();
  owner_->on_closed(idle);
}

void H1Front::on_io(unsigned ready) noexcept {
  switch (state_) {
    case FrontState::Idle:
    case FrontState::Head:
      read_head();
      return;
    case FrontState::Exchange:
      on_exchange_io(ready);
      return;
    case FrontState::Closing:
      on_closing_io(ready);
      return;
    case FrontState::Closed:
      return;
  }
}

void H1Front::read_head() noexcept {
  switch (read_some(0)) {
    case ReadOutcome::Bytes:
      parse_head();
      return;
    case ReadOutcome::Nothing:
      return;
    case ReadOutcome::Ended:
      if (state_ == FrontState::Idle) {
        if (in_.empty() || broken()) {
          end_connection(net::CloseMode::Normal, true);
          return;
        }
        // Requests that came with the one before are still to be answered.
        resume();
      }
      if (state_ == FrontState::Head || state_ == FrontState::Exchange)
        transport_->want_less(runtime::kIn | runtime::kRdHup);
      if (state_ == FrontState::Head) stream_->on_front(kClosed);
      return;
    case ReadOutcome::Full:
      // The parser refuses heads of that size before it comes to this.
      head_state_ = HeadState::TooLong;
      transport_->want_less(runtime::kIn);
      stream_->on_front(kHead);
      return;
  }
}

void H1Front::parse_head() noexcept {
  if (state_ == FrontState::Idle) {
    start_exchange_counters();
    wire_in_ = in_.size();
    request_ = owner_->begin_exchange(stream_);
    if (request_ == nullptr) {
      end_connection(net::CloseMode::Normal, true);
      return;
    }
    enter(FrontState::Head);
    parser_.start(settings_->parse);
    head_state_ = HeadState::None;
    keep_alive_ = false;
    encoding_ = Encoding::None;
    close_ends_body_ = body_sent_ = false;
    error_ = {};
  }
  const h1::HeadStatus status = parser_.parse_request(in_.begin(), in_.size(), in_.size() + in_.room(), *request_);
  switch (status) {
    case h1::HeadStatus::NeedMore:
      transport_->want(runtime::kIn | runtime::kRdHup);
      return;
    case h1::HeadStatus::Error:
      head_state_ = HeadState::Bad;
      reading_ = Reading::Off;
      break;
    case h1::HeadStatus::Done:
      head_state_ = HeadState::Ready;
      enter(FrontState::Exchange);
      reading_ = Reading::Off;
      start_body(request_->body, request_->content_length, request_->head_bytes);
      break;
  }
  stream_->on_front(input_done_ ? kHead : kHead | kBody);
  // First time here without having met the poller: from now on the client's leaving must be noticed. The registration
  // is made late, so an exchange that is over by then costs none; a request that is still arriving cannot wait.
  if ((state_ == FrontState::Exchange || state_ == FrontState::Head) && !transport_->watched() && transport_->open()) {
    if (state_ == FrontState::Exchange && input_done_)
      transport_->want_patiently(runtime::kIn | runtime::kRdHup);
    else
      transport_->want(runtime::kIn | runtime::kRdHup);
  }
}

void H1Front::on_exchange_io(unsigned ready) noexcept {
  unsigned events = 0;
  if ((ready & runtime::kErr) != 0) {
    // The cause may have been fetched by a failed call before; the connection is lost either way, and would be reported
    // again each turn.
    const int sys = transport_->pending_error();
    eof_ = true;
    fail(sys == EPIPE || sys == ECONNRESET || sys == 0 ? base::ErrorCode::Reset : base::ErrorCode::System, sys);
    events |= kClosed;
  }
  if ((ready & (runtime::kOut | runtime::kErr)) != 0 && congested()) {
    if (flush()) events |= kRoom;
    if (error_.code != base::ErrorCode::None) events |= kClosed;
  }
  if ((ready & (runtime::kIn | runtime::kRdHup | runtime::kHup)) != 0 && !eof_) {
    if (!input_done_ && reading_ != Reading::Off) {
      if (reading_ == Reading::Splice && in_.empty()) {
        events |= kBody;
      } else {
        switch (read_some(0)) {
          case ReadOutcome::Bytes:
            events |= kBody;
            break;
          case ReadOutcome::Nothing:
            break;
          case ReadOutcome::Full:
            transport_->want_less(runtime::kIn);
            events |= kBody;
            break;
          case ReadOutcome::Ended:
            events |= kBody | kClosed;
            break;
        }
      }
    } else if ((ready & (runtime::kRdHup | runtime::kHup)) != 0 && (input_done_ || in_.empty())) {
      // The request is whole and the client has nothing more to say, or has left.
      eof_ = true;
      events |= kClosed;
    } else {
      transport_->want_less((ready & runtime::kRdHup) != 0 ? runtime::kIn | runtime::kRdHup : runtime::kIn);
    }
  }
  if (eof_) transport_->want_less(runtime::kIn | runtime::kRdHup);
  if (broken()) transport_->want(0);
  if (events != 0 && stream_ != nullptr) stream_->on_front(events);
}

void H1Front::on_closing_io(unsigned ready) noexcept {
  if ((ready & (runtime::kOut | runtime::kErr)) != 0 && !out_.empty()) {
    if (flush()) {
      // Everything is out; what follows only waits for the client to hear it.
      shutdown_write();
      if (eof_ || (input_done_ && in_.empty() && !transport_->unread())) {
        end_connection(net::CloseMode::Normal, false);
        return;
      }
    }
    if (broken()) {
      end_connection(net::CloseMode::Normal, false);
      return;
    }
  }
  if ((ready & (runtime::kIn | runtime::kRdHup | runtime::kHup | runtime::kErr)) == 0) return;
  std::size_t room = 0;
  char* area = scratch(16384, room);
  if (area == nullptr) {
    end_connection(net::CloseMode::Normal, false);
    return;
  }
  const net::IoResult r = transport_->recv({area, room});
  if (r.status == net::IoStatus::WouldBlock) return;
  drained_ += static_cast<std::uint32_t>(r.bytes);
  if (r.status != net::IoStatus::Done) eof_ = true;
  if (drained_ > kMaxDrainBytes || (eof_ && (out_.empty() || r.status == net::IoStatus::Error))) {
    end_connection(net::CloseMode::Normal, false);
    return;
  }
  if (eof_) transport_->want_less(runtime::kIn | runtime::kRdHup);
}

void H1Front::send_response(const RequestHead& request, ResponseHead& response, const ResponseOptions& options,
                            const Pieces& body) noexcept {
  const bool interim = response.interim();
  const bool old_client = request.version <= Version::H10;
  h1::HeadWriteOptions write;
  // The version is the one the server spoke, as the reference passes it; anything newer than HTTP/1.1 becomes 1.1. So
  // does HTTP/1.0 with chunks, whose framing a client would have to call faulty (RFC 9112 6.1).
  const bool old_chunks = response.connection.framing_suspect && !old_client;
  write.version = response.version == Version::H10 && !old_chunks ? Version::H10 : Version::H11;
  write.case_map = options.case_adjust ? settings_->case_map : nullptr;
  bool keep = options.keep_alive && allow_keep_alive_ && request.persistent() && !request.connection.framing_suspect &&
              (!eof_ || more_requests());
  if (interim) {
    encoding_ = Encoding::None;
  } else {
    switch (response.body) {
      case BodyKind::None:
        encoding_ = Encoding::None;
        break;
      case BodyKind::Length:
        encoding_ = Encoding::Raw;
        break;
      case BodyKind::Chunked:
        encoding_ = Encoding::Chunked;
        if (old_client) {
          // RFC 9112 6.1: no transfer coding for HTTP/1.0; the end of the connection ends the body.
          encoding_ = Encoding::Raw;
          write.framing = h1::Framing::Strip;
          keep = false;
          close_ends_body_ = true;
        }
        break;
      case BodyKind::UntilClose:
        encoding_ = Encoding::Raw;
        keep = false;
        close_ends_body_ = true;
        break;
      case BodyKind::Tunnel:
        encoding_ = Encoding::Raw;
        keep = false;
        break;
    }
    keep_alive_ = keep;
    close_follows_ =
        settings_->fin_with_data && !options.no_delay && !keep && input_done_ && response.body != BodyKind::Tunnel;
    if (response.body != BodyKind::Tunnel) write.connection = h1::connection_value(write.version, keep, old_client);
  }
  const WrittenHead head = write_head(response, write);
  if (head.bytes == 0) return;
  if (interim) {
    const iovec one{head.begin, head.bytes};
    write_out(&one, 1, head.bytes, false);
    return;
  }
  send_head_and_body(head.begin, head.bytes, head.room, body);
}

void H1Front::send_continue() noexcept {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const iovec one{const_cast<char*>(kContinue.data()), kContinue.size()};
  write_out(&one, 1, kContinue.size(), false);
}

void H1Front::send_raw(const char* data, std::size_t bytes) noexcept {
  keep_alive_ = false;
  if (bytes == 0) return;
  const iovec one{const_cast<char*>(data), bytes};
  write_out(&one, 1, bytes, false);
}

// The client ended its direction behind requests that it had sent before: they are answered.
bool H1Front::more_requests() const noexcept { return input_done_ && (in_.size() > gathered_ || transport_->unread()); }

void H1Front::finish(bool abort) noexcept {
  if (state_ == FrontState::Closed || state_ == FrontState::Closing) return;
  stream_ = nullptr;
  request_ = nullptr;
  head_held_ = false;
  if (abort) {
    // RFC 9112 8: where the close is the end of the body, a body that broke off must not look whole.
    const bool torn = close_ends_body_ && !body_sent_;
    end_connection(torn ? net::CloseMode::Reset : net::CloseMode::Normal, false);
    return;
  }
  const bool usable = keep_alive_ && allow_keep_alive_ && input_done_ && head_state_ == HeadState::Ready &&
                      error_.code == base::ErrorCode::None;
  if (usable && out_.empty() && (!eof_ || more_requests())) {
    enter(FrontState::Idle);
    eof_ = false;  // comes again behind the last request
    body_kind_ = BodyKind::None;
    // What was looked at and never dropped is still this request's body: left there, it would be read as the next
    // request.
    in_.skip(gathered_);
    gathered_ = 0;
    reading_ = Reading::Off;
    trailers_.reset();
    const bool leftover = !in_.empty();
    if (!leftover) in_.release();
    transport_->want(runtime::kIn | runtime::kRdHup);
    owner_->on_idle(leftover);
    return;
  }
  // Our last bytes leave now, with the FIN: the close may find that the client has sent more meanwhile, and would reset
  // the connection and throw them away. What it sent is drained first (RFC 9112 9.6).
  if (out_.empty() && settings_->fin_with_data) shutdown_write();
  const bool heard = input_done_ && in_.empty() && head_state_ == HeadState::Ready;
  if (broken() || (out_.empty() && (eof_ || (heard && !transport_->unread())))) {
    end_connection(net::CloseMode::Normal, false);
    return;
  }
  enter(FrontState::Closing);
  in_.release();
  drained_ = 0;
  if (out_.empty()) shutdown_write();
  transport_->want((eof_ ? 0U : runtime::kIn | runtime::kRdHup) | (out_.empty() ? 0U : unsigned{runtime::kOut}));
  if (out_.empty() && eof_) {
    end_connection(net::CloseMode::Normal, false);
    return;
  }
  owner_->on_closing();
}

}  // namespace sluice::http::mux
