#include "process/ctl.h"

#include <poll.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "process/line_editor.h"
#include "sluice/base/unique_fd.h"
#include "sluice/config/parser.h"
#include "sluice/net/address.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/process/modules.h"

namespace sluice::process {

namespace {

enum Status : int { kFine = 0, kRefused = 1, kUsage = 2, kNoConnection = 3 };

constexpr const char* kHelp =
    "Usage: sluice ctl [-s <socket>] [-f <cfgfile|cfgdir>] [<command>...]\n"
    "Sends commands to the stats socket of a running process and shows the answers.\n"
    "  -s <socket>   where it listens: /path, unix@/path, abns@name, address:port\n"
    "  -f <file>     the configuration that names it (\"stats socket\"); may be repeated\n"
    "  <command>     one command, or several with ';' between; without any, commands are read from\n"
    "                standard input, which may be a terminal\n"
    "Without -s and -f the configuration is looked for in /etc/sluice and /etc/haproxy.\n"
    "Status: 0 all went well, 1 a command was refused, 2 wrong usage, 3 no connection.\n";

int fail(int status, const std::string& message) {
  std::fprintf(stderr, "sluice ctl: %s\n", message.c_str());
  return status;
}

// --- finding the socket

// The one of these files that may do most; empty when they name none.
std::string socket_of(const std::vector<std::string>& files) {
  config::Diagnostics ignored;  // whether the files are good is not our business
  std::vector<config::InputFile> inputs;
  if (!config::load_files(files, inputs, ignored)) return {};
  config::KeywordTable table;
  register_all(table);
  config::Environment env = config::Environment::of_process();
  config::ParseOptions options;
  options.env = &env;
  options.facts = build_facts(true, true, true, true);
  config::Document document;
  config::parse(std::move(inputs), table, options, document, ignored);
  const config::Section* global = document.global();
  const auto* stats = global == nullptr ? nullptr : global->parts.find<ops::StatsSpec>();
  const ops::StatsSocketSpec* best = nullptr;
  for (std::size_t i = 0; stats != nullptr && i < stats->sockets.size(); ++i) {
    const ops::StatsSocketSpec& s = stats->sockets[i];
    if (s.address.kind == net::AddressKind::InheritedFd) continue;
    if (best == nullptr || s.level > best->level) best = &s;
  }
  return best == nullptr ? std::string() : best->text;
}

std::string default_socket() {
  for (const char* path : {"/etc/sluice/sluice.cfg", "/etc/sluice", "/etc/haproxy/haproxy.cfg"}) {
    if (::access(path, R_OK) != 0) continue;
    if (std::string found = socket_of({path}); !found.empty()) return found;
  }
  return {};
}

base::UniqueFd connect_to(const std::string& text, std::string& error) {
  net::AddressRules rules;
  const auto spec = net::parse_address(text, rules);
  if (!spec) {
    error = spec.error();
    return {};
  }
  const auto address = net::resolve(*spec);
  if (!address) {
    error = address.error();
    return {};
  }
  base::UniqueFd fd(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), &address->sa, address->len) != 0) {
    error = std::string("cannot connect to ") + text + ": " + std::strerror(errno);
    return {};
  }
  return fd;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// --- answers of commands that nobody watches

// Takes the severity off the messages ("[3]: No such server."), and sends errors where errors go.
class Printer {
 public:
  void add(std::string_view bytes) {
    line_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end; (end = line_.find('\n', begin)) != std::string::npos; begin = end + 1)
      print(std::string_view(line_).substr(begin, end + 1 - begin));
    line_.erase(0, begin);
  }
  void end() {
    if (!line_.empty()) print(line_);
    line_.clear();
    std::fflush(stdout);
  }
  // The answers to the commands that we send before the user's.
  void skip_lines(unsigned n) noexcept { skip_ = n; }
  [[nodiscard]] bool refused() const noexcept { return refused_; }

 private:
  static constexpr char kLeastError = '3';  // syslog "err"

  void print(std::string_view line) {
    if (skip_ != 0) {
      --skip_;
      return;
    }
    const bool message =
        line.size() >= 5 && line[0] == '[' && line[1] >= '0' && line[1] <= '7' && line.substr(2, 3) == "]: ";
    bool error = error_ && line != "\n" && !message;  // further lines of the same message
    if (message) {
      error = line[1] <= kLeastError;
      line.remove_prefix(5);
    }
    error_ = error;
    refused_ |= error;
    // The empty line behind an answer is shown between two only.
    if (line == "\n") {
      ++empty_;
      return;
    }
    for (; empty_ > 0; --empty_) {
      if (printed_) std::fputc('\n', stdout);
    }
    printed_ = true;
    std::fwrite(line.data(), 1, line.size(), error ? stderr : stdout);
  }

  std::string line_;
  unsigned skip_ = 0;
  unsigned empty_ = 0;
  bool printed_ = false;
  bool error_ = false;
  bool refused_ = false;
};

// Sends what comes from `input` (-1: nothing) and prints what comes back until the other side closes.
int exchange(int fd, int input, std::string pending, Printer& printer) {
  bool sending = true;
  bool line_open = false;
  char buffer[65536];
  for (;;) {
    pollfd fds[2] = {{fd, POLLIN, 0}, {input, POLLIN, 0}};
    if (!pending.empty()) fds[0].events |= POLLOUT;
    if (!pending.empty() || !sending) fds[1].fd = -1;
    if (pending.empty() && sending && input < 0) {
      sending = false;
      ::shutdown(fd, SHUT_WR);
    }
    if (::poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return fail(kNoConnection, std::strerror(errno));
    }
    if ((fds[0].revents & POLLOUT) != 0) {
      const ssize_t n = ::send(fd, pending.data(), pending.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) pending.erase(0, static_cast<std::size_t>(n));
      if (n < 0 && errno != EAGAIN && errno != EINTR) pending.clear(), sending = false;
    }
    if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const ssize_t n = ::recv(fd, buffer, sizeof(buffer), 0);
      if (n > 0) printer.add({buffer, static_cast<std::size_t>(n)});
      if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) break;
    }
    if ((fds[1].revents & (POLLIN | POLLHUP)) != 0) {
      const ssize_t n = ::read(input, buffer, sizeof(buffer));
      if (n > 0) {
        pending.assign(buffer, static_cast<std::size_t>(n));
        line_open = pending.back() != '\n';
      } else {
        pending = line_open ? "\nquit\n" : "quit\n";
        input = -1;
      }
    }
  }
  printer.end();
  return printer.refused() ? kRefused : kFine;
}

int run_one(int fd, const std::string& command) {
  Printer printer;
  printer.skip_lines(1);  // of "set severity-output"
  return exchange(fd, -1, "set severity-output number;" + command + "\n", printer);
}

int run_input(int fd) {
  Printer printer;
  printer.skip_lines(2);
  return exchange(fd, STDIN_FILENO, "prompt i;set severity-output number\n", printer);
}

// --- at a terminal

// Bytes one by one instead of lines, while it lives.
class RawTerminal {
 public:
  RawTerminal() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_); }

 private:
  termios before_{};
};

std::string history_path() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::string(state) + "/sluice_ctl_history";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string(home) + "/.sluice_ctl_history";
  return {};
}

class Interactive {
 public:
  explicit Interactive(int fd) : fd_(fd) {}

  int run() {
    std::string answer;
    if (!send_all(fd_, "prompt\n") || !receive(answer, false)) return fail(kNoConnection, "the other side has closed");
    learn_words();
    load_history();
    editor_.set_completer([this](std::string_view line) { return complete(line); });
    std::string prompt = "> ";
    for (;;) {
      std::string line;
      const LineEditor::Event e = read_line(prompt, line);
      if (e == LineEditor::Event::End) return kFine;
      if (e == LineEditor::Event::Cancel) continue;
      if (prompt == "> ") keep(line);
      if (!send_all(fd_, line + "\n") || !receive(answer, true)) return kFine;
      prompt = answer.ends_with("+ ") ? "+ " : "> ";
    }
  }

 private:
  // Everything up to the next prompt. False: the other side has closed.
  bool receive(std::string& answer, bool show) {
    answer.clear();
    char buffer[65536];
    std::size_t shown = 0;
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (n < 0 && errno == EINTR) continue;
      const bool closed = n <= 0;
      if (!closed) answer.append(buffer, static_cast<std::size_t>(n));
      const bool done = answer == "> " || answer == "+ " || answer.ends_with("\n> ") || answer.ends_with("+ ");
      // The prompt is ours to draw, and so is the empty line before it.
      std::size_t end = answer.size();
      if (done) end -= 2;
      if (!closed && !done && end > shown) end = std::max(shown, answer.rfind('\n') + 1);
      if (done && end > shown + 1 && answer[end - 1] == '\n' && answer[end - 2] == '\n') --end;
      if (done && answer == "\n> ") end = 0;
      if (show && end > shown) {
        std::fwrite(answer.data() + shown, 1, end - shown, stdout);
        std::fflush(stdout);
        shown = end;
      }
      if (closed) return false;
      if (done) return true;
    }
  }

  LineEditor::Event read_line(const std::string& prompt, std::string& line) {
    const RawTerminal raw;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) editor_.set_columns(size.ws_col);
    editor_.start(prompt);
    std::string out;
    editor_.redraw(out);
    for (;;) {
      std::fwrite(out.data(), 1, out.size(), stdout);
      std::fflush(stdout);
      out.clear();
      // What was typed ahead of the last answer comes first.
      while (!typed_.empty()) {
        const char c = typed_.front();
        typed_.erase(0, 1);
        const LineEditor::Event e = editor_.feed(c, out);
        if (e == LineEditor::Event::None) continue;
        std::fwrite(out.data(), 1, out.size(), stdout);
        std::fflush(stdout);
        line = editor_.text();
        return e;
      }
      if (!out.empty()) continue;
      pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {fd_, POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 && errno != EINTR) return LineEditor::Event::End;
      if (fds[1].revents != 0) {
        std::fputs("\r\nThe other side has closed.\r\n", stdout);
        return LineEditor::Event::End;
      }
      if (fds[0].revents == 0) continue;
      char buffer[256];
      const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof(buffer));
      if (n <= 0) return LineEditor::Event::End;
      typed_.append(buffer, static_cast<std::size_t>(n));
    }
  }

  // Commands as the help lists them: "  show servers state [<backend>]  : dump ...".
  void learn_words() {
    std::string help;
    if (!send_all(fd_, "help\n") || !receive(help, false)) return;
    for (std::size_t i = 0; i < help.size();) {
      const std::size_t end = std::min(help.find('\n', i), help.size());
      std::string line = help.substr(i, end - i);
      i = end + 1;
      if (!line.starts_with("  ")) continue;
      line = line.substr(2, line.find_first_of("<[{(:|*", 2) - 2);
      while (!line.empty() && line.back() == ' ') line.pop_back();
      if (!line.empty()) commands_.insert(line);
    }
  }

  std::vector<std::string> complete(std::string_view line) const {
    if (const std::size_t last = line.rfind(';'); last != std::string_view::npos) line.remove_prefix(last + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    std::set<std::string> words;
    const std::size_t begin = line.rfind(' ') == std::string_view::npos ? 0 : line.rfind(' ') + 1;
    for (const std::string& c : commands_) {
      if (!c.starts_with(line)) continue;
      const std::string word = c.substr(begin, c.find(' ', line.size()) - begin);
      if (!word.empty()) words.insert(word);
    }
    return {words.begin(), words.end()};
  }

  void load_history() {
    std::ifstream in(history_path());
    for (std::string line; std::getline(in, line);) editor_.remember(line);
  }
  void keep(const std::string& line) {
    if (line.empty()) return;
    editor_.remember(line);
    const std::string path = history_path();
    if (path.empty()) return;
    const mode_t before = ::umask(077);
    std::ofstream out(path, std::ios::trunc);
    ::umask(before);
    for (const std::string& l : editor_.history()) out << l << '\n';
  }

  const int fd_;
  LineEditor editor_;
  std::string typed_;
  std::set<std::string> commands_;
};

}  // namespace

int run_ctl(const std::vector<std::string>& args) {
  std::string socket;
  std::vector<std::string> files;
  std::string command;
  std::size_t i = 0;
  for (; i < args.size() && args[i].starts_with('-'); ++i) {
    const std::string& a = args[i];
    if (a == "--") {
      ++i;
      break;
    }
    if (a == "-h" || a == "--help") {
      std::fputs(kHelp, stdout);
      return kFine;
    }
    if ((a != "-s" && a != "-f") || i + 1 == args.size()) {
      std::fputs(kHelp, stderr);
      return kUsage;
    }
    if (a == "-s")
      socket = args[++i];
    else
      files.push_back(args[++i]);
  }
  for (; i < args.size(); ++i) {
    if (!command.empty()) command += ' ';
    command += args[i];
  }
  if (socket.empty()) socket = files.empty() ? default_socket() : socket_of(files);
  if (socket.empty())
    return fail(kUsage, files.empty()
                            ? "no stats socket found in /etc/sluice; name it with -s, or a configuration with -f"
                            : "that configuration has no \"stats socket\"");
  std::string error;
  const base::UniqueFd fd = connect_to(socket, error);
  if (!fd.valid()) return fail(kNoConnection, error);
  if (!command.empty()) return run_one(fd.get(), command);
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) return Interactive(fd.get()).run();
  return run_input(fd.get());
}

}  // namespace sluice::process
