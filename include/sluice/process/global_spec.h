// The global section as written (manual 3), apart from what belongs to other rooms (log, stats socket: ops; unix-bind:
// net). Plain data; the command line wins over it, see effective(). Thread: start-up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/config/source.h"
#include "sluice/net/bind_spec.h"
#include "sluice/process/command_line.h"
#include "sluice/process/cpu_policy.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::process {

struct GlobalSpec {
  // -- threads
  unsigned threads = 0;                      // nbthread; 0 = one per allowed CPU
  std::vector<runtime::CpuSet> thread_cpus;  // cpu-map, by thread number; empty sets are not pinned
  runtime::CpuSet default_cpus;              // cpu-map 1: of all threads without a set of their own
  CpuChoice cpu_choice;                      // cpu-set, cpu-policy, cpu-affinity; cpu-map goes before what they bind
  bool busy_poll = false;                    // busy-polling
  net::Shards default_shards;                // tune.listener.default-shards

  // -- limits; 0 = computed or the system's
  std::uint32_t maxconn = 0;
  std::uint32_t ulimit_n = 0;
  std::uint32_t fd_hard_limit = 0;
  std::uint32_t max_pipes = 0;      // maxpipes
  std::uint32_t max_conn_rate = 0;  // maxconnrate, per second
  std::uint32_t max_sess_rate = 0;  // maxsessrate, per second
  std::uint32_t proxy_maxconn = 0;  // -N: default of proxies
  bool strict_limits = true;

  // -- what the system offers
  bool epoll = true, poll = true, kqueue = true, splice = true, reuseport = true;

  // -- tune.*
  std::uint64_t buffer_bytes = 16384;              // tune.bufsize
  std::optional<std::uint64_t> max_rewrite_bytes;  // tune.maxrewrite; unset: 1024, at most half a buffer
  unsigned max_headers = 101;                      // tune.http.maxhdr
  bool h1_any_payload = false;                     // h1-accept-payload-with-any-method
  bool h1_keep_suspect = false;                    // h1-do-not-close-on-insecure-transfer-encoding
  std::uint32_t log_uri_bytes = 1024;              // tune.http.logurilen
  int max_accept = 0;                              // tune.maxaccept; 0 = built-in, -1 = no limit
  unsigned max_poll_events = 200;                  // tune.maxpollevents
  unsigned run_queue_depth = 0;                    // tune.runqueue-depth; 0 = built-in
  std::uint64_t pipe_bytes = 0;                    // tune.pipesize; 0 = the system's
  int client_rcvbuf = 0, client_sndbuf = 0, server_rcvbuf = 0, server_sndbuf = 0;  // 0 = the system's

  // -- stopping
  base::Millis grace{0};                        // between SIGUSR1 and the soft stop
  base::Millis close_spread{0};                 // close-spread-time; kNoTimeout = "infinite"
  std::optional<base::Millis> hard_stop_after;  // counted from SIGUSR1

  // -- master and workers
  bool master_worker = false;       // master-worker
  bool no_exit_on_failure = false;  // master-worker no-exit-on-failure
  std::uint32_t max_reloads = 50;   // mworker-max-reloads

  // -- identity and rights
  std::string user, group;  // names as written; resolved into the numbers below
  std::optional<unsigned> uid, gid;
  std::string chroot;  // "" = none, "auto" = an anonymous empty directory
  std::string pid_file;
  std::string node;  // "" = host name
  std::string description;
  std::string local_peer;          // "" = host name
  std::uint64_t capabilities = 0;  // setcap: kept when the user changes
  bool insecure_fork = false;      // insecure-fork-wanted
  bool insecure_setuid = false;    // insecure-setuid-wanted
  bool dumpable = false;           // set-dumpable
  bool daemon = false;             // `daemon`, -D, and nothing that keeps it in the foreground

  // -- reporting
  bool quiet = false;
  bool zero_warning = false;

  // h1-case-adjust and h1-case-adjust-file: lower-case name, wanted form; both live as long as the spec.
  std::vector<std::pair<std::string, std::string>> case_adjust;
};

// What counts: the section with the command line applied on top.
GlobalSpec effective(const GlobalSpec& section, const CommandLine& command);

// What cpu-map ties a thread to, by thread number, for runtime::ThreadGroupOptions::cpus; empty without cpu-map.
std::vector<runtime::CpuSet> cpu_sets(const GlobalSpec& spec, unsigned threads);

}  // namespace sluice::process
