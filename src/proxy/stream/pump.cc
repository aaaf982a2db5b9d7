#include "pump.h"

#include <algorithm>

#include "message_size.h"
#include "sluice/http/h1/body_decoder.h"

namespace sluice::proxy {

namespace {
// Below this a copy is cheaper than two more system calls.
constexpr std::uint64_t kMinSpliceBytes = 32768;
// Without a known length a transfer counts as large once one read brought this much ...
constexpr std::size_t kLargeRead = 12288;
// ... and as small again once a read through the pipe brought less than this.
constexpr std::size_t kSmallRead = 2048;
// A read of this size is followed by another one without asking the poller.
constexpr std::size_t kLikelyMore = 65536;
// Moves per wake, so that one fast transfer cannot keep the others waiting.
constexpr int kMovesPerWake = 8;
}  // namespace

void Pump::reset(net::PipePool& pipes) noexcept {
  pipes.give(pipe_);
  done_ = false;
  progress_ = false;
  readable_ = false;
}

PumpResult Pump::run_pipe(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, Splice splice,
                          std::uint64_t limit) noexcept {
  for (int moves = 0; moves < kMovesPerWake; ++moves) {
    std::size_t wanted = 0;
    std::size_t got = 0;
    if (pipe_.held_bytes == 0) {
      // A splice that finds nothing costs as much as one that moves something: only when the poller said so.
      if (limit == 0 || !readable_) break;
      wanted = static_cast<std::size_t>(std::min<std::uint64_t>(limit, pipe_.capacity_bytes));
      const net::IoResult in = from.splice_in(pipe_, wanted);
      if (in.status != net::IoStatus::Done) {
        readable_ = false;
        break;
      }
      got = in.bytes;
      progress_ = true;
      spliced_bytes_ += got;
      moved_bytes_ += got;
    }
    const net::IoResult out = to.splice_out(pipe_);
    if (out.status == net::IoStatus::Error) return PumpResult::Failed;
    if (out.status == net::IoStatus::Done && out.bytes != 0) progress_ = true;
    if (pipe_.held_bytes != 0) {
      to.want_room();
      from.read_body(http::mux::Reading::Off);
      return PumpResult::Blocked;
    }
    if (from.input_done() || from.closed()) break;
    limit = from.splice_in_limit();
    if (wanted != 0 && got < kLikelyMore) {
      // The socket was drained; the poller tells of more.
      readable_ = false;
      if (splice == Splice::Large && limit == http::h1::kUnknownLength && got < kSmallRead) {
        large_ = false;
        pipes.give(pipe_);
        from.read_body(http::mux::Reading::Buffer);
        return PumpResult::Waiting;
      }
      break;
    }
  }
  if (from.input_done()) {
    pipes.give(pipe_);
    done_ = true;
    http::mux::Pieces end;
    end.end = true;
    to.send_body(end);
    return PumpResult::Done;
  }
  if (from.closed()) return PumpResult::Failed;
  from.read_body(http::mux::Reading::Splice);
  return PumpResult::Waiting;
}

bool Pump::take_pipe(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, Splice splice) noexcept {
  if (splice == Splice::Never || from.buffered() != 0) return false;
  const std::uint64_t limit = from.splice_in_limit();
  const bool worth_it = splice == Splice::Always            ? limit != 0
                        : limit == http::h1::kUnknownLength ? large_
                                                            : limit >= kMinSpliceBytes;
  return worth_it && to.can_splice_out() && pipes.take(pipe_);
}

PumpResult Pump::run(http::mux::Endpoint& from, http::mux::Endpoint& to, net::PipePool& pipes, Splice splice,
                     bool drop_trailers) noexcept {
  if (done_) return PumpResult::Done;
  if (pipe_.held_bytes == 0 && to.congested()) {
    from.read_body(http::mux::Reading::Off);
    return PumpResult::Blocked;
  }
  if (pipe_.read_fd >= 0) {
    const std::uint64_t limit = from.splice_in_limit();
    if (pipe_.held_bytes != 0 || limit != 0 || from.input_done()) return run_pipe(from, to, pipes, splice, limit);
  } else if (take_pipe(from, to, pipes, splice)) {
    return run_pipe(from, to, pipes, splice, from.splice_in_limit());
  }
  // All that is here goes now: no event will tell of it again. A message of tiny chunks takes more than one turn.
  for (bool more = true; more;) {
    http::mux::Pieces pieces;
    from.gather(pieces);
    more = pieces.count == http::mux::Pieces::kMax;
    if (drop_trailers) pieces.trailers = nullptr;
    readable_ = false;
    if (pieces.bytes != 0 || pieces.end) {
      progress_ = true;
      moved_bytes_ += pieces.bytes + end_size(pieces);
      large_ = pieces.bytes >= kLargeRead;
      to.send_body(pieces);
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
  }
  // What follows may go through a pipe: then the endpoint must not read it into its buffer.
  from.read_body(take_pipe(from, to, pipes, splice) ? http::mux::Reading::Splice : http::mux::Reading::Buffer);
  return PumpResult::Waiting;
}

}  // namespace sluice::proxy
