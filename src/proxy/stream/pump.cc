#include "pump.h"

#include <algorithm>

#include "sluice/http/h1/body_decoder.h"

namespace sluice::proxy {

namespace {
// Below this a copy is cheaper than two more system calls.
constexpr std::uint64_t kMinSpliceBytes = 32768;
// Without a known length a transfer counts as large once one read brought this much ...
constexpr std::size_t kLargeRead = 12288;
// ... and as small again once a whole wake moved less than this through the pipe.
constexpr std::uint64_t kSmallWake = 4096;
// Moves per wake, so that one fast transfer cannot keep the others waiting.
constexpr int kMovesPerWake = 8;
}  // namespace

void Pump::reset(net::PipePool& pipes) noexcept {
  pipes.give(pipe_);
  done_ = false;
  progress_ = false;
}

PumpResult Pump::run_pipe(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, std::uint64_t limit) noexcept {
  const std::uint64_t before = spliced_bytes_;
  for (int moves = 0; moves < kMovesPerWake; ++moves) {
    if (pipe_.held_bytes == 0) {
      if (limit == 0) break;
      const net::IoResult in = from.splice_in(pipe_, static_cast<std::size_t>(std::min<std::uint64_t>(limit, pipe_.capacity_bytes)));
      if (in.status == net::IoStatus::WouldBlock) {
        if (limit == http::h1::kUnknownLength && spliced_bytes_ - before < kSmallWake) {
          // Little at a time: reading and sending is cheaper again.
          large_ = false;
          pipes.give(pipe_);
          from.read_body(http::mux::Reading::Buffer);
        } else {
          from.read_body(http::mux::Reading::Splice);
        }
        return PumpResult::Waiting;
      }
      if (in.status != net::IoStatus::Done) break;
      progress_ = true;
      spliced_bytes_ += in.bytes;
      moved_bytes_ += in.bytes;
    }
    const net::IoResult out = to.splice_out(pipe_, false, from.input_done());
    if (out.status == net::IoStatus::Error) return PumpResult::Failed;
    if (out.status == net::IoStatus::Done && out.bytes != 0) progress_ = true;
    if (pipe_.held_bytes != 0) {
      to.want_room();
      from.read_body(http::mux::Reading::Off);
      return PumpResult::Blocked;
    }
    if (from.input_done() || from.closed()) break;
    limit = from.splice_in_limit();
  }
  if (from.input_done()) {
    pipes.give(pipe_);
    done_ = true;
    http::mux::Pieces end;
    end.end = true;
    to.send_body(end, false);
    return PumpResult::Done;
  }
  if (from.closed()) return PumpResult::Failed;
  from.read_body(http::mux::Reading::Splice);
  return PumpResult::Waiting;
}

PumpResult Pump::run(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, bool splice) noexcept {
  if (done_) return PumpResult::Done;
  if (pipe_.held_bytes == 0 && to.congested()) {
    from.read_body(http::mux::Reading::Off);
    return PumpResult::Blocked;
  }
  if (pipe_.read_fd >= 0) {
    const std::uint64_t limit = from.splice_in_limit();
    if (pipe_.held_bytes != 0 || limit != 0 || from.input_done()) return run_pipe(from, to, pipes, limit);
  } else if (splice && from.buffered() == 0) {
    const std::uint64_t limit = from.splice_in_limit();
    const bool worth_it = limit == http::h1::kUnknownLength ? large_ : limit >= kMinSpliceBytes;
    if (worth_it && to.can_splice_out() && pipes.take(pipe_)) return run_pipe(from, to, pipes, limit);
  }
  http::mux::Pieces pieces;
  from.gather(pieces);
  if (pieces.bytes != 0 || pieces.end) {
    progress_ = true;
    moved_bytes_ += pieces.bytes + (pieces.end && pieces.chunked ? 1 : 0);
    large_ = pieces.bytes >= kLargeRead;
    to.send_body(pieces, false);
  }
  from.drop();
  if (pieces.end) {
    done_ = true;
    return PumpResult::Done;
  }
  if (pieces.failed) return PumpResult::Failed;
  if (to.congested()) {
    from.read_body(http::mux::Reading::Off);
    return PumpResult::Blocked;
  }
  from.read_body(http::mux::Reading::Buffer);
  return PumpResult::Waiting;
}

}  // namespace sluice::proxy
