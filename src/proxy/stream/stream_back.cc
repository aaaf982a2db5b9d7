// The back side of a stream: a server's slot, a connection to it, and what happens when that fails.
#include <absl/hash/hash.h>

#include <algorithm>

#include "message_size.h"
#include "sluice/http/connection_auth.h"
#include "stream.h"

namespace sluice::proxy {

namespace {

// A retry on the same server waits this long, or "timeout connect" when that is shorter (manual 4.2 "retries").
constexpr base::Millis kTurnAround{1000};

}  // namespace

void Stream::assigned(backend::ServerSlot slot) noexcept {
  slot_ = std::move(slot);
  attempt_counted_ = true;
  if (t_assigned_ == base::kNever) t_assigned_ = now();
  point_at(*slot_.server());
  if (server_->may_shut_sessions()) server_->watch(*this);
  session_.set_last_server(server_);
}

// Logs and counters speak of this server from now on.
void Stream::point_at(backend::Server& server) noexcept {
  server_ = &server;
  facts_.server = &back_proxy_->server_identities[server.index()];
}

void Stream::count_redispatch(backend::Server& from) noexcept {
  from.counters(worker_.index()).redispatches.add();
  back_proxy_->servers->counters(worker_.index()).redispatches.add();
  redispatched_ = true;
}

Stream::Progress Stream::connect() noexcept {
  const unsigned thread = worker_.index();
  backend::Server& server = *server_;
  const ProxySpec& spec = back_proxy_->rules->spec;
  if (!attempt_counted_) server.count_attempt(worker_.loop());
  attempt_counted_ = false;
  BackConnection* c = nullptr;
  const bool may_reuse = http_ && !fresh_connection_only_;
  ConnectRequest request;
  base::Error error;
  if (server.options().send_proxy.version != 0 && !proxy_header(server, request)) {
    error = {base::ErrorCode::NoResource, base::Side::Back, base::Retry::No, 0};
    connection_failed(error);
    return ended_ ? Progress::Fail : Progress::Wait;
  }
  if (server.presented().how != backend::SourceSpec::Present::Own) present_source(server, request);
  if (server.in_client_namespace()) request.key = absl::HashOf(request.key, client_namespace().fd) | 1;
  if (server.follows_client()) {
    const net::Address& dst = session_.facts().dst;
    request.key = absl::HashOf(request.key, dst.ip_bytes(), dst.port()) | 1;
  }
  if (may_reuse) {
    c = session_.take_private(server, request.key);
    if (c == nullptr) {
      backend::PooledConnection* p =
          server.idle_pool(thread).take(back_proxy_->servers->reuse(), first_request_, request.key);
      c = static_cast<BackConnection*>(p);
    }
  }
  reused_ = c != nullptr;
  if (c == nullptr) {
    request.server = &server;
    request.settings = &back_proxy_->back_h1;
    request.spec = &spec;
    request.client_dst = session_.facts().dst;
    if (server.in_client_namespace()) request.client_netns = client_namespace().fd;
    request.data_follows = http_ || !request.begin_with.empty();
    c = BackConnection::connect(worker_, request, error);
    if (c != nullptr) {
      server.idle_pool(thread).adopt(*c);
      server.counters(thread).connections.add();
      back_proxy_->servers->counters(thread).connections.add();
    }
  } else {
    server.counters(thread).reuses.add();
    back_proxy_->servers->counters(thread).reuses.add();
  }
  if (c == nullptr) {
    connection_failed(error);
    return ended_ ? Progress::Fail : Progress::Wait;
  }
  ++c->requests;
  connection_ = c;
  back_ = &c->mux();
  back_->attach(this, &response_);
  back_->transport().set_nice(session_.listener().nice);
  facts_.reused = reused_;
  if (back_->connected()) {
    connection_established();
    return ended_ ? Progress::Fail : Progress::Wait;
  }
  back_state_ = BackState::Connecting;
  set_phase_deadline(base::deadline_after(now(), spec.timeouts.connect));
  // On the same machine the connection stands as soon as connect() returns: the request can go at once, and the answer
  // is waited for without first waiting to write.
  if (http_ && c->early_bytes()) {
    send_request();
    if (ended_ || back_ == nullptr) return ended_ ? Progress::Fail : Progress::Wait;  // its body was malformed
    if (back_->error().code != base::ErrorCode::None) {
      connection_failed(back_->error());
      return ended_ ? Progress::Fail : Progress::Wait;
    }
    if (back_->connected()) connection_established();
  }
  if (!ended_ && !back_->connected()) back_->start();
  return ended_ ? Progress::Fail : Progress::Wait;
}

void Stream::connection_established() noexcept {
  back_state_ = BackState::Established;
  set_phase_deadline(base::kNever);
  if (t_connected_ == base::kNever || !reused_) t_connected_ = now();
  request_state_ = RequestState::Forward;
  if (!http_) {
    if (sample_.request_body.data() != nullptr) {
      // Rules have looked at the first bytes: they all go to the server.
      (void)front_.rewind_body();
      sample_.request_body = {};
    }
    back_->start_raw();
    const base::Millis tunnel = tunnel_timeout(front_proxy_.rules->spec, back_proxy_->rules->spec);
    if (tunnel != base::kNoTimeout) client_timeout_ = server_timeout_ = tunnel;
    response_state_ = ResponseState::Forward;
    if (front_proxy_.rules->spec.options.logasap) log(true);
    return;
  }
  if (!request_sent_) send_request();
  if (ended_ || back_ == nullptr) return;
  if (reused_ && back_->error().code != base::ErrorCode::None && back_->wire_out() == 0 &&
      (request_.body == http::BodyKind::None || front_.rewind_body())) {
    // The server had closed the kept connection, and nothing of the request left: it takes another one.
    start_over();
    connect();
    return;
  }
  response_state_ = ResponseState::AwaitHead;
  const unsigned events = back_->expect_response({head_response_, connect_request_, request_.connection.upgrade});
  if ((events & http::mux::kHead) != 0) on_response_head();
  // A request that will not be needed again makes room for its body.
  if (!ended_ && !front_.input_done() && !allow_l7_retry_) release_request();
}

void Stream::send_request() noexcept {
  request_sent_ = true;
  if (http::authenticates_connection(request_)) connection_->of_one_client = true;
  http::mux::RequestOptions options;
  const ProxySpec& back = back_proxy_->rules->spec;
  if (!add_server_name(back, connection_->server().name(), request_)) {
    front_proxy_.counters.local(worker_.index()).rewrite_failures.add();
    fail_stream(Cause::Proxy, Where::Request, 500);
    return;
  }
  const HttpConnMode mode = connection_mode(front_proxy_.rules->spec, back);
  options.keep_alive = mode == HttpConnMode::KeepAlive || back.options.http_pretend_keepalive;
  options.case_adjust = back.options.h1_case_adjust_server;
  http::mux::Pieces body;
  if (request_.body != http::BodyKind::None) {
    if (sample_.request_body.data() != nullptr) (void)front_.rewind_body();
    front_.gather(body);
  }
  if (back.options.drop_request_trailers) body.trailers = nullptr;
  const std::uint64_t payload = body.bytes + end_size(body);
  request_out_ = head_size(request_) + payload;
  request_in_ += payload;
  back_->send_request(request_, options, body);
  if (request_.body != http::BodyKind::None) front_.drop();
  if (body.failed) {
    fail_stream(Cause::Proxy, Where::Headers, 400);
    return;
  }
  if (body.end || request_.body == http::BodyKind::None) {
    to_server_.finished();
    request_state_ = RequestState::Done;
  }
}

void Stream::leave_server(bool reuse) noexcept {
  if (connection_ == nullptr) return;
  BackConnection& c = *connection_;
  // A server that was not told of the close (option http-pretend-keepalive) sees it now.
  const bool keep = reuse && back_->reusable() && c.server().running() &&
                    connection_mode(front_proxy_.rules->spec, back_proxy_->rules->spec) == HttpConnMode::KeepAlive;
  back_->attach(nullptr, nullptr);
  connection_ = nullptr;
  back_ = nullptr;
  server_deadline_ = base::kNever;
  back_state_ = BackState::Closed;
  sample_.response_body = {};
  response_body_.release();
  if (keep) {
    if (c.of_one_client || back_proxy_->servers->reuse() == backend::ReusePolicy::Never) {
      session_.keep_private(c);
      return;
    }
    if (c.server().idle_pool(worker_.index()).give(c)) return;
  }
  c.end(back_proxy_->rules->spec.options.nolinger ? net::CloseMode::Reset : net::CloseMode::Normal);
}

// A retry that goes to another server ("option redispatch"). False: it does not.
bool Stream::redispatch() noexcept {
  backend::Backend& servers = *back_proxy_->servers;
  if (!redispatch_now(back_proxy_->rules->spec, retries_done_, pinned_) || servers.usable_servers() <= 1) return false;
  count_redispatch(*server_);
  avoid_ = server_;
  slot_.release();
  assign_again();
  return true;
}

void Stream::connection_failed(base::Error error) noexcept {
  const unsigned thread = worker_.index();
  backend::ServerCounters& server = server_->counters(thread);
  backend::BackendCounters& all = back_proxy_->servers->counters(thread);
  if (connection_ != nullptr) leave_server(false);
  set_phase_deadline(base::kNever);
  back_state_ = BackState::Closed;
  request_sent_ = false;
  to_server_.reset(worker_.pipes());
  response_state_ = ResponseState::None;
  const bool timed_out = error.code == base::ErrorCode::ConnectTimeout;
  const bool retryable =
      (back_proxy_->rules->spec.retry_on & kRetryConnFailure) != 0 && error.code != base::ErrorCode::NoResource;
  if (retryable && retries_left_ > 0 && !request_released_ &&
      (!http_ || request_.body == http::BodyKind::None || front_.rewind_body())) {
    --retries_left_;
    ++retries_done_;
    facts_.counts.retries = retries_done_;
    if (redispatch()) return;
    server.retries.add();
    all.retries.add();
    if (timed_out) {
      connect();
      return;
    }
    back_state_ = BackState::TurnAround;
    const base::Millis connect_timeout = back_proxy_->rules->spec.timeouts.connect;
    const base::Millis pause =
        connect_timeout == base::kNoTimeout ? kTurnAround : std::min(kTurnAround, connect_timeout);
    set_phase_deadline(now() + pause);
    return;
  }
  server.connect_errors.add();
  all.connect_errors.add();
  slot_.release();
  if (error.code == base::ErrorCode::NoResource)
    reason_.set(Cause::Resource, Where::Connect);
  else
    reason_.set(timed_out ? Cause::ServerTimeout : Cause::Server, Where::Connect);
  if (!http_) {
    finish(true);
    return;
  }
  respond(503);
}

// The same request again, on a connection of its own.
void Stream::start_over() noexcept {
  leave_server(false);
  request_sent_ = false;
  request_in_ = request_head_in_;  // its body is gathered again, and came once
  to_server_.reset(worker_.pipes());
  response_state_ = ResponseState::None;
  request_state_ = RequestState::Connect;
  fresh_connection_only_ = true;
}

// The server ended, or answered in a way that "retry-on" names, before anything of its answer was passed on. What a
// server may have seen is sent again only where "retry-on" allows it, on kept connections too (manual 4.2 "retry-on",
// "http-reuse").
bool Stream::retry_request(std::uint32_t why) noexcept {
  if (!allow_l7_retry_ || (back_proxy_->rules->spec.retry_on & why) == 0 || retries_left_ == 0) return false;
  // Without "option abortonclose" a client that only ended its side still waits for its answer.
  const bool left =
      front_.closed() && (abort_told_ || !front_.input_done() || front_.error().code != base::ErrorCode::None);
  if (request_released_ || left) return false;
  // Only a request that is in the buffer whole, or has not been read further than what was sent, can be sent again.
  if (request_.body != http::BodyKind::None && !front_.rewind_body()) return false;
  start_over();
  facts_.status = 0;
  t_response_ = base::kNever;
  --retries_left_;
  ++retries_done_;
  facts_.counts.retries = retries_done_;
  const unsigned thread = worker_.index();
  server_->counters(thread).retries.add();
  back_proxy_->servers->counters(thread).retries.add();
  if (!redispatch()) connect();
  return true;
}

// "on-marked-down shutdown-sessions", "on-marked-up shutdown-backup-sessions".
void Stream::on_server_shutdown() noexcept {
  if (ended_) return;
  reason_.set(server_->options().backup ? Cause::BackupEnded : Cause::ServerDown, where_now());
  if (http_ && unanswered()) {
    leave_server(false);
    respond(503);
    if (!ended_) step();
  } else {
    finish(true);
  }
  if (ended_) worker_.loop().bury(*this);
}

}  // namespace sluice::proxy
