// What a loop is doing right now, written by the loop and read by the stall detector.
//
// Two relaxed stores per turn and one per event: no atomic read-modify-write, no name to look up on the way. The
// identity kept is the address of the running object's virtual table: it tells the type and, unlike the object, never
// dies.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "sluice/runtime/task_profiler.h"

namespace sluice::runtime {

enum class Doing : std::uint8_t { Waiting, Io, Timer, Task, Message, Destroying, TurnEnd, Other };

class RunningMark {
 public:
  // Loop thread. `object` is polymorphic.
  template <class T>
  void enter(const T& object) noexcept {
    const void* vtable;
    std::memcpy(&vtable, static_cast<const void*>(&object), sizeof(vtable));
    set(reinterpret_cast<std::uintptr_t>(vtable));
  }
  // A plain function that is not a method of anything.
  template <class R, class... Args>
  void enter_function(R (*fn)(Args...) noexcept) noexcept {
    set(reinterpret_cast<std::uintptr_t>(fn) | kFunction);
  }
  void enter_phase(Doing doing) noexcept {
    doing_.store(doing, std::memory_order_relaxed);
    if (profiler_ == nullptr) [[likely]]
      return;
    if (doing == Doing::Waiting)
      profiler_->pause();
    else
      profiler_->enter(static_cast<TaskProfiler::Key>(doing) + 1);
  }
  // Borrowed; null: off.
  void set_profiler(TaskProfiler* profiler) noexcept { profiler_ = profiler; }
  void count_turn(std::uint64_t turn) noexcept { turn_.store(turn, std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] Doing doing() const noexcept { return doing_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t turn() const noexcept { return turn_.load(std::memory_order_relaxed); }
  struct What {
    std::uintptr_t address;  // 0: nothing yet
    bool is_function;        // else a virtual table
  };
  [[nodiscard]] What what() const noexcept {
    const std::uintptr_t w = what_.load(std::memory_order_relaxed);
    return decode(w);
  }
  // The words that a TaskProfiler keeps.
  static What decode(std::uintptr_t word) noexcept { return {word & ~kFunction, (word & kFunction) != 0}; }

 private:
  // In the same word as the address, so that a reader never takes the one for the other. No address of ours has the top
  // bit set.
  static constexpr std::uintptr_t kFunction = ~(~std::uintptr_t{0} >> 1);

  void set(std::uintptr_t word) noexcept {
    what_.store(word, std::memory_order_relaxed);
    if (profiler_ != nullptr) [[unlikely]]
      profiler_->enter(word);
  }

  std::atomic<std::uintptr_t> what_{0};
  std::atomic<std::uint64_t> turn_{0};
  std::atomic<Doing> doing_{Doing::Waiting};
  TaskProfiler* profiler_ = nullptr;  // loop thread
};

}  // namespace sluice::runtime
