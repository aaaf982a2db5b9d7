// Stopping as a type: who is inside holds a ticket, closing lets nobody in any more and tells a task once the last has
// left. Used to drain listeners, to retire a server or a generation. A gate must not be destroyed while tickets are
// out. Thread: the loop's.
#pragma once

#include <utility>

#include "sluice/base/check.h"
#include "sluice/runtime/task.h"

namespace sluice::runtime {

class Gate {
 public:
  // Leaves when it goes. Move-only; an empty one means that the gate was closed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& o) noexcept : gate_(std::exchange(o.gate_, nullptr)) {}
    Ticket& operator=(Ticket&& o) noexcept {
      if (this != &o) {
        leave();
        gate_ = std::exchange(o.gate_, nullptr);
      }
      return *this;
    }
    ~Ticket() { leave(); }
    explicit operator bool() const noexcept { return gate_ != nullptr; }
    void leave() noexcept {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->left();
    }

   private:
    friend class Gate;
    explicit Ticket(Gate& gate) noexcept : gate_(&gate) {}
    Gate* gate_ = nullptr;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { SLUICE_CHECK(inside_ == 0); }

  [[nodiscard]] Ticket try_enter() noexcept {
    if (closed_) return {};
    ++inside_;
    return Ticket{*this};
  }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] unsigned inside() const noexcept { return inside_; }
  // Once. `emptied` is scheduled on the current loop (class Normal) when nobody is inside any more, at once if nobody
  // is; it must live until then.
  void close(Task& emptied) noexcept;

 private:
  void left() noexcept;

  unsigned inside_ = 0;
  bool closed_ = false;
  Task* emptied_ = nullptr;
};

}  // namespace sluice::runtime
