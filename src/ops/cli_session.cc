#include "ops/cli_session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace sluice::ops {

namespace {
constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kLingerBytes = 4U << 20U;
constexpr base::Millis kLingerTime{1000};
constexpr unsigned kStepsPerEvent = 64;
}  // namespace

CliSession::CliSession(runtime::Loop& loop, int fd, CliRights rights, const CliCommands& commands,
                       const CliLimits& limits, base::TimePoint start, CliSessionOwner& owner)
    : loop_(loop),
      commands_(commands),
      limits_(limits),
      owner_(owner),
      transport_(fd, *this),
      timeout_(limits.timeout),
      start_(start),
      level_(rights.level),
      severity_(rights.severity),
      expose_listeners_(rights.expose_listeners) {}

void CliSession::begin() noexcept {
  touch();
  step();
}

void CliSession::end() noexcept {
  if (state_ == State::Ended) return;
  state_ = State::Ended;
  timer_.disarm();
  transport_.close(net::CloseMode::Normal);
  answer_.reset();  // what it refers to may go before we are destroyed
  hook.unlink();
  owner_.session_ended();
  loop_.bury(*this);
}

void CliSession::set_timeout(base::Millis timeout) noexcept {
  timeout_ = timeout;
  touch();
}

// Something moved: the time without progress starts anew. The timer is moved forward only when it fires.
void CliSession::touch() noexcept {
  deadline_ = base::deadline_after(loop_.now(), timeout_);
  if (!timer_.armed() || deadline_ < timer_.when()) loop_.arm(timer_, deadline_);
}

void CliSession::on_timeout() noexcept {
  // It is not the client who is late when an answer is; it may have left, though.
  if (waiting_) {
    pollfd p{transport_.fd(), 0, 0};
    if (::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0) return end();
    touch();
  }
  if (deadline_ > loop_.now()) {
    loop_.arm(timer_, deadline_);
    return;
  }
  end();
}

void CliSession::resume() noexcept {
  if (!waiting_ || state_ != State::Running) return;
  waiting_ = false;
  touch();
  step();
}

void CliSession::on_io(unsigned ready) noexcept {
  if (state_ == State::Lingering) return discard();
  if ((ready & (runtime::kErr | runtime::kHup)) != 0 && ((ready & runtime::kIn) == 0 || waiting_)) return end();
  if (waiting_ && sent_ == out_.size() && answer_->takes_input()) {
    while (!eof_ && state_ == State::Running && in_.size() < limits_.max_line_bytes && receive()) {
    }
    if (state_ != State::Running) return;
    hand_over_input();
    transport_.want(eof_ ? 0U : unsigned{runtime::kIn});
    return;
  }
  if (waiting_ && sent_ == out_.size()) {
    // A client that only has no more to say still wants the answer.
    half_closed_ = true;
    transport_.want(0);
    return;
  }
  step();
}

void CliSession::describe(runtime::IoDescription& out) const noexcept {
  out.kind = runtime::IoDescription::Kind::Front;
  std::snprintf(out.text, sizeof(out.text), " back=0 fe=GLOBAL mux=PASS xprt=RAW");
}

void CliSession::step() noexcept {
  for (unsigned i = 0; i < kStepsPerEvent; ++i) {
    if (!flush()) return;
    switch (state_) {
      case State::Reading:
      case State::Payload:
        if (state_ == State::Reading ? take_line() : take_payload()) break;
        if (state_ == State::Running) break;  // refused
        if (eof_) return linger();
        if (!receive()) {
          // The prompt for the next line of a payload is due now.
          if (state_ != State::Ended && !eof_ && sent_ < out_.size() && !flush()) return;
          if (state_ != State::Ended && !eof_) transport_.want(runtime::kIn);
          if (eof_) break;
          return;
        }
        break;
      case State::Running:
        if (waiting_) {
          if (answer_->takes_input())
            transport_.want(eof_ ? 0U : unsigned{runtime::kIn});
          else
            transport_.want(half_closed_ ? 0U : unsigned{runtime::kRdHup});  // only its end matters
          return;
        }
        run_commands();
        break;
      case State::Lingering:
      case State::Ended:
        return;
    }
  }
  // A client with that much to say shares the loop: it goes on with the next event. Everything so far may be in the
  // socket, so readiness for writing is what is sure to come.
  transport_.want(runtime::kIn | runtime::kOut);
}

void CliSession::hand_over_input() noexcept {
  if (!in_.empty()) answer_->take_input(in_);
  in_.clear();
  scanned_ = 0;
  if (eof_) answer_->input_ended();
}

bool CliSession::receive() noexcept {
  const std::size_t old = in_.size();
  in_.resize(old + kReadBytes);
  const net::IoResult r = transport_.recv({in_.data() + old, kReadBytes});
  in_.resize(old + (r.status == net::IoStatus::Done ? r.bytes : 0));
  switch (r.status) {
    case net::IoStatus::Done:
      touch();
      return true;
    case net::IoStatus::WouldBlock:
      return false;
    case net::IoStatus::Eof:
      eof_ = true;
      return false;
    case net::IoStatus::Error:
      end();
      return false;
  }
  return false;
}

bool CliSession::take_line() noexcept {
  const std::size_t newline = in_.find('\n', scanned_);
  if (newline == std::string::npos ? in_.size() > limits_.max_line_bytes : newline > limits_.max_line_bytes) {
    refuse_line();
    return false;
  }
  if (newline == std::string::npos) {
    scanned_ = in_.size();
    return false;
  }
  std::string_view line = std::string_view(in_).substr(0, newline);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  std::string_view pattern;
  const bool payload = take_payload_mark(line, pattern);
  line_.assign(line);
  line_at_ = 0;
  payload_.clear();
  pattern_.assign(pattern);
  in_.erase(0, newline + 1);
  scanned_ = 0;
  state_ = payload ? State::Payload : State::Running;
  if (payload && mode_ == Mode::Prompt) out_ += "+ ";
  return true;
}

bool CliSession::take_payload() noexcept {
  const std::size_t before = scanned_;
  const PayloadEnd end = find_payload_end(in_, pattern_, scanned_);
  if (in_.size() > limits_.max_payload_bytes && (!end.found || end.next > limits_.max_payload_bytes)) {
    refuse_line();
    return false;
  }
  if (mode_ == Mode::Prompt) {
    const auto from = in_.begin() + static_cast<std::ptrdiff_t>(before);
    const auto to = in_.begin() + static_cast<std::ptrdiff_t>(end.found ? end.payload_end : scanned_);
    for (auto lines = std::count(from, to, '\n'); lines > 0; --lines) out_ += "+ ";
  }
  if (!end.found) return false;
  payload_.assign(in_, 0, end.payload_end);
  in_.erase(0, end.next);
  scanned_ = 0;
  state_ = State::Running;
  return true;
}

void CliSession::refuse_line() noexcept {
  const CliCall call{{}, {}, nullptr, out_, *this, commands_};
  char text[96];
  std::snprintf(text, sizeof(text), "%s too large, at most %zu bytes are accepted.",
                state_ == State::Payload ? "Payload" : "Command",
                state_ == State::Payload ? limits_.max_payload_bytes : limits_.max_line_bytes);
  call.say(text, CliSeverity::Err);
  out_ += '\n';
  in_.clear();
  line_.clear();
  line_at_ = 0;
  quit_ = true;
  state_ = State::Running;
}

void CliSession::run_commands() noexcept {
  while (out_.size() - sent_ < limits_.output_bytes) {
    if (answer_ != nullptr) {
      switch (answer_->produce(out_)) {
        case CliAnswer::Progress::More:
          continue;
        case CliAnswer::Progress::Waiting:
          waiting_ = true;
          return;
        case CliAnswer::Progress::Done:
          break;
      }
      finish_answer();
    } else if (quit_ || line_at_ > line_.size()) {
      line_.clear();
      payload_.clear();
      if (in_.capacity() > 4 * limits_.max_line_bytes) in_.shrink_to_fit();
      if (!flush()) return;
      if (quit_ || mode_ == Mode::Single) return linger();
      state_ = State::Reading;
      return;
    } else {
      const std::string_view rest = std::string_view(line_).substr(line_at_);
      const std::size_t end = command_end(rest);
      line_at_ += end + 1;
      run_one(rest.substr(0, end));
    }
  }
}

void CliSession::run_one(std::string_view command) noexcept {
  split_words(command, words_);
  // `a; b;` has no third command.
  if (words_.words.empty() && line_at_ > line_.size() && line_at_ > command.size() + 1) return;
  const std::size_t before = out_.size();
  CliCall call{words_.words, {}, nullptr, out_, *this, commands_};
  silent_ = false;
  if (route_ != nullptr && routed(command, call)) {
    silent_ = answer_ == nullptr && out_.size() == before;
    if (answer_ == nullptr) finish_answer();
    return;
  }
  call.words = words_.words;
  const CliCommands::Match found = commands_.match(words_.words);
  if (found.command == nullptr || (found.debugging && !debugging_)) {
    call.say(commands_.unknown(words_.words, *this));
  } else if (found.command->level > level_) {
    call.say("Permission denied", CliSeverity::Err);
  } else if (found.command->mode == CliCommand::Mode::Expert && !expert_) {
    call.say("This command is restricted to expert mode only.", CliSeverity::Err);
  } else if (found.command->mode == CliCommand::Mode::Experimental && !experimental_) {
    call.say("This command is restricted to experimental mode only.", CliSeverity::Err);
  } else {
    call.ctx = found.ctx;
    if (line_at_ > line_.size()) call.payload = payload_;
    answer_ = found.command->handler(call);
    if (answer_ != nullptr) return;
  }
  silent_ = out_.size() == before;
  finish_answer();
}

bool CliSession::routed(std::string_view& command, CliCall& call) noexcept {
  const std::size_t at = line_at_ - command.size() - 1;
  const std::string_view line = std::string_view(line_).substr(at);
  // The payload belongs to the last command, or to the line as a whole.
  call.payload = payload_;
  CliRoute::Taken taken = route_->take(line, command, line_at_ > line_.size(), call);
  call.payload = {};
  if (!taken.own.empty()) {
    command = taken.own;
    split_words(command, words_);
  }
  if (taken.bytes == 0) return false;
  line_at_ = at + taken.bytes + 1;
  answer_ = std::move(taken.answer);
  if (answer_ != nullptr && answer_->takes_input()) hand_over_input();
  return true;
}

// Every answer ends with an empty line, and with the prompt where there is one.
void CliSession::finish_answer() noexcept {
  answer_.reset();
  if (quit_) return;
  // Where the prompt says where one is, a change of place needs no empty line.
  if (route_ == nullptr || !silent_) out_ += '\n';
  if (mode_ == Mode::Prompt) append_prompt();
}

// "[0:00:01:03] 1271> "
void CliSession::append_prompt() noexcept {
  if (timed_) {
    const base::TimePoint began = route_ != nullptr ? route_->started() : start_;
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - began).count();
    char text[48];
    std::snprintf(text, sizeof(text), "[%lld:%02d:%02d:%02d]", static_cast<long long>(up / 86400),
                  static_cast<int>(up / 3600 % 24), static_cast<int>(up / 60 % 60), static_cast<int>(up % 60));
    out_ += text;
    if (route_ != nullptr) out_ += ' ';
  }
  if (route_ != nullptr) route_->prompt(*this, out_);
  out_ += "> ";
}

bool CliSession::flush() noexcept {
  while (sent_ < out_.size()) {
    const net::IoResult r = transport_.send(out_.data() + sent_, out_.size() - sent_, false);
    if (r.status == net::IoStatus::Done) {
      sent_ += r.bytes;
      touch();
      continue;
    }
    if (r.status == net::IoStatus::WouldBlock) {
      out_.erase(0, sent_);
      sent_ = 0;
      transport_.want(runtime::kOut);
      return false;
    }
    end();
    return false;
  }
  if (out_.capacity() > limits_.output_bytes * 2) out_ = std::string();
  out_.clear();
  sent_ = 0;
  return state_ != State::Ended;
}

void CliSession::linger() noexcept {
  if (!flush()) return;
  if (eof_) return end();
  state_ = State::Lingering;
  transport_.shutdown_write();
  timeout_ = std::min(timeout_, kLingerTime);
  touch();
  discard();
}

void CliSession::discard() noexcept {
  std::array<char, kReadBytes> bin;
  for (unsigned i = 0; i < kStepsPerEvent; ++i) {
    const net::IoResult r = transport_.recv(bin);
    if (r.status == net::IoStatus::WouldBlock) {
      // Nothing came that the client might lose our answer over.
      if (discarded_ == 0 && in_.empty()) return end();
      transport_.want(runtime::kIn);
      return;
    }
    if (r.status != net::IoStatus::Done) return end();
    discarded_ += r.bytes;
    if (discarded_ > kLingerBytes) return end();
  }
  transport_.want(runtime::kIn);
}

}  // namespace sluice::ops
