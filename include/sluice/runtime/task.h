// Work that runs outside of an event: a stream to be stepped, a connection to be closed, a job cut into slices.
//
// A Task is scheduled on its loop with a class and a reason. Each turn runs at most `share` tasks of each class, so
// heavy work can starve neither I/O nor the classes above it. Scheduling a task that is already scheduled only adds the
// reason (and moves it up when the class asked for is more urgent): a task runs once however many wake it. A task that
// schedules itself, or is scheduled by another task, runs in the next turn; one scheduled by an I/O event, a timer or a
// message runs in the same turn. Thread: the loop's.
#pragma once

#include <cstdint>

#include "sluice/base/list.h"

namespace sluice::runtime {

enum class TaskClass : std::uint8_t { Urgent, Normal, Bulk };
inline constexpr unsigned kTaskClasses = 3;

// Why a task runs; OR-ed together while it waits for its turn.
enum WakeReason : unsigned { kWakeTimer = 1, kWakeIo = 2, kWakeMessage = 4, kWakeSignal = 8, kWakeOther = 16 };

class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  [[nodiscard]] bool scheduled() const noexcept { return hook_.linked(); }
  // The reasons gathered so far; 0 when it is not scheduled.
  [[nodiscard]] unsigned reasons() const noexcept { return scheduled() ? reasons_ : 0; }
  // Takes it out of the queue; nothing happens when it is not scheduled.
  void cancel() noexcept { hook_.unlink(); }

 protected:
  ~Task() = default;  // the hook unlinks itself: a task that dies does not run
  // reasons: every reason given since it was scheduled. The task is no longer scheduled and may schedule itself again.
  virtual void run(unsigned reasons) noexcept = 0;

 private:
  friend class RunQueue;
  base::ListHook hook_;
  std::uint32_t pass_ = 0;  // the pass of the queue during which it was scheduled
  std::uint8_t reasons_ = 0;
  TaskClass class_ = TaskClass::Normal;
};

// A task as a member: MemberTask<&Stream::step> task_{*this};
template <auto Method>
class MemberTask;
template <class Owner, void (Owner::*Method)(unsigned) noexcept>
class MemberTask<Method> final : public Task {
 public:
  explicit MemberTask(Owner& owner) noexcept : owner_(owner) {}

 private:
  void run(unsigned reasons) noexcept override { (owner_.*Method)(reasons); }
  Owner& owner_;
};

// How many tasks of each class one turn runs at most; indexed by TaskClass, each at least 1.
struct TaskShares {
  unsigned of[kTaskClasses] = {128, 64, 8};
};

}  // namespace sluice::runtime
