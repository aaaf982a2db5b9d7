#include "process/listener_control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "process/listen_filter.h"

namespace sluice::process {

namespace {

using proxy::FrontState;

// How long handshakes that have begun may take to end before a socket is closed. While new clients are ignored each of
// them loses a second, so this is short; while they are sent to another socket it costs nothing.
constexpr base::Millis kIgnoreTime{50};
constexpr base::Millis kRedirectTime{500};

bool is_abstract(const net::OpenedListener& s) noexcept {
  return s.address.family() == AF_UNIX && s.address.un.sun_path[0] == '\0';
}
bool is_tcp(const net::OpenedListener& s) noexcept {
  return s.address.family() == AF_INET || s.address.family() == AF_INET6;
}

bool listens(const proxy::Proxy& p) noexcept { return p.rules->front && !p.listeners.empty(); }

}  // namespace

std::string_view kind_of(const proxy::Proxy& p) noexcept {
  if (p.rules->front && p.rules->back) return "proxy";
  return p.rules->front ? "frontend" : "backend";
}

void ListenerControl::report(const proxy::Proxy& p, std::string_view text) noexcept {
  launch_.console.say(ops::Console::Severity::Warning, text);
  if (p.log != nullptr) p.log->write(base::LogLevel::Warning, text);
}

bool ListenerControl::pause_receiver(Receiver& r) noexcept {
  bool ok = true;
  for (std::size_t i = 0; i < r.sockets.size(); ++i) {
    net::OpenedListener& s = r.sockets[i];
    if (!is_tcp(s) || !exclusive(s)) continue;
    ignore_new_connections(s.fd.get());
    threads_.accept_waiting(r, i);
    ok = ::shutdown(s.fd.get(), SHUT_RD) == 0 && ok;
    remove_listen_filters(s.fd.get());
  }
  return ok;
}

bool ListenerControl::pause_now(proxy::Proxy& frontend) noexcept {
  bool ok = true;
  for (Receiver& r : receivers_.all())
    if (r.plan->proxy == &frontend) ok = pause_receiver(r) && ok;
  if (!ok) {
    report(frontend, "Failed to pause " + std::string(kind_of(frontend)) + " " + frontend.rules->name + ".");
    (void)resume(frontend);
    return false;
  }
  frontend.front_state.store(FrontState::Paused);
  threads_.post_follow([](void* self) noexcept { static_cast<ListenerControl*>(self)->close_stopped(); }, this);
  report(frontend, "Paused " + std::string(kind_of(frontend)) + " " + frontend.rules->name + ".");
  return true;
}

bool ListenerControl::resume_receiver(Receiver& r) noexcept {
  const net::ListenOptions options = receivers_.options_of(*r.plan);
  bool ok = true;
  for (net::OpenedListener& s : r.sockets) {
    if (is_abstract(s) && !s.fd.valid()) {
      auto opened = net::open_listener(*r.plan->spec, r.plan->port, options);
      if (opened) {
        s = std::move(*opened);
      } else {
        ok = false;
      }
    } else if (is_tcp(s) && exclusive(s)) {
      ok = ::listen(s.fd.get(), options.backlog) == 0 && ok;
    }
  }
  return ok;
}

bool ListenerControl::resume(proxy::Proxy& frontend) noexcept {
  bool ok = true;
  for (Receiver& r : receivers_.all())
    if (r.plan->proxy == &frontend) ok = resume_receiver(r) && ok;
  if (!ok) {
    report(frontend, "Failed to resume " + std::string(kind_of(frontend)) + " " + frontend.rules->name + ".");
    return false;
  }
  frontend.front_state.store(FrontState::Running);
  threads_.post_follow();
  report(frontend, "Resumed " + std::string(kind_of(frontend)) + " " + frontend.rules->name + ".");
  return true;
}

void ListenerControl::shut_down_now(proxy::Proxy& frontend) noexcept {
  for (Receiver& r : receivers_.all())
    if (r.plan->proxy == &frontend) (void)pause_receiver(r);
  frontend.front_state.store(FrontState::Stopped);
  threads_.post_follow([](void* self) noexcept { static_cast<ListenerControl*>(self)->close_stopped(); }, this);
  say_stopped(frontend);
}

// frontend null: all.
void ListenerControl::ignore_new_clients(const proxy::Proxy* frontend) noexcept {
  for (Receiver& r : receivers_.all()) {
    if (frontend != nullptr && r.plan->proxy != frontend) continue;
    if (r.plan->proxy->front_state.load() != FrontState::Running) continue;
    for (net::OpenedListener& s : r.sockets)
      if (is_tcp(s) && exclusive(s)) ignore_new_connections(s.fd.get());
  }
}

void ListenerControl::do_later(const Pending& what) noexcept {
  ignore_new_clients(what.frontend);
  pending_.push_back(what);
  pending_.back().due = threads_.first().now() + kIgnoreTime;
  if (!pending_timer_.armed()) threads_.first().arm(pending_timer_, pending_.back().due);
}

void ListenerControl::do_due() noexcept {
  while (!pending_.empty() && pending_.front().due <= threads_.first().now()) {
    const Pending what = pending_.front();
    pending_.erase(pending_.begin());
    do_now(what);
  }
  if (!pending_.empty()) threads_.first().arm(pending_timer_, pending_.front().due);
}

void ListenerControl::do_now(const Pending& what) noexcept {
  if (what.frontend == nullptr) return pause_all_now();
  const FrontState state = what.frontend->front_state.load();
  bool done = true;
  if (what.for_good && state != FrontState::Stopped)
    shut_down_now(*what.frontend);
  else if (!what.for_good && state == FrontState::Running)
    done = pause_now(*what.frontend);
  if (what.waiter != nullptr) what.waiter->on_frontend_done(done);
}

void ListenerControl::pause(proxy::Proxy& frontend, ops::FrontendWaiter& waiter) noexcept {
  do_later({&frontend, false, &waiter, {}});
}

void ListenerControl::shut_down(proxy::Proxy& frontend, ops::FrontendWaiter& waiter) noexcept {
  do_later({&frontend, true, &waiter, {}});
}

void ListenerControl::forget(ops::FrontendWaiter& waiter) noexcept {
  for (Pending& p : pending_)
    if (p.waiter == &waiter) p.waiter = nullptr;
}

void ListenerControl::pause_all() noexcept { do_later({nullptr, false, nullptr, {}}); }

void ListenerControl::pause_all_now() noexcept {
  for (const auto& p : running_.model->global.proxies)
    if (listens(*p) && p->front_state.load() == FrontState::Running) (void)pause_now(*p);
  if (!receivers_.stats_sockets().empty())
    launch_.console.say(ops::Console::Severity::Warning, "Paused frontend GLOBAL.");
}

void ListenerControl::resume_all() noexcept {
  // What was asked for before comes before.
  pending_timer_.disarm();
  const std::vector<Pending> before = std::move(pending_);
  pending_.clear();
  for (const Pending& p : before) do_now(p);
  for (const auto& p : running_.model->global.proxies)
    if (listens(*p) && p->front_state.load() == FrontState::Paused) (void)resume(*p);
  if (!receivers_.stats_sockets().empty())
    launch_.console.say(ops::Console::Severity::Warning, "Resumed frontend GLOBAL.");
}

void ListenerControl::given_away(Shared to) noexcept {
  // Who got all of them may be followed by one who gets less, never the other way round: the first still has them.
  if (shared_ != Shared::All) shared_ = to;
}

void ListenerControl::say_stopped(const proxy::Proxy& p) noexcept {
  proxy::FrontendCounters front;
  base::add_up(p.counters, front);
  backend::BackendCounters back;
  if (p.servers != nullptr) p.servers->total(back);
  report(p, "Proxy " + p.rules->name + " stopped (cumulated conns: FE: " + std::to_string(front.connections.get()) +
                ", BE: " + std::to_string(back.sessions.get()) + ").");
}

base::Millis ListenerControl::begin_stop() noexcept {
  base::Millis wait{0};
  for (Receiver& r : receivers_.all()) {
    if (r.plan->proxy->front_state.load() != FrontState::Running) continue;
    if (shared_ == Shared::OnePerAddress && r.sockets.size() > 1 && is_tcp(r.sockets[0])) {
      if (send_new_connections_to_first(r.sockets[0].fd.get())) wait = kRedirectTime;
      continue;
    }
    for (net::OpenedListener& s : r.sockets) {
      if (is_tcp(s) && exclusive(s) && ignore_new_connections(s.fd.get())) wait = std::max(wait, kIgnoreTime);
    }
  }
  return wait;
}

void ListenerControl::finish_stop(void (*then)(void*) noexcept, void* ctx) noexcept {
  for (const auto& p : running_.model->global.proxies) {
    if (p->rules->spec.disabled) continue;
    const bool listened = p->front_state.exchange(FrontState::Stopped) != FrontState::Stopped;
    if (listened || !listens(*p)) say_stopped(*p);
  }
  if (!receivers_.stats_sockets().empty())
    launch_.console.say(ops::Console::Severity::Warning, "Proxy GLOBAL stopped (cumulated conns: FE: 0, BE: 0).");
  then_ = then;
  then_ctx_ = ctx;
  threads_.post_follow(
      [](void* p) noexcept {
        auto& self = *static_cast<ListenerControl*>(p);
        self.close_stopped();
        self.then_(self.then_ctx_);
      },
      this);
}

// No thread watches these sockets any more.
void ListenerControl::close_stopped() noexcept {
  for (Receiver& r : receivers_.all()) {
    const FrontState state = r.plan->proxy->front_state.load();
    if (state == FrontState::Running) continue;
    const auto goes = [&](const net::OpenedListener& s) {
      return s.fd.valid() && (state == FrontState::Stopped || (is_abstract(s) && exclusive(s)));
    };
    // What others share goes on there: who has one per address has the first of each.
    const std::size_t kept = shared_ == Shared::All ? r.sockets.size() : shared_ == Shared::OnePerAddress ? 1 : 0;
    for (std::size_t i = kept; i < r.sockets.size(); ++i)
      if (goes(r.sockets[i])) threads_.accept_waiting(r, i);
    const bool redirected = shared_ == Shared::OnePerAddress && r.sockets.size() > 1 && state == FrontState::Stopped;
    for (std::size_t i = r.sockets.size(); i-- > 0;) {
      net::OpenedListener& s = r.sockets[i];
      if (!goes(s)) continue;
      if (i == 0 && redirected) remove_listen_filters(s.fd.get());
      s.fd.reset();
    }
  }
}

}  // namespace sluice::process
