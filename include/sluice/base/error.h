// Run-time errors of the data path: a few bytes, never allocate. Text is made where they are logged.
// Would-block, need-more and end-of-input are not errors (see IoStatus, Progress).
#pragma once

#include <cstdint>

namespace sluice::base {

enum class Side : std::uint8_t { Front, Back, Internal };
enum class Retry : std::uint8_t { No, Yes, IfReused };

enum class ErrorCode : std::uint8_t {
  None,
  ConnectRefused,  // ECONNREFUSED
  ConnectTimeout,
  ConnectFailed,  // any other connect() failure
  Reset,          // ECONNRESET, EPIPE
  ClosedEarly,    // end of input where more was owed
  Timeout,
  BadMessage,  // framing or syntax
  TooLarge,
  NoResource,  // ports, fds, memory, pool limit
  Denied,
  Aborted,
  System,  // errno in `sys`
};

struct Error {
  ErrorCode code = ErrorCode::None;
  Side side = Side::Internal;
  Retry retry = Retry::No;
  int sys = 0;  // errno, where one belongs to it
};

}  // namespace sluice::base
