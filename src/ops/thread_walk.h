// An answer gathered from all threads, one after the other.
//
//   home loop                            visited loop
//   produce() ── post ────────────────> Visitor::visit(): writes some kilobytes, remembers where it was
//   Waiting                              │
//   resume()  <──────────── post ────────┘
//   produce() appends the piece, asks for the next one: of the same thread while it has more, then of the next thread
//
// At most one piece exists at a time, so a dump of any length costs little memory and no loop more than one piece of
// time. The state travels with the message; a client that leaves in the middle is noticed when it comes back.
#pragma once

#include <memory>
#include <string>

#include "sluice/ops/cli.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::ops {

class ThreadVisitor {
 public:
  // Made and finished on the home loop; destroyed on the loop of the thread it was in, or at home.
  virtual ~ThreadVisitor() = default;
  // On the visited loop's thread, its loop being the current one. Appends the next piece; true: this thread has more.
  virtual bool visit(runtime::Loop& loop, std::string& out) noexcept = 0;
  // On that thread as well: the client has left while visit() had more to tell.
  virtual void leave(runtime::Loop& loop) noexcept { (void)loop; }
  // At home, behind the last thread.
  virtual void finish(std::string& out) noexcept { (void)out; }
};

class ThreadWalk final : public CliAnswer {
 public:
  // only: the thread to visit; -1 = all. On the session's loop.
  ThreadWalk(runtime::ThreadGroup& threads, CliSessionControl& session, std::unique_ptr<ThreadVisitor> visitor,
             int only = -1);
  ThreadWalk(const ThreadWalk&) = delete;
  ThreadWalk& operator=(const ThreadWalk&) = delete;
  ~ThreadWalk() override;

  Progress produce(std::string& out) noexcept override;

 private:
  class Journey;
  Journey* journey_;  // deletes itself when it is at home, or will never come back
};

}  // namespace sluice::ops
