// What one thread owns to serve connections: pools, pipes, scratch memory. Sessions are made here.
// Thread: that of its loop.
#pragma once

#include <memory>
#include <vector>

#include "sluice/base/pool.h"
#include "sluice/net/pipe_pool.h"
#include "sluice/policy/scratch.h"
#include "sluice/proxy/global.h"
#include "sluice/proxy/stream_view.h"
#include "sluice/runtime/loop.h"

namespace sluice::proxy {

class Session;
class Stream;
class BackConnection;

class Worker {
 public:
  Worker(Global& global, runtime::Loop& loop);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // A connection was accepted; it has its place below the limits already (Global, Proxy and ListenerInfo count it),
  // which it gives back when it ends. Takes fd over. ready: its first bytes are known or likely to be there. False: no
  // memory, it is closed and the place is the caller's.
  [[nodiscard]] bool start_session(Proxy& proxy, ListenerInfo& listener, int fd, const net::Address& source,
                                   bool ready) noexcept;

  [[nodiscard]] Global& global() noexcept { return global_; }
  [[nodiscard]] runtime::Loop& loop() noexcept { return loop_; }
  [[nodiscard]] unsigned index() const noexcept { return loop_.index(); }
  [[nodiscard]] net::PipePool& pipes() noexcept { return pipes_; }
  [[nodiscard]] policy::Scratch& scratch() noexcept { return scratch_; }
  [[nodiscard]] base::RawPool& stream_memory() noexcept { return stream_memory_; }
  [[nodiscard]] base::RawPool& session_memory() noexcept { return session_memory_; }
  [[nodiscard]] base::RawPool& back_memory() noexcept { return back_memory_; }
  [[nodiscard]] ThreadCounters& counters() noexcept { return global_.counters.local(index()); }
  // For one log line.
  [[nodiscard]] char* log_area() noexcept { return log_area_.get(); }
  static constexpr std::size_t kLogAreaBytes = 65536;

  // Told after each connection that ended: a listener that waits for room may go on. One callback per worker.
  void set_room_callback(void (*fn)(void*) noexcept, void* context) noexcept {
    on_room_ = fn;
    room_context_ = context;
  }

  // Sessions of this thread end as soon as they can: idle ones now, busy ones behind their exchange. `hard` ends all
  // now.
  void stop(bool hard) noexcept;
  [[nodiscard]] std::size_t sessions() const noexcept { return session_count_; }

  // -- streams, one after the other; see stream_view.h
  void start(StreamCursor& cursor) noexcept;
  // Looks at up to `budget` sessions (each counts one off); false when the budget is used up or, with `budget` left, at
  // the end.
  [[nodiscard]] bool next(StreamCursor& cursor, StreamView& out, unsigned& budget) noexcept;
  // The walk is over, or is given up.
  void drop(StreamCursor& cursor) noexcept { cursor.hook_.unlink(); }
  // Ends the stream that next() has just shown, "K" in its log. The cursor is past it.
  void kill(const StreamView& stream) noexcept;

 private:
  friend class Session;
  void session_ended(Session& session) noexcept;
  // The session leaves the list of all.
  void unlink(Session& session) noexcept;

  Global& global_;
  runtime::Loop& loop_;
  net::PipePool pipes_;
  policy::Scratch scratch_;
  base::RawPool session_memory_;
  base::RawPool stream_memory_;
  base::RawPool back_memory_;
  std::unique_ptr<char[]> log_area_;
  void on_trim() noexcept;

  struct Sessions;
  std::unique_ptr<Sessions> all_;
  base::List<StreamCursor, &StreamCursor::hook_> cursors_;
  runtime::MemberTimer<&Worker::on_trim> trim_timer_{*this};
  std::size_t session_count_ = 0;
  void (*on_room_)(void*) noexcept = nullptr;
  void* room_context_ = nullptr;
};

}  // namespace sluice::proxy
