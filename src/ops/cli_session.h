// One client of the stats socket.
//
//   Reading --line--> Running --all commands answered--> Reading            (interactive)
//      ^                 |                        \--> Lingering --> gone   (single line, quit, errors)
//      |  line ends in <<pattern
//      +--> Payload --pattern line--> Running
//
//   Reading    waits for a line, at most max_line_bytes
//   Payload    gathers the lines of a payload, at most max_payload_bytes
//   Running    has commands of a line left, an answer to produce or to wait for, or bytes to send; reads nothing,
//   unless
//              for an answer that takes the client's input
//   Lingering  everything is sent and our side is shut down; input is thrown away until the client closes too, so that
//   a client
//              that is still writing reads our answer instead of a reset
//
// Thread: its loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "ops/cli_line.h"
#include "sluice/base/list.h"
#include "sluice/net/transport.h"
#include "sluice/ops/cli_route.h"
#include "sluice/ops/cli_server.h"
#include "sluice/runtime/graveyard.h"
#include "sluice/runtime/timer.h"

namespace sluice::ops {

// What a session needs from its server.
class CliSessionOwner {
 public:
  virtual void session_ended() noexcept = 0;

 protected:
  ~CliSessionOwner() = default;
};

// What a session begins with: its socket's.
struct CliRights {
  CliLevel level = CliLevel::Operator;
  CliSeverityOutput severity = CliSeverityOutput::None;
  bool expose_listeners = false;
};

class CliSession final : public runtime::IoHandler, public runtime::Buried, public CliSessionControl {
 public:
  base::ListHook hook;  // in the server's list

  // fd: accepted, non-blocking; owned from here.
  CliSession(runtime::Loop& loop, int fd, CliRights rights, const CliCommands& commands, const CliLimits& limits,
             base::TimePoint start, CliSessionOwner& owner);

  // Before begin().
  void set_route(std::unique_ptr<CliRoute> route) noexcept {
    route_ = std::move(route);
    mode_ = Mode::Interactive;
  }
  // Before begin(): the client sees a prompt before its first command.
  void greet() noexcept { append_prompt(); }
  void begin() noexcept;
  // Closes at once and asks for destruction. Only once; nothing else may be called afterwards.
  void end() noexcept;

  [[nodiscard]] CliLevel level() const noexcept override { return level_; }
  void lower_level(CliLevel level) noexcept override {
    if (level < level_) level_ = level;
    expert_ = experimental_ = debugging_ = false;
  }
  [[nodiscard]] bool expert() const noexcept override { return expert_; }
  void set_expert(bool on) noexcept override { expert_ = on; }
  [[nodiscard]] bool experimental() const noexcept override { return experimental_; }
  void set_experimental(bool on) noexcept override { experimental_ = on; }
  [[nodiscard]] bool debugging() const noexcept override { return debugging_; }
  void set_debugging(bool on) noexcept override { debugging_ = on; }
  void resume() noexcept override;
  [[nodiscard]] bool exposes_listeners() const noexcept override { return expose_listeners_; }
  [[nodiscard]] int connection() const noexcept override { return transport_.fd(); }
  void set_timeout(base::Millis timeout) noexcept override;
  [[nodiscard]] SeverityOutput severity_output() const noexcept override { return severity_; }
  void set_severity_output(SeverityOutput what) noexcept override { severity_ = what; }
  [[nodiscard]] Mode mode() const noexcept override { return mode_; }
  void set_mode(Mode mode) noexcept override {
    mode_ = mode == Mode::Single && route_ != nullptr ? Mode::Interactive : mode;
  }
  [[nodiscard]] bool timed_prompt() const noexcept override { return timed_; }
  void toggle_timed_prompt() noexcept override { timed_ = !timed_; }
  void quit() noexcept override { quit_ = true; }

 private:
  enum class State : std::uint8_t { Reading, Payload, Running, Lingering, Ended };

  void on_io(unsigned ready) noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override;
  void destroy() noexcept override { delete this; }
  void on_timeout() noexcept;

  void step() noexcept;
  bool receive() noexcept;    // false: nothing came
  bool take_line() noexcept;  // false: there is no whole line yet
  bool take_payload() noexcept;
  void refuse_line() noexcept;   // longer than allowed
  void run_commands() noexcept;  // until an answer needs room, or all are done
  void run_one(std::string_view command) noexcept;
  // True: the route took the command. False: it is ours, and may have become a part of what it was.
  bool routed(std::string_view& command, CliCall& call) noexcept;
  void finish_answer() noexcept;
  void append_prompt() noexcept;
  void hand_over_input() noexcept;  // to the answer that takes it
  bool flush() noexcept;            // false: the client does not take more now, or the session ended
  void linger() noexcept;
  void discard() noexcept;
  void touch() noexcept;

  runtime::Loop& loop_;
  const CliCommands& commands_;
  const CliLimits& limits_;
  CliSessionOwner& owner_;
  net::PlainTransport transport_;
  runtime::MemberTimer<&CliSession::on_timeout> timer_{*this};
  base::TimePoint deadline_ = base::kNever;
  base::Millis timeout_;
  const base::TimePoint start_;

  State state_ = State::Reading;
  CliLevel level_;
  Mode mode_ = Mode::Single;
  SeverityOutput severity_;
  const bool expose_listeners_;
  bool timed_ = false;
  bool silent_ = false;  // the last command answered nothing
  bool quit_ = false;
  bool eof_ = false;
  bool waiting_ = false;      // for resume()
  bool half_closed_ = false;  // seen while waiting
  bool expert_ = false, experimental_ = false, debugging_ = false;

  std::string in_;           // received and not yet run
  std::size_t scanned_ = 0;  // no line end before this place
  std::string line_;         // the line being run, from line_at_ on
  std::size_t line_at_ = 0;
  std::string payload_;
  std::string pattern_;
  std::string out_;  // to be sent, from sent_ on
  std::size_t sent_ = 0;
  std::unique_ptr<CliAnswer> answer_;
  std::unique_ptr<CliRoute> route_;  // null: every command is run here
  std::size_t discarded_ = 0;
  CliWords words_;
};

}  // namespace sluice::ops
