// serve(): puts the Model to work. Binds, drops rights, starts the threads, waits for a signal, ends in order.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "process/running.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/process/privileges.h"
#include "sluice/process/program.h"

namespace sluice::process {

namespace {

using ops::Console;

// A loop that has not turned for this long is reported with what it is doing.
constexpr base::Millis kStallLimit{2000};
constexpr int kDefaultBacklog = 4096;

class Server final : public runtime::SignalHandler {
 public:
  explicit Server(Launch& launch) : launch_(launch), running_(*static_cast<Running*>(launch.built.get())) {}

  int run() {
    if (!apply_limits() || !bind_all()) return 1;
    if (!write_pid_file(launch_)) return 1;
    advise();
    if (auto r = drop_privileges(launch_.global, launch_.identity.name); !r) return fatal(r.error());
    make_dumpable(launch_.global);
    if (!make_threads()) return 1;
    return run_threads();
  }

 private:
  int fatal(std::string_view message) {
    introduce(launch_);
    launch_.console.say(Console::Severity::Alert, message);
    return 1;
  }
  [[nodiscard]] std::string main_prefix() const { return "[" + launch_.identity.name + ".main()] "; }

  bool apply_limits() {
    const ConnectionLimits& limits = running_.limits;
    if (limits.maxconn_computed) {
      launch_.console.say(Console::Severity::Notice,
                          "Automatically setting global.maxconn to " + std::to_string(limits.maxconn) + ".");
    }
    if (auto r = apply_fd_limit(limits.fds_needed); !r) {
      introduce(launch_);
      launch_.console.say(launch_.global.strict_limits ? Console::Severity::Alert : Console::Severity::Warning,
                          main_prefix() + r.error());
      if (launch_.global.strict_limits) return false;
    }
    return true;
  }

  net::ListenOptions listen_options(const model::Listener& l) const {
    net::ListenOptions o;
    o.reuseport = launch_.global.reuseport;
    const proxy::ProxySpec& spec = l.proxy->rules->spec;
    const std::uint32_t limit = l.spec->backlog != 0 ? l.spec->backlog
                                : spec.backlog != 0  ? spec.backlog
                                : spec.maxconn != 0  ? spec.maxconn
                                                     : kDefaultBacklog;
    o.backlog = static_cast<int>(limit);
    const proxy::Tri smart = spec.options.tcp_smart_accept;
    o.delay_ack = smart == proxy::Tri::On || (smart == proxy::Tri::Unset && spec.mode == proxy::Mode::Http);
    if (const config::Section* g = launch_.document.global()) {
      if (const auto* u = g->parts.find<net::UnixBindSpec>()) {
        o.unix_prefix = u->prefix;
        o.unix_defaults = u->permissions;
      }
    }
    return o;
  }

  bool bind_all() {
    bool ok = true;
    for (const model::Listener& l : running_.model->listeners) {
      BoundListener bound;
      bound.plan = &l;
      const net::ListenOptions options = listen_options(l);
      const bool own_per_thread = options.reuseport && l.spec->address.kind == net::AddressKind::Ip && l.port != 0;
      const unsigned count = own_per_thread ? running_.threads : 1;
      for (unsigned i = 0; i < count; ++i) {
        auto opened = net::open_listener(*l.spec, l.port, options);
        if (!opened) {
          complain(l, opened.error());
          ok = false;
          break;
        }
        if (i == 0 && !opened->warning.empty()) complain(l, opened->warning, Console::Severity::Warning);
        bound.sockets.push_back(std::move(*opened));
      }
      if (bound.sockets.empty()) continue;
      l.info->address = bound.sockets.front().address.text();
      l.info->fixed_dst = net::single_destination(*l.spec, bound.sockets.front().address);
      running_.listeners.push_back(std::move(bound));
    }
    if (const config::Section* g = launch_.document.global()) {
      if (const auto* stats = g->parts.find<ops::StatsSpec>()) {
        for (const ops::StatsSocketSpec& s : stats->sockets) {
          auto opened = ops::open_stats_socket(s);
          if (!opened) {
            introduce(launch_);
            launch_.console.say(Console::Severity::Alert, "Starting frontend GLOBAL: " + opened.error());
            ok = false;
            continue;
          }
          running_.stats_sockets.push_back(std::move(*opened));
        }
      }
    }
    if (!ok) fatal(main_prefix() + "Some protocols failed to start their listeners! Exiting.");
    return ok;
  }

  void complain(const model::Listener& l, const std::string& why, Console::Severity severity = Console::Severity::Alert) {
    introduce(launch_);
    const config::Location at = l.spec->at;
    launch_.console.say(severity, "Binding [" + std::string(launch_.document.sources.path(at.file)) +
                                                      ":" + std::to_string(at.line) + "] for frontend " +
                                                      l.proxy->rules->name + ": " + why);
  }

  void advise() {
    for (const std::string& s :
         {chroot_advice(launch_.global, launch_.identity.name), user_advice(launch_.global, launch_.identity.name)}) {
      if (s.empty()) continue;
      introduce(launch_);
      launch_.console.say(Console::Severity::Warning, s);
    }
  }

  // The system's best one that is not forbidden; poll() is what remains.
  bool choose_poller(runtime::LoopOptions& options) {
    const GlobalSpec& g = launch_.global;
    const auto best = runtime::default_poller();
    const bool wanted = best == runtime::PollerKind::Epoll    ? g.epoll
                        : best == runtime::PollerKind::Kqueue ? g.kqueue
                                                              : g.poll;
    if (wanted) {
      options.poller = best;
    } else if (g.poll) {
      options.poller = runtime::PollerKind::Poll;
    } else {
      fatal(main_prefix() + "No polling mechanism available.");
      return false;
    }
    return true;
  }

  bool make_threads() {
    runtime::ThreadGroupOptions options;
    const GlobalSpec& g = launch_.global;
    options.threads = running_.threads;
    options.cpus = cpu_sets(g, running_.threads);
    options.name = launch_.identity.name;
    if (!choose_poller(options.loop)) return false;
    options.loop.buffer_bytes = g.buffer_bytes;
    options.loop.max_poll_events = g.max_poll_events;
    options.loop.busy_poll = g.busy_poll;
    if (g.run_queue_depth != 0) {
      options.loop.shares.of[0] = g.run_queue_depth;
      options.loop.shares.of[1] = std::max(1U, g.run_queue_depth / 2);
      options.loop.shares.of[2] = std::max(1U, g.run_queue_depth / 16);
    }
    options.on_start = [](void* ctx, runtime::Loop& loop) noexcept { static_cast<Server*>(ctx)->start_thread(loop); };
    options.on_stop = [](void* ctx, runtime::Loop& loop) noexcept { static_cast<Server*>(ctx)->end_thread(loop); };
    options.ctx = this;
    auto group = runtime::ThreadGroup::make(std::move(options));
    if (!group) {
      fatal(main_prefix() + "Cannot create the event loops: " + std::strerror(group.error().sys));
      return false;
    }
    running_.group = std::move(*group);
    running_.thread_states.resize(running_.threads);
    running_.checkers.resize(running_.threads);
    if (!running_.stats_sockets.empty()) running_.figures = std::vector<model::ThreadFigures>(running_.threads);
    return true;
  }

  // On each loop's thread, before its first turn.
  void start_thread(runtime::Loop& loop) noexcept {
    const unsigned index = loop.index();
    ThreadState& state = running_.thread_states[index];
    state.worker = std::make_unique<proxy::Worker>(running_.model->global, loop);
    state.owner = this;
    state.worker->set_room_callback(
        [](void* p) noexcept {
          auto& s = *static_cast<ThreadState*>(p);
          for (auto& a : s.acceptors) a->look_again();
          static_cast<Server*>(s.owner)->thread_idle(s);
        },
        &state);
    for (BoundListener& l : running_.listeners) {
      const bool shared = l.sockets.size() == 1;
      const int fd = l.sockets[shared ? 0 : index].fd.get();
      state.acceptors.push_back(std::make_unique<proxy::Acceptor>(*state.worker, *l.plan->proxy, *l.plan->info, fd,
                                                                  shared && running_.threads > 1));
      state.acceptors.back()->start();
    }
    if (!running_.figures.empty()) {
      state.sampler = std::make_unique<ThreadSampler>(loop, *state.worker, running_.figures[index]);
    }
    // Backends are dealt out to the threads for their health checks.
    backend::CheckerOptions options;
    options.seed = index + 1;
    options.node = running_.node;
    if (const config::Section* g = launch_.document.global()) {
      if (const auto* c = g->parts.find<backend::GlobalCheckSpec>()) options.global = *c;
    }
    running_.checkers[index] = std::make_unique<backend::Checker>(loop, options);
    const auto& proxies = running_.model->global.proxies;
    for (std::size_t i = index; i < proxies.size(); i += running_.threads) {
      if (proxies[i]->servers != nullptr && !proxies[i]->rules->spec.disabled)
        running_.checkers[index]->add(*proxies[i]->servers);
    }
    running_.checkers[index]->start();
  }

  void end_thread(runtime::Loop& loop) noexcept {
    ThreadState& state = running_.thread_states[loop.index()];
    running_.checkers[loop.index()].reset();
    for (auto& a : state.acceptors) a->stop();
    state.worker->stop(true);
    for (const auto& p : running_.model->global.proxies) {
      if (p->servers == nullptr) continue;
      for (std::size_t i = 0; i < p->servers->size(); ++i) p->servers->server(i).idle_pool(loop.index()).close_all();
    }
    loop.turn();
    state.acceptors.clear();
    state.sampler.reset();
    state.worker.reset();
  }

  int run_threads() {
    runtime::Loop& first = running_.group->loop(0);
    runtime::SignalSource signals(first);
    for (const int s : {SIGTERM, SIGINT, SIGUSR1}) signals.handle(s, *this);
    for (const int s : {SIGPIPE, SIGHUP, SIGUSR2, SIGTTOU, SIGTTIN}) signals.ignore(s);
    runtime::StallDetector stalls(
        kStallLimit,
        [](void* ctx, const runtime::StallReport& r) {
          auto& console = static_cast<Server*>(ctx)->launch_.console;
          const std::string thread = "Thread " + std::to_string(r.loop_index + 1);
          const std::string time = std::to_string(r.lasted.count()) + " ms";
          console.say(Console::Severity::Warning,
                      r.over ? thread + " turns again after " + time + "."
                             : thread + " has not turned for " + time + ", it runs " + r.what + ".");
        },
        this);
    for (std::size_t i = 0; i < running_.group->size(); ++i) stalls.watch(running_.group->loop(i));
    ops::CliCommands commands;
    ops::CliContext context;
    std::unique_ptr<ops::CliServer> cli;
    start_cli(first, commands, context, cli);
    if (auto r = running_.group->start(true); !r)
      return fatal(main_prefix() + "Cannot start threads: " + std::strerror(r.error().sys));
    stalls.start();
    if (!forbid_forks(launch_.global))
      launch_.console.say(Console::Severity::Warning,
                          main_prefix() + "Cannot forbid new processes: " + std::strerror(errno));
    launch_.console.end_of_start();
    started_ = base::Clock::now();
    running_.group->run_first();
    cli.reset();
    stalls.stop();
    running_.group->stop();
    running_.group->join();
    if (ended_by_ != 0) die_of(ended_by_);
    return 0;
  }

  // Everything is closed: now the signal does what it would have done, so that whoever waits sees the usual status
  // (143 for TERM, 130 for INT, as shells count).
  static void die_of(int signo) noexcept {
    ::signal(signo, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signo);
    pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
    ::raise(signo);
  }

  model::ProcessSide process_side() const {
    const std::int64_t began_us = running_.model->options.facts.start_wall_us;
    const std::int64_t now_us =
        std::chrono::duration_cast<base::Micros>(base::WallClock::now().time_since_epoch()).count();
    model::ProcessSide p;
    p.name = launch_.identity.product;
    p.version = launch_.identity.version;
    p.release_date = kReleaseDate;
    p.description = launch_.global.description;
    p.started = base::Clock::now();
    p.boot_time_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(0, (now_us - began_us) / 1000));
    p.memory_limit_mb = static_cast<std::uint32_t>(launch_.command.memory_mb.value_or(0));
    p.fds_needed = static_cast<std::uint32_t>(running_.limits.fds_needed);
    p.max_pipes = running_.limits.max_pipes;
    p.cli_listeners = static_cast<std::uint32_t>(running_.stats_sockets.size());
    p.busy_polling = launch_.global.busy_poll;
    p.threads = running_.group.get();
    p.console = &launch_.console;
    p.figures = running_.figures;
    p.refresh = [](void* ctx) noexcept {
      const runtime::Loop* loop = runtime::Loop::current();
      if (loop == nullptr) return;
      if (auto& sampler = static_cast<Running*>(ctx)->thread_states[loop->index()].sampler) sampler->look();
    };
    p.refresh_ctx = &running_;
    return p;
  }

  void start_cli(runtime::Loop& loop, ops::CliCommands& commands, ops::CliContext& context,
                 std::unique_ptr<ops::CliServer>& cli) {
    const config::Section* g = launch_.document.global();
    const auto* stats = g == nullptr ? nullptr : g->parts.find<ops::StatsSpec>();
    if (stats == nullptr) return;
    running_.stats = std::make_unique<model::Stats>(*running_.model, process_side());
    running_.captures = std::make_unique<model::Captures>(*running_.model);
    context.stats = running_.stats.get();
    context.captures = running_.captures.get();
    context.console = &launch_.console;
    context.global = &running_.model->global;
    context.threads = running_.group.get();
    context.started = base::Clock::now();
    context.version = launch_.identity.version;
    context.sockets = stats->sockets;
    ops::add_builtin_commands(commands, context);
    ops::CliLimits limits;
    limits.timeout = stats->timeout;
    limits.max_sessions = stats->maxconn;
    limits.max_line_bytes = launch_.global.buffer_bytes;
    const runtime::LoopBinding binding(loop);
    cli = std::make_unique<ops::CliServer>(loop, commands, limits);
    cli->set_start(base::Clock::now());
    for (std::size_t i = 0; i < running_.stats_sockets.size(); ++i)
      cli->listen(std::move(running_.stats_sockets[i]), stats->sockets[i]);
  }

  // TERM and INT end at once, with the signal's status; USR1 lets exchanges finish first.
  void on_signal(int signo) noexcept override {
    if (signo != SIGUSR1) {
      ended_by_ = signo;
      running_.group->stop();
      return;
    }
    if (running_.model->global.stopping.exchange(true)) return;
    threads_busy_.store(running_.threads);
    const runtime::Message stop{[](void* ctx, std::uintptr_t) noexcept { static_cast<Server*>(ctx)->soft_stop(); },
                                this, 0};
    (void)running_.group->post_each(stop);
  }

  void soft_stop() noexcept {
    ThreadState& state = running_.thread_states[runtime::Loop::current()->index()];
    for (auto& a : state.acceptors) a->stop();
    state.worker->stop(false);
    state.stopping = true;
    thread_idle(state);
  }

  // The last connection of the last thread ends the process.
  void thread_idle(ThreadState& state) noexcept {
    if (!state.stopping || state.done || state.worker->sessions() != 0) return;
    state.done = true;
    if (threads_busy_.fetch_sub(1) == 1) running_.group->stop();
  }

  Launch& launch_;
  Running& running_;
  base::TimePoint started_;
  int ended_by_ = 0;
  std::atomic<unsigned> threads_busy_{0};
};

}  // namespace

int serve(Launch& launch) { return Server(launch).run(); }

}  // namespace sluice::process
