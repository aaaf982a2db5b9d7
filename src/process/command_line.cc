#include "sluice/process/command_line.h"

#include <algorithm>
#include <csignal>

#include "sluice/base/strings.h"

namespace sluice::process {

namespace {

using Task = CommandLine::Task;

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& args) : args_(args) {}

  base::Result<CommandLine, CommandLineError> run() {
    while (pos_ < args_.size()) {
      if (!option(args_[pos_])) return base::unexpected(error_);
      ++pos_;
    }
    if (needs_files() && out_.files.empty()) return base::unexpected(CommandLineError{{}, true});
    return out_;
  }

 private:
  [[nodiscard]] bool needs_files() const noexcept { return out_.task == Task::Run || out_.task == Task::Check; }

  bool fail(std::string message, bool show_usage = false) {
    error_ = {std::move(message), show_usage};
    return false;
  }
  bool refuse(std::string_view what, std::string_view why) {
    return fail("'" + std::string(what) + "' is not supported yet: " + std::string(why) + ".");
  }
  const std::string* next() { return pos_ + 1 < args_.size() ? &args_[++pos_] : nullptr; }

  template <class T>
  bool number(const std::string& option, std::optional<T>& to) {
    const std::string* v = next();
    if (v == nullptr) return fail("'" + option + "' expects a number.", true);
    to = base::parse_int<T>(*v);
    if (!to) return fail("'" + option + "' expects a number, got '" + *v + "'.");
    return true;
  }
  bool text(const std::string& option, std::string& to) {
    const std::string* v = next();
    if (v == nullptr) return fail("'" + option + "' expects an argument.", true);
    to = *v;
    return true;
  }

  bool option(const std::string& a) {
    if (a == "--") {
      out_.files.insert(out_.files.end(), args_.begin() + static_cast<std::ptrdiff_t>(pos_) + 1, args_.end());
      pos_ = args_.size();
      return true;
    }
    if (a.size() < 2 || a[0] != '-')
      return fail("unexpected argument '" + a + "'; configuration files stand behind -f or --.", true);
    if (a.starts_with("-d")) return debug_option(a);
    if (a.starts_with("-v")) return version_option(a);
    if (a == "-f") {
      std::string path;
      if (!text(a, path)) return false;
      out_.files.push_back(std::move(path));
      return true;
    }
    if (a == "-c") return task(Task::Check);
    if (a == "-cc") return text(a, out_.condition) && task(Task::Condition);
    if (a == "-h" || a == "--help" || a == "-?") return task(Task::Help);
    if (a == "-C") return text(a, out_.directory);
    if (a == "-L") return text(a, out_.local_peer);
    if (a == "-p") return text(a, out_.pid_file);
    if (a == "-n") return number(a, out_.maxconn);
    if (a == "-N") return number(a, out_.proxy_maxconn);
    if (a == "-m") return number(a, out_.memory_mb);
    if (a == "-V") return set(out_.verbose);
    if (a == "-q") return set(out_.quiet);
    if (a == "-D") return set(out_.daemon);
    if (a == "-W") return set(out_.master);
    if (a == "-Ws") return set(out_.master) && set(out_.notify) && set(out_.foreground);
    if (a == "-S") return master_socket(a);
    if (a == "-sf" || a == "-st") return old_processes(a);
    if (a == "-x") return text(a, out_.take_from);
    if (a == "-4") return refuse(a, "there are no resolvers");
    return fail("unknown option '" + a + "'.", true);
  }

  static bool set(bool& flag) noexcept {
    flag = true;
    return true;
  }
  bool task(Task t) noexcept {
    out_.task = t;
    return true;
  }

  bool master_socket(const std::string& a) {
    std::string address;
    if (!text(a, address)) return false;
    out_.master_sockets.push_back(std::move(address));
    return true;
  }
  // Up to the next option; an empty list is fine, it may be the output of pidof.
  bool old_processes(const std::string& a) {
    out_.finish_signal = a == "-sf" ? SIGUSR1 : SIGTERM;
    while (pos_ + 1 < args_.size() && !args_[pos_ + 1].starts_with('-')) {
      const std::string& word = args_[++pos_];
      const auto pid = base::parse_int<int>(word);
      if (!pid || *pid <= 0) return fail("'" + a + "' expects process numbers, got '" + word + "'.");
      out_.old_pids.push_back(*pid);
    }
    return true;
  }

  bool version_option(const std::string& a) {
    if (a == "-v") return task(Task::Version);
    if (a == "-vv") return task(Task::Details);
    if (a == "-vq") return task(Task::VersionOnly);
    if (a == "-vqs") return task(Task::VersionShort);
    if (a == "-vqb") return task(Task::VersionBranch);
    return fail("unknown option '" + a + "'.", true);
  }

  bool debug_option(const std::string& a) {
    if (a == "-d") {
      out_.debug = true;
      return set(out_.foreground);
    }
    const std::string_view rest = std::string_view(a).substr(3);
    const bool bare = rest.empty();
    switch (a[2]) {
      case 'b':
        if (bare) return set(out_.foreground);
        break;
      case 'C':
        return dump_option(a, rest);
      case 'D':
        if (bare) return set(out_.diagnostics);
        break;
      case 'I':
        if (bare) return set(out_.insecure_fork);
        break;
      case 'K':
        return keyword_option(rest);
      case 'L':
        if (bare) return set(out_.dump_libraries);
        break;
      case 'M':
        return memory_option(a, rest);
      case 'R':
        if (bare) return clear(out_.reuseport);
        break;
      case 'S':  // no splice; without data fast-forward or zero-copy there is none either
      case 'F':
      case 'Z':
        if (bare) return clear(out_.splice);
        break;
      case 'W':
        if (bare) return set(out_.zero_warning);
        break;
      case 'e':
        if (bare) return clear(out_.epoll);
        break;
      case 'p':
        if (bare) return clear(out_.poll);
        break;
      case 'r':
        if (bare) return set(out_.ignore_resolution_failures);
        break;
      case 'k':
        if (bare) return clear(out_.kqueue);
        break;
      case 'v':  // no event ports, no kTLS, certificates of servers not looked at: nothing of that is ever used here
      case 'T':
      case 'V':
      case 'G':  // the C library resolves names with getaddrinfo() or without; it has only one answer
        if (bare) return true;
        break;
      case 'A':
        return refuse("-dA", "see -dL for the list of libraries");
      case 'c':
        return refuse("-dc", "CPU topology is not looked at");
      case 't':
        return refuse("-dt", "there are no trace sources");
      default:
        break;
    }
    return fail("unknown option '" + a + "'.", true);
  }
  static bool clear(bool& flag) noexcept {
    flag = false;
    return true;
  }

  bool dump_option(const std::string& a, std::string_view key) {
    out_.dump_config = true;
    out_.dump_key = 0;
    if (key.empty()) return true;
    out_.dump_key = base::parse_int<std::uint32_t>(key);
    if (!out_.dump_key) return fail("'" + a + "': the key is a number from 0 to 4294967295.");
    return true;
  }
  bool keyword_option(std::string_view classes) {
    if (classes == "help" || classes.empty()) return task(Task::KeywordHelp);
    static constexpr std::string_view kClasses[] = {"all", "acl", "cfg", "cli", "cnv",
                                                    "flt", "smp", "svc", "bnd", "srv"};
    while (!classes.empty()) {
      const auto comma = classes.find(',');
      const std::string_view c = classes.substr(0, comma);
      if (std::find(std::begin(kClasses), std::end(kClasses), c) == std::end(kClasses)) {
        return fail("unknown keyword class '" + std::string(c) + "'; see -dKhelp.");
      }
      out_.keyword_classes.emplace_back(c);
      classes = comma == std::string_view::npos ? std::string_view() : classes.substr(comma + 1);
    }
    return true;
  }
  // -dM[<byte>[,]][poison|no-poison|help]
  bool memory_option(const std::string& a, std::string_view rest) {
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] != ',' && !(digits == 0 && !base::is_digit(rest[0]))) ++digits;
    if (rest.empty() || digits == 0) {
      out_.poison = 0x50;
    } else {
      std::string_view byte = rest.substr(0, digits);
      int base = 10;
      if (byte.starts_with("0x")) {
        base = 16;
        byte.remove_prefix(2);
      }
      unsigned v = 0;
      const auto r = std::from_chars(byte.data(), byte.data() + byte.size(), v, base);
      if (r.ec != std::errc{} || r.ptr != byte.data() + byte.size() || v > 255)
        return fail("'" + a + "': the byte is a number from 0 to 255.");
      out_.poison = static_cast<std::uint8_t>(v);
    }
    rest.remove_prefix(digits);
    while (!rest.empty()) {
      if (rest[0] == ',') rest.remove_prefix(1);
      const auto comma = rest.find(',');
      const std::string_view word = rest.substr(0, comma);
      if (word == "help") return task(Task::MemoryHelp);
      if (word == "no-poison") {
        out_.poison.reset();
      } else if (word != "poison" && !word.empty()) {
        return refuse("-dM" + std::string(word), "memory options are 'poison' and 'no-poison'");
      }
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma);
    }
    return true;
  }

  const std::vector<std::string>& args_;
  std::size_t pos_ = 0;
  CommandLine out_;
  CommandLineError error_;
};

}  // namespace

base::Result<CommandLine, CommandLineError> parse_command_line(const std::vector<std::string>& args) {
  return Reader(args).run();
}

std::string usage(std::string_view name) {
  std::string s = "Usage : ";
  s += name;
  s += R"( [-f <cfgfile|cfgdir>]* [ -vdV ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]

  Starting
        -f <file|dir> configuration file, or directory whose *.cfg files are read in order; may be repeated
        -- <file>*    all that follows are configuration files
        -C <dir>      changes to <dir> before loading files
        -p <file>     writes the process number into <file>
        -d            debug mode: stays in the foreground, verbose
        -db           stays in the foreground
        -D            goes into the background
        -W / -Ws      a master process that runs workers; with notifications for systemd
        -S <address>  with -W: the master's own command socket; bind options behind commas
        -sf / -st <pid>*  once started, tells these to finish / to end
        -x <socket>   takes over the listening sockets of the process behind this stats socket
        -V / -q       verbose mode / quiet mode

  Checking
        -c            only checks the configuration: 0 = good, 1 = errors, 2 = nothing to listen on
        -cc <cond>    evaluates a condition as '.if' does: 0 = true, 1 = false, 2 = error
        -dW           fails if any warning is emitted
        -dD           diagnostic mode: warns about suspicious statements
        -dr           ignores server address resolution failures
        -dC[<key>]    shows the configuration as it was read; with a key, names and addresses are hidden

  Limits
        -n <number>   maximum total number of connections
        -N <number>   default maximum number of connections per proxy
        -m <megs>     limits the usable memory

  System
        -de / -dp     no epoll() / no poll()
        -dS -dF -dZ   no splice()
        -dR           no SO_REUSEPORT
        -dI           new processes may be made at run time
        -dM[<byte>]   fills allocated memory with <byte> (0x50); see -dMhelp
        -L <name>     local peer name (host name)

  About
        -v            version;  -vv  with build options and what is there
        -vq -vqs -vqb only the version, the short version, the branch
        -dK<class>    lists the keywords; see -dKhelp
        -dL           lists the loaded libraries
        -h, --help    this text

  A first try:  )";
  s += name;
  s += R"( -c -V -f examples/quickstart.cfg
  Signals: TERM and INT stop at once, USR1 lets connections end first, TTOU and TTIN pause and resume,
  HUP and QUIT dump states and memory; to a master USR2 and HUP mean reload.
)";
  return s;
}

}  // namespace sluice::process
