// The command line interface of the stats socket (management manual 9.3): commands as data, and what a command is
// given.
//
//   constexpr ops::CliCommand kCommands[] = {
//       {"show version", ops::CliLevel::User, "show version", "show version of the current process", show_version},
//   };
//   commands.add(kCommands, &my_context);
//
// A handler runs on the loop of its session. It appends a short answer to `call.out`, or returns a CliAnswer that
// produces a long one piece by piece as the client reads, so that an answer never lies in memory as a whole. Thread:
// commands are added before the loops run; afterwards the table is read-only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/ops/cli_level.h"

namespace sluice::ops {

// A long answer. Destroyed with its session at the latest: must not be on the stack then.
class CliAnswer {
 public:
  enum class Progress : std::uint8_t {
    More,
    Done,
    Waiting,  // nothing now: the answer calls CliSessionControl::resume() later, when there is more
  };
  virtual ~CliAnswer() = default;
  // Appends the next piece, some kilobytes at most, whole lines preferred. Pieces come on different turns: what the
  // answer refers to may have changed or gone in between. Not called again while Waiting, until resume().
  virtual Progress produce(std::string& out) noexcept = 0;
  // While true, what the client sends is given to the answer instead of being kept as further commands: it is a session
  // with somebody else. take_input() takes all of it; input_ended(): the client has no more to say.
  [[nodiscard]] virtual bool takes_input() const noexcept { return false; }
  virtual void take_input(std::string_view /*bytes*/) noexcept {}
  virtual void input_ended() noexcept {}
};

// Severities of messages (management manual 9.3 "set severity-output"), as syslog.
enum class CliSeverity : std::uint8_t { Emerg, Alert, Crit, Err, Warning, Notice, Info, Debug };

// What commands may change about their own session.
class CliSessionControl {
 public:
  [[nodiscard]] virtual CliLevel level() const noexcept = 0;
  // Gives up the expert and the experimental mode too.
  virtual void lower_level(CliLevel level) noexcept = 0;
  virtual void set_timeout(base::Millis timeout) noexcept = 0;
  using SeverityOutput = CliSeverityOutput;
  [[nodiscard]] virtual SeverityOutput severity_output() const noexcept = 0;
  virtual void set_severity_output(SeverityOutput what) noexcept = 0;
  // How the session goes on behind the current line (management manual 9.3, the three modes).
  enum class Mode : std::uint8_t { Single, Interactive, Prompt };
  [[nodiscard]] virtual Mode mode() const noexcept = 0;
  virtual void set_mode(Mode mode) noexcept = 0;
  [[nodiscard]] virtual bool timed_prompt() const noexcept = 0;
  virtual void toggle_timed_prompt() noexcept = 0;
  // What dangerous and unfinished commands ask for (management manual 9.3 "expert-mode", "experimental-mode").
  [[nodiscard]] virtual bool expert() const noexcept = 0;
  virtual void set_expert(bool on) noexcept = 0;
  [[nodiscard]] virtual bool experimental() const noexcept = 0;
  virtual void set_experimental(bool on) noexcept = 0;
  // Whether commands that were added for debugging are there ("mcli-debug-mode").
  [[nodiscard]] virtual bool debugging() const noexcept = 0;
  virtual void set_debugging(bool on) noexcept = 0;
  // The answer that said Waiting has more. On the session's loop, never from inside produce().
  virtual void resume() noexcept = 0;
  // Whether its socket gives listening sockets away ("expose-fd listeners"), and the connection itself, borrowed, for
  // answers that are more than bytes.
  [[nodiscard]] virtual bool exposes_listeners() const noexcept = 0;
  [[nodiscard]] virtual int connection() const noexcept = 0;
  // Ends the session once what was answered so far is sent.
  virtual void quit() noexcept = 0;

 protected:
  ~CliSessionControl() = default;
};

class CliCommands;

struct CliCall {
  std::span<const std::string_view> words;  // the command and its arguments, unescaped; valid during the call
  std::string_view payload;                 // what followed `<<`; empty when there was none
  void* ctx = nullptr;                      // given with add()
  std::string& out;
  CliSessionControl& session;
  const CliCommands& commands;

  [[nodiscard]] std::string_view word(std::size_t i) const noexcept {
    return i < words.size() ? words[i] : std::string_view{};
  }
  // One message with the prefix that the session asked for, and a newline where it has none.
  void say(std::string_view message, CliSeverity severity = CliSeverity::Info) const {
    out += message_text(message, severity);
  }
  // What say() would append: for answers that come later.
  [[nodiscard]] std::string message_text(std::string_view message, CliSeverity severity) const;
};

struct CliCommand {
  std::string_view words;  // "show info": the first words of the line
  CliLevel level;          // the least a session must have
  std::string_view usage;  // left column of the help, as the reference prints it
  std::string_view help;   // right column
  // Null result: the answer is complete in call.out.
  std::unique_ptr<CliAnswer> (*handler)(CliCall& call) = nullptr;
  // Only in that mode; not listed in the help of sessions that are not in it.
  enum class Mode : std::uint8_t { Any, Expert, Experimental, Unlisted } mode = Mode::Any;
};

class CliCommands {
 public:
  // Rows are referred to: static storage.
  void add(std::span<const CliCommand> rows, void* ctx);
  // From here on what is added is there for sessions that are debugging only, and where no command has that name yet.
  void begin_debugging() noexcept { debugging_ = true; }

  struct Match {
    const CliCommand* command = nullptr;
    void* ctx = nullptr;
    bool debugging = false;
  };
  // The command with the most words that begins the line.
  [[nodiscard]] Match match(std::span<const std::string_view> words) const noexcept;
  // The listing of `help [words]` for that level.
  [[nodiscard]] std::string help(std::span<const std::string_view> words, const CliSessionControl& session) const;
  // The answer to words that no command begins with.
  [[nodiscard]] std::string unknown(std::span<const std::string_view> words, const CliSessionControl& session) const;

 private:
  struct Entry {
    const CliCommand* command;
    void* ctx;
    bool debugging;
  };
  static bool listed(const Entry& e, const CliSessionControl& session) noexcept;
  std::vector<Entry> entries_;  // sorted by usage
  bool debugging_ = false;
};

}  // namespace sluice::ops
