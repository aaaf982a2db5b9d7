#include "sluice/runtime/mailbox.h"

namespace sluice::runtime {

Mailbox::Mailbox(WakeFd& wake, std::size_t slots) : wake_(wake), slots_(slots) {
  incoming_.reserve(slots);
  taken_.reserve(slots);
}

bool Mailbox::post(const Message& m) noexcept {
  bool first;
  {
    const std::lock_guard lock(mutex_);
    if (!open_ || incoming_.size() == slots_) return false;
    first = incoming_.empty();
    incoming_.push_back(m);
  }
  if (first) wake_.wake();
  return true;
}

std::span<const Message> Mailbox::take_all() noexcept {
  // Cleared before the batch is taken: a message that comes in between finds the mailbox empty and wakes again.
  wake_.clear();
  taken_.clear();
  const std::lock_guard lock(mutex_);
  incoming_.swap(taken_);
  return taken_;
}

void Mailbox::set_open(bool open) noexcept {
  const std::lock_guard lock(mutex_);
  open_ = open;
}

}  // namespace sluice::runtime
