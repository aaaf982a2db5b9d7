// One loop per thread: descriptors, timers, tasks, messages, deferred destruction, buffers.
//
// A turn:
//   1. changes of interest made since the last wait go to the kernel (one call per descriptor that really changed)
//   2. wait, at most until the next timer; not at all when tasks are waiting
//   3. the clock is read, once
//   4. I/O events       -> IoHandler::on_io      descriptors first: they carry the work
//   5. messages         -> Message::fn           (part of 4: the mailbox is a descriptor)
//   6. timers           -> Timer::on_timer
//   7. tasks            -> Task::run             a share per class
//   8. graveyard        -> Buried::destroy       nothing that a handler asked to end is on the stack here
//   9. turn-end hooks   -> TurnEnd::on_turn_end  batches are sent (logs)
// Nothing on this way allocates, and there is one indirect call per event.
//
// Because changes of interest are applied in 1, a descriptor that is watched and unwatched within one turn costs no
// system call at all, and neither does interest that goes to and fro.
//
// Thread: everything but the functions marked "any thread" belongs to the thread that runs the loop. Before run(), the
// thread that built it may use it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sluice/base/buffer.h"
#include "sluice/base/check.h"
#include "sluice/base/error.h"
#include "sluice/base/list.h"
#include "sluice/base/result.h"
#include "sluice/base/time.h"
#include "sluice/runtime/clock_source.h"
#include "sluice/runtime/graveyard.h"
#include "sluice/runtime/mailbox.h"
#include "sluice/runtime/poller.h"
#include "sluice/runtime/run_queue.h"
#include "sluice/runtime/running_mark.h"
#include "sluice/runtime/task.h"
#include "sluice/runtime/timer.h"
#include "sluice/runtime/timer_wheel.h"

namespace sluice::runtime {

struct LoopOptions {
  PollerKind poller = default_poller();
  unsigned index = 0;                // thread number within its group, from 0
  std::size_t buffer_bytes = 16384;  // manual 3.2 "tune.bufsize"
  std::size_t buffers_kept = 256;    // free buffers that are not given back to malloc
  unsigned max_poll_events = 200;    // manual 3.2 "tune.maxpollevents"
  TaskShares shares;                 // manual 3.2 "tune.runqueue-depth"
  unsigned timer_budget = 1024;      // timers fired per turn
  std::size_t mailbox_slots = 4096;
  bool busy_poll = false;                                              // manual 3.2 "busy-polling": never sleeps
  ClockSource* clock = nullptr;                                        // borrowed; null: the system clocks
  std::unique_ptr<Poller> (*make_custom_poller)(void* ctx) = nullptr;  // tests: replaces `poller`
  void* custom_poller_ctx = nullptr;
};

// Runs once at the end of the turn in which it was asked for. A hook that dies is forgotten.
class TurnEnd {
 public:
  TurnEnd() = default;
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  [[nodiscard]] bool pending() const noexcept { return hook_.linked(); }

 protected:
  ~TurnEnd() = default;
  // May ask again: it then runs at the end of the next turn, which comes at once.
  virtual void on_turn_end() noexcept = 0;

 private:
  friend class Loop;
  base::ListHook hook_;
};

// Counted since the loop was made. One writer, relaxed; each figure is right by itself.
struct LoopStats {
  std::uint64_t turns;
  std::uint64_t io_events;  // handed to a handler or dropped
  std::uint64_t
      stale_events;  // dropped: the descriptor was unwatched, or its number used again, after the event was taken
  std::uint64_t poll_changes;  // calls to Poller::change
  std::uint64_t timers_fired;
  std::uint64_t tasks_run;
  std::uint64_t messages;
  unsigned idle_percent;  // share of the last second (or longer, for a loop that slept) spent waiting; 100 at first
};

// The wall clock, cut for log lines.
struct WallSplit {
  std::int64_t seconds;  // since 1970
  std::uint32_t micros;  // 0 .. 999999
};

class Loop {
 public:
  // ErrorCode::System with errno when the kernel refuses the poller or the wake descriptor. Make loops after fork().
  [[nodiscard]] static base::Result<std::unique_ptr<Loop>, base::Error> make(const LoopOptions& options);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // Not while run() is on the stack. Buried objects are destroyed; timers and tasks are disarmed; nothing else is
  // called.
  ~Loop();

  // The loop this thread runs (or has bound, see LoopBinding); null elsewhere.
  [[nodiscard]] static Loop* current() noexcept { return current_; }
  [[nodiscard]] bool on_home_thread() const noexcept { return current_ == this; }
  [[nodiscard]] unsigned index() const noexcept { return index_; }
  [[nodiscard]] std::string_view poller_name() const noexcept { return poller_->name(); }

  // --- descriptors
  //
  // fd: open, non-blocking, not watched. h must live until unwatch. interest: Ready bits without kErr and kHup, 0 is
  // allowed (nothing is reported until set_interest). Owning a descriptor needs no watch: one that is accepted, read,
  // answered and closed at once never meets the poller. If the kernel refuses the registration, h gets kErr in the next
  // turn.
  void watch(int fd, unsigned interest, IoHandler& h) noexcept;
  // The same, but the kernel is told only kPatience later: for a descriptor that will most likely be closed by then,
  // and on which nothing urgent is expected.
  void watch_patiently(int fd, unsigned interest, IoHandler& h) noexcept;
  // fd: watched; ends the patience.
  void hurry(int fd) noexcept;
  static constexpr base::Millis kPatience{10};
  // fd: watched. Costs nothing when the interest is what it was; the kernel learns of a change before the next wait.
  void set_interest(int fd, unsigned interest) noexcept {
    FdEntry& e = fds_[static_cast<std::size_t>(fd)];
    SLUICE_DCHECK(e.handler != nullptr);
    if (e.wanted != interest) change_interest(fd, e, interest);
  }
  // 0 when fd is not watched.
  [[nodiscard]] unsigned interest(int fd) const noexcept {
    return watched(fd) ? fds_[static_cast<std::size_t>(fd)].wanted : 0;
  }
  [[nodiscard]] bool watched(int fd) const noexcept {
    return static_cast<std::size_t>(fd) < fds_.size() && fds_[static_cast<std::size_t>(fd)].handler != nullptr;
  }
  // fd: watched; hands it to another handler, interest unchanged.
  void set_handler(int fd, IoHandler& h) noexcept;
  // fd: watched; until it is unwatched. Of the events that one wait brings, those of lower niceness are handed out
  // first (manual 5.1 "nice"); it matters when there are many of them. Costs nothing where nobody uses it.
  void set_nice(int fd, std::int8_t nice) noexcept {
    SLUICE_DCHECK(watched(fd));
    fds_[static_cast<std::size_t>(fd)].nice = nice;
    some_nice_ = some_nice_ || nice != 0;
  }

  // Before close(). Events of this turn for fd that have not been handed out yet are dropped. The kernel is told at
  // once. Nothing happens when fd is not watched.
  void unwatch(int fd) noexcept;
  // The same for a descriptor that is closed right after and that no other descriptor (dup, other process) shares its
  // open file with: saves the system call, since close() makes the kernel forget it.
  void unwatch_closing(int fd) noexcept;

  // A descriptor for reports. False: fd is not watched.
  struct FdView {
    const IoHandler* handler;
    std::uint32_t generation;
    unsigned wanted, actual;  // interest asked for, and known to the poller
  };
  [[nodiscard]] bool view_fd(int fd, FdView& out) const noexcept {
    if (!watched(fd)) return false;
    const FdEntry& e = fds_[static_cast<std::size_t>(fd)];
    out = {e.handler, e.generation, e.wanted, e.actual};
    return true;
  }
  // No descriptor from here on is watched.
  [[nodiscard]] int fd_end() const noexcept { return static_cast<int>(fds_.size()); }

  // --- time
  //
  // As read after the last wait; the same for the whole turn.
  [[nodiscard]] base::TimePoint now() const noexcept { return now_; }
  // The date that belongs to now(). The distance between both clocks is looked at ten times a second, so a step of the
  // system date shows up within 100 ms and never moves a timer.
  [[nodiscard]] base::WallTime wall_now() const noexcept { return wall_at(now_); }
  // The date that belongs to a time of this loop's recent past (when a request began).
  [[nodiscard]] base::WallTime wall_at(base::TimePoint t) const noexcept {
    return base::WallTime{std::chrono::duration_cast<base::WallClock::duration>(t.time_since_epoch() + wall_offset_)};
  }
  [[nodiscard]] WallSplit wall_split() const noexcept { return wall_split_at(now_); }
  [[nodiscard]] WallSplit wall_split_at(base::TimePoint t) const noexcept {
    const auto micros = static_cast<std::uint64_t>((t.time_since_epoch() + wall_offset_).count()) / 1000U;
    return {static_cast<std::int64_t>(micros / 1000000U), static_cast<std::uint32_t>(micros % 1000000U)};
  }
  // Reads the clock in the middle of a turn, for work that took long; now() moves forward.
  base::TimePoint refresh_now() noexcept {
    read_clock();
    return now_;
  }

  // --- timers
  // (Re-)arms; kNever disarms.
  void arm(Timer& t, base::TimePoint when) noexcept {
    check_home();
    timers_.arm(t, when);
  }
  void arm_after(Timer& t, base::Millis timeout) noexcept { arm(t, base::deadline_after(now_, timeout)); }
  static void disarm(Timer& t) noexcept { t.disarm(); }

  // --- tasks
  void schedule(Task& t, TaskClass cls = TaskClass::Normal, unsigned reasons = kWakeOther) noexcept {
    check_home();
    tasks_.schedule(t, cls, reasons);
  }
  // Scheduled and not yet run. Takes as long as there are some.
  [[nodiscard]] std::size_t tasks_waiting() const noexcept { return tasks_.size(); }
  // The tasks that wait for their turn, for reports: fn(const Task&, TaskClass).
  template <class F>
  void each_task(F&& fn) {
    tasks_.for_each(fn);
  }
  void set_task_shares(const TaskShares& shares) noexcept { tasks_.set_shares(shares); }

  // --- other threads
  //
  // Any thread. False when the mailbox is full, or run() has returned. A message that was accepted is run before run()
  // returns.
  [[nodiscard]] bool post(const Message& m) noexcept { return mailbox_.post(m); }

  // --- end of turn
  //
  // From here the loop owns x and destroys it in step 8 of this turn. Twice is harmless.
  void bury(Buried& x) noexcept {
    check_home();
    graveyard_.bury(x);
  }
  // h runs in step 9 of this turn. Twice is harmless.
  void at_turn_end(TurnEnd& h) noexcept {
    check_home();
    if (!h.pending()) turn_ends_.push_back(h);
  }

  // --- memory
  // Buffers of LoopOptions::buffer_bytes.
  [[nodiscard]] base::BufferPool& buffers() noexcept { return buffers_; }

  // --- running
  //
  // Turns until stop(); finishes the turn in which it was told to.
  void run() noexcept;
  // Any thread. run() returns soon; one that has not begun yet returns at once.
  void stop() noexcept;
  [[nodiscard]] bool stopping() const noexcept { return stop_.load(std::memory_order_relaxed); }
  // One turn that waits at most max_wait (kNoTimeout: until something happens). For tests, tools and start-up.
  void turn(base::Millis max_wait = base::Millis{0}) noexcept;

  // Any thread.
  [[nodiscard]] LoopStats stats() const noexcept;
  [[nodiscard]] const RunningMark& running() const noexcept { return mark_; }

  // --- profiling
  // Begins to measure, anew when it does already; or stops, keeping what was measured.
  void set_profiling(bool on) {
    if (on) profiler_ = std::make_unique<TaskProfiler>();
    mark_.set_profiler(on ? profiler_.get() : nullptr);
  }
  // What was measured; null: nothing ever.
  [[nodiscard]] const TaskProfiler* profile() const noexcept { return profiler_.get(); }

 private:
  friend class LoopBinding;

  struct FdEntry {
    IoHandler* handler = nullptr;  // null: not watched
    std::uint32_t generation = 0;  // moves on with every unwatch
    std::uint8_t wanted = 0;       // what the owner asked for
    std::uint8_t actual = 0;       // what the poller has
    bool queued : 1 = false;       // in changed_
    bool patient : 1 = false;      // in waiting_, its registration takes its time
    std::int8_t nice = 0;          // see set_nice()
  };
  static_assert(sizeof(FdEntry) <= 16, "four to a cache line");
  struct MailReader final : IoHandler {
    explicit MailReader(Loop& l) noexcept : loop(l) {}
    void on_io(unsigned ready) noexcept override;
    void describe(IoDescription& out) const noexcept override { out.kind = IoDescription::Kind::Pipe; }
    Loop& loop;
  };
  struct Counters {
    std::atomic<std::uint64_t> turns{0}, io_events{0}, stale_events{0}, poll_changes{0}, timers_fired{0}, tasks_run{0},
        messages{0};
    std::atomic<unsigned> idle_percent{100};
  };

  Loop(const LoopOptions& options, std::unique_ptr<Poller> poller);
  // Debug builds: nobody else touches a loop that runs.
  void check_home() const noexcept { SLUICE_DCHECK(on_home_thread() || !running_.load(std::memory_order_relaxed)); }
  void grow_fds(int fd) noexcept;
  void change_interest(int fd, FdEntry& e, unsigned interest) noexcept;
  void queue_change(int fd, FdEntry& e) noexcept;
  void release_fd(FdEntry& e) noexcept;
  template <class P>
  void apply_changes(P& poller) noexcept;
  void end_patience() noexcept;
  template <class P>
  void turn_with(P& poller, base::Millis max_wait) noexcept;
  template <class P>
  void run_with(P& poller) noexcept;
  template <class Fn>
  void with_poller(Fn&& fn) noexcept;
  void dispatch(std::size_t events) noexcept;
  void order_by_niceness(std::size_t events) noexcept;
  void drain_mailbox() noexcept;
  void end_turn() noexcept;
  [[nodiscard]] int wait_millis(base::TimePoint now, base::Millis max_wait) noexcept;
  [[nodiscard]] base::TimePoint clock_now() noexcept;
  void read_clock() noexcept;
  void sync_wall() noexcept;
  void account_idle(base::TimePoint turn_start, base::TimePoint before, bool measured, bool waited) noexcept;

  // GCC and clang reach a constinit thread_local directly, without the wrapper that dynamic initialisation would need.
  static constinit thread_local Loop* current_ __attribute__((tls_model("initial-exec")));

  base::TimePoint now_;
  base::Nanos wall_offset_{0};
  std::vector<FdEntry> fds_;
  RunQueue tasks_;
  Graveyard graveyard_;
  base::List<TurnEnd, &TurnEnd::hook_> turn_ends_;
  base::BufferPool buffers_;

  std::unique_ptr<Poller> poller_;
  PollerKind kind_;
  bool custom_poller_;
  bool busy_poll_;
  bool some_nice_ = false;  // somebody has called set_nice()
  unsigned index_;
  unsigned timer_budget_;
  ClockSource* clock_;
  std::vector<PollEvent> events_;
  std::vector<int> changed_;  // descriptors whose wanted and actual interest may differ
  // Watched patiently, in the order of their time; what was closed or hurried meanwhile is skipped.
  struct Waiting {
    int fd;
    std::uint32_t generation;
    base::TimePoint until;
  };
  std::vector<Waiting> waiting_;
  std::size_t waiting_first_ = 0;
  base::TimePoint next_wall_sync_;
  base::TimePoint idle_window_start_;
  base::Nanos idle_time_{0};
  base::Nanos usual_work_{0};  // between two waits, smoothed
  bool calm_ = true;           // the last turn was long enough to measure each
  std::uint64_t turn_number_ = 0;
  RunningMark mark_;
  std::unique_ptr<TaskProfiler> profiler_;
  Counters counters_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> running_{false};  // run() is on a stack

  TimerWheel timers_;  // 7 KiB: behind everything a turn always touches
  WakeFd wake_;
  Mailbox mailbox_;
  MailReader mail_reader_{*this};
};

// Makes a loop the current one of this thread while it lives: set-up code, tests. run() and turn() bind by themselves.
class LoopBinding {
 public:
  explicit LoopBinding(Loop& loop) noexcept : before_(Loop::current_) { Loop::current_ = &loop; }
  LoopBinding(const LoopBinding&) = delete;
  LoopBinding& operator=(const LoopBinding&) = delete;
  ~LoopBinding() { Loop::current_ = before_; }

 private:
  Loop* before_;
};

}  // namespace sluice::runtime
