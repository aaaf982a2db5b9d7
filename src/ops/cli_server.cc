#include "sluice/ops/cli_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "ops/cli_session.h"
#include "sluice/base/list.h"

namespace sluice::ops {

namespace {
constexpr unsigned kAcceptsPerEvent = 16;
constexpr unsigned kWanted = runtime::kIn;
}  // namespace

struct CliServer::State final : CliSessionOwner {
  struct Listener final : runtime::IoHandler {
    Listener(State& s, base::UniqueFd f, CliRights r) : state(s), fd(std::move(f)), rights(r) {}
    void on_io(unsigned) noexcept override { state.accept(*this); }
    void describe(runtime::IoDescription& out) const noexcept override {
      out.kind = runtime::IoDescription::Kind::Listener;
      std::snprintf(out.text, sizeof(out.text), " l.st=%s fe=GLOBAL", state.paused ? "FUL" : "RDY");
    }
    State& state;
    base::UniqueFd fd;
    CliRights rights;
  };

  State(runtime::Loop& l, const CliCommands& c, const CliLimits& lim)
      : loop(l), commands(c), limits(lim), start(l.now()) {}

  void accept(Listener& from) noexcept {
    for (unsigned i = 0; i < kAcceptsPerEvent; ++i) {
      if (count >= limits.max_sessions) return pause(true);
      const int fd = ::accept4(from.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        return;
      }
      CliSession* const session = make(fd, from.rights);
      if (session == nullptr) return;
      session->begin();
    }
  }

  // Null when memory is out; fd is closed then.
  CliSession* make(int fd, const CliRights& rights) noexcept {
    auto* session = new (std::nothrow) CliSession(loop, fd, rights, commands, limits, start, *this);
    if (session == nullptr) {
      ::close(fd);
      return nullptr;
    }
    if (routes.make != nullptr) session->set_route(routes.make(routes.ctx));
    sessions.push_back(*session);
    ++count;
    return session;
  }

  // Further clients wait in the backlog ("stats maxconn").
  void pause(bool on) noexcept {
    if (paused == on) return;
    paused = on;
    for (const auto& l : listeners) loop.set_interest(l->fd.get(), on ? 0U : kWanted);
  }

  void session_ended() noexcept override {
    --count;
    pause(false);
  }

  runtime::Loop& loop;
  const CliCommands& commands;
  CliLimits limits;
  base::TimePoint start;
  std::vector<std::unique_ptr<Listener>> listeners;
  base::List<CliSession, &CliSession::hook> sessions;
  CliRouteMaker routes;
  std::size_t count = 0;
  bool paused = false;
};

CliServer::CliServer(runtime::Loop& loop, const CliCommands& commands, const CliLimits& limits)
    : state_(std::make_unique<State>(loop, commands, limits)) {}

CliServer::~CliServer() {
  const runtime::LoopBinding binding(state_->loop);  // transports look for the current loop
  stop_listening();
  while (CliSession* s = state_->sessions.front()) s->end();
}

void CliServer::listen(base::UniqueFd socket, CliLevel level) {
  StatsSocketSpec spec;
  spec.level = level;
  listen(std::move(socket), spec);
}

void CliServer::listen(base::UniqueFd socket, const StatsSocketSpec& spec) {
  const CliRights rights{spec.level, spec.severity, spec.expose_listeners};
  state_->listeners.push_back(std::make_unique<State::Listener>(*state_, std::move(socket), rights));
  State::Listener& l = *state_->listeners.back();
  state_->loop.watch(l.fd.get(), state_->paused ? 0U : kWanted, l);
}

void CliServer::adopt(base::UniqueFd client, const Adopted& how) {
  const int fd = client.take();
  (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  CliSession* const session = state_->make(fd, {how.level, CliSeverityOutput::None, false});
  if (session == nullptr) return;
  session->set_expert(how.expert);
  session->set_experimental(how.experimental);
  session->set_mode(how.mode);
  if (how.timed_prompt) session->toggle_timed_prompt();
  if (how.mode == CliSessionControl::Mode::Prompt) session->greet();
  session->begin();
}

void CliServer::set_routes(CliRouteMaker maker) noexcept { state_->routes = maker; }

void CliServer::stop_listening() noexcept {
  for (const auto& l : state_->listeners) state_->loop.unwatch(l->fd.get());
  state_->listeners.clear();
}

std::size_t CliServer::sessions() const noexcept { return state_->count; }
void CliServer::set_start(base::TimePoint start) noexcept { state_->start = start; }

}  // namespace sluice::ops
