#include "sluice/runtime/signal_source.h"

#include <atomic>
#include <cerrno>

namespace sluice::runtime {

namespace {

// The only state a signal handler can reach. One bit per signal number.
std::atomic<std::uint64_t> g_pending{0};
std::atomic<WakeFd*> g_wake{nullptr};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<WakeFd*>::is_always_lock_free);

void note_signal(int signo) {
  g_pending.fetch_or(std::uint64_t{1} << signo);
  if (WakeFd* wake = g_wake.load()) wake->wake();
}

}  // namespace

SignalSource::SignalSource(Loop& loop) noexcept : loop_(loop) {
  if (!wake_.valid()) return;
  WakeFd* nobody = nullptr;
  SLUICE_CHECK(g_wake.compare_exchange_strong(nobody, &wake_));
  loop_.watch(wake_.fd(), kIn, *this);
}

SignalSource::~SignalSource() {
  if (!wake_.valid()) return;
  for (int signo = 1; signo < kMaxSignal; ++signo)
    if (installed_[static_cast<std::size_t>(signo)])
      ::sigaction(signo, &before_[static_cast<std::size_t>(signo)], nullptr);
  g_wake.store(nullptr);
  g_pending.store(0);
  loop_.unwatch(wake_.fd());
}

void SignalSource::install(int signo, void (*action)(int)) noexcept {
  SLUICE_CHECK(signo > 0 && signo < kMaxSignal);
  const auto i = static_cast<std::size_t>(signo);
  struct sigaction wanted {};
  wanted.sa_handler = action;
  wanted.sa_flags = SA_RESTART;
  sigfillset(&wanted.sa_mask);
  struct sigaction old {};
  if (::sigaction(signo, &wanted, &old) != 0) return;
  if (!installed_[i]) before_[i] = old;
  installed_[i] = true;
}

void SignalSource::handle(int signo, SignalHandler& h) noexcept {
  SLUICE_CHECK(signo > 0 && signo < kMaxSignal);
  handlers_[static_cast<std::size_t>(signo)] = &h;
  install(signo, note_signal);
}

void SignalSource::ignore(int signo) noexcept { install(signo, SIG_IGN); }

void SignalSource::on_io(unsigned) noexcept {
  wake_.clear();
  std::uint64_t pending = g_pending.exchange(0);
  while (pending != 0) {
    const int signo = __builtin_ctzll(pending);
    pending &= pending - 1;
    if (SignalHandler* h = handlers_[static_cast<std::size_t>(signo)]) h->on_signal(signo);
  }
}

}  // namespace sluice::runtime
