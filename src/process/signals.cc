#include "process/signals.h"

#include <signal.h>

#include "process/signal_dumps.h"

namespace sluice::process {

namespace {
constexpr int kHandled[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGQUIT, SIGTTOU, SIGTTIN};
}  // namespace

SignalsWait::SignalsWait() noexcept {
  sigset_t held;
  sigemptyset(&held);
  for (const int s : kHandled) sigaddset(&held, s);
  ::pthread_sigmask(SIG_BLOCK, &held, &before_);
}

void SignalsWait::end() const noexcept { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Signals::Signals(Launch& launch, Running& running, Threads& threads, ListenerControl& listeners, SoftStop& soft_stop)
    : launch_(launch),
      running_(running),
      threads_(threads),
      listeners_(listeners),
      soft_stop_(soft_stop),
      source_(threads.first()) {
  for (const int s : kHandled) source_.handle(s, *this);
  for (const int s : {SIGPIPE, SIGUSR2}) source_.ignore(s);
}

void Signals::on_signal(int signo) noexcept {
  switch (signo) {
    case SIGUSR1:
      return soft_stop_.begin();
    case SIGHUP:
      return dump_servers(launch_.console, *running_.model);
    case SIGQUIT:
      return dump_pools(launch_.console, threads_);
    case SIGTTOU:
      return listeners_.pause_all();
    case SIGTTIN:
      return listeners_.resume_all();
    default:
      ended_by_ = signo;
      threads_.stop();
  }
}

void die_of(int signo) noexcept {
  ::signal(signo, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signo);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(signo);
}

}  // namespace sluice::process
