#include "sluice/proxy/worker.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "back_connection.h"
#include "session.h"
#include "sessions.h"
#include "sluice/proxy/places.h"
#include "stream.h"

namespace sluice::proxy {

namespace {
constexpr std::size_t kKeptObjects = 4096;
// Memory that a burst needed goes back by halves; the allocator is asked to return pages when it is worth it.
constexpr base::Millis kTrimPeriod{1000};
constexpr std::size_t kReturnBytes = 512 * 1024;

// A thread's part of the pipes of the process (manual 3.2 "maxpipes").
std::size_t pipes_of(const GlobalSettings& s, unsigned thread) noexcept {
  if (!s.splice) return 0;
  return s.max_pipes / s.threads + (thread < s.max_pipes % s.threads ? 1 : 0);
}
}  // namespace

Worker::Worker(Global& global, runtime::Loop& loop)
    : global_(global),
      loop_(loop),
      pipes_(global.settings.pipe_bytes, pipes_of(global.settings, loop.index())),
      session_memory_(sizeof(Session), kKeptObjects),
      stream_memory_(Stream::block_bytes(global.settings), kKeptObjects),
      back_memory_(sizeof(BackConnection), kKeptObjects),
      log_area_(std::make_unique<char[]>(kLogAreaBytes)),
      all_(std::make_unique<Sessions>()) {
  if (index() < global_.workers.size()) global_.workers[index()] = this;
  loop_.arm_after(trim_timer_, kTrimPeriod);
}

Worker::~Worker() {
  if (index() < global_.workers.size()) global_.workers[index()] = nullptr;
}

void Worker::on_trim() noexcept {
  const std::size_t bytes = session_memory_.trim_unused() + stream_memory_.trim_unused() + back_memory_.trim_unused() +
                            loop_.buffers().raw().trim_unused();
#ifdef __GLIBC__
  if (bytes >= kReturnBytes) ::malloc_trim(0);
#else
  (void)bytes;
#endif
  loop_.arm_after(trim_timer_, kTrimPeriod);
}

bool Worker::start_session(Proxy& proxy, ListenerInfo& listener, int fd, const net::Address& source,
                           bool ready) noexcept {
  const ProxySpec& spec = proxy.rules->spec;
  const auto set_int = [fd](int level, int option, int value) {
    (void)::setsockopt(fd, level, option, &value, sizeof value);
  };
  if (source.family() != net::Family::Unix) {
#ifndef __linux__
    set_int(IPPROTO_TCP, TCP_NODELAY, 1);  // Linux: inherited, see net::prepare_accepted
#endif
    if (spec.options.tcpka_client) {
      set_int(SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
      if (spec.client_keepalive.count != 0)
        set_int(IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(spec.client_keepalive.count));
      if (spec.client_keepalive.idle_seconds != 0)
        set_int(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(spec.client_keepalive.idle_seconds));
      if (spec.client_keepalive.interval_seconds != 0)
        set_int(IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(spec.client_keepalive.interval_seconds));
#endif
    }
  }
  if (spec.options.nolinger) {
    const linger l{1, 0};
    (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  }
  if (global_.settings.client_sndbuf != 0) set_int(SOL_SOCKET, SO_SNDBUF, global_.settings.client_sndbuf);
  if (global_.settings.client_rcvbuf != 0) set_int(SOL_SOCKET, SO_RCVBUF, global_.settings.client_rcvbuf);
  Session* session = Session::make(*this, proxy, listener, fd, source);
  if (session == nullptr) {
    ::close(fd);
    return false;
  }
  ++session_count_;
  all_->list.push_back(*session);
  const std::int64_t ms = std::chrono::duration_cast<base::Millis>(loop_.now().time_since_epoch()).count();
  global_.connection_rate.add(ms);
  global_.session_rate.add(ms);
  const std::uint32_t now = proxy.connections.load(std::memory_order_relaxed);
  if (now > proxy.connections_max.load(std::memory_order_relaxed))
    proxy.connections_max.store(now, std::memory_order_relaxed);
  const std::uint32_t here = listener.current.load(std::memory_order_relaxed);
  if (here > listener.current_max.load(std::memory_order_relaxed))
    listener.current_max.store(here, std::memory_order_relaxed);
  proxy.connection_rate.add(ms);
  proxy.session_rate.add(ms);
  FrontendCounters& counters = proxy.counters.local(index());
  counters.connections.add();
  counters.sessions.add();
  listener.counters.local(index()).sessions.add();
  this->counters().connections.add();

  if (listener.save_syn) session->keep_syn();
  if (listener.nice != 0) session->front().transport().set_nice(listener.nice);
  net::PrefaceKind preface = listener.preface;
  // "tcp-request connection": before any byte.
  const RuleList& rules = proxy.rules->tcp_request_connection;
  if (!rules.empty()) {
    policy::SampleContext sample;
    policy::StreamFacts facts;
    sample.conn = &session->facts();
    sample.stream = &facts;
    sample.process = &global_.process;
    sample.lookup = &global_;
    sample.scratch = &scratch_;
    char memory[512];
    base::Arena arena(std::span<char>(memory, sizeof memory));
    StreamControls controls;
    ActionContext context{sample, arena, nullptr, nullptr, nullptr, controls, nullptr, nullptr, {}, {}, {}, {}, {}, {}};
    const ActionResult result = rules.run(context);
    if (result != ActionResult::Continue && result != ActionResult::Stop) {
      counters.denied_connections.add();
      session->stop(true);
      return true;
    }
    if (controls.preface != net::PrefaceKind::None) preface = controls.preface;
  }
  if (preface != net::PrefaceKind::None) {
    session->await_preface(preface);
    return true;
  }
  session->start(ready);
  return true;
}

void Worker::session_ended(Session& session) noexcept {
  --session_count_;
  give_place(global_.connections);
  give_place(session.proxy().connections);
  give_place(session.listener().current);
  if (on_room_ != nullptr) on_room_(room_context_);
}

void Worker::stop(bool hard) noexcept {
  all_->list.for_each([hard](Session& s) { s.stop(hard); });
}

}  // namespace sluice::proxy
