#include "process/master/relay.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "sluice/base/strings.h"

namespace sluice::process {

namespace {

constexpr std::size_t kPiece = 16384;

std::string_view trimmed(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

// The answer of a worker, piece by piece. Our session ends each answer with an empty line, as the worker's did: its
// last newline is held back. Or a whole session with it: bytes go both ways as they are, until it closes.
class RelayAnswer final : public ops::CliAnswer, private runtime::IoHandler {
 public:
  enum class Kind : std::uint8_t { Answer, Session };

  RelayAnswer(runtime::Loop& loop, ops::CliSessionControl& session, base::UniqueFd fd, std::string request, Kind kind)
      : loop_(loop), session_(session), fd_(std::move(fd)), request_(std::move(request)), kind_(kind) {
    loop_.watch(fd_.get(), runtime::kIn | runtime::kOut, *this);
  }
  ~RelayAnswer() override { loop_.unwatch(fd_.get()); }

  Progress produce(std::string& out) noexcept override {
    if (!send_request()) return Progress::Done;
    std::array<char, kPiece> data;
    for (;;) {
      const ssize_t n = ::recv(fd_.get(), data.data(), data.size(), MSG_DONTWAIT);
      if (n > 0) {
        if (held_) out += '\n';
        held_ = kind_ == Kind::Answer && data[static_cast<std::size_t>(n) - 1] == '\n';
        out.append(data.data(), static_cast<std::size_t>(n) - (held_ ? 1 : 0));
        return Progress::More;
      }
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        waiting_ = true;
        loop_.set_interest(fd_.get(), interest());
        return Progress::Waiting;
      }
      return Progress::Done;
    }
  }

  [[nodiscard]] bool takes_input() const noexcept override {
    return kind_ == Kind::Session && request_.size() < kMostInput;
  }
  void take_input(std::string_view bytes) noexcept override {
    request_ += bytes;
    if (waiting_) loop_.set_interest(fd_.get(), interest());
  }
  void input_ended() noexcept override {
    ended_ = true;
    if (waiting_) loop_.set_interest(fd_.get(), interest() | runtime::kOut);
  }

 private:
  static constexpr std::size_t kMostInput = 65536;  // on its way to a worker that does not read

  [[nodiscard]] unsigned interest() const noexcept {
    return request_.empty() ? unsigned{runtime::kIn} : runtime::kIn | runtime::kOut;
  }
  // False: the worker has gone.
  bool send_request() noexcept {
    std::size_t sent = 0;
    bool gone = false;
    while (sent < request_.size()) {
      const ssize_t n = ::send(fd_.get(), request_.data() + sent, request_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        gone = errno != EAGAIN && errno != EWOULDBLOCK;
        break;
      }
      sent += static_cast<std::size_t>(n);
    }
    request_.erase(0, sent);
    if (ended_ && request_.empty()) {
      ::shutdown(fd_.get(), SHUT_WR);
      ended_ = false;
    }
    return !gone;
  }
  void on_io(unsigned) noexcept override {
    // Nothing until the session asks again: it may be its client that is slow.
    loop_.set_interest(fd_.get(), 0);
    if (std::exchange(waiting_, false)) session_.resume();
  }

  runtime::Loop& loop_;
  ops::CliSessionControl& session_;
  base::UniqueFd fd_;
  std::string request_;  // not sent yet
  const Kind kind_;
  bool held_ = false;
  bool waiting_ = false;
  bool ended_ = false;  // the client's end is still to be told
};

// What the worker's session reads: the line, and the payload with a mark that does not occur in it.
std::string request_of(std::string_view line, std::string_view payload) {
  std::string text(line);
  if (!payload.empty()) {
    std::string mark = "%EOP%";
    for (unsigned i = 0; payload.find(mark) != std::string_view::npos && i < 1000; ++i) mark = "%P" + std::to_string(i);
    text += " <<" + mark + "\n";
    text += payload;
    if (payload.back() != '\n') text += '\n';
    text += mark;
  }
  return text + "\n";
}

// What the worker's session begins with: level, "e"xpert, e"x"perimental, and for a session that is entered
// "i"nteractive, "p"rompt, "t"imed.
std::string modes_of(const ops::CliSessionControl& session, bool entered) {
  std::string modes(1, ops::cli_level_name(session.level())[0]);
  if (session.expert()) modes += 'e';
  if (session.experimental()) modes += 'x';
  if (entered) modes += session.mode() == ops::CliSessionControl::Mode::Prompt ? 'p' : 'i';
  if (entered && session.timed_prompt()) modes += 't';
  return modes;
}

}  // namespace

std::optional<WorkerRoute::Place> WorkerRoute::find(std::string_view name) const noexcept {
  if (name.empty() || name == "master") return Place{};
  const bool by_pid = name.front() == '!';
  if (by_pid) name.remove_prefix(1);
  const auto number = base::parse_int<pid_t>(name);
  if (!number) return std::nullopt;
  const WorkerProcess* w = by_pid ? master_.find(*number) : *number == 1 ? master_.current() : nullptr;
  if (w == nullptr) return std::nullopt;
  return Place{w->pid};
}

ops::CliRoute::Taken WorkerRoute::take(std::string_view line, std::string_view command, bool last, ops::CliCall& call) {
  std::string_view text = trimmed(command);
  Place place = here_;
  std::size_t taken = command.size();
  const bool prefixed = text.starts_with('@');
  bool entered = false;  // a session of its own in the worker, and not one command
  if (prefixed) {
    const bool whole_line = text.starts_with("@@");
    if (whole_line) {
      text = trimmed(line);
      taken = line.size();
      last = true;
    }
    const std::string_view prefix = text.substr(0, text.find_first_of(" \t"));
    const auto found = find(prefix.substr(whole_line ? 2 : 1));
    if (!found) {
      call.out += "Can't find the target PID matching the prefix '" + std::string(prefix) + "'\n";
      call.session.quit();
      return {taken};
    }
    text = trimmed(text.substr(prefix.size()));
    place = *found;
    entered = text.empty() && whole_line && place.pid != 0;
    if (text.empty() && !entered) {
      here_ = place;
      return {taken};
    }
  }
  if (place.pid == 0) return {0, nullptr, text.size() == trimmed(command).size() ? std::string_view() : text};
  // These are about the session here, wherever its commands go.
  if (!prefixed) {
    for (const std::string_view own :
         {"prompt", "quit", "expert-mode", "experimental-mode", "mcli-debug-mode", "operator", "user"})
      if (text == own || (text.starts_with(own) && text[own.size()] == ' ')) return {};
  }
  WorkerProcess* const worker = master_.find(place.pid);
  int ends[2];
  if (worker == nullptr || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    call.out += "Can't connect to the target CLI!\n";
    return {taken};
  }
  base::UniqueFd ours(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  if (!worker->give_client(theirs.get(), modes_of(call.session, entered))) {
    call.out += "Can't connect to the target CLI!\n";
    return {taken};
  }
  using Kind = RelayAnswer::Kind;
  return {taken, std::make_unique<RelayAnswer>(
                     master_.loop(), call.session, std::move(ours),
                     entered ? std::string() : request_of(text, last ? call.payload : std::string_view()),
                     entered ? Kind::Session : Kind::Answer)};
}

base::TimePoint WorkerRoute::started() const {
  const WorkerProcess* const w = here_.pid == 0 ? nullptr : master_.find(here_.pid);
  return w == nullptr ? master_.started() : w->started;
}

void WorkerRoute::prompt(const ops::CliSessionControl& session, std::string& out) {
  if (here_.pid != 0) {
    out += std::to_string(here_.pid);
  } else {
    out += master_.last_reload_failed() ? "master[ReloadFailed]" : "master";
  }
  std::string flags;
  if (session.experimental()) flags += 'x';
  if (session.expert()) flags += 'e';
  if (session.debugging()) flags += 'd';
  if (!flags.empty()) out += "(" + flags + ")";
}

}  // namespace sluice::process
