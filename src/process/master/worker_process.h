// One worker as the master sees it: a child process with a channel.
//
//   Starting ── Ready ──> Current ── another one is ready ──> Former ── exit
//      └── exit: it could not start          └── exit: the service ends
//
// Thread: the master's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "process/master/channel.h"
#include "process/master/program_call.h"
#include "sluice/base/result.h"
#include "sluice/base/time.h"
#include "sluice/runtime/loop.h"

namespace sluice::process {

class WorkerProcess final : private runtime::IoHandler {
 public:
  enum class State : std::uint8_t { Starting, Current, Former };
  struct Owner {
    virtual void on_worker_ready(WorkerProcess& worker) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  WorkerProcess(runtime::Loop& loop, Owner& owner) : loop_(loop), owner_(owner) {}
  ~WorkerProcess();

  // Forks and runs the program; sockets are given to it. The error is a sentence.
  base::Result<void, std::string> start(const ProgramCall& call, const std::vector<base::UniqueFd>& sockets,
                                        bool reload);
  void tell(int signo) const noexcept;
  // A client for its command line. modes: its level, then 'e' for expert and 'x' for experimental mode.
  bool give_client(int fd, std::string_view modes) const noexcept {
    return channel_.send(Note::Client, modes, {&fd, 1});
  }
  // What has arrived up to now is read: before the exit of a worker is judged.
  void read_rest() noexcept { on_io(0); }
  // The value of a fact; "" when it was not told.
  [[nodiscard]] std::string_view fact(std::string_view key) const noexcept;

  State state = State::Starting;
  pid_t pid = 0;
  unsigned reloads = 0;  // how many it has survived
  base::TimePoint started{};
  std::string log;                      // what it said while it started
  std::vector<base::UniqueFd> sockets;  // where it listens; the master takes them over with Ready

 private:
  void on_io(unsigned ready) noexcept override;

  runtime::Loop& loop_;
  Owner& owner_;
  Channel channel_;
  std::string facts_;
};

}  // namespace sluice::process
