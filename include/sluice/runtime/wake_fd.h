// A descriptor that another thread, or a signal handler, makes readable: eventfd on Linux, a pipe elsewhere.
#pragma once

#include "sluice/base/unique_fd.h"

namespace sluice::runtime {

class WakeFd {
 public:
  // valid() is false with errno set when the kernel refuses.
  WakeFd() noexcept;
  [[nodiscard]] bool valid() const noexcept { return read_.valid(); }
  // To be watched for kIn.
  [[nodiscard]] int fd() const noexcept { return read_.get(); }
  // Any thread, async-signal-safe; keeps errno. Waking twice before clear() is one wake.
  void wake() noexcept;
  // Reader: no longer readable.
  void clear() noexcept;

 private:
  base::UniqueFd read_;
  base::UniqueFd write_;  // the pipe's other end; unused with eventfd
};

}  // namespace sluice::runtime
