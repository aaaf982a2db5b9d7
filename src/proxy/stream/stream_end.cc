// The end of a stream: its figures, its line in the log, its counters, and everything given back.
#include <algorithm>
#include <cstring>
#include <mutex>

#include "sluice/base/strings.h"
#include "stream.h"

namespace sluice::proxy {

namespace {

std::int32_t millis_between(base::TimePoint from, base::TimePoint to) noexcept {
  return static_cast<std::int32_t>(std::chrono::duration_cast<base::Millis>(to - from).count());
}

// counters hrsp_1xx .. hrsp_5xx, hrsp_other
unsigned response_class(unsigned status) noexcept { return status >= 100 && status < 600 ? status / 100 - 1 : 5; }

}  // namespace

// The request's buffer is wanted for its body: what logs need of the head moves to the arena.
void Stream::release_request() noexcept {
  if (request_released_) return;
  request_released_ = true;
  if (!facts_.request_line.empty()) facts_.request_line = arena_.copy(facts_.request_line);
  sample_.request = nullptr;
  sample_.request_body = {};
  request_body_.release();
  sample_.request_changed();
  front_.release_head();
}

// The request's head has been read, and was well formed.
bool Stream::has_request() const noexcept {
  return http_ && t_head_ != base::kNever && front_.head_state() == http::mux::HeadState::Ready;
}

void Stream::fill_facts() noexcept {
  const base::TimePoint end = now();
  policy::Timers& t = facts_.timers;
  t = {};
  const base::TimePoint idle_from = session_.idle_since();
  t.handshake = first_request_ ? session_.facts().handshake_ms : 0;
  t.idle = http_ ? millis_between(idle_from, t_start_) : 0;
  base::TimePoint last = t_start_;
  const bool whole_request = has_request();
  if (http_) {
    t.request = whole_request ? millis_between(t_start_, t_head_) : -1;
    if (whole_request) last = t_head_;
  } else {
    t.request = -1;
  }
  if (t_assigned_ != base::kNever) {
    t.queue = millis_between(last, t_assigned_);
    last = t_assigned_;
  } else if (back_state_ == BackState::Queued || (reason_.where == Where::Queue && reason_.cause != Cause::Server) ||
             reason_.where == Where::Tarpit) {  // with Server all queues were full: it did not wait in any
    t.queue = millis_between(last, end);
  }
  if (t_connected_ != base::kNever) {
    t.connect = millis_between(last, t_connected_);
    last = t_connected_;
  }
  if (t_response_ != base::kNever) {
    t.response = millis_between(last, t_response_);
    last = t_response_;
    t.data = millis_between(last, end);
  } else if (!http_ && t_connected_ != base::kNever) {
    t.data = millis_between(last, end);
  }
  if (reason_.where == Where::Tarpit || request_untimed_) t.request = -1;
  t.active = millis_between(t_start_, end);
  t.total = http_ ? millis_between(idle_from, end) + t.handshake : millis_between(session_.facts().accept_time, end);
  t.user = t.active + t.idle + t.handshake;
  policy::Counts& c = facts_.counts;
  const Global& global = worker_.global();
  c.active = global.connections.load(std::memory_order_relaxed);
  c.frontend = front_proxy_.connections.load(std::memory_order_relaxed);
  c.backend = back_proxy_ == nullptr ? 0 : back_proxy_->servers->current();
  c.server = server_ == nullptr ? 0 : server_->current();
  c.redispatched = redispatched_;
  facts_.termination = reason_.letters();
  facts_.bytes_in = request_in_;
  facts_.bytes_out = response_in_;
  facts_.request_wall_us =
      std::chrono::duration_cast<base::Micros>(worker_.loop().wall_at(t_start_).time_since_epoch()).count();
  if (connection_ != nullptr) {
    facts_.back_src = &connection_->local_address();
    facts_.back_dst = &connection_->server_address();
  }
}

void Stream::log(bool early) noexcept {
  const CompiledProxy& rules = *front_proxy_.rules;
  base::LogSink* const sink = front_proxy_.log;
  if (sink == nullptr || do_not_log_ || logged_) return;
  const Options& options = rules.spec.options;
  // manual 4.2 "option dontlognull": no line for a connection on which nothing was ever received. HTTP: see
  // end_empty().
  if (options.dontlognull && !http_ && front_.wire_in() == 0) return;
  const bool abnormal = reason_.cause != Cause::None && reason_.cause != Cause::Local;
  const bool failed =
      abnormal || (http_ && (facts_.status >= 500 || facts_.status == 0)) || retries_done_ != 0 || redispatched_;
  if (options.dontlog_normal && !failed && !early) return;
  base::LogLevel level = base::LogLevel::Info;
  if (options.log_separate_errors && failed) level = base::LogLevel::Err;
  if (controls_.log_level == StreamControls::kSilent) return;
  if (controls_.log_level != StreamControls::kLevelUnchanged) level = static_cast<base::LogLevel>(controls_.log_level);
  logged_ = true;
  fill_facts();
  // manual 4.2 "option logasap": a '+' before what may still grow, on the lines of answers made here too.
  facts_.incomplete = options.logasap;
  facts_.log_counter = front_proxy_.log_counter.fetch_add(1, std::memory_order_relaxed);
  if (rules.log_needs.unique_id && (!http_ || has_request())) make_unique_id();
  sample_.now_wall_us = std::chrono::duration_cast<base::Micros>(worker_.loop().wall_now().time_since_epoch()).count();
  sample_.response_side = false;
  // manual 4.2 "error-log-format" speaks of all that log-separate-errors raises; the reference, whose lines count here,
  // takes it for connections that never had a request.
  const policy::LogFormat& format =
      http_ && rules.error_log_format.valid() && !has_request() ? rules.error_log_format : rules.log_format;
  if (!format.valid()) {
    log_default(level);
    return;
  }
  char* const area = worker_.log_area();
  const std::size_t n = format.render(sample_, area, Worker::kLogAreaBytes / 2);
  std::string_view structured;
  if (front_proxy_.log_structured && rules.log_format_sd.valid()) {
    char* const behind = area + n;
    structured = {behind, rules.log_format_sd.render(sample_, behind, Worker::kLogAreaBytes - n)};
  }
  sink->write(level, {area, n}, structured);
}

// manual 8.2.1: "Connect from 10.0.1.2:33312 to 10.0.3.31:8012 (www/HTTP)".
void Stream::log_default(base::LogLevel level) noexcept {
  char* const area = worker_.log_area();
  char* p = area;
  const auto text = [&p](std::string_view s) {
    std::memcpy(p, s.data(), s.size());
    p += s.size();
  };
  const policy::ConnectionFacts& c = session_.facts();
  text("Connect from ");
  p = c.src.write_ip(p);
  *p++ = ':';
  p = base::write_uint(p, c.src.port());
  text(" to ");
  p = c.dst.write_ip(p);
  *p++ = ':';
  p = base::write_uint(p, c.dst.port());
  text(" (");
  text(std::string_view(front_proxy_.rules->name).substr(0, 1024));
  text(http_ ? "/HTTP)" : "/TCP)");
  front_proxy_.log->write(level, {area, static_cast<std::size_t>(p - area)});
}

// Adds what has passed since the last time. With "option contstats" that is while the stream runs, else once at its
// end.
void Stream::count_bytes() noexcept {
  const unsigned thread = worker_.index();
  const std::uint64_t qi = request_in_ - counted_.request_in;
  const std::uint64_t qo = request_out_ - counted_.request_out;
  const std::uint64_t ri = response_in_ - counted_.response_in;
  const std::uint64_t ro = response_out_ - counted_.response_out;
  counted_ = {request_in_, request_out_, response_in_, response_out_};
  const auto add = [&](auto& c) {
    c.bytes_in.add(qi);
    c.bytes_out.add(ri);
    c.req_bytes_in.add(qi);
    c.req_bytes_out.add(qo);
    c.res_bytes_in.add(ri);
    c.res_bytes_out.add(ro);
  };
  add(front_proxy_.counters.local(thread));
  if (back_proxy_ != nullptr) add(back_proxy_->servers->counters(thread));
  if (server_ != nullptr) add(server_->counters(thread));
  ListenerCounters& l = session_.listener().counters.local(thread);
  l.bytes_in.add(qi);
  l.bytes_out.add(ri);
  worker_.counters().bytes_out.add(ro);
}

// Edits that failed since the last time count for those who take part by then, as in the reference.
void Stream::count_rewrites() noexcept {
  const std::uint32_t n = controls_.failed_rewrites;
  if (n == 0) return;
  controls_.failed_rewrites = 0;
  const unsigned thread = worker_.index();
  front_proxy_.counters.local(thread).rewrite_failures.add(n);
  if (back_proxy_ != nullptr) back_proxy_->servers->counters(thread).rewrite_failures.add(n);
  if (server_ != nullptr) server_->counters(thread).rewrite_failures.add(n);
}

void Stream::count_internal_error() noexcept {
  const unsigned thread = worker_.index();
  front_proxy_.counters.local(thread).internal_errors.add();
  if (back_proxy_ != nullptr) back_proxy_->servers->counters(thread).internal_errors.add();
  if (server_ != nullptr) server_->counters(thread).internal_errors.add();
}

void Stream::count() noexcept {
  count_bytes();
  const unsigned thread = worker_.index();
  const unsigned cls = response_class(facts_.status);
  FrontendCounters& f = front_proxy_.counters.local(thread);
  if (http_) f.responses[cls].add();
  ThreadCounters& t = worker_.counters();
  t.streams.add();
  if (const std::uint64_t spliced = to_server_.spliced_bytes() + to_client_.spliced_bytes(); spliced != 0)
    t.spliced_bytes.add(spliced);
  if (back_proxy_ == nullptr) return;
  if (http_) back_proxy_->servers->counters(thread).responses[cls].add();
  if (server_ == nullptr) return;
  backend::ServerCounters& s = server_->counters(thread);
  if (http_ && !own_reply_) s.responses[cls].add();
  if (http_) s.requests.add();
  const base::TimePoint end = now();
  if (t_connected_ == base::kNever) return;
  const base::TimePoint head = t_head_ == base::kNever ? t_start_ : t_head_;
  const auto clip = [](base::TimePoint from, base::TimePoint to) {
    return static_cast<std::uint32_t>(std::max(0, millis_between(from, to)));
  };
  const std::uint32_t queue = clip(head, t_assigned_);
  const std::uint32_t connect = clip(t_assigned_, t_connected_);
  const std::uint32_t response = t_response_ == base::kNever ? 0 : clip(t_connected_, t_response_);
  const std::uint32_t total = clip(t_start_, end);
  server_->times().add(queue, connect, response, total);
  back_proxy_->servers->times().add(queue, connect, response, total);
}

void Stream::capture_error(bool response) noexcept {
  // Rare and off the normal path: allocating is fine here.
  auto captured = std::make_unique<CapturedError>();
  Proxy& owner = response ? *back_proxy_ : front_proxy_;
  if (response)
    back_->capture(captured->capture);
  else
    front_.capture(captured->capture);
  captured->capture.in_response = response;
  captured->capture.when = worker_.loop().wall_now();
  captured->capture.error = response ? back_->head_error() : front_.head_error();
  captured->source = session_.facts().src;
  captured->event = worker_.global().error_events.fetch_add(1, std::memory_order_relaxed);
  const Proxy* const other = response ? &front_proxy_ : back_proxy_;
  if (other != nullptr) {
    captured->other_proxy = other->rules->name;
    captured->other_id = other->rules->id;
  }
  if (server_ != nullptr) {
    captured->server = server_->name();
    captured->server_id = server_->id();
  }
  const std::lock_guard<std::mutex> lock(owner.error_mutex);
  (response ? owner.response_error : owner.request_error) = std::move(captured);
}

void Stream::finish(bool abort_front) noexcept {
  if (ended_) return;
  ended_ = true;
  timer_.disarm();
  to_server_.reset(worker_.pipes());
  to_client_.reset(worker_.pipes());
  count();
  // Logs show the counts without the stream that ends, as the reference does.
  place_.leave();
  slot_.release();
  backend_use_.leave();
  log(false);
  const bool server_done = response_state_ == ResponseState::Done && request_state_ == RequestState::Done && !tunnel_;
  leave_server(server_done);
  session_.stream_gone();
  front_.finish(abort_front);
}

}  // namespace sluice::proxy
