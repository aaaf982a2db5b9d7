#include "process/master/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "process/master/master_link.h"

namespace sluice::process {

namespace {

constexpr std::size_t kMostLog = 1U << 20U;

// In the child, between fork and exec.
[[noreturn]] void become_worker(const ProgramCall& call, int channel, const std::string& sockets,
                                bool reload) noexcept {
  ::setenv(kChannelVariable, std::to_string(channel).c_str(), 1);
  ::setenv(kSocketsVariable, sockets.c_str(), 1);
  if (reload) ::setenv(kReloadVariable, "1", 1);
  for (int s = 1; s < 32; ++s) ::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> argv;
  for (const std::string& a : call.argv) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  ::execv(call.path.c_str(), argv.data());
  const std::string text =
      "[ALERT]    (" + std::to_string(::getpid()) + ") : Cannot run " + call.path + ": " + std::strerror(errno) + "\n";
  (void)!::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(127);
}

}  // namespace

WorkerProcess::~WorkerProcess() {
  if (channel_.valid()) loop_.unwatch(channel_.fd());
}

base::Result<void, std::string> WorkerProcess::start(const ProgramCall& call, const std::vector<base::UniqueFd>& given,
                                                     bool reload) {
  auto [channel, other] = Channel::make();
  if (!channel.valid()) return base::unexpected(std::string("Cannot create socketpair: ") + std::strerror(errno));
  std::string list;
  for (const base::UniqueFd& fd : given) list += (list.empty() ? "" : ",") + std::to_string(fd.get());
  started = base::Clock::now();
  pid = ::fork();
  if (pid < 0) return base::unexpected(std::string("Cannot fork: ") + std::strerror(errno));
  if (pid == 0) {
    for (const base::UniqueFd& fd : given) (void)::fcntl(fd.get(), F_SETFD, 0);
    (void)::fcntl(other.get(), F_SETFD, 0);
    become_worker(call, other.get(), list, reload);
  }
  channel_ = std::move(channel);
  loop_.watch(channel_.fd(), runtime::kIn, *this);
  return {};
}

void WorkerProcess::tell(int signo) const noexcept {
  if (pid > 0) (void)::kill(pid, signo);
}

std::string_view WorkerProcess::fact(std::string_view key) const noexcept {
  std::string_view rest = facts_;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=')
      return line.substr(key.size() + 1);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

void WorkerProcess::on_io(unsigned) noexcept {
  Message m;
  while (channel_.valid()) {
    switch (channel_.receive(m)) {
      case Channel::Got::Nothing:
        return;
      case Channel::Got::Closed:  // SIGCHLD says the rest
        loop_.unwatch(channel_.fd());
        channel_.close();
        return;
      case Channel::Got::Message:
        break;
    }
    if (state != State::Starting) continue;
    switch (m.note) {
      case Note::Facts:
        facts_ = m.text;
        break;
      case Note::Log:
        if (log.size() < kMostLog) log += m.text;
        break;
      case Note::Sockets:
        for (base::UniqueFd& fd : m.fds) sockets.push_back(std::move(fd));
        break;
      case Note::Ready:
        owner_.on_worker_ready(*this);
        break;
      case Note::Client:
        break;
    }
  }
}

}  // namespace sluice::process
