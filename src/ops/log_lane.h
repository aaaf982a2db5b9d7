// The lines that one thread has for one output and that wait for the end of the turn.
//
//   bytes_   |line 0\n|line 1\n|......|            one block, filled from the front, empty again after every flush
//   ends_    [0]-------^  [1]-----^                 where each line ends
//
// Thread: the one it belongs to.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "sluice/base/unique_fd.h"
#include "sluice/ops/log_target.h"
#include "sluice/runtime/loop.h"

namespace sluice::ops {

class LogLane final : public runtime::TurnEnd {
 public:
  static constexpr std::size_t kLines = 64;
  static constexpr std::size_t kBytes = 72 * 1024;  // more than the longest line

  explicit LogLane(LogOutput& output) noexcept;

  // Adds one line made of these pieces, cut at max_len, and its newline. Sends what waits first when there is no room.
  void append(const std::string_view* pieces, std::size_t count, std::size_t max_len) noexcept;
  void flush() noexcept;

 private:
  void on_turn_end() noexcept override { flush(); }
  void flush_datagrams() noexcept;
  void flush_descriptor() noexcept;
  bool open_socket() noexcept;
  void drop(std::size_t lines) noexcept;

  LogOutput& output_;
  base::UniqueFd socket_;  // datagrams: made with the first line
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::array<std::uint32_t, kLines> ends_;
  std::array<iovec, kLines> iov_;
  std::array<mmsghdr, kLines> messages_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace sluice::ops
