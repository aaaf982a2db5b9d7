// What others may see of streams, and end: `show sess`, `shutdown session`; and what descriptors are for: `show fd`.
#include "sluice/proxy/stream_view.h"

#include <cstdio>
#include <cstring>

#include "back_connection.h"
#include "sessions.h"
#include "sluice/proxy/acceptor.h"
#include "stream.h"

namespace sluice::proxy {

namespace {

std::string_view name_of(RequestState s) noexcept {
  constexpr std::string_view kNames[] = {"HEAD",    "RULES",   "BODY",  "TARPIT", "ASSIGN",
                                         "CONNECT", "FORWARD", "LOCAL", "DONE"};
  return kNames[static_cast<std::size_t>(s)];
}
std::string_view name_of(ResponseState s) noexcept {
  constexpr std::string_view kNames[] = {"NONE", "HEAD", "RULES", "FORWARD", "LOCAL", "DONE"};
  return kNames[static_cast<std::size_t>(s)];
}
std::string_view name_of(BackState s) noexcept {
  constexpr std::string_view kNames[] = {"NONE", "QUEUED", "TURNAROUND", "CONNECTING", "ESTABLISHED", "CLOSED"};
  return kNames[static_cast<std::size_t>(s)];
}

}  // namespace

void Stream::describe(StreamView& out) noexcept {
  out = {};
  const policy::ConnectionFacts& facts = session_.facts();
  out.id = this;
  out.number = session_.requests();
  out.source = facts.src;
  out.local = facts.dst;
  out.frontend = front_proxy_.rules.get();
  out.listener = &session_.listener();
  out.backend = back_proxy_ == nullptr ? nullptr : back_proxy_->rules.get();
  out.server = server_;
  if (connection_ != nullptr) {
    out.back_local = connection_->local_address();
    out.back_peer = connection_->server_address();
  }
  out.http = http_;
  out.ended = ended_;
  out.accepted = facts.accept_time;
  out.began = t_start_;
  out.began_wall_us =
      std::chrono::duration_cast<base::Micros>(worker_.loop().wall_at(t_start_).time_since_epoch()).count();
  out.calls = steps_;
  out.retries = retries_done_;
  const bool in_phases = request_state_ != RequestState::Head && request_state_ < RequestState::Forward;
  if (in_phases) out.phase = (http_ ? kHttpRequestPhases : kTcpRequestPhases)[phase_].name;
  out.phase_number = phase_;
  out.request_state = name_of(request_state_);
  out.response_state = name_of(response_state_);
  out.back_state = name_of(back_state_);
  out.request_state_number = static_cast<unsigned>(request_state_);
  out.response_state_number = static_cast<unsigned>(response_state_);
  out.back_state_number = static_cast<unsigned>(back_state_);
  out.request_in = request_in_;
  out.request_out = request_out_;
  out.response_in = response_in_;
  out.response_out = response_out_;
  out.tunnel = tunnel_;
  out.queued = back_state_ == BackState::Queued;
  out.front_fd = front_.transport().fd();
  out.front_interest = front_.transport().interest();
  if (back_ != nullptr) {
    out.back_fd = back_->transport().fd();
    out.back_interest = back_->transport().interest();
  }
  out.client_deadline = client_deadline_;
  out.server_deadline = server_deadline_;
  out.phase_deadline = phase_deadline_;
  out.cause = static_cast<char>(reason_.cause);
  out.where = static_cast<char>(reason_.where);
  if (response_state_ != ResponseState::None && response_state_ != ResponseState::AwaitHead)
    out.status = response_.status;
  if (http_ && request_state_ != RequestState::Head && !request_released_) {
    out.method = request_.method_text;
    out.uri = request_.target;
  }
}

void Worker::start(StreamCursor& cursor) noexcept {
  cursor.hook_.unlink();
  cursor.next_ = all_->list.front();
  cursors_.push_back(cursor);
}

bool Worker::next(StreamCursor& cursor, StreamView& out, unsigned& budget) noexcept {
  while (cursor.next_ != nullptr && budget > 0) {
    --budget;
    Session& session = *cursor.next_;
    cursor.next_ = all_->list.next(session);
    if (Stream* s = session.stream()) {
      s->describe(out);
      return true;
    }
  }
  return false;
}

void Worker::unlink(Session& session) noexcept {
  cursors_.for_each([&](StreamCursor& c) {
    if (c.next_ == &session) c.next_ = all_->list.next(session);
  });
  session.worker_hook.unlink();
}

void Worker::kill(const StreamView& stream) noexcept {
  const_cast<Stream*>(static_cast<const Stream*>(stream.id))->kill();
}

// --- show fd

namespace {

const char* family_name(const net::Address& a) noexcept {
  switch (a.family()) {
    case net::Family::Ip4:
      return "ipv4";
    case net::Family::Ip6:
      return "ipv6";
    case net::Family::Unix:
      return "unix";
    case net::Family::None:
      break;
  }
  return "?";
}

// Only what is not as usual.
void add_nice(runtime::IoDescription& out, int nice) noexcept {
  const std::size_t used = std::strlen(out.text);
  if (nice != 0) std::snprintf(out.text + used, sizeof out.text - used, " nice=%d", nice);
}

}  // namespace

void Session::describe(runtime::IoDescription& out) const noexcept {
  out.kind = runtime::IoDescription::Kind::Front;
  std::snprintf(out.text, sizeof out.text, " back=0 fam=%s lport=%u rport=%u fe=%s mux=%s xprt=RAW",
                family_name(facts_.src), unsigned{facts_.dst.port()}, unsigned{facts_.src.port()},
                proxy_.rules->name.c_str(), facts_.http ? "H1" : "PASS");
  add_nice(out, front_.transport().nice());
}

void BackConnection::describe(runtime::IoDescription& out) const noexcept {
  out.kind = runtime::IoDescription::Kind::Back;
  std::snprintf(out.text, sizeof out.text, " back=1 fam=%s rport=%u sv=%s/%s mux=%s%s xprt=RAW",
                family_name(server_address_), unsigned{server_address_.port()}, server_.backend().name().c_str(),
                server_.name().c_str(), server_.backend().http() ? "H1" : "PASS", idle() ? " idle" : "");
  add_nice(out, mux_.transport().nice());
}

void Acceptor::describe(runtime::IoDescription& out) const noexcept {
  out.kind = runtime::IoDescription::Kind::Listener;
  std::snprintf(out.text, sizeof out.text, " l.st=%s fe=%s l.name=%s addr=%s%s%s%s",
                stopped_  ? "PAU"
                : paused_ ? "FUL"
                          : "RDY",
                proxy_.rules->name.c_str(), listener_.name.c_str(), listener_.address.c_str(), shared_ ? " shared" : "",
                listener_.label.empty() ? "" : " label=", listener_.label.c_str());
  add_nice(out, listener_.nice);
}

}  // namespace sluice::proxy
