#include "process/threads.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

namespace sluice::process {

namespace {

// A loop that has not turned for this long is reported with what it is doing.
constexpr base::Millis kStallLimit{2000};

}  // namespace

// The system's best one that is not forbidden; poll() is what remains.
bool Threads::choose_poller(runtime::LoopOptions& options) const {
  const GlobalSpec& g = launch_.global;
  const auto best = runtime::default_poller();
  const bool wanted = best == runtime::PollerKind::Epoll    ? g.epoll
                      : best == runtime::PollerKind::Kqueue ? g.kqueue
                                                            : g.poll;
  options.poller = wanted ? best : runtime::PollerKind::Poll;
  return wanted || g.poll;
}

base::Result<void, std::string> Threads::make(bool figures) {
  runtime::ThreadGroupOptions options;
  const GlobalSpec& g = launch_.global;
  options.threads = running_.threads;
  options.cpus = running_.cpus;
  options.name = launch_.identity.name;
  if (!choose_poller(options.loop)) return base::unexpected(std::string("No polling mechanism available."));
  options.loop.buffer_bytes = g.buffer_bytes;
  options.loop.max_poll_events = g.max_poll_events;
  options.loop.busy_poll = g.busy_poll;
  if (g.run_queue_depth != 0) {
    options.loop.shares.of[0] = g.run_queue_depth;
    options.loop.shares.of[1] = std::max(1U, g.run_queue_depth / 2);
    options.loop.shares.of[2] = std::max(1U, g.run_queue_depth / 16);
  }
  options.on_start = [](void* ctx, runtime::Loop& loop) noexcept { static_cast<Threads*>(ctx)->start_thread(loop); };
  options.on_stop = [](void* ctx, runtime::Loop& loop) noexcept { static_cast<Threads*>(ctx)->end_thread(loop); };
  options.ctx = this;
  auto group = runtime::ThreadGroup::make(std::move(options));
  if (!group)
    return base::unexpected(std::string("Cannot create the event loops: ") + std::strerror(group.error().sys));
  group_ = std::move(*group);
  states_ = std::vector<State>(running_.threads);
  if (figures) figures_ = std::vector<model::ThreadFigures>(running_.threads);
  stalls_ = std::make_unique<runtime::StallDetector>(
      kStallLimit,
      [](void* ctx, const runtime::StallReport& r) {
        const std::string thread = "Thread " + std::to_string(r.loop_index + 1);
        const std::string time = std::to_string(r.lasted.count()) + " ms";
        static_cast<ops::Console*>(ctx)->say(
            ops::Console::Severity::Warning,
            r.over ? thread + " turns again after " + time + "."
                   : thread + " has not turned for " + time + ", it runs " + r.what + ".");
      },
      &launch_.console);
  for (std::size_t i = 0; i < group_->size(); ++i) stalls_->watch(group_->loop(i));
  return {};
}

base::Result<void, std::string> Threads::start() {
  if (auto r = group_->start(true); !r)
    return base::unexpected(std::string("Cannot start threads: ") + std::strerror(r.error().sys));
  stalls_->start();
  return {};
}

void Threads::join() noexcept {
  stalls_->stop();
  group_->stop();
  group_->join();
}

// On each loop's thread, before its first turn.
void Threads::start_thread(runtime::Loop& loop) noexcept {
  const unsigned index = loop.index();
  State& state = states_[index];
  state.owner = this;
  state.worker = std::make_unique<proxy::Worker>(running_.model->global, loop);
  state.worker->set_room_callback(
      [](void* p) noexcept {
        auto& s = *static_cast<State*>(p);
        for (Place& place : s.places)
          if (place.accepting) place.acceptor->look_again();
        s.owner->look_if_done(s);
      },
      &state);
  for (Receiver& r : receivers_.all()) {
    const Receiver::Share share = r.share_of(index);
    for (const std::size_t socket : share.sockets) {
      state.places.push_back({&r, socket, share.shared});
      let_accept(state, state.places.back());
    }
  }
  if (!figures_.empty()) state.sampler = std::make_unique<ThreadSampler>(loop, *state.worker, figures_[index]);
  start_checks(state, loop);
}

void Threads::let_accept(State& state, Place& place) noexcept {
  const model::Listener& plan = *place.receiver->plan;
  const int fd = place.receiver->sockets[place.socket].fd.get();
  if (fd < 0) return;
  if (fd != place.fd)
    place.acceptor = std::make_unique<proxy::Acceptor>(*state.worker, *plan.proxy, *plan.info, fd, place.shared);
  place.fd = fd;
  place.accepting = true;
  place.acceptor->start();
}

void Threads::accept_waiting(Receiver& receiver, std::size_t socket) noexcept {
  State& state = states_[0];
  const int fd = receiver.sockets[socket].fd.get();
  const auto own = std::find_if(state.places.begin(), state.places.end(), [&](const Place& p) {
    return p.receiver == &receiver && p.socket == socket && p.accepting;
  });
  // An acceptor for the moment, when it is another thread's.
  proxy::Acceptor other(*state.worker, *receiver.plan->proxy, *receiver.plan->info, fd, false);
  proxy::Acceptor& acceptor = own != state.places.end() ? *own->acceptor : other;
  if (own == state.places.end()) other.start();
  for (pollfd p{fd, POLLIN, 0}; ::poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;) {
    // Not the number of sessions: one may be over by the time the next is accepted.
    const std::uint64_t before = state.worker->counters().connections.get();
    acceptor.on_io(runtime::kIn);
    if (state.worker->counters().connections.get() == before) break;  // no room
  }
  other.stop();
}

// Backends are dealt out to the threads for their health checks.
void Threads::start_checks(State& state, runtime::Loop& loop) {
  backend::CheckerOptions options;
  options.seed = loop.index() + 1;
  options.node = running_.node;
  if (const config::Section* g = launch_.document.global()) {
    if (const auto* c = g->parts.find<backend::GlobalCheckSpec>()) options.global = *c;
  }
  state.checker = std::make_unique<backend::Checker>(loop, options);
  const auto& proxies = running_.model->global.proxies;
  for (std::size_t i = loop.index(); i < proxies.size(); i += running_.threads) {
    if (proxies[i]->servers != nullptr && !proxies[i]->rules->spec.disabled) state.checker->add(*proxies[i]->servers);
  }
  state.checker->start();
}

void Threads::end_thread(runtime::Loop& loop) noexcept {
  State& state = states_[loop.index()];
  state.checker.reset();
  for (Place& p : state.places)
    if (p.accepting) p.acceptor->stop();
  state.worker->stop(true);
  for (const auto& p : running_.model->global.proxies) {
    if (p->servers == nullptr) continue;
    for (std::size_t i = 0; i < p->servers->size(); ++i) p->servers->server(i).idle_pool(loop.index()).close_all();
  }
  loop.turn();
  state.places.clear();
  state.sampler.reset();
  state.worker.reset();
}

void Threads::refresh_figures() noexcept {
  if (runtime::Loop::current() == nullptr) return;
  if (auto& sampler = here().sampler) sampler->look();
}

// One request to all threads; the last one to have followed destroys it.
struct Threads::Follow {
  Threads& threads;
  std::atomic<unsigned> left;
  void (*then)(void*) noexcept;
  void* ctx;
};

void Threads::post_follow(void (*then)(void*) noexcept, void* ctx) noexcept {
  auto* request = new Follow{*this, {running_.threads}, then, ctx};
  (void)group_->post_each({[](void* p, std::uintptr_t) noexcept {
                             auto* r = static_cast<Follow*>(p);
                             r->threads.follow(r->threads.here(), r);
                           },
                           request, 0});
}

void Threads::follow(State& state, Follow* request) noexcept {
  for (Place& p : state.places) {
    const bool wanted = p.receiver->plan->proxy->front_state.load() == proxy::FrontState::Running;
    if (wanted == p.accepting) continue;
    if (wanted) {
      let_accept(state, p);
    } else {
      p.accepting = false;
      p.acceptor->stop();
    }
  }
  if (request->left.fetch_sub(1) != 1) return;
  if (request->then != nullptr)
    (void)first().post(
        {[](void* p, std::uintptr_t then) noexcept { reinterpret_cast<void (*)(void*) noexcept>(then)(p); },
         request->ctx, reinterpret_cast<std::uintptr_t>(request->then)});
  delete request;
}

void Threads::post_each_worker(void (*fn)(void*, runtime::Loop&, proxy::Worker&) noexcept, void* ctx) noexcept {
  struct Request {
    Threads& threads;
    std::atomic<unsigned> left;
    void (*fn)(void*, runtime::Loop&, proxy::Worker&) noexcept;
    void* ctx;
  };
  (void)group_->post_each({[](void* p, std::uintptr_t) noexcept {
                             auto* r = static_cast<Request*>(p);
                             runtime::Loop& loop = *runtime::Loop::current();
                             r->fn(r->ctx, loop, *r->threads.states_[loop.index()].worker);
                             if (r->left.fetch_sub(1) == 1) delete r;
                           },
                           new Request{*this, {running_.threads}, fn, ctx}, 0});
}

void Threads::post_drain() noexcept {
  (void)group_->post_each({[](void* p, std::uintptr_t) noexcept {
                             State& state = static_cast<Threads*>(p)->here();
                             state.checker->stop();
                             state.worker->stop(false);
                           },
                           this, 0});
}

void Threads::post_finish() noexcept {
  with_sessions_.store(running_.threads);
  (void)group_->post_each({[](void* p, std::uintptr_t) noexcept {
                             auto& self = *static_cast<Threads*>(p);
                             self.finish(self.here());
                           },
                           this, 0});
}

void Threads::finish(State& state) noexcept {
  if (state.finishing) return;
  state.finishing = true;
  look_if_done(state);
}

// The last connection of the last thread ends the process.
void Threads::look_if_done(State& state) noexcept {
  if (!state.finishing || state.done || state.worker->sessions() != 0) return;
  state.done = true;
  if (with_sessions_.fetch_sub(1) == 1) stop();
}

}  // namespace sluice::process
