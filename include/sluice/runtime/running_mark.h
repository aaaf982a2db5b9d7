// What a loop is doing right now, written by the loop and read by the stall detector.
//
// Two relaxed stores per turn and one per event: no atomic read-modify-write, no name to look up on the way. The
// identity kept is the address of the running object's virtual table: it tells the type and, unlike the object, never
// dies.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

namespace sluice::runtime {

enum class Doing : std::uint8_t { Waiting, Io, Timer, Task, Message, Destroying, TurnEnd, Other };

class RunningMark {
 public:
  // Loop thread. `object` is polymorphic.
  template <class T>
  void enter(const T& object) noexcept {
    const void* vtable;
    std::memcpy(&vtable, static_cast<const void*>(&object), sizeof(vtable));
    what_.store(vtable, std::memory_order_relaxed);
  }
  void enter_function(const void* fn) noexcept { what_.store(fn, std::memory_order_relaxed); }
  void enter_phase(Doing doing) noexcept { doing_.store(doing, std::memory_order_relaxed); }
  void count_turn(std::uint64_t turn) noexcept { turn_.store(turn, std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] Doing doing() const noexcept { return doing_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t turn() const noexcept { return turn_.load(std::memory_order_relaxed); }
  [[nodiscard]] const void* what() const noexcept { return what_.load(std::memory_order_relaxed); }

 private:
  std::atomic<const void*> what_{nullptr};
  std::atomic<std::uint64_t> turn_{0};
  std::atomic<Doing> doing_{Doing::Waiting};
};

}  // namespace sluice::runtime
