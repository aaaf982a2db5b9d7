// Messages from other threads: many senders, one reader, bounded. Senders share a short lock; the reader takes the
// whole batch under it and runs the messages outside. No allocation after construction. The reader's wake descriptor is
// written once per batch (by the message that finds the mailbox empty).
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "sluice/runtime/wake_fd.h"

namespace sluice::runtime {

// fn(ctx, arg) on the reader's thread. What ctx points to must live until then; a message that was accepted is always
// run.
struct Message {
  void (*fn)(void* ctx, std::uintptr_t arg) noexcept;
  void* ctx = nullptr;
  std::uintptr_t arg = 0;
};

class Mailbox {
 public:
  // wake: outlives the mailbox. slots: how many messages may wait.
  Mailbox(WakeFd& wake, std::size_t slots);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. False when it is full or closed: nothing has been taken, the sender must do without or try later.
  [[nodiscard]] bool post(const Message& m) noexcept;
  // Reader. Everything that has been posted so far, in order; valid until the next call. Clears the wake descriptor.
  [[nodiscard]] std::span<const Message> take_all() noexcept;
  // Reader. From here post() refuses / accepts.
  void set_open(bool open) noexcept;

 private:
  WakeFd& wake_;
  const std::size_t slots_;
  std::mutex mutex_;
  std::vector<Message> incoming_;  // guarded by mutex_
  bool open_ = true;               // guarded by mutex_
  std::vector<Message> taken_;     // reader's
};

}  // namespace sluice::runtime
