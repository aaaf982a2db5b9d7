#include "session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "back_connection.h"
#include "preface.h"
#include "sluice/policy/connection_errors.h"
#include "stream.h"

namespace sluice::proxy {

namespace {
// How long a client may take to fetch the end of an answer, when no shorter client timeout says otherwise ...
constexpr base::Millis kClosingTime{10000};
// ... and to close once it has been told that we do.
constexpr base::Millis kLingerTime{1000};
}  // namespace

Session* Session::make(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd,
                       const net::Address& source) noexcept {
  void* memory = worker.session_memory().take();
  if (memory == nullptr) return nullptr;
  return ::new (memory) Session(worker, proxy, listener, fd, source);
}

Session::Session(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd, const net::Address& source) noexcept
    : worker_(worker),
      proxy_(proxy),
      listener_(listener),
      front_(proxy.front_h1, fd, *this),
      idle_since_(worker.loop().now()) {
  facts_.src = source;
  if (listener.fixed_dst.family() != net::Family::None) {
    facts_.dst = listener.fixed_dst;
  } else {
    sockaddr_storage local;
    socklen_t len = sizeof local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &len) == 0)
      facts_.dst = net::Address::from(reinterpret_cast<sockaddr*>(&local), len);
  }
  facts_.frontend = &proxy.identity;
  facts_.listener = &listener.identity;
  facts_.default_backend = proxy.rules->default_backend_name;
  facts_.accept_time = worker.loop().now();
  facts_.accept_wall_us = std::chrono::duration_cast<base::Micros>(worker.loop().wall_now().time_since_epoch()).count();
  facts_.http = proxy.rules->spec.mode == Mode::Http;
}

Session::~Session() = default;

void Session::destroy() noexcept {
  Worker& worker = worker_;
  this->~Session();
  worker.session_memory().give(this);
}

void Session::start(bool ready) noexcept {
  const ProxySpec& spec = proxy_.rules->spec;
  if (!facts_.http) {
    front_.start_raw(ready);
    return;
  }
  // manual 4.2 "timeout http-request": the first request's time runs from the accept.
  set_deadline(base::deadline_after(worker_.loop().now(), http_request_timeout(spec)));
  limit_idle_time();
  front_.start(ready);
}

Particulars* Session::particulars() noexcept {
  if (particulars_ == nullptr) particulars_.reset(new (std::nothrow) Particulars);
  return particulars_.get();
}

void Session::keep_syn() noexcept {
#ifdef TCP_SAVED_SYN
  // Ethernet, IPv6 and TCP heads with all options, and what may stand between them.
  char packet[512];
  socklen_t bytes = sizeof packet;
  if (::getsockopt(front_.transport().fd(), IPPROTO_TCP, TCP_SAVED_SYN, packet, &bytes) != 0 || bytes == 0) return;
  Particulars* const p = particulars();
  if (p == nullptr) return;
  p->syn.reset(new (std::nothrow) char[bytes]);
  if (p->syn == nullptr) return;
  std::memcpy(p->syn.get(), packet, bytes);
  facts_.saved_syn = {p->syn.get(), bytes};
#endif
}

void Session::await_preface(net::PrefaceKind kind) noexcept {
  const base::TimePoint deadline = base::deadline_after(worker_.loop().now(), proxy_.rules->spec.timeouts.client);
  preface_ = new (std::nothrow) Preface(*this, kind, deadline);
  if (preface_ == nullptr) {
    stop(true);
    return;
  }
  preface_->look();
}

void Session::preface_read(net::PrefaceKind kind, const net::PrefaceHeader& header) noexcept {
  preface_ = nullptr;
  idle_since_ = worker_.loop().now();
  facts_.proxy_header = kind == net::PrefaceKind::Proxy;
  facts_.handshake_ms =
      static_cast<std::int32_t>(std::chrono::duration_cast<base::Millis>(idle_since_ - facts_.accept_time).count());
  if (header.relayed) {
    Particulars* const p = particulars();
    if (p == nullptr) {
      stop(true);
      return;
    }
    p->socket_source = facts_.src;
    p->socket_destination = facts_.dst;
    facts_.fc_src = &p->socket_source;
    facts_.fc_dst = &p->socket_destination;
    facts_.src = header.source;
    facts_.dst = header.destination;
    if (!header.tlvs.empty()) {
      p->tlvs.reset(new (std::nothrow) char[header.tlvs.size()]);
      if (p->tlvs != nullptr) {
        std::memcpy(p->tlvs.get(), header.tlvs.data(), header.tlvs.size());
        facts_.proxy_tlvs = {p->tlvs.get(), header.tlvs.size()};
      }
    }
  }
  // What the client has to say mostly stands right behind the header.
  start(true);
}

void Session::preface_failed(std::uint8_t error, bool heard) noexcept {
  preface_ = nullptr;
  facts_.error = error;
  // manual 4.2 "option dontlognull": probes that say nothing are not logged.
  if (heard || !proxy_.rules->spec.options.dontlognull) log_connection_error();
  stop(true);
}

// manual 8.2.5: "127.0.0.1:56059 [03/Dec/2012:17:35:10.380] frt/f1: Connection error during SSL handshake"
void Session::log_connection_error() noexcept {
  if (proxy_.log == nullptr) return;
  const CompiledProxy& rules = *proxy_.rules;
  const base::LogLevel level = rules.spec.options.log_separate_errors ? base::LogLevel::Err : base::LogLevel::Info;
  policy::StreamFacts facts;
  facts.origin = policy::LogOrigin::SessError;
  facts.http = facts_.http;
  facts.counts.active = worker_.global().connections.load(std::memory_order_relaxed);
  facts.counts.frontend = proxy_.connections.load(std::memory_order_relaxed);
  policy::SampleContext sample;
  sample.conn = &facts_;
  sample.stream = &facts;
  sample.process = &worker_.global().process;
  sample.lookup = &worker_.global();
  sample.scratch = &worker_.scratch();
  char* const area = worker_.log_area();
  std::size_t n = 0;
  if (rules.error_log_format.valid()) {
    n = rules.error_log_format.render(sample, area, Worker::kLogAreaBytes);
  } else {
    n = rules.connection_error_format.render(sample, area, Worker::kLogAreaBytes / 2);
    const auto text = [&](std::string_view s) {
      s = s.substr(0, Worker::kLogAreaBytes - n);
      std::memcpy(area + n, s.data(), s.size());
      n += s.size();
    };
    text(listener_.log_name);
    text(": ");
    text(policy::connection_error_text(facts_.error));
  }
  proxy_.log->write(level, {area, n});
}

http::RequestHead* Session::begin_exchange(http::mux::StreamEvents*& stream) noexcept {
  ++requests_;
  stream_ = Stream::make(*this);
  if (stream_ == nullptr) return nullptr;
  stream = stream_;
  if (requests_ > 1) set_deadline(base::deadline_after(worker_.loop().now(), http_request_timeout(proxy_.rules->spec)));
  return &stream_->request();
}

void Session::on_idle(bool leftover) noexcept {
  idle_since_ = worker_.loop().now();
  if (leftover) {
    resume_ = true;
    worker_.loop().arm(*this, idle_since_);
    return;
  }
  if (stopping_) {
    front_.close(net::CloseMode::Normal);
    return;
  }
  set_deadline(base::deadline_after(idle_since_, keep_alive_timeout(proxy_.rules->spec)));
  limit_idle_time();
}

void Session::on_closing() noexcept {
  const base::Millis client = proxy_.rules->spec.timeouts.client;
  const base::Millis most = front_.congested() ? kClosingTime : kLingerTime;
  set_deadline(worker_.loop().now() + (client == base::kNoTimeout ? most : std::min(client, most)));
  // Only the socket is left: as a session it has ended.
  count_out();
}

void Session::on_closed(bool idle) noexcept {
  if (buried()) return;
  disarm();
  resume_ = false;
  if (idle && requests_ == 0 && facts_.http && !stopping_) log_empty(false);
  while (BackConnection* c = private_.front()) c->end(net::CloseMode::Normal);
  count_out();
  worker_.unlink(*this);
  worker_.loop().bury(*this);
}

void Session::count_out() noexcept {
  if (counted_out_) return;
  counted_out_ = true;
  worker_.session_ended(*this);
}

void Session::log_empty(bool timed_out) noexcept {
  const Options& options = proxy_.rules->spec.options;
  if (options.http_ignore_probes) return;
  if (options.dontlognull && !timed_out) return;
  http::mux::StreamEvents* ignored = nullptr;
  if (begin_exchange(ignored) == nullptr) return;
  Stream* const stream = stream_;
  stream->end_empty(timed_out, timed_out ? 408 : 0);
}

void Session::set_deadline(base::TimePoint when) noexcept {
  deadline_ = when;
  if (when < Timer::when()) worker_.loop().arm(*this, when);
}

void Session::on_timer() noexcept {
  if (resume_) {
    resume_ = false;
    front_.resume();
    return;
  }
  if (deadline_ > worker_.loop().now()) {
    if (deadline_ != base::kNever) worker_.loop().arm(*this, deadline_);
    return;
  }
  deadline_ = base::kNever;
  if (preface_ != nullptr) {
    // Before the header has come only the end of the process sets a time.
    stop(true);
    return;
  }
  switch (front_.state()) {
    case http::mux::FrontState::Idle:
      if (requests_ == 0 && !proxy_.rules->spec.options.http_ignore_probes && !worker_.global().draining.active()) {
        log_empty(true);
        return;
      }
      stopping_ = true;  // nothing to say about it
      front_.close(net::CloseMode::Normal);
      return;
    case http::mux::FrontState::Head:
      if (stream_ != nullptr) stream_->on_head_timeout();
      return;
    case http::mux::FrontState::Closing:
      front_.close(net::CloseMode::Normal);
      return;
    case http::mux::FrontState::Exchange:
    case http::mux::FrontState::Closed:
      return;
  }
}

// manual 4.2 "option idle-close-on-response": those connections wait for their next answer to be told.
void Session::limit_idle_time() noexcept {
  const Draining& draining = worker_.global().draining;
  if (!draining.active() || proxy_.rules->spec.options.idle_close_on_response) return;
  set_deadline(std::min(deadline_, draining.idle_end(idle_since_, worker_.loop().now())));
}

void Session::stop(bool hard) noexcept {
  if (!hard) {
    if (front_.state() == http::mux::FrontState::Idle) limit_idle_time();
    return;
  }
  stopping_ = true;
  if (preface_ != nullptr) {
    preface_->abandon();
    preface_ = nullptr;
  }
  front_.refuse_keep_alive();
  if (stream_ != nullptr) {
    stream_->kill();
    return;
  }
  front_.close(net::CloseMode::Normal);
}

BackConnection* Session::take_private(const backend::Server& server, std::uint64_t key) noexcept {
  for (BackConnection* c = private_.front(); c != nullptr; c = private_.next(*c)) {
    if (&c->server() != &server || c->pool_key != key) continue;
    c->private_hook.unlink();
    return c;
  }
  return nullptr;
}

void Session::keep_private(BackConnection& c) noexcept {
  // manual 4.2 "max-session-srv-conns"; as with the reference those kept already stay. Few: counting them is cheaper
  // than a count in every session.
  if (private_.size() >= proxy_.rules->spec.max_session_srv_conns) {
    c.end(net::CloseMode::Normal);
    return;
  }
  private_.push_front(c);
}

}  // namespace sluice::proxy
