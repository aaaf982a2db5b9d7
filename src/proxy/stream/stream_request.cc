// From a request's head to the choice of a server: the ordered phases of the request.
#include "message_size.h"
#include "stream.h"

namespace sluice::proxy {

constexpr Stream::Phase Stream::kHttpRequestPhases[] = {
    {"monitor", &Stream::phase_monitor},
    {"tcp-request content (frontend)", &Stream::phase_tcp_front_rules},
    {"wait for body (frontend)", &Stream::phase_wait_front_body},
    {"http-request (frontend)", &Stream::phase_front_rules},
    {"use_backend", &Stream::phase_choose_backend},
    {"tcp-request content (backend)", &Stream::phase_tcp_back_rules},
    {"wait for body (backend)", &Stream::phase_wait_back_body},
    {"http-request (backend)", &Stream::phase_back_rules},
    {"option headers", &Stream::phase_option_headers},
    {"assign", &Stream::phase_assign},
    {"connect", &Stream::phase_connect},
};

constexpr Stream::Phase Stream::kTcpRequestPhases[] = {
    {"tcp-request content (frontend)", &Stream::phase_tcp_front_rules},
    {"use_backend", &Stream::phase_choose_backend},
    {"tcp-request content (backend)", &Stream::phase_tcp_back_rules},
    {"assign", &Stream::phase_assign},
    {"connect", &Stream::phase_connect},
};

void Stream::on_request_head() noexcept {
  t_head_ = now();
  session_.head_received();
  front_proxy_.request_rate.add(std::chrono::duration_cast<base::Millis>(t_head_.time_since_epoch()).count());
  front_proxy_.counters.local(worker_.index()).requests.add();
  worker_.counters().requests.add();
  if (front_.head_state() != http::mux::HeadState::Ready) {
    on_bad_request();
    return;
  }
  head_response_ = request_.method == http::Method::Head;
  connect_request_ = request_.method == http::Method::Connect;
  sample_.request = &request_;
  request_in_ = request_head_in_ = head_size(request_);
  if (request_.body == http::BodyKind::Chunked && front_.buffered() != 0) {
    // Broken framing that is here already is a bad request, before anything is done with it.
    buffer_request_body();
    if (front_.error().code == base::ErrorCode::BadMessage) {
      on_bad_request();
      return;
    }
  }
  const CompiledProxy& rules = *front_proxy_.rules;
  if (rules.captures.any()) {
    if (const std::size_t n = rules.captures.request.size(); n != 0) {
      auto* slots = static_cast<std::string_view*>(arena_.allocate(n * sizeof(std::string_view)));
      if (slots != nullptr) {
        for (std::size_t i = 0; i < n; ++i) ::new (slots + i) std::string_view();
        controls_.request_captures = {slots, n};
        controls_.request_capture_lens = rules.request_capture_lens;
        Captures::take(rules.captures.request, request_.fields, arena_, controls_.request_captures);
        facts_.request_captures = controls_.request_captures;
      }
    }
    if (const std::size_t n = rules.captures.response.size(); n != 0) {
      auto* slots = static_cast<std::string_view*>(arena_.allocate(n * sizeof(std::string_view)));
      if (slots != nullptr) {
        for (std::size_t i = 0; i < n; ++i) ::new (slots + i) std::string_view();
        controls_.response_captures = {slots, n};
        controls_.response_capture_lens = rules.response_capture_lens;
        facts_.response_captures = controls_.response_captures;
      }
    }
  }
  if (request_.connection.unsafe_accepted) capture_error(false);
  note_request_line();
  request_state_ = RequestState::Rules;
  phase_ = 0;
  run_request_phases();
}

// For logs and response rules, which come when the head may be gone.
void Stream::note_request_line() noexcept {
  std::string_view line(request_.method_text.data(), request_.line_bytes);
  if (line.size() != request_.method_text.size() + request_.target.size() + std::string_view("  HTTP/1.1").size()) {
    // Tabs and more than one blank between the words are logged as one blank (RFC 9112 3 lets us accept them).
    const auto room = static_cast<char*>(arena_.allocate(line.size()));
    if (room != nullptr) {
      char* end = room;
      for (const char c : line) {
        const bool blank = c == ' ' || c == '\t';
        if (!blank)
          *end++ = c;
        else if (end != room && end[-1] != ' ')
          *end++ = ' ';
      }
      if (end != room && end[-1] == ' ') --end;
      line = {room, static_cast<std::size_t>(end - room)};
    }
  }
  facts_.request_line = line.substr(0, worker_.global().settings.log_uri_bytes);
}

// manual 4.2 "capture cookie": as rules have left it; what return and redirect answer has none, as in the reference.
void Stream::take_request_cookie() noexcept {
  const Captures& captures = front_proxy_.rules->captures;
  if (!captures.cookie.empty()) facts_.request_cookie = captures.request_cookie(request_.fields, arena_);
}

void Stream::on_bad_request() noexcept {
  const unsigned status = front_.head_state() == http::mux::HeadState::TooLong ? 400 : front_.head_error().status();
  reason_.set(Cause::Proxy, Where::Request);
  front_proxy_.counters.local(worker_.index()).request_errors.add();
  t_head_ = base::kNever;
  capture_error(false);
  // What there is of the head cannot be trusted: no expression sees it.
  request_.clear();
  request_.connection.close = true;
  respond_raw(status);
}

void Stream::start_tcp() noexcept {
  t_head_ = now();
  session_.head_received();
  request_state_ = RequestState::Rules;
  phase_ = 0;
  tunnel_ = true;
  run_request_phases();
}

void Stream::run_request_phases() noexcept {
  const Phase* const phases = http_ ? kHttpRequestPhases : kTcpRequestPhases;
  while (!ended_) {
    if ((this->*phases[phase_].run)() != Progress::Continue) return;
    ++phase_;
  }
}

// A retry on another server.
void Stream::assign_again() noexcept {
  // Looked for and not counted: the list is the one place that knows the order. (Not constexpr: with UBSan GCC takes no
  // comparison of pointers to members for a constant.)
  const Phase* const phases = http_ ? kHttpRequestPhases : kTcpRequestPhases;
  phase_ = 0;
  while (phases[phase_].run != &Stream::phase_assign) ++phase_;
  request_state_ = RequestState::Assign;
  run_request_phases();
}

ActionContext Stream::make_context() noexcept {
  sample_.now_wall_us = 0;
  const auto looks = [](const Proxy* p) noexcept {
    return p != nullptr && (p->rules->rule_needs.counts || p->rules->rule_needs.timers);
  };
  if (looks(&front_proxy_) || looks(back_proxy_)) fill_facts();
  ActionContext context{sample_,
                        arena_,
                        request_released_ || !http_ ? nullptr : &request_,
                        nullptr,
                        &response_,
                        controls_,
                        &front_proxy_.rules->pages,
                        back_proxy_ == nullptr ? nullptr : &back_proxy_->rules->pages,
                        {},
                        {},
                        {},
                        {},
                        {},
                        {}};
  context.buffer_bytes = worker_.global().settings.buffer_bytes;
  context.strict = true;
  context.first_run = !cursor_.waiting;
  return context;
}

Stream::Progress Stream::run_rules(const RuleList& list, const CompiledProxy& owner) noexcept {
  if (list.empty()) return Progress::Continue;
  if ((cursor_.waiting || owner.rule_needs.body) && !buffer_request_body()) return out_of_memory();
  ActionContext context = make_context();
  context.body.complete = front_.input_done();
  context.body.buffer_full = front_.buffer_full();
  context.body.timed_out = cursor_.waiting && now() >= phase_deadline_;
  context.body.bytes = sample_.request_body.size();
  const ActionResult result = list.run(context, cursor_);
  count_rewrites();
  if (result == ActionResult::Wait) {
    if (const Progress p = body_lost(); p != Progress::Continue) return p;
  } else if (request_state_ == RequestState::Body) {
    body_waited();
  }
  if (result == ActionResult::Continue || result == ActionResult::Stop) {
    cursor_ = {};
    set_phase_deadline(base::kNever);
    return Progress::Continue;
  }
  return act_on(result, context, owner);
}

Stream::Progress Stream::act_on(ActionResult result, ActionContext& context, const CompiledProxy& owner) noexcept {
  FrontendCounters& counters = front_proxy_.counters.local(worker_.index());
  switch (result) {
    case ActionResult::Continue:
    case ActionResult::Stop:
      return Progress::Continue;
    case ActionResult::Wait:
      request_state_ = RequestState::Body;
      // Each rule that waits has its own time.
      if (context.first_run) set_phase_deadline(base::deadline_after(now(), controls_.wait.time));
      want_request_body();
      return Progress::Wait;
    case ActionResult::Respond:
    case ActionResult::Redirect:
      reason_.set(Cause::Local, Where::Request);
      counters.intercepted.add();
      break;
    case ActionResult::Deny:
    case ActionResult::Tarpit:
      denied_ = true;
      take_request_cookie();
      counters.denied_requests.add();
      if (back_proxy_ != nullptr && back_proxy_->servers != nullptr)
        back_proxy_->servers->counters(worker_.index()).denied_requests.add();
      if (result == ActionResult::Tarpit) {
        request_state_ = RequestState::Tarpit;
        reply_body_ = context.reply_body;
        tarpit_status_ = context.reply_status;
        tarpit_silent_ = context.reply_silent;
        set_phase_deadline(base::deadline_after(now(), tarpit_timeout(owner.spec)));
        return Progress::Wait;
      }
      reason_.set(Cause::Proxy, Where::Request);
      break;
    case ActionResult::TimedOut:
      return body_late();
    case ActionResult::Close:
    case ActionResult::Drop:
      reason_.set(Cause::Proxy, Where::Request);
      counters.denied_requests.add();
      request_untimed_ = true;
      finish(true);
      return Progress::Fail;
    case ActionResult::Error:
      reason_.set(Cause::Proxy, Where::Request);
      count_internal_error();
      respond(500);
      return Progress::Respond;
  }
  if (context.reply_silent) {
    facts_.status = context.reply_status;
    finish(true);
    return Progress::Fail;
  }
  respond_prepared(context.reply_body, context.reply_status);
  return Progress::Respond;
}

// The body of the request has been waited for, as long as it took: it counts as part of the request (manual 8.4 "TR").
void Stream::body_waited() noexcept {
  t_head_ = now();
  request_state_ = RequestState::Rules;
}

// manual 8.5 "cR".
Stream::Progress Stream::body_late() noexcept {
  reason_.set(Cause::ClientTimeout, Where::Request);
  request_untimed_ = true;
  respond(408);
  return Progress::Respond;
}

// A phase waits for more of the body. Continue: more can come; else the stream has its answer, or its end.
Stream::Progress Stream::body_lost() noexcept {
  if (front_.error().code == base::ErrorCode::BadMessage) {
    capture_error(false);
    front_proxy_.counters.local(worker_.index()).request_errors.add();
    reason_.set(Cause::Proxy, Where::Request);
    request_untimed_ = true;
    respond(400);
    return Progress::Respond;
  }
  if (!front_.closed()) return Progress::Continue;
  // manual 8.5 "CR"; nobody is left who could use an answer.
  body_waited();
  take_request_cookie();
  fail_stream(Cause::Client, Where::Request, 0);
  return Progress::Fail;
}

// From here on the stream waits for body bytes.
void Stream::want_request_body() noexcept {
  if (request_.connection.expect_continue) {
    // RFC 9110 10.1.1: the client may be waiting for this; the server is not to say it again.
    request_.connection.expect_continue = false;
    request_.fields.remove(http::HeaderId::Expect);
    if (sample_.request_body.empty()) front_.send_continue();
  }
  front_.read_body(http::mux::Reading::Buffer);
}

Stream::Progress Stream::out_of_memory() noexcept {
  reason_.set(Cause::Resource, Where::Request);
  respond(500);
  return Progress::Respond;
}

// False when memory is out.
bool Stream::buffer_request_body() noexcept {
  const bool ok = request_body_.take(front_, worker_.loop().buffers());
  sample_.request_body = request_body_.text();
  sample_.request_body_complete = front_.input_done();
  return ok;
}

Stream::Progress Stream::phase_monitor() noexcept {
  const CompiledProxy& rules = *front_proxy_.rules;
  if (rules.spec.monitor_uri.empty()) return Progress::Continue;
  bool failing = false;
  if (!is_monitor_request(rules, sample_, request_, failing)) return Progress::Continue;
  do_not_log_ = true;
  reason_.set(Cause::Local, Where::Request);
  respond(failing ? 503 : 200);
  return Progress::Respond;
}

Stream::Progress Stream::phase_front_rules() noexcept {
  const CompiledProxy& rules = *front_proxy_.rules;
  const Progress p = run_rules(rules.http_request, rules);
  if (p != Progress::Continue) return p;
  if (!restrict_header_names(rules, request_)) {
    reason_.set(Cause::Proxy, Where::Request);
    front_proxy_.counters.local(worker_.index()).denied_requests.add();
    respond(403);
    return Progress::Respond;
  }
  return Progress::Continue;
}

Stream::Progress Stream::phase_choose_backend() noexcept {
  if (!http_ && front_proxy_.rules->rule_needs.body) buffer_request_body();
  const CompiledProxy* chosen = select_backend(*front_proxy_.rules, sample_, worker_.global());
  if (chosen == nullptr) {
    reason_.set(Cause::Server, Where::Connect);
    if (!http_) {
      finish(true);
      return Progress::Fail;
    }
    respond(503);
    return Progress::Respond;
  }
  enter_backend(*worker_.global().proxy_of(*chosen));
  return Progress::Continue;
}

void Stream::enter_backend(Proxy& backend) noexcept {
  back_proxy_ = &backend;
  backend_use_ = backend.servers->enter();
  facts_.backend = &backend.identity;
  const ProxySpec& spec = backend.rules->spec;
  server_timeout_ = spec.timeouts.server;
  retries_left_ = spec.retries;
  allow_l7_retry_ = (spec.retry_on & kRetryL7) != 0;
  if (http_) backend.servers->counters(worker_.index()).requests.add();
}

Stream::Progress Stream::phase_back_rules() noexcept {
  const CompiledProxy& rules = *back_proxy_->rules;
  if (back_proxy_ == &front_proxy_) return Progress::Continue;
  const Progress p = run_rules(rules.http_request, rules);
  if (p != Progress::Continue) return p;
  if (!restrict_header_names(rules, request_)) {
    reason_.set(Cause::Proxy, Where::Request);
    back_proxy_->servers->counters(worker_.index()).denied_requests.add();
    respond(403);
    return Progress::Respond;
  }
  return Progress::Continue;
}

bool Stream::make_unique_id() noexcept {
  const CompiledProxy& rules = *front_proxy_.rules;
  if (!rules.unique_id.valid() || facts_.unique_id.data() != nullptr) return true;
  policy::ScratchScope scope(worker_.scratch());
  facts_.unique_id = arena_.copy(rules.unique_id.render(sample_));
  return facts_.unique_id.data() != nullptr;
}

Stream::Progress Stream::phase_option_headers() noexcept {
  take_request_cookie();
  if (front_proxy_.rules->unique_id.valid()) {
    facts_.request_wall_us =
        std::chrono::duration_cast<base::Micros>(worker_.loop().wall_at(t_start_).time_since_epoch()).count();
    make_unique_id();
  }
  ActionContext context = make_context();
  if (!add_option_headers(*front_proxy_.rules, *back_proxy_->rules, context)) {
    reason_.set(Cause::Proxy, Where::Request);
    ++controls_.failed_rewrites;
    count_rewrites();
    count_internal_error();
    respond(500);
    return Progress::Respond;
  }
  allow_l7_retry_ = allow_l7_retry_ && !controls_.disable_l7_retry;
  return Progress::Continue;
}

Stream::Progress Stream::phase_wait_front_body() noexcept {
  return front_proxy_.rules->spec.options.http_buffer_request ? wait_body() : Progress::Continue;
}

Stream::Progress Stream::phase_wait_back_body() noexcept {
  return back_proxy_->rules->spec.options.http_buffer_request ? wait_body() : Progress::Continue;
}

// manual 4.2 "option http-buffer-request": whole, or as much as the buffer takes, before the rules of that section see
// it.
Stream::Progress Stream::wait_body() noexcept {
  if (!front_.input_done() && !buffer_request_body()) return out_of_memory();
  if (front_.input_done() || front_.buffer_full()) {
    if (request_state_ == RequestState::Body) body_waited();
    set_phase_deadline(base::kNever);
    return Progress::Continue;
  }
  if (const Progress p = body_lost(); p != Progress::Continue) return p;
  if (request_state_ != RequestState::Body) {
    request_state_ = RequestState::Body;
    // manual 4.2 "timeout http-request": covers the body too when it is waited for.
    set_phase_deadline(base::deadline_after(t_start_, http_request_timeout(front_proxy_.rules->spec)));
  } else if (now() >= phase_deadline_) {
    return body_late();
  }
  want_request_body();
  return Progress::Wait;
}

Stream::Progress Stream::run_tcp_rules(const RuleList& list, const CompiledProxy& owner) noexcept {
  if (list.empty()) return Progress::Continue;
  if (!http_) buffer_request_body();
  // manual 4.2 "tcp-request inspect-delay": looked at again with every byte that comes, until all is decided. In HTTP
  // mode the head is there, and bytes are not what rules look at.
  const base::Millis delay = owner.spec.tcp_inspect_delay;
  const bool over = phase_deadline_ != base::kNever && now() >= phase_deadline_;
  ActionContext context = make_context();
  sample_.more_may_come = !http_ && delay != base::kNoTimeout && !over && !front_.closed() && !front_.buffer_full();
  const ActionResult result = list.run(context, cursor_);
  sample_.more_may_come = false;
  if (result == ActionResult::Wait) {
    if (phase_deadline_ == base::kNever) set_phase_deadline(base::deadline_after(now(), delay));
    return Progress::Wait;
  }
  cursor_ = {};
  if (!http_) set_phase_deadline(base::kNever);
  switch (result) {
    case ActionResult::Continue:
    case ActionResult::Stop:
      return Progress::Continue;
    default:
      reason_.set(Cause::Proxy, Where::Request);
      front_proxy_.counters.local(worker_.index()).denied_requests.add();
      finish(true);
      return Progress::Fail;
  }
}

Stream::Progress Stream::phase_tcp_front_rules() noexcept {
  return run_tcp_rules(front_proxy_.rules->tcp_request_content, *front_proxy_.rules);
}

Stream::Progress Stream::phase_tcp_back_rules() noexcept {
  if (back_proxy_ == &front_proxy_) return Progress::Continue;
  return run_tcp_rules(back_proxy_->rules->tcp_request_content, *back_proxy_->rules);
}

Stream::Progress Stream::phase_assign() noexcept {
  request_state_ = RequestState::Assign;
  if (!http_ && back_proxy_->rules->rule_needs.body) buffer_request_body();
  backend::AssignRequest request;
  request.waiter = this;
  request.source = &session_.facts().src;
  request.avoid = avoid_;
  for (const ServerRule& rule : back_proxy_->rules->use_server) {
    if (avoid_ != nullptr) break;  // a redispatch is free to go elsewhere
    if (!rule.when.evaluate(sample_)) continue;
    if (rule.dynamic.valid()) {
      policy::ScratchScope scope(worker_.scratch());
      request.wanted = back_proxy_->servers->find(rule.dynamic.render(sample_));
    } else if (rule.server < back_proxy_->servers->size()) {
      request.wanted = &back_proxy_->servers->server(rule.server);
    }
    break;
  }
  const ProxySpec& spec = back_proxy_->rules->spec;
  pinned_ = request.wanted != nullptr || back_proxy_->servers->keyed();
  // manual 5.2 "maxqueue": when its queue is full another one is taken. With the reference that needs "option
  // redispatch", as everything that goes against what a rule says.
  backend::Server* const named = request.wanted;
  request.insist = named != nullptr && spec.redispatch == 0;
  const bool authenticating = session_.authenticating();
  if ((spec.options.prefer_last_server || authenticating) && request.wanted == nullptr && avoid_ == nullptr &&
      !back_proxy_->servers->deterministic()) {
    backend::Server* last = const_cast<backend::Server*>(session_.last_server());
    if (last != nullptr && &last->backend() == back_proxy_->servers.get() && last->usable()) {
      // manual 4.2 "max-keep-alive-queue": with more than that many waiting another server is looked for; a client that
      // was asked for credentials stays in any case.
      const bool queue = authenticating || spec.max_keep_alive_queue < 0 ||
                         last->queued() < static_cast<std::uint32_t>(spec.max_keep_alive_queue);
      (queue ? request.wanted : request.preferred) = last;
    }
  }
  backend::AssignResult result = back_proxy_->servers->assign(request);
  if (result.server_queue > facts_.counts.server_queue) facts_.counts.server_queue = result.server_queue;
  if (result.backend_queue > facts_.counts.backend_queue) facts_.counts.backend_queue = result.backend_queue;
  const backend::Server* const got = result.slot ? result.slot.server() : result.place.server();
  if (named != nullptr && named != got && named->running() && result.outcome != backend::AssignOutcome::Full)
    count_redispatch(*named);
  switch (result.outcome) {
    case backend::AssignOutcome::Assigned:
      assigned(std::move(result.slot));
      return Progress::Continue;
    case backend::AssignOutcome::Queued:
      place_ = std::move(result.place);
      // Logged as a position: the first in the queue is number 1.
      if (place_.server() != nullptr)
        ++facts_.counts.server_queue;
      else
        ++facts_.counts.backend_queue;
      back_state_ = BackState::Queued;
      set_phase_deadline(base::deadline_after(now(), queue_timeout(back_proxy_->rules->spec)));
      return Progress::Wait;
    case backend::AssignOutcome::NoServer:
      back_proxy_->servers->counters(worker_.index()).connect_errors.add();
      reason_.set(Cause::Server, Where::Connect);
      break;
    case backend::AssignOutcome::Full:
      if (request.insist) point_at(*named);
      reason_.set(Cause::Server, Where::Queue);
      break;
  }
  if (!http_) {
    finish(true);
    return Progress::Fail;
  }
  respond(503);
  return Progress::Respond;
}

Stream::Progress Stream::phase_connect() noexcept {
  request_state_ = RequestState::Connect;
  return connect();
}

}  // namespace sluice::proxy
