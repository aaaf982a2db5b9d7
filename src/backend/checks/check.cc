#include "backend/checks/check.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "backend/checks/os_error.h"
#include "backend/checks/request.h"
#include "backend/checks/schedule.h"
#include "backend/state.h"
#include "sluice/backend/server_socket.h"
#include "sluice/net/proxy_protocol.h"

namespace sluice::backend {
namespace {

constexpr std::size_t kBufferBytes = 16384;  // what a check looks at (manual 3.2 "tune.bufsize")
constexpr std::size_t kMaxFields = 100;

}  // namespace

Check::Check(runtime::Loop& loop, Server& server, const CheckPlan& plan, const CheckerOptions& options,
             std::uint64_t seed)
    : loop_(loop), server_(server), plan_(plan), options_(options), random_state_(seed) {}

Check::~Check() { stop(); }

void Check::start_in(base::Millis delay) noexcept { loop_.arm_after(start_timer_, delay); }

void Check::stop() noexcept {
  start_timer_.disarm();
  timeout_timer_.disarm();
  close_socket(true);
  phase_ = Phase::Idle;
}

void Check::close_socket(bool reset) noexcept {
  if (!fd_.valid()) {
    port_ = {};
    return;
  }
  loop_.unwatch(fd_.get());
  if (reset) {
    // No TIME_WAIT on the server's side for a connection that carried nothing (manual 4.2 "tcp-check connect":
    // "linger").
    const linger now{1, 0};
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  fd_.reset();
  port_ = {};
}

// ---- one run ------------------------------------------------------------------------------------------------------

void Check::begin() noexcept {
  const ServerOptions& o = server_.options();
  began_ = loop_.now();
  if (server_.in_maintenance() || !server_.checks_enabled()) {
    loop_.arm(start_timer_, began_ + o.inter);
    return;
  }
  clock_began_ = loop_.refresh_now();
  step_ = 0;
  reached_l7_ = false;
  linger_ = false;
  in_.resize(kBufferBytes);
  // manual 4.2 "timeout check": without it the interval is the limit of the whole check.
  const base::Millis limit =
      plan_.spec.timeout != base::kNoTimeout
          ? std::min(
                server_.backend().connect_timeout() == base::kNoTimeout ? o.inter : server_.backend().connect_timeout(),
                o.inter)
          : o.inter;
  loop_.arm(timeout_timer_, loop_.now() + limit);
  server_.backend().check_started(server_);
  if (enter_step() == Flow::Next) advance();
}

// Goes on with the steps as far as it can without waiting.
void Check::advance() noexcept {
  for (;;) {
    if (++step_ >= plan_.steps.size()) {
      (void)succeed();
      return;
    }
    if (enter_step() != Flow::Next) return;
  }
}

Check::Flow Check::enter_step() noexcept {
  const CheckPlan::Step& step = plan_.steps[step_];
  switch (step.kind) {
    case CheckStep::Kind::Connect:
      return connect_now(step);
    case CheckStep::Kind::Send:
    case CheckStep::Kind::SendHttp:
      if (step.kind == CheckStep::Kind::Send) {
        out_ = step.spec->data;
      } else {
        static const HttpSend kNothing{"", "", "", {}, "", ""};
        const HttpSend& send = step.spec == nullptr ? kNothing : step.spec->http;
        const HttpSend& fallback = plan_.spec.option_request;
        out_ = render_check_request(
            send, fallback, plan_.spec.send_state ? render_server_state(server_, options_.node) : std::string());
        to_head_ = (send.method.empty() ? fallback.method : send.method) == "HEAD";
        head_done_ = false;
        in_bytes_ = 0;
        body_.clear();
        fields_.resize(kMaxFields);
        head_.fields = http::Fields(fields_.data(), fields_.size());
        head_.clear();
        parser_.start(parse_options_);
      }
      out_sent_ = 0;
      phase_ = Phase::Sending;
      return send_now();
    case CheckStep::Kind::Expect:
      phase_ = Phase::Expecting;
      loop_.set_interest(fd_.get(), runtime::kIn);
      return judge();
    case CheckStep::Kind::Comment:
      break;
  }
  return Flow::Next;
}

Check::Flow Check::connect_now(const CheckPlan::Step& step) noexcept {
  close_socket(!linger_);
  net::SocketAddress to = server_.connect_address(0);
  const CheckTarget target = server_.check_target();
  if (target.address) {
    const std::uint16_t port = to.address().port();
    to = *target.address;
    if (to.address().port() == 0) to.set_port(port);
  }
  const net::AddressSpec* other = nullptr;
  if (step.spec != nullptr && step.spec->address && !step.spec->default_options) other = &*step.spec->address;
  if (other != nullptr) {
    auto resolved = net::resolve(*other);  // a literal address: names are refused at start
    if (!resolved) return fail(CheckStatus::SockError, resolved.error());
    const std::uint16_t port = to.address().port();
    to = resolved.value();
    if (other->port_kind == net::PortKind::None) to.set_port(port);
  }
  if (target.port != 0) to.set_port(target.port);
  if (step.spec != nullptr && step.spec->port != 0) to.set_port(step.spec->port);
  linger_ = step.spec != nullptr && step.spec->linger;
  // manual 5.2 "send-proxy", "check-send-proxy": not to another address or port unless that is said.
  if (step.spec == nullptr || step.spec->default_options)
    greets_ =
        server_.options().check_send_proxy || (server_.options().send_proxy.version != 0 &&
                                               !server_.options().check_address && server_.options().check_port == 0);
  else
    greets_ = step.spec->send_proxy;
  if (to.len == 0) return fail(CheckStatus::SockError, "no address");

  const bool own_target = step.spec == nullptr || step.spec->default_options;
  socks4_.reset();
  if (server_.socks4() != nullptr && (own_target ? server_.options().check_via_socks4 : step.spec->via_socks4)) {
    if (to.family() != AF_INET) return fail(CheckStatus::SockError, "SOCKS4 knows IPv4 addresses only");
    socks4_.emplace(to);
    to = *server_.socks4();
  }
  ServerSocket socket;
  const int failed = open_server_socket(server_, {to, {}, false, -1}, socket);
  fd_ = std::move(socket.fd);
  port_ = std::move(socket.port);
  if (failed != 0) {
    fd_.reset();
    return fail(CheckStatus::SockError, os_error(failed));
  }
  if (to.family() != AF_UNIX) {
    const int one = 1;
    (void)::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  eof_ = false;
  in_bytes_ = 0;
  phase_ = Phase::Connecting;
  if (const int code = connect_server_socket(to, fd_.get()); code != 0 && code != EINPROGRESS) {
    fd_.reset();
    return fail(CheckStatus::L4Connection, os_error(code) + at_step());
  }
  loop_.watch(fd_.get(), runtime::kOut, *this);
  return Flow::Wait;
}

void Check::connected() noexcept {
  int code = 0;
  socklen_t len = sizeof code;
  (void)::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &len);
  if (code != 0) {
    (void)fail(CheckStatus::L4Connection, os_error(code) + at_step());
    return;
  }
  if (socks4_) {
    phase_ = Phase::AskingProxy;
    ask_proxy();
  } else {
    stands();
  }
}

void Check::ask_proxy() noexcept {
  switch (socks4_->go_on(fd_.get())) {
    case net::Socks4::Step::Wait:
      loop_.set_interest(fd_.get(), socks4_->asked() ? runtime::kIn : runtime::kOut);
      return;
    case net::Socks4::Step::Done:
      break;
    case net::Socks4::Step::Refused:
      (void)fail(CheckStatus::L4Connection, "SOCKS4 Proxy deny the request during handshake" + at_step());
      return;
    case net::Socks4::Step::Broken:
      (void)fail(CheckStatus::L4Connection, os_error(errno) + at_step());
      return;
  }
  socks4_.reset();
  stands();
}

// The server is at the other end.
void Check::stands() noexcept {
  if (plan_.spec.timeout != base::kNoTimeout) loop_.arm(timeout_timer_, loop_.now() + plan_.spec.timeout);
  if (greets_) {
    greet();
    phase_ = Phase::Sending;
    if (send_now() != Flow::Next) return;
  }
  advance();
}

// The PROXY header: version 1 names our own ends, version 2 says LOCAL (manual 5.2 "send-proxy").
void Check::greet() noexcept {
  const SendProxy& how = server_.options().send_proxy;
  out_sent_ = 0;
  if (how.version == 2) {
    char memory[64];
    net::ProxyV2Writer writer(memory, {}, {}, true);
    if (how.crc32c) writer.add_crc32c();
    out_.assign(memory, writer.finish());
    return;
  }
  const auto end_of = [this](int (*name)(int, sockaddr*, socklen_t*)) {
    sockaddr_storage a{};
    socklen_t length = sizeof a;
    if (name(fd_.get(), reinterpret_cast<sockaddr*>(&a), &length) != 0) return net::Address{};
    return net::Address::from(reinterpret_cast<sockaddr*>(&a), length);
  };
  std::array<char, net::kMaxProxyLineBytes> line;
  out_.assign(line.data(), net::write_proxy_v1(line, end_of(::getsockname), end_of(::getpeername)));
}

Check::Flow Check::send_now() noexcept {
  while (out_sent_ < out_.size()) {
    const ssize_t n = ::send(fd_.get(), out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (n > 0) {
      out_sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      loop_.set_interest(fd_.get(), runtime::kOut);
      return Flow::Wait;
    } else if (errno != EINTR) {
      return fail(CheckStatus::SockError, os_error_text(errno) + at_step());
    }
  }
  return Flow::Next;
}

Check::Flow Check::receive_now() noexcept {
  bool got = false;
  while (!eof_ && in_bytes_ < in_.size()) {
    const ssize_t n = ::recv(fd_.get(), in_.data() + in_bytes_, in_.size() - in_bytes_, 0);
    if (n > 0) {
      in_bytes_ += static_cast<std::size_t>(n);
      got = true;
      continue;
    }
    if (n == 0) {
      eof_ = true;
      got = true;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR && !plan_.http && in_bytes_ != 0) {
      eof_ = true;  // a script looks at what came before
      got = true;
    } else if (errno != EINTR) {
      return fail(CheckStatus::SockError, os_error_text(errno) + at_step());
    }
  }
  return got ? judge() : Flow::Wait;
}

Check::Flow Check::judge() noexcept {
  reached_l7_ = true;
  return plan_.http ? judge_http() : judge_stream();
}

// Next: the head is there; Wait: more is needed; Ended: it is no HTTP.
Check::Flow Check::read_http() noexcept {
  while (!head_done_) {
    const auto status = parser_.parse_response(in_.data(), in_bytes_, in_.size(), {to_head_, false, false}, head_);
    if (status == http::h1::HeadStatus::Error) return fail(CheckStatus::L7Response, at_step());
    if (status == http::h1::HeadStatus::NeedMore) {
      if (eof_ || in_bytes_ == in_.size()) return fail(CheckStatus::L7Response, at_step());
      return Flow::Wait;
    }
    if (!head_.interim()) {
      head_done_ = true;
      decoder_.start(head_.body, head_.content_length);
      body_from_ = head_.head_bytes;
      break;
    }
    in_bytes_ -= head_.head_bytes;
    std::memmove(in_.data(), in_.data() + head_.head_bytes, in_bytes_);
    head_.clear();
    parser_.start(parse_options_);
  }
  while (!decoder_.done() && body_from_ < in_bytes_) {
    const http::h1::BodyPiece piece = decoder_.feed(in_.data() + body_from_, in_bytes_ - body_from_);
    body_.append(piece.data);
    body_from_ += piece.consumed;
    if (piece.status == http::h1::BodyPiece::Status::Error) return fail(CheckStatus::L7Response, at_step());
    if (piece.consumed == 0) break;
  }
  return Flow::Next;
}

Check::Flow Check::judge_http() noexcept {
  if (const Flow f = read_http(); f != Flow::Next) return f;
  const CheckPlan::Step& step = plan_.steps[step_];
  const unsigned status = head_.status;
  // manual 4.2 "http-check disable-on-404": goes before every expectation, for a server that is up.
  if (plan_.spec.disable_on_404 && status == 404 && server_.op_state() != OpState::Stopped)
    return finish(CheckStatus::L7OkConditional, CheckOutcome::PassedConditionally, 404, {});
  if (step.expect == nullptr) {
    if (status >= 200 && status <= 399) return matched();
    return fail(CheckStatus::L7Status, std::string(head_.reason), static_cast<int>(status));
  }
  if (step.expect->on_status()) {
    if (step.expect->judge_status(status) == Verdict::Match) return matched();
    return mismatched(CheckStatus::L7Status, std::string(head_.reason));
  }
  const bool complete = decoder_.done() || eof_ || body_from_ >= in_.size() || in_bytes_ == in_.size();
  switch (step.expect->judge_content(body_, complete)) {
    case Verdict::NeedMore:
      return Flow::Wait;
    case Verdict::Match:
      return matched();
    case Verdict::Mismatch:
      break;
  }
  return mismatched(CheckStatus::L7Response, step.expect->spec().negated ? "HTTP check matched unwanted content"
                                                                         : "HTTP content check did not match");
}

Check::Flow Check::judge_stream() noexcept {
  const CheckPlan::Step& step = plan_.steps[step_];
  const std::string_view content(in_.data(), in_bytes_);
  switch (step.expect->judge_content(content, eof_ || in_bytes_ == in_.size())) {
    case Verdict::NeedMore:
      return Flow::Wait;
    case Verdict::Match:
      // The next expectation looks at what comes after the next request.
      if (step_ + 1 < plan_.steps.size() && plan_.steps[step_ + 1].kind != CheckStep::Kind::Expect) in_bytes_ = 0;
      return matched();
    case Verdict::Mismatch:
      break;
  }
  const CheckExpect& e = step.expect->spec();
  const char* what = e.kind == CheckExpect::Kind::Regex ? "regex" : "content";
  std::string text = e.negated ? "TCPCHK matched unwanted " : "TCPCHK did not match ";
  text += what;
  if (content.empty() && !e.negated) {
    text = "TCPCHK got an empty response";
  } else if (e.binary) {
    text = e.negated ? "TCPCHK matched unwanted binary content" : "TCPCHK did not match binary content";
  } else {
    text += " '" + e.pattern + "'";
  }
  text += " at step " + std::to_string(step.number);
  if (!step.comment.empty()) text += " comment: '" + step.comment + "'";
  return mismatched(CheckStatus::L7Response, std::move(text));
}

Check::Flow Check::matched() noexcept { return Flow::Next; }

Check::Flow Check::mismatched(CheckStatus usual, std::string text) noexcept {
  const CheckPlan::Step& step = plan_.steps[step_];
  const std::string& named = step.expect->spec().error_status;
  if (!named.empty()) usual = status_of(named).value_or(usual);
  if (!plan_.http) return fail(usual, std::move(text));
  if (!step.comment.empty()) text += " comment: '" + step.comment + "'";
  return fail(usual, std::move(text), static_cast<int>(head_.status));
}

// ---- results ------------------------------------------------------------------------------------------------------

// Scripts say where they stopped.
std::string Check::at_step() const {
  if (!plan_.scripted) return {};
  const CheckPlan::Step& step = plan_.steps[step_];
  if (step.spec == nullptr) return {};
  std::string out = " at step " + std::to_string(step.number) + " of tcp-check (";
  switch (step.kind) {
    case CheckStep::Kind::Connect:
      out += "connect";
      if (step.spec != nullptr && step.spec->port != 0) out += " port " + std::to_string(step.spec->port);
      break;
    case CheckStep::Kind::Expect:
      out += step.expect->spec().binary ? "expect binary"
             : step.expect->spec().kind == CheckExpect::Kind::Regex
                 ? "expect regex"
                 : "expect string '" + step.expect->spec().pattern + "'";
      break;
    case CheckStep::Kind::Send:
    case CheckStep::Kind::SendHttp:
    case CheckStep::Kind::Comment:
      out += "send";
      break;
  }
  out += ")";
  if (!step.comment.empty()) out += " comment: '" + step.comment + "'";
  return out;
}

Check::Flow Check::succeed() noexcept {
  CheckStatus status = CheckStatus::L4Ok;
  if (reached_l7_) {
    status = CheckStatus::L7Ok;
    const CheckPlan::Step& last = plan_.steps.back();
    if (last.expect != nullptr && !last.expect->spec().ok_status.empty())
      status = status_of(last.expect->spec().ok_status).value_or(status);
  }
  return finish(status, CheckOutcome::Passed, plan_.http ? head_.status : 0, {});
}

Check::Flow Check::finish(CheckStatus status, CheckOutcome outcome, int code, std::string text) noexcept {
  const bool http_done = plan_.http && head_done_;
  CheckResult result;
  result.status = status;
  result.code = code;
  result.duration_ms = std::chrono::duration_cast<base::Millis>(loop_.refresh_now() - clock_began_).count();
  result.text = fit_to_show(std::move(text));
  close_socket(!linger_ && !http_done);
  timeout_timer_.disarm();
  phase_ = Phase::Idle;
  in_ = {};
  fields_ = {};
  body_ = {};
  out_ = {};
  server_.backend().check_done(server_, result, outcome);

  // From the start of this one, so that slow answers do not stretch the interval.
  const base::Millis interval = spread(check_interval(server_.options(), server_.health()),
                                       options_.global.spread_percent, next_random(random_state_));
  loop_.arm(start_timer_, std::max(began_ + interval, loop_.now() + base::Millis{1}));
  return Flow::Ended;
}

void Check::on_timeout() noexcept {
  if (phase_ == Phase::Idle) return;
  if (phase_ == Phase::Connecting || phase_ == Phase::AskingProxy) {
    (void)fail(CheckStatus::L4Timeout, at_step());
    return;
  }
  CheckStatus status = CheckStatus::L7Timeout;
  const CheckPlan::Step& step = plan_.steps[step_];
  if (step.expect != nullptr && !step.expect->spec().timeout_status.empty())
    status = status_of(step.expect->spec().timeout_status).value_or(status);
  (void)fail(status, at_step());
}

void Check::describe(runtime::IoDescription& out) const noexcept {
  out.kind = runtime::IoDescription::Kind::Back;
  std::snprintf(out.text, sizeof out.text, " back=1 check=%s/%s", server_.backend().name().c_str(),
                server_.name().c_str());
}

void Check::on_io(unsigned ready) noexcept {
  switch (phase_) {
    case Phase::Idle:
      return;
    case Phase::Connecting:
      connected();
      return;
    case Phase::AskingProxy:
      ask_proxy();
      return;
    case Phase::Sending:
      if (send_now() == Flow::Next) advance();
      return;
    case Phase::Expecting:
      (void)ready;
      if (receive_now() == Flow::Next) advance();
      return;
  }
}

}  // namespace sluice::backend
