#include "sluice/process/global_spec.h"

namespace sluice::process {

GlobalSpec effective(const GlobalSpec& section, const CommandLine& command) {
  GlobalSpec s = section;
  s.epoll = s.epoll && command.epoll;
  s.poll = s.poll && command.poll;
  s.kqueue = s.kqueue && command.kqueue;
  s.splice = s.splice && command.splice;
  s.reuseport = s.reuseport && command.reuseport;
  if (command.maxconn) s.maxconn = *command.maxconn;
  if (command.proxy_maxconn) s.proxy_maxconn = *command.proxy_maxconn;
  if (!command.pid_file.empty()) s.pid_file = command.pid_file;
  if (!command.local_peer.empty()) s.local_peer = command.local_peer;
  s.insecure_fork = s.insecure_fork || command.insecure_fork;
  s.daemon = (s.daemon || command.daemon) && !command.foreground;
  s.zero_warning = s.zero_warning || command.zero_warning;
  s.quiet = command.quiet || (s.quiet && !command.verbose && !command.debug);
  return s;
}

std::vector<runtime::CpuSet> cpu_sets(const GlobalSpec& spec, unsigned threads) {
  std::vector<runtime::CpuSet> out(threads);
  bool any = false;
  for (unsigned i = 0; i < threads; ++i) {
    if (i < spec.thread_cpus.size() && !spec.thread_cpus[i].empty()) {
      out[i] = spec.thread_cpus[i];
    } else {
      out[i] = spec.default_cpus;
    }
    any = any || !out[i].empty();
  }
  if (!any) out.clear();
  return out;
}

}  // namespace sluice::process
