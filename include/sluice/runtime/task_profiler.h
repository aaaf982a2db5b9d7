// Where the time of a loop goes, by what it runs: handlers by type, functions of messages, the loop's own phases
// (management manual 9.3 "set profiling tasks"). Off as a rule: one branch per event then. On: one reading of the clock
// per event, and a table of fixed size; what does not fit in is counted under one name.
// Thread: the loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sluice/base/time.h"

namespace sluice::runtime {

class TaskProfiler {
 public:
  // A virtual table, a function (RunningMark's encoding), or a phase below kPhases.
  using Key = std::uintptr_t;
  static constexpr Key kPhases = 16;

  struct Entry {
    Key key = 0;  // 0: unused
    std::uint64_t calls = 0;
    std::uint64_t nanos = 0;
  };

  TaskProfiler() noexcept : since_(base::Clock::now()) {}

  // What ran so far ends, `key` begins.
  void enter(Key key) noexcept {
    const base::TimePoint now = base::Clock::now();
    if (current_ != nullptr) current_->nanos += static_cast<std::uint64_t>((now - began_).count());
    began_ = now;
    current_ = &find(key);
    ++current_->calls;
  }
  // The loop goes to wait: nothing runs.
  void pause() noexcept {
    if (current_ == nullptr) return;
    current_->nanos += static_cast<std::uint64_t>((base::Clock::now() - began_).count());
    current_ = nullptr;
  }

  [[nodiscard]] base::TimePoint since() const noexcept { return since_; }
  // Unused entries among them; the last one is what did not fit in.
  static constexpr std::size_t kEntries = 257;
  [[nodiscard]] const std::array<Entry, kEntries>& entries() const noexcept { return entries_; }

 private:
  Entry& find(Key key) noexcept {
    std::size_t at = (key ^ key >> 7U ^ key >> 17U) % (kEntries - 1);
    for (std::size_t i = 0; i < 8; ++i, at = (at + 1) % (kEntries - 1)) {
      Entry& e = entries_[at];
      if (e.key == key) return e;
      if (e.key != 0) continue;
      e.key = key;
      return e;
    }
    return entries_.back();
  }

  std::array<Entry, kEntries> entries_{};
  Entry* current_ = nullptr;  // what is running; null while the loop waits
  base::TimePoint began_;
  base::TimePoint since_;
};

}  // namespace sluice::runtime
