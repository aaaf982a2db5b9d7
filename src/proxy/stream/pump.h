// Moves body bytes from one endpoint to the other: by gathering pieces, or through a pipe inside the kernel.
// One Pump per direction of a stream. Thread: the stream's.
#pragma once

#include <cstdint>

#include "sluice/http/mux/endpoint.h"
#include "sluice/net/pipe_pool.h"

namespace sluice::proxy {

// When bytes go through a pipe: for large transfers by default, for all with "option splice-request" /
// "splice-response".
enum class Splice : std::uint8_t { Never, Large, Always };

enum class PumpResult : std::uint8_t {
  Waiting,  // for more input
  Blocked,  // the other side is congested
  Done,     // the whole body has been handed over
  Failed,   // input ended early or is malformed; error() of the endpoints says which
};

class Pump {
 public:
  Pump() = default;
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // Call readable() first when the source said that something is there.
  PumpResult run(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, Splice splice,
                 bool drop_trailers) noexcept;
  void readable() noexcept { readable_ = true; }
  // The body was handed over together with the head.
  void finished() noexcept { done_ = true; }
  void reset(net::PipePool& pipes) noexcept;
  [[nodiscard]] bool done() const noexcept { return done_; }
  // Payload bytes handed over since the last call, and one for the end of a chunked body.
  [[nodiscard]] std::uint64_t take_moved() noexcept {
    const std::uint64_t n = moved_bytes_;
    moved_bytes_ = 0;
    return n;
  }
  // Bytes that went through a pipe.
  [[nodiscard]] std::uint64_t spliced_bytes() const noexcept { return spliced_bytes_; }
  // Payload bytes moved since the last call: activity for timeouts.
  [[nodiscard]] bool take_progress() noexcept {
    const bool p = progress_;
    progress_ = false;
    return p;
  }

 private:
  // Whether what comes next shall go through a pipe; then there is one.
  bool take_pipe(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, Splice splice) noexcept;
  PumpResult run_pipe(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, Splice splice,
                      std::uint64_t limit) noexcept;

  net::Pipe pipe_;
  std::uint64_t spliced_bytes_ = 0;
  std::uint64_t moved_bytes_ = 0;
  bool done_ = false;
  bool readable_ = false;
  bool large_ = false;  // the last read was large: worth a pipe
  bool progress_ = false;
};

}  // namespace sluice::proxy
