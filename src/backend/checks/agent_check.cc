#include "backend/checks/agent_check.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "backend/checks/os_error.h"
#include "backend/checks/schedule.h"
#include "sluice/backend/agent_report.h"
#include "sluice/backend/server_socket.h"
#include "sluice/base/strings.h"

namespace sluice::backend {
namespace {

constexpr std::size_t kMostBytes = 16384;  // of a line (manual 3.2 "tune.bufsize")

}  // namespace

AgentCheck::AgentCheck(runtime::Loop& loop, Server& server, const CheckerOptions& options, std::uint64_t seed)
    : loop_(loop), server_(server), options_(options), random_state_(seed) {}

AgentCheck::~AgentCheck() { stop(); }

void AgentCheck::start_in(base::Millis delay) noexcept { loop_.arm_after(start_timer_, delay); }

void AgentCheck::stop() noexcept {
  start_timer_.disarm();
  timeout_timer_.disarm();
  close_socket();
  phase_ = Phase::Idle;
}

void AgentCheck::close_socket() noexcept {
  if (fd_.valid()) {
    loop_.unwatch(fd_.get());
    fd_.reset();
  }
  port_ = {};
}

// ---- one run ------------------------------------------------------------------------------------------------------

void AgentCheck::begin() noexcept {
  const ServerOptions& o = server_.options();
  began_ = loop_.now();
  // Maintenance does not stop it: it may be the agent who ends it.
  if (!server_.agent_enabled()) {
    loop_.arm(start_timer_, began_ + o.agent_inter);
    return;
  }
  clock_began_ = loop_.refresh_now();
  out_ = server_.agent_send();
  sent_ = 0;
  in_.clear();
  const base::Millis timeout = server_.backend().spec().check.timeout;
  loop_.arm(timeout_timer_, loop_.now() + (timeout == base::kNoTimeout ? o.agent_inter : timeout));
  server_.backend().agent_started(server_);

  const CheckTarget target = server_.agent_target();
  net::SocketAddress to = target.address ? *target.address : server_.connect_address(0);
  if (to.len == 0) return fail(CheckStatus::SockError, "no address");
  to.set_port(target.port);
  ServerSocket socket;
  const int failed = open_server_socket(server_, {to, {}, false, -1}, socket);
  if (failed != 0) return fail(CheckStatus::SockError, os_error(failed));
  fd_ = std::move(socket.fd);
  port_ = std::move(socket.port);
  if (const int code = connect_server_socket(to, fd_.get()); code != 0 && code != EINPROGRESS) {
    fd_.reset();
    return fail(CheckStatus::L4Connection, os_error(code));
  }
  phase_ = Phase::Connecting;
  loop_.watch(fd_.get(), runtime::kOut, *this);
}

void AgentCheck::connected() noexcept {
  int code = 0;
  socklen_t len = sizeof code;
  (void)::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &len);
  if (code != 0) return fail(CheckStatus::L4Connection, os_error(code));
  phase_ = Phase::Sending;
  send_now();
}

void AgentCheck::send_now() noexcept {
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n > 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      loop_.set_interest(fd_.get(), runtime::kOut);
      return;
    } else if (errno != EINTR) {
      return fail(CheckStatus::L7Response, os_error(errno));
    }
  }
  phase_ = Phase::Reading;
  loop_.set_interest(fd_.get(), runtime::kIn);
}

void AgentCheck::read_now() noexcept {
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n < 0) return fail(CheckStatus::L7Response, os_error(errno));
    in_.append(piece.data(), static_cast<std::size_t>(n));
    if (const std::size_t end = in_.find_first_of("\r\n"); end != std::string::npos)
      return obey(std::string_view(in_).substr(0, end));
    if (n == 0 && in_.empty()) return fail(CheckStatus::L7Response, "empty response from the agent");
    // Half a line may be half a word: nothing is done with it.
    if (n == 0) return fail(CheckStatus::Checked, "Ignoring incomplete line from agent");
    if (in_.size() > kMostBytes) return fail(CheckStatus::L7Response, "response of the agent is too long");
  }
}

void AgentCheck::on_io(unsigned) noexcept {
  switch (phase_) {
    case Phase::Idle:
      return;
    case Phase::Connecting:
      return connected();
    case Phase::Sending:
      return send_now();
    case Phase::Reading:
      return read_now();
  }
}

void AgentCheck::on_timeout() noexcept {
  if (phase_ == Phase::Idle) return;
  fail(phase_ == Phase::Connecting ? CheckStatus::L4Timeout : CheckStatus::L7Timeout, {});
}

// ---- what it said -------------------------------------------------------------------------------------------------

void AgentCheck::obey(std::string_view line) noexcept {
  Backend& backend = server_.backend();
  const AgentReport r = parse_agent_report(line);
  std::string_view warning;
  // manual 9.3 "disable agent": a result that comes late no longer changes the weight.
  const bool enabled = server_.agent_enabled();
  if (r.weight && enabled) {
    const auto weight = parse_weight(*r.weight, server_.options().weight, warning);
    if (weight && *weight != server_.weight() && !backend.set_weight(server_, *weight))
      warning = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
  }
  if (r.maxconn) {
    if (const auto n = base::parse_int<std::uint32_t>(*r.maxconn); !n)
      warning = "maxconn string empty or preceded by garbage";
    else if (*n != server_.maxconn())
      backend.set_maxconn(server_, *n);
  }
  switch (r.mode) {
    case AgentReport::Mode::Unsaid:
      break;
    case AgentReport::Mode::Ready:
      backend.set_mode(server_, AdminMode::Ready);
      break;
    case AgentReport::Mode::Drain:
      if (enabled) backend.set_mode(server_, AdminMode::Drain);
      break;
    case AgentReport::Mode::Maint:
      backend.set_mode(server_, AdminMode::Maint);
      break;
  }
  if (r.health != AgentReport::Health::Unsaid) {
    std::string text = "via agent : " + std::string(r.health_word);
    if (!r.description.empty()) text += " (" + std::string(r.description) + ")";
    const bool up = r.health == AgentReport::Health::Up;
    return finish(up ? CheckStatus::L7Ok : CheckStatus::L7Status, up ? AgentSays::Up : AgentSays::Down,
                  std::move(text));
  }
  std::string text;
  if (!r.understood)
    text = "agent reports an error : " + std::string(r.description);
  else if (!warning.empty())
    text = "agent warns : " + std::string(warning);
  finish(CheckStatus::Checked, AgentSays::Nothing, std::move(text));
}

// manual 5.2: no connection, no answer and a wrong one change nothing.
void AgentCheck::fail(CheckStatus status, std::string text) noexcept {
  finish(status, AgentSays::Nothing, std::move(text));
}

void AgentCheck::finish(CheckStatus status, AgentSays says, std::string text) noexcept {
  CheckResult result;
  result.status = status;
  result.duration_ms = std::chrono::duration_cast<base::Millis>(loop_.refresh_now() - clock_began_).count();
  result.text = fit_to_show(std::move(text));
  close_socket();
  timeout_timer_.disarm();
  phase_ = Phase::Idle;
  in_ = {};
  out_ = {};
  server_.backend().agent_done(server_, result, says);
  const base::Millis interval =
      spread(server_.options().agent_inter, options_.global.spread_percent, next_random(random_state_));
  loop_.arm(start_timer_, std::max(began_ + interval, loop_.now() + base::Millis{1}));
}

void AgentCheck::describe(runtime::IoDescription& out) const noexcept {
  out.kind = runtime::IoDescription::Kind::Back;
  std::snprintf(out.text, sizeof out.text, " back=1 agent=%s/%s", server_.backend().name().c_str(),
                server_.name().c_str());
}

}  // namespace sluice::backend
