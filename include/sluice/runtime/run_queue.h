// The tasks of one loop that wait for their turn: one first-in-first-out queue per class.
// Thread: the loop's.
#pragma once

#include <array>
#include <cstdint>

#include "sluice/runtime/task.h"

namespace sluice::runtime {

class RunningMark;

class RunQueue {
 public:
  explicit RunQueue(const TaskShares& shares) noexcept : shares_(shares) {}

  // reasons: WakeReason bits.
  void schedule(Task& t, TaskClass cls, unsigned reasons) noexcept {
    if (t.scheduled()) {
      t.reasons_ |= static_cast<std::uint8_t>(reasons);
      if (cls >= t.class_) return;
      t.hook_.unlink();
    } else {
      t.reasons_ = static_cast<std::uint8_t>(reasons);
    }
    t.class_ = cls;
    t.pass_ = pass_;
    queues_[static_cast<unsigned>(cls)].push_back(t);
  }
  [[nodiscard]] bool empty() const noexcept { return queues_[0].empty() && queues_[1].empty() && queues_[2].empty(); }
  // Counts them.
  [[nodiscard]] std::size_t size() const noexcept { return queues_[0].size() + queues_[1].size() + queues_[2].size(); }
  // Runs up to a share of each class, the urgent first; what is scheduled meanwhile waits for the next call. Returns
  // how many ran. mark may be null.
  unsigned run_pass(RunningMark* mark) noexcept;
  // fn(const Task&, TaskClass); changes nothing.
  template <class F>
  void for_each(F&& fn) {
    for (unsigned c = 0; c < kTaskClasses; ++c)
      queues_[c].for_each([&](Task& t) { fn(static_cast<const Task&>(t), static_cast<TaskClass>(c)); });
  }
  void set_shares(const TaskShares& shares) noexcept { shares_ = shares; }

 private:
  using TaskList = base::List<Task, &Task::hook_>;

  TaskShares shares_;
  std::uint32_t pass_ = 0;
  std::array<TaskList, kTaskClasses> queues_;
};

}  // namespace sluice::runtime
