#include "sluice/runtime/loop.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include "runtime/epoll_poller.h"
#include "runtime/kqueue_poller.h"
#include "runtime/poll_poller.h"

namespace sluice::runtime {

namespace {

constexpr std::size_t kFirstFds = 256;
constexpr base::Millis kWallSyncEvery{100};
constexpr base::Millis kIdleWindow{1000};
// A loop that takes longer than this per turn can afford to read the clock twice.
constexpr base::Micros kCalmTurn{1000};

// Relaxed increment of a counter with one writer: a plain add for the processor.
inline void bump(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

inline std::uint64_t cookie_of(int fd, std::uint32_t generation) noexcept {
  return (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
}

}  // namespace

constinit thread_local Loop* Loop::current_ __attribute__((tls_model("initial-exec"))) = nullptr;

base::Result<std::unique_ptr<Loop>, base::Error> Loop::make(const LoopOptions& options) {
  const auto refused = [] {
    return base::unexpected(base::Error{base::ErrorCode::System, base::Side::Internal, base::Retry::No, errno});
  };
  auto poller = options.make_custom_poller != nullptr ? options.make_custom_poller(options.custom_poller_ctx)
                                                      : make_poller(options.poller);
  if (poller == nullptr) return refused();
  std::unique_ptr<Loop> loop(new Loop(options, std::move(poller)));
  if (!loop->wake_.valid()) return refused();
  loop->watch(loop->wake_.fd(), kIn, loop->mail_reader_);
  return loop;
}

Loop::Loop(const LoopOptions& options, std::unique_ptr<Poller> poller)
    : now_(options.clock != nullptr ? options.clock->now() : base::Clock::now()),
      fds_(kFirstFds),
      tasks_(options.shares),
      buffers_(options.buffer_bytes, options.buffers_kept),
      poller_(std::move(poller)),
      kind_(options.poller),
      custom_poller_(options.make_custom_poller != nullptr),
      busy_poll_(options.busy_poll),
      index_(options.index),
      timer_budget_(std::max(options.timer_budget, 1U)),
      clock_(options.clock),
      events_(std::max(options.max_poll_events, 1U)),
      next_wall_sync_(now_),
      idle_window_start_(now_),
      timers_(now_),
      mailbox_(wake_, options.mailbox_slots) {
  changed_.reserve(kFirstFds);
  sync_wall();
}

Loop::~Loop() {
  {
    const LoopBinding binding(*this);
    graveyard_.destroy_all(nullptr);
  }
  if (current_ == this) current_ = nullptr;
}

// --- descriptors ---

void Loop::grow_fds(int fd) noexcept { fds_.resize(std::max(static_cast<std::size_t>(fd) + 1, fds_.size() * 2)); }

void Loop::queue_change(int fd, FdEntry& e) noexcept {
  if (e.queued) return;
  e.queued = true;
  changed_.push_back(fd);
}

void Loop::watch(int fd, unsigned interest, IoHandler& h) noexcept {
  SLUICE_CHECK(fd >= 0);
  check_home();
  if (static_cast<std::size_t>(fd) >= fds_.size()) grow_fds(fd);
  FdEntry& e = fds_[static_cast<std::size_t>(fd)];
  // Somebody closed a watched descriptor without a word and its number came back.
  if (SLUICE_ODD(e.handler != nullptr)) unwatch_closing(fd);
  e.handler = &h;
  e.wanted = static_cast<std::uint8_t>(interest);
  e.patient = false;
  if (interest != 0) queue_change(fd, e);
}

void Loop::watch_patiently(int fd, unsigned interest, IoHandler& h) noexcept {
  watch(fd, 0, h);
  FdEntry& e = fds_[static_cast<std::size_t>(fd)];
  e.wanted = static_cast<std::uint8_t>(interest);
  e.patient = true;
  waiting_.push_back({fd, e.generation, now_ + kPatience});
}

void Loop::hurry(int fd) noexcept {
  FdEntry& e = fds_[static_cast<std::size_t>(fd)];
  if (!e.patient) return;
  e.patient = false;
  queue_change(fd, e);
}

// Whose time has come gets its registration; who is gone is forgotten.
void Loop::end_patience() noexcept {
  while (waiting_first_ < waiting_.size()) {
    const Waiting& w = waiting_[waiting_first_];
    const FdEntry& e = fds_[static_cast<std::size_t>(w.fd)];
    const bool gone = e.generation != w.generation || !e.patient;
    if (!gone && w.until > now_) break;
    if (!gone) hurry(w.fd);
    ++waiting_first_;
  }
  if (waiting_first_ == waiting_.size()) {
    waiting_.clear();
    waiting_first_ = 0;
  } else if (waiting_first_ >= 1024 && waiting_first_ * 2 >= waiting_.size()) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_first_));
    waiting_first_ = 0;
  }
}

void Loop::change_interest(int fd, FdEntry& e, unsigned interest) noexcept {
  check_home();
  if (SLUICE_ODD(e.handler == nullptr)) return;
  e.wanted = static_cast<std::uint8_t>(interest);
  e.patient = false;
  queue_change(fd, e);
}

void Loop::set_handler(int fd, IoHandler& h) noexcept {
  check_home();
  SLUICE_DCHECK(watched(fd));
  fds_[static_cast<std::size_t>(fd)].handler = &h;
}

void Loop::release_fd(FdEntry& e) noexcept {
  check_home();
  e.handler = nullptr;
  e.wanted = e.actual = 0;
  e.patient = false;
  e.nice = 0;
  ++e.generation;
}

void Loop::unwatch(int fd) noexcept {
  if (!watched(fd)) return;
  FdEntry& e = fds_[static_cast<std::size_t>(fd)];
  // At once: after this call the descriptor may be closed, passed on or registered elsewhere.
  if (e.actual != 0) {
    bump(counters_.poll_changes, 1);
    (void)poller_->change(fd, e.actual, 0, cookie_of(fd, e.generation));
  }
  release_fd(e);
}

void Loop::unwatch_closing(int fd) noexcept {
  if (!watched(fd)) return;
  FdEntry& e = fds_[static_cast<std::size_t>(fd)];
  if (e.actual != 0) poller_->forget(fd, e.actual);
  release_fd(e);
}

template <class P>
void Loop::apply_changes(P& poller) noexcept {
  // By index: a handler that learns of a refusal may change further descriptors.
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    const int fd = changed_[i];
    FdEntry& e = fds_[static_cast<std::size_t>(fd)];
    e.queued = false;
    if (e.wanted == e.actual) continue;
    bump(counters_.poll_changes, 1);
    if (poller.change(fd, e.actual, e.wanted, cookie_of(fd, e.generation)) == 0) {
      e.actual = e.wanted;
    } else if (e.wanted != 0) {
      // Not asked for again until the owner does, who learns of it as of any other failure of the descriptor.
      e.wanted = e.actual;
      mark_.enter_phase(Doing::Io);
      mark_.enter(*e.handler);
      e.handler->on_io(kErr);
    } else {
      e.actual = 0;  // it was gone already
    }
  }
  changed_.clear();
}

// --- the turn ---

void Loop::order_by_niceness(std::size_t events) noexcept {
  const auto nice = [this](const PollEvent& e) { return fds_[static_cast<std::uint32_t>(e.cookie)].nice; };
  std::sort(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(events),
            [&](const PollEvent& a, const PollEvent& b) { return nice(a) < nice(b); });
}

void Loop::dispatch(std::size_t events) noexcept {
  if (events == 0) return;
  if (some_nice_ && events > 1) order_by_niceness(events);
  mark_.enter_phase(Doing::Io);
  std::uint64_t stale = 0;
  for (std::size_t i = 0; i < events; ++i) {
    // The next handler is on its way into the cache while this one runs.
    if (i + 1 < events) __builtin_prefetch(fds_[static_cast<std::uint32_t>(events_[i + 1].cookie)].handler);
    const PollEvent ev = events_[i];
    FdEntry& e = fds_[static_cast<std::uint32_t>(ev.cookie)];
    if (e.generation != static_cast<std::uint32_t>(ev.cookie >> 32)) {
      ++stale;
      continue;
    }
    const unsigned ready = ev.ready & (e.wanted | kErr | kHup);
    if (e.wanted == 0 || ready == 0) continue;
    mark_.enter(*e.handler);
    e.handler->on_io(ready);
  }
  bump(counters_.io_events, events);
  if (stale != 0) bump(counters_.stale_events, stale);
}

void Loop::MailReader::on_io(unsigned) noexcept { loop.drain_mailbox(); }

void Loop::drain_mailbox() noexcept {
  const auto batch = mailbox_.take_all();
  mark_.enter_phase(Doing::Message);
  for (const Message& m : batch) {
    mark_.enter_function(m.fn);
    m.fn(m.ctx, m.arg);
  }
  mark_.enter_phase(Doing::Io);
  bump(counters_.messages, batch.size());
}

void Loop::end_turn() noexcept {
  mark_.enter_phase(Doing::Timer);
  if (const unsigned fired = timers_.fire(now_, timer_budget_, &mark_)) bump(counters_.timers_fired, fired);
  if (!tasks_.empty()) {
    mark_.enter_phase(Doing::Task);
    bump(counters_.tasks_run, tasks_.run_pass(&mark_));
  }
  mark_.enter_phase(Doing::Destroying);
  graveyard_.destroy_all(&mark_);
  if (!turn_ends_.empty()) {
    mark_.enter_phase(Doing::TurnEnd);
    base::List<TurnEnd, &TurnEnd::hook_> round;  // hooks that ask again wait for the next turn
    while (TurnEnd* h = turn_ends_.pop_front()) round.push_back(*h);
    while (TurnEnd* h = round.pop_front()) {
      mark_.enter(*h);
      h->on_turn_end();
    }
    graveyard_.destroy_all(&mark_);
  }
}

int Loop::wait_millis(base::TimePoint now, base::Millis max_wait) noexcept {
  if (busy_poll_ || !tasks_.empty() || !turn_ends_.empty() || !graveyard_.empty() || stopping()) return 0;
  base::TimePoint until = timers_.next_wake();
  if (max_wait != base::kNoTimeout) until = std::min(until, now + max_wait);
  if (!waiting_.empty()) until = std::min(until, waiting_[waiting_first_].until);
  if (until == base::kNever) return -1;
  if (until <= now) return 0;
  const auto millis = std::chrono::ceil<base::Millis>(until - now).count();
  return static_cast<int>(std::min<decltype(millis)>(millis, INT_MAX));
}

template <class P>
void Loop::turn_with(P& poller, base::Millis max_wait) noexcept {
  if (!waiting_.empty()) end_patience();
  apply_changes(poller);
  // A second look at the clock before the wait is worth its 20 ns only now and then while the loop is busy: it serves
  // the idle figure, and between two looks the usual length of a turn stands in for it (account_idle).
  const base::TimePoint turn_start = now_;
  const bool measured = calm_ || (turn_number_ & 7U) == 0;
  const base::TimePoint before = measured ? clock_now() : now_;
  const int timeout = wait_millis(before, max_wait);

  mark_.enter_phase(Doing::Waiting);
  const std::size_t events = poller.wait(events_, timeout);
  mark_.count_turn(++turn_number_);
  read_clock();
  account_idle(turn_start, before, measured, timeout != 0);
  bump(counters_.turns, 1);

  dispatch(events);
  end_turn();
}

template <class Fn>
void Loop::with_poller(Fn&& fn) noexcept {
  // The kind is settled once, out of the way of the events: inside fn the poller's functions are direct calls.
  if (!custom_poller_) {
    switch (kind_) {
#ifdef SLUICE_HAVE_EPOLL
      case PollerKind::Epoll:
        return fn(static_cast<EpollPoller&>(*poller_));
#endif
#ifdef SLUICE_HAVE_KQUEUE
      case PollerKind::Kqueue:
        return fn(static_cast<KqueuePoller&>(*poller_));
#endif
      case PollerKind::Poll:
        return fn(static_cast<PollPoller&>(*poller_));
      default:
        break;
    }
  }
  fn(*poller_);
}

void Loop::turn(base::Millis max_wait) noexcept {
  const LoopBinding binding(*this);
  with_poller([&](auto& poller) { turn_with(poller, max_wait); });
  mark_.enter_phase(Doing::Waiting);
}

void Loop::run() noexcept {
  const LoopBinding binding(*this);
  running_.store(true, std::memory_order_relaxed);
  mailbox_.set_open(true);
  with_poller([this](auto& poller) {
    while (!stopping()) turn_with(poller, base::kNoTimeout);
  });
  mailbox_.set_open(false);
  drain_mailbox();
  mark_.enter_phase(Doing::Destroying);
  graveyard_.destroy_all(&mark_);
  mark_.enter_phase(Doing::Waiting);
  stop_.store(false, std::memory_order_relaxed);
  running_.store(false, std::memory_order_relaxed);
}

void Loop::stop() noexcept {
  stop_.store(true, std::memory_order_relaxed);
  wake_.wake();
}

// --- time ---

base::TimePoint Loop::clock_now() noexcept { return clock_ != nullptr ? clock_->now() : base::Clock::now(); }

void Loop::read_clock() noexcept {
  now_ = std::max(now_, clock_now());
  if (now_ >= next_wall_sync_) sync_wall();
}

void Loop::sync_wall() noexcept {
  // Both clocks must be read at the same moment. Being put off the processor in between is noticed and tried again.
  constexpr base::Micros kCloseEnough{20};
  base::Nanos best = base::Nanos::max();
  for (int tries = 0; tries < 3 && best > kCloseEnough; ++tries) {
    const base::TimePoint before = clock_now();
    const base::WallTime wall = clock_ != nullptr ? clock_->wall_now() : base::WallClock::now();
    const base::TimePoint after = clock_now();
    if (after - before >= best) continue;
    best = after - before;
    wall_offset_ = wall.time_since_epoch() - (before + best / 2).time_since_epoch();
  }
  next_wall_sync_ = now_ + kWallSyncEvery;
}

void Loop::account_idle(base::TimePoint turn_start, base::TimePoint before, bool measured, bool waited) noexcept {
  const base::Nanos span = now_ - turn_start;
  calm_ = span > kCalmTurn;
  if (measured) usual_work_ += ((before - turn_start) - usual_work_) / 8;
  if (waited) idle_time_ += measured ? now_ - before : std::max(base::Nanos{0}, span - usual_work_);
  const base::Nanos window = now_ - idle_window_start_;
  if (window < kIdleWindow) return;
  counters_.idle_percent.store(static_cast<unsigned>(idle_time_.count() * 100 / window.count()),
                               std::memory_order_relaxed);
  idle_window_start_ = now_;
  idle_time_ = base::Nanos{0};
}

LoopStats Loop::stats() const noexcept {
  const auto get = [](const std::atomic<std::uint64_t>& c) { return c.load(std::memory_order_relaxed); };
  return {get(counters_.turns),        get(counters_.io_events),
          get(counters_.stale_events), get(counters_.poll_changes),
          get(counters_.timers_fired), get(counters_.tasks_run),
          get(counters_.messages),     counters_.idle_percent.load(std::memory_order_relaxed)};
}

}  // namespace sluice::runtime
