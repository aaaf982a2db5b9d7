#include "stream.h"

#include <new>

namespace sluice::proxy {

namespace {
// First block of the arena: edited headers, log strings and captures of an ordinary request fit in.
constexpr std::size_t kArenaBytes = 2048;
// Fields that rules and options may add on top of tune.http.maxhdr.
constexpr std::size_t kExtraFields = 32;
}  // namespace

std::size_t Stream::block_bytes(const GlobalSettings& settings) noexcept {
  return sizeof(Stream) + 2 * (settings.max_headers + kExtraFields) * sizeof(http::Field) + kArenaBytes;
}

Stream* Stream::make(Session& session) noexcept {
  void* memory = session.worker().stream_memory().take();
  if (memory == nullptr) return nullptr;
  return ::new (memory) Stream(session, static_cast<char*>(memory) + sizeof(Stream));
}

Stream::Stream(Session& session, char* memory) noexcept
    : worker_(session.worker()),
      session_(session),
      front_proxy_(session.proxy()),
      front_(session.front()),
      http_(session.proxy().rules->spec.mode == Mode::Http),
      first_request_(session.requests() <= 1),
      client_timeout_(session.proxy().rules->spec.timeouts.client),
      t_start_(session.worker().loop().now()),
      arena_({memory + 2 * (session.worker().global().settings.max_headers + kExtraFields) * sizeof(http::Field),
              kArenaBytes}) {
  const std::size_t headers = worker_.global().settings.max_headers + kExtraFields;
  auto* fields = reinterpret_cast<http::Field*>(memory);
  request_.fields = http::Fields(fields, headers);
  response_.fields = http::Fields(fields + headers, headers);
  sample_.conn = &session.facts();
  sample_.stream = &facts_;
  sample_.process = &worker_.global().process;
  sample_.lookup = &worker_.global();
  sample_.scratch = &worker_.scratch();
  facts_.http = http_;
  facts_.first_request = first_request_;
  facts_.request_counter = session.requests();
  worker_.global().streams.fetch_add(1, std::memory_order_relaxed);
}

void Stream::destroy() noexcept {
  Worker& worker = worker_;
  worker.global().streams.fetch_sub(1, std::memory_order_relaxed);
  this->~Stream();
  worker.stream_memory().give(this);
}

// Events run to the end of what can be done, then the stream may be gone: nothing of it is touched behind the inner
// call when it has ended. The endpoints return to the loop at once after calling, so the memory is free for the next
// stream right away.

void Stream::on_front(unsigned events) noexcept {
  if (ended_) return;
  if ((events & (http::mux::kBody | http::mux::kClosed)) != 0) to_server_.readable();
  if (request_state_ == RequestState::Head) {
    if ((events & http::mux::kHead) != 0) {
      if (http_)
        on_request_head();
      else
        start_tcp();
    } else if ((events & http::mux::kClosed) != 0) {
      reason_.set(Cause::Client, Where::Request);
      front_proxy_.counters.local(worker_.index()).request_errors.add();
      respond_raw(400);
    }
  }
  if (!ended_) {
    update_deadlines(true, false);
    step();
  }
  if (ended_) destroy();
}

void Stream::on_back(unsigned events) noexcept {
  if (ended_) return;
  if ((events & (http::mux::kBody | http::mux::kClosed)) != 0) to_client_.readable();
  if (back_state_ == BackState::Connecting) {
    if (back_->error().code != base::ErrorCode::None) {
      connection_failed(back_->error());
    } else if ((events & http::mux::kConnected) != 0) {
      connection_established();
    }
  }
  if (!ended_ && back_ != nullptr && (events & http::mux::kHead) != 0) on_response_head();
  if (!ended_) {
    update_deadlines(false, true);
    step();
  }
  if (ended_) destroy();
}

void Stream::on_queue_wake(backend::QueueWake why) noexcept {
  if (ended_) return;
  if (back_state_ != BackState::Queued) return;
  back_state_ = BackState::None;
  set_phase_deadline(base::kNever);
  if (why == backend::QueueWake::Granted) {
    backend::ServerSlot slot = place_.take_slot();
    if (slot) {
      assigned(std::move(slot));
      ++phase_;  // behind "assign"
      run_request_phases();
      if (!ended_) step();
      if (ended_) worker_.loop().bury(*this);
      return;
    }
  }
  place_.leave();
  redispatched_ = true;
  run_request_phases();
  if (!ended_) step();
  if (ended_) worker_.loop().bury(*this);
}

void Stream::kill() noexcept {
  if (ended_) return;
  reason_.set(Cause::Killed, where_now());
  finish(true);
  worker_.loop().bury(*this);
}

}  // namespace sluice::proxy
