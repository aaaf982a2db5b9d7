// From the server's head to the client, and the answers that are made here.
#include "message_size.h"
#include "sluice/http/connection_auth.h"
#include "stream.h"

namespace sluice::proxy {

namespace {

// While rules look at an answer the request's head is not there for samples, whether its buffer was needed for
// something else by then or not: such rules are warned about when the configuration is read ("will never match").
class RequestHidden {
 public:
  explicit RequestHidden(policy::SampleContext& sample) noexcept : sample_(sample), request_(sample.request) {
    sample_.request = nullptr;
    sample_.request_changed();
  }
  RequestHidden(const RequestHidden&) = delete;
  RequestHidden& operator=(const RequestHidden&) = delete;
  ~RequestHidden() { sample_.request = request_; }

 private:
  policy::SampleContext& sample_;
  const http::RequestHead* request_;
};

}  // namespace

void Stream::forward_interim() noexcept {
  response_in_ += head_size(response_);
  response_out_ += head_size(response_);
  // RFC 9110 15.2: a 1.0 client never learns of them.
  if (request_.version >= http::Version::H11 && !front_.closed()) {
    http::mux::ResponseOptions options;
    options.case_adjust = front_proxy_.rules->spec.options.h1_case_adjust_client;
    front_.send_response(request_, response_, options, {});
  }
  http::mux::Pieces none;
  back_->gather(none);
  back_->drop();
}

void Stream::on_response_head() noexcept {
  for (;;) {
    if (back_->head_state() != http::mux::HeadState::Ready) {
      on_response_failure();
      return;
    }
    if (!response_.interim()) break;
    forward_interim();
    const unsigned events = back_->expect_response({head_response_, connect_request_});
    if ((events & http::mux::kHead) == 0) return;
  }
  const std::uint32_t bit = retry_bit(response_.status);
  if (bit != 0 && allow_l7_retry_ && (back_proxy_->rules->spec.retry_on & bit) != 0 && retry_request(bit)) return;

  t_response_ = now();
  facts_.status = response_.status;
  session_.set_authenticating(response_.status == 401 || response_.status == 407);
  if (http::authenticates_connection(response_)) connection_->of_one_client = true;
  response_in_ += head_size(response_);
  sample_.response = &response_;
  sample_.response_side = true;
  response_state_ = ResponseState::Rules;
  const CompiledProxy& rules = *front_proxy_.rules;
  if (!rules.captures.response.empty())
    Captures::take(rules.captures.response, response_.fields, arena_, controls_.response_captures);
  if (response_.connection.unsafe_accepted) capture_error(true);
  response_list_ = 0;
  cursor_ = {};
  apply_response_rules();
}

// Also called again when a rule waits for the body and more of it may be there, or its time is over.
void Stream::apply_response_rules() noexcept {
  if (run_response_rules()) send_response_head();
}

bool Stream::buffer_response_body() noexcept {
  if (response_.body == http::BodyKind::Tunnel) return true;
  const bool ok = response_body_.take(*back_, worker_.loop().buffers());
  sample_.response_body = response_body_.text();
  sample_.response_body_complete = back_->input_done();
  return ok;
}

// False: the answer is decided otherwise, or a rule waits.
bool Stream::run_response_rules() noexcept {
  const CompiledProxy* const lists[] = {back_proxy_->rules.get(), front_proxy_.rules.get()};
  const unsigned thread = worker_.index();
  for (; response_list_ < 2; ++response_list_) {
    if (response_list_ == 1 && lists[0] == lists[1]) break;
    const RuleList& list = lists[response_list_]->http_response;
    if (list.empty()) continue;
    if ((cursor_.waiting || lists[response_list_]->rule_needs.body) && !buffer_response_body()) {
      reason_.set(Cause::Resource, Where::Headers);
      leave_server(false);
      respond(500);
      return false;
    }
    ActionContext context = make_context();
    context.response = &response_;
    // A server that has left sends no more: what there is has to do.
    context.body.complete = back_->input_done() || back_->closed() || response_.body == http::BodyKind::Tunnel;
    context.body.buffer_full = back_->buffer_full();
    context.body.timed_out = cursor_.waiting && now() >= phase_deadline_;
    context.body.bytes = sample_.response_body.size();
    ActionResult result;
    {
      const RequestHidden hidden(sample_);
      result = list.run(context, cursor_);
    }
    count_rewrites();
    if (result == ActionResult::Wait) {
      if (context.first_run) set_phase_deadline(base::deadline_after(now(), controls_.wait.time));
      back_->read_body(http::mux::Reading::Buffer);
      return false;
    }
    set_phase_deadline(base::kNever);
    cursor_ = {};
    switch (result) {
      case ActionResult::Continue:
      case ActionResult::Stop:
      case ActionResult::Wait:
        continue;
      case ActionResult::Respond:
      case ActionResult::Redirect:
        reason_.set(Cause::Local, Where::Headers);
        t_response_ = base::kNever;
        leave_server(false);
        respond_prepared(context.reply_body, context.reply_status);
        return false;
      case ActionResult::Deny:
      case ActionResult::Tarpit:
        reason_.set(Cause::Proxy, Where::Headers);
        front_proxy_.counters.local(thread).denied_responses.add();
        back_proxy_->servers->counters(thread).denied_responses.add();
        server_->counters(thread).denied_responses.add();
        t_response_ = base::kNever;
        leave_server(false);
        if (context.reply_silent) {
          facts_.status = context.reply_status;
          finish(true);
        } else {
          respond_prepared(context.reply_body, context.reply_status);
        }
        return false;
      case ActionResult::Close:
      case ActionResult::Drop:
        reason_.set(Cause::Proxy, Where::Headers);
        finish(true);
        return false;
      case ActionResult::TimedOut:
        // The body that a rule waits for is late.
        reason_.set(Cause::ServerTimeout, Where::Headers);
        t_response_ = base::kNever;
        leave_server(false);
        respond(504);
        return false;
      case ActionResult::Error:
        reason_.set(Cause::Proxy, Where::Headers);
        count_internal_error();
        leave_server(false);
        respond(500);
        return false;
    }
  }
  // manual 4.2 "capture cookie": as rules have left it.
  const Captures& captures = front_proxy_.rules->captures;
  if (!captures.cookie.empty()) facts_.response_cookie = captures.response_cookie(response_.fields, arena_);
  return run_after_response(false);
}

bool Stream::run_after_response(bool own_reply) noexcept {
  const CompiledProxy* const lists[] = {back_proxy_ == nullptr ? nullptr : back_proxy_->rules.get(),
                                        front_proxy_.rules.get()};
  for (unsigned i = 0; i < 2; ++i) {
    if (lists[i] == nullptr || (i == 1 && lists[0] == lists[1]) || lists[i]->http_after_response.empty()) continue;
    sample_.response = &response_;
    sample_.response_side = true;
    ActionContext context = make_context();
    context.response = &response_;
    ActionResult result;
    {
      const RequestHidden hidden(sample_);
      result = lists[i]->http_after_response.run(context);
    }
    count_rewrites();
    if (result == ActionResult::Error && !own_reply) {
      reason_.set(Cause::Proxy, Where::Headers);
      count_internal_error();
      leave_server(false);
      respond(500);
      return false;
    }
    if (result == ActionResult::Stop) break;
  }
  return true;
}

void Stream::send_response_head() noexcept {
  const ProxySpec& front = front_proxy_.rules->spec;
  http::mux::ResponseOptions options;
  const HttpConnMode mode = connection_mode(front, back_proxy_->rules->spec);
  options.keep_alive = mode != HttpConnMode::Close && !worker_.global().draining.ends_now(worker_.loop().now());
  options.case_adjust = front.options.h1_case_adjust_client;
  options.no_delay = front.options.http_no_delay || back_proxy_->rules->spec.options.http_no_delay;
  response_state_ = ResponseState::Forward;
  http::mux::Pieces body;
  if (response_.body == http::BodyKind::Tunnel) {
    response_out_ += head_size(response_);
    front_.send_response(request_, response_, options, body);
    start_tunnel();
    return;
  }
  if (response_body_.text().data() != nullptr) (void)back_->rewind_body();
  back_->gather(body);
  if (body.failed && back_->error().code == base::ErrorCode::BadMessage) {
    // Broken framing that came with the head: nothing of it is passed on.
    capture_error(true);
    reason_.set(Cause::Proxy, Where::Headers);
    server_->counters(worker_.index()).response_errors.add();
    back_proxy_->servers->counters(worker_.index()).response_errors.add();
    t_response_ = base::kNever;
    leave_server(false);
    respond(502);
    return;
  }
  if (front.options.drop_response_trailers) body.trailers = nullptr;
  const std::uint64_t payload = body.bytes + end_size(body);
  response_in_ += payload;
  response_out_ += head_size(response_) + payload;
  front_.send_response(request_, response_, options, body);
  back_->drop();
  back_->release_head();
  sample_.response = nullptr;
  sample_.response_body = {};
  response_body_.release();
  if (body.end) {
    to_client_.finished();
    response_state_ = ResponseState::Done;
  } else if (body.failed) {
    server_->counters(worker_.index()).server_aborts.add();
    back_proxy_->servers->counters(worker_.index()).server_aborts.add();
    fail_stream(Cause::Server, Where::Data, 0);
    return;
  }
  if (front.options.logasap) log(true);
}

void Stream::start_tunnel() noexcept {
  tunnel_ = true;
  if (!request_released_) release_request();
  sample_.response = nullptr;
  if (front_proxy_.rules->spec.options.logasap) log(true);
  back_->release_head();
  back_->become_tunnel();
  front_.become_tunnel();
  to_server_.reset(worker_.pipes());
  to_client_.reset(worker_.pipes());
  request_state_ = RequestState::Forward;
  response_state_ = ResponseState::Forward;
  const base::Millis tunnel = tunnel_timeout(front_proxy_.rules->spec, back_proxy_->rules->spec);
  if (tunnel != base::kNoTimeout) client_timeout_ = server_timeout_ = tunnel;
}

void Stream::on_response_failure() noexcept {
  const unsigned thread = worker_.index();
  if (back_->head_state() == http::mux::HeadState::Bad || back_->head_state() == http::mux::HeadState::TooLong) {
    capture_error(true);
    if (retry_request(kRetryJunkResponse)) return;
    reason_.set(Cause::Proxy, Where::Headers);
  } else if (abort_told_ && !back_->response_begun()) {
    // The server gave up because the client did.
    back_proxy_->servers->counters(thread).client_aborts.add();
    server_->counters(thread).client_aborts.add();
    reason_.set(Cause::Client, Where::Headers);
    leave_server(false);
    respond(400);
    return;
  } else {
    if (!back_->response_begun() && retry_request(kRetryEmptyResponse)) return;
    if (back_->response_begun() && retry_request(kRetryJunkResponse)) return;
    reason_.set(Cause::Server, Where::Headers);
    server_->counters(thread).server_aborts.add();
    back_proxy_->servers->counters(thread).server_aborts.add();
  }
  server_->counters(thread).response_errors.add();
  back_proxy_->servers->counters(thread).response_errors.add();
  // A kept connection died under the request: a client that sent others before may repeat it by itself (manual 4.2
  // "http-reuse"), exactly as if it had met the server's close.
  const bool silent = reused_ && !first_request_ && !back_->response_begun();
  leave_server(false);
  if (silent) {
    facts_.status = 502;
    finish(true);
    return;
  }
  respond(502);
}

void Stream::respond(unsigned status) noexcept {
  sample_.response = nullptr;
  if (request_released_) sample_.request = nullptr;
  const PreparedReply reply =
      prepare_error(status, back_proxy_ == nullptr ? nullptr : &back_proxy_->rules->pages, &front_proxy_.rules->pages,
                    sample_, arena_, worker_.global().settings.buffer_bytes, response_);
  if (reply.silent) {
    facts_.status = static_cast<std::uint16_t>(status);
    finish(true);
    return;
  }
  respond_prepared(reply.body, status);
}

// For requests that could not be read: the page as it is, without rules.
void Stream::respond_raw(unsigned status) noexcept {
  own_reply_ = true;
  facts_.status = static_cast<std::uint16_t>(status);
  sample_.request = nullptr;
  const std::string_view page = raw_error(status, &front_proxy_.rules->pages);
  front_.send_raw(page.data(), page.size());
  response_state_ = ResponseState::Done;
  request_state_ = RequestState::Local;
  to_client_.finished();
}

// status_logged: what logs and counters show, when the page of an error answers with another status (errorloc); 0: the
// reply's.
void Stream::respond_prepared(std::string_view body, unsigned status_logged) noexcept {
  own_reply_ = true;
  if (connection_ != nullptr) leave_server(false);
  place_.leave();
  slot_.release();
  set_phase_deadline(base::kNever);
  const unsigned made = response_.status;
  facts_.status = static_cast<std::uint16_t>(status_logged != 0 ? status_logged : made);
  // Whether the body goes out is the request's matter; its length is announced either way.
  response_.connection = {};
  response_.body = body.empty() || head_response_ ? http::BodyKind::None : http::BodyKind::Length;
  response_.content_length = body.size();
  if (!run_after_response(true)) return;
  if (response_.status != made) facts_.status = response_.status;
  const ProxySpec& front = front_proxy_.rules->spec;
  http::mux::ResponseOptions options;
  const HttpConnMode mode = connection_mode(front, back_proxy_ == nullptr ? front : back_proxy_->rules->spec);
  // What is here of the request's body is dropped; what is still to come would be taken for the next request.
  while (!front_.input_done()) {
    http::mux::Pieces unread;
    front_.gather(unread);
    if (unread.bytes == 0 && !unread.end) break;
  }
  options.keep_alive = mode != HttpConnMode::Close && front_.input_done() &&
                       front_.head_state() == http::mux::HeadState::Ready &&
                       !worker_.global().draining.ends_now(worker_.loop().now());
  options.case_adjust = front.options.h1_case_adjust_client;
  http::mux::Pieces pieces;
  pieces.end = true;
  if (response_.body != http::BodyKind::None) pieces.add(body.data(), body.size());
  response_in_ = response_out_ = head_size(response_) + body.size();
  front_.send_response(request_, response_, options, pieces);
  front_.drop();
  response_state_ = ResponseState::Done;
  request_state_ = RequestState::Local;
  to_client_.finished();
}

}  // namespace sluice::proxy
