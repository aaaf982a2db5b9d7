#include "sluice/process/program.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "process/ctl.h"
#include "process/features.h"
#include "process/keyword_listing.h"
#include "process/master/master.h"
#include "process/master/master_link.h"
#include "process/master/program_call.h"
#include "sluice/base/unique_fd.h"
#include "sluice/policy/log_format.h"
#include "sluice/process/limits.h"
#include "sluice/process/modules.h"
#include "sluice/version.h"

namespace sluice::process {

namespace {

using Task = CommandLine::Task;
using ops::Console;

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

class Program {
 public:
  explicit Program(std::string_view argv0) { launch_.identity = identify(argv0); }

  int run(const std::vector<std::string>& args) {
    auto command = parse_command_line(args);
    if (!command) return refuse(command.error());
    launch_.command = std::move(*command);
    if (const auto status = answer_at_once()) return *status;
    launch_.console.set_quiet(launch_.command.quiet);
    if (launch_.command.poison) ::mallopt(M_PERTURB, *launch_.command.poison ^ 0xff);
    prepare_environment();
    // A worker begins where its master stands.
    if (launch_.master == nullptr && !launch_.command.directory.empty() &&
        ::chdir(launch_.command.directory.c_str()) != 0) {
      return fatal("Could not change to directory " + launch_.command.directory + " : " + std::strerror(errno));
    }
    if (launch_.command.task == Task::Condition) return condition();
    if (launch_.command.task == Task::Run && launch_.command.master && launch_.master == nullptr) return run_master();
    const int status = read() ? finish() : 1;
    // The master shows what kept its worker from starting.
    if (status != 0 && launch_.master != nullptr) launch_.master->tell_log(launch_.console.startup_logs());
    return status;
  }

  void set_argv(std::vector<std::string> argv) {
    call_ = find_program(argv, launch_.identity);
    launch_.argv = std::move(argv);
  }

 private:
  // -- what needs no configuration

  std::optional<int> answer_at_once() {
    const Identity& id = launch_.identity;
    switch (launch_.command.task) {
      case Task::Version:
        print(version_text(id));
        return 0;
      case Task::Details:
        print(details(id));
        return 0;
      case Task::VersionOnly:
        print(id.version + "\n");
        return 0;
      case Task::VersionShort:
        print((id.compatible ? std::string(kLanguageVersion) : id.version) + "\n");
        return 0;
      case Task::VersionBranch:
        print(branch() + "\n");
        return 0;
      case Task::Help:
        print(usage(id.name));
        return 0;
      case Task::KeywordHelp:
        print(keyword_class_help());
        return 0;
      case Task::MemoryHelp:
        print(
            "-dM[<byte>][,<option>]*: fills memory with <byte> when it is allocated.\nOptions:\n  poison / no-poison : "
            "as if the byte was given / not given\n");
        return 0;
      default:
        return std::nullopt;
    }
  }

  [[nodiscard]] std::string branch() const {
    if (launch_.identity.compatible) return std::string(kLanguageLevel);
    return std::string(kVersion.substr(0, kVersion.rfind('.')));
  }

  int refuse(const CommandLineError& e) {
    if (!e.message.empty()) launch_.console.say(Console::Severity::Alert, e.message);
    if (e.show_usage) launch_.console.print(version_text(launch_.identity) + usage(launch_.identity.name));
    return 1;
  }

  int fatal(std::string_view message) {
    introduce(launch_);
    launch_.console.say(Console::Severity::Alert, message);
    return 1;
  }

  int condition() {
    std::string error;
    std::size_t at = 0;
    const auto v = config::evaluate_condition(launch_.command.condition, &launch_.env, facts(), error, at);
    if (v) return *v ? 0 : 1;
    introduce(launch_);
    launch_.console.say(Console::Severity::Alert, "config : Failed to evaluate condition: " + error);
    if (!launch_.command.condition.empty()) {
      launch_.console.print("    " + launch_.command.condition + "\n    " + std::string(at, ' ') + "^\n");
    }
    return 2;
  }

  [[nodiscard]] config::Facts facts() const {
    const CommandLine& c = launch_.command;
    return build_facts(c.epoll, c.poll, c.splice, c.reuseport);
  }

  // -- configuration

  // Manual 2.3. What is known only later is set by publish_environment().
  void prepare_environment() {
    launch_.env = config::Environment::of_process();
    auto& e = launch_.env;
    e.set("HAPROXY_STARTUP_VERSION", kLanguageVersion);
    e.set("HAPROXY_BRANCH", kLanguageLevel);
    e.set("HAPROXY_HTTP_LOG_FMT", policy::kHttpLogFormat);
    e.set("HAPROXY_HTTPS_LOG_FMT", policy::kHttpsLogFormat);
    e.set("HAPROXY_TCP_LOG_FMT", policy::kTcpLogFormat);
    e.set("HAPROXY_HTTP_CLF_LOG_FMT", policy::kClfHttpLogFormat);
    e.set("HAPROXY_TCP_CLF_LOG_FMT", policy::kClfTcpLogFormat);
    launch_.master = MasterLink::find(e);
    e.unset("HAPROXY_MWORKER");
    e.unset("HAPROXY_MASTER_CLI");
    if (launch_.master != nullptr) {
      e.set("HAPROXY_MWORKER", "1");
      if (const std::string s = master_sockets_text(launch_.command); !s.empty()) e.set("HAPROXY_MASTER_CLI", s);
    }
    e.unset("HAPROXY_CLI");
    e.unset("HAPROXY_CFGFILES");
    e.set("HAPROXY_LOCALPEER", launch_.command.local_peer.empty() ? host_name() : launch_.command.local_peer);
  }

  static std::string host_name() {
    char name[256] = "";
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
  }

  void publish_environment() {
    if (!launch_.global.local_peer.empty()) launch_.env.set("HAPROXY_LOCALPEER", launch_.global.local_peer);
    std::string files;
    for (std::uint32_t i = 0; i < launch_.document.sources.size(); ++i) {
      if (!files.empty()) files += ';';
      files += launch_.document.sources.path(i);
    }
    launch_.env.set("HAPROXY_CFGFILES", files);
    if (const std::string s = stats_sockets_text(launch_.document); !s.empty()) launch_.env.set("HAPROXY_CLI", s);
    ::clearenv();
    for (const auto& [name, value] : launch_.env.all()) ::setenv(name.c_str(), value.c_str(), 1);
  }

  bool read() {
    std::vector<config::InputFile> files;
    if (!config::load_files(launch_.command.files, files, launch_.diag)) {
      report();
      return false;
    }
    register_all(table_);
    config::ParseOptions options;
    options.env = &launch_.env;
    options.facts = facts();
    options.keep_lines = launch_.command.dump_config;
    config::parse(std::move(files), table_, options, launch_.document, launch_.diag);
    const config::Section* global = launch_.document.global();
    launch_.global = effective(global == nullptr ? GlobalSpec{} : global->parts.view<GlobalSpec>(), launch_.command);
    launch_.console.set_quiet(launch_.global.quiet);
    publish_environment();
    build(launch_);
    return report();
  }

  // False when there are errors.
  bool report() {
    const config::Diagnostics& diag = launch_.diag;
    if (launch_.command.dump_config) print(config::dump(launch_.document, launch_.command.dump_key.value_or(0)));
    config::Diagnostics::RenderOptions options;
    options.pid = ::getpid();
    options.show_diag = launch_.command.diagnostics;
    options.color = !launch_.global.quiet && ::isatty(STDERR_FILENO) == 1;
    if (diag.errors() + diag.warnings() != 0) introduce(launch_);
    launch_.console.print(diag.render(launch_.document.sources, options));
    if (!diag.failed()) return true;
    std::vector<bool> wrong(launch_.document.sources.size());
    for (const config::Diagnostic& d : diag.all()) {
      if (d.severity == config::Severity::Alert && d.at.file < wrong.size()) wrong[d.at.file] = true;
    }
    for (std::uint32_t i = 0; i < wrong.size(); ++i) {
      if (!wrong[i]) continue;
      launch_.console.say(Console::Severity::Alert, "config : Error(s) found in configuration file : " +
                                                        std::string(launch_.document.sources.path(i)));
    }
    if (launch_.document.sources.size() != 0)
      launch_.console.say(Console::Severity::Alert, "config : Fatal errors found in configuration.");
    return false;
  }

  // -- after a configuration without errors

  int finish() {
    if (launch_.global.zero_warning && launch_.diag.warnings() != 0) {
      return fatal("config : Some warnings were found and 'zero-warning' is set. Aborting.");
    }
    for (const std::string& cls : launch_.command.keyword_classes) print(keyword_listing(table_, cls));
    if (launch_.command.dump_libraries) print(loaded_libraries());
    if (launch_.command.task == Task::Check) return checked();
    if (launch_.global.master_worker && launch_.master == nullptr) return start_again_as_master();
    if (launch_.listeners == 0) {
      return fatal("[" + launch_.identity.name +
                   ".main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
    }
    if (launch_.command.memory_mb) {
      if (auto r = apply_memory_limit(*launch_.command.memory_mb); !r)
        return fatal("[" + launch_.identity.name + ".main()] " + r.error());
    }
    return serve(launch_);
  }

  // -- master and workers

  int run_master() {
    const bool daemon = (launch_.command.daemon || daemon_wanted()) && !launch_.command.foreground;
    return Master(launch_, call_).run(daemon);
  }

  // The keyword "daemon" matters before the first worker is there: a child looks for it and forgets the rest.
  bool daemon_wanted() {
    if (launch_.command.foreground) return false;
    const pid_t child = ::fork();
    if (child == 0) {
      launch_.console.set_fd(-1);
      (void)read();
      ::_exit(launch_.global.daemon ? 1 : 0);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1;
  }

  // "master-worker" in the configuration: what has been read is of no use to the master.
  int start_again_as_master() {
    std::vector<std::string> args = launch_.argv;
    args.insert(args.begin() + 1, "-W");
    std::vector<char*> argv;
    for (std::string& a : args) argv.push_back(a.data());
    argv.push_back(nullptr);
    if (!launch_.command.directory.empty()) (void)!::fchdir(start_directory_.get());
    ::execv(call_.path.c_str(), argv.data());
    return fatal("Cannot run " + call_.path + ": " + std::strerror(errno));
  }

  int checked() {
    if (!launch_.global.quiet && launch_.diag.warnings() != 0) print("Warnings were found.\n");
    if (launch_.listeners == 0) {
      if (!launch_.global.quiet)
        print("Configuration file has no error but will not start (no listener) => exit(2).\n");
      return 2;
    }
    if (launch_.command.verbose && !launch_.command.quiet) print("Configuration file is valid\n");
    return 0;
  }

  config::KeywordTable table_;
  ProgramCall call_;
  base::UniqueFd start_directory_{::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  Launch launch_;
};

}  // namespace

void introduce(Launch& launch) {
  if (launch.introduced) return;
  launch.introduced = true;
  launch.console.say(Console::Severity::Notice, launch.identity.name + " version is " + launch.identity.version);
  launch.console.say(Console::Severity::Notice, "path to executable is " + launch.identity.executable);
}

bool write_pid_file(Launch& launch) {
  const std::string& path = launch.global.pid_file;
  if (path.empty()) return true;
  const base::UniqueFd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644));
  const std::string text = std::to_string(::getpid()) + "\n";
  if (fd.valid() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return true;
  launch.console.say(Console::Severity::Alert, "[" + launch.identity.name + ".main()] Cannot create pidfile " + path +
                                                   " : " + std::strerror(errno));
  return false;
}

int run(int argc, char** argv) {
  std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!args.empty() && args.front() == "ctl") return run_ctl({args.begin() + 1, args.end()});
  // On the heap and never destroyed: threads that are still ending may look at it.
  static Program* program = nullptr;
  program = new Program(argc > 0 ? argv[0] : "sluice");
  program->set_argv({argv, argv + argc});
  return program->run(args);
}

}  // namespace sluice::process
