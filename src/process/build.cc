// build(): from the Document to the Model, with the limits and settings of the global section.
#include <unistd.h>

#include "process/cpu_topology.h"
#include "process/running.h"
#include "sluice/backend/spec.h"
#include "sluice/model/model.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/process/limits.h"
#include "sluice/process/program.h"

namespace sluice::process {

namespace {

constexpr unsigned kMaxAccept = 64;

FdNeeds count_needs(const config::Document& document, unsigned threads) {
  FdNeeds needs;
  needs.threads = threads;
  for (const config::Section& s : document.sections) {
    if (const auto* binds = s.parts.find<net::BindSpecs>()) {
      for (const net::BindSpec& b : binds->binds)
        needs.listeners +=
            threads * (b.address.port_kind == net::PortKind::Range ? b.address.port_last - b.address.port + 1U : 1U);
    }
    if (const auto* backend = s.parts.find<backend::BackendSpec>()) {
      for (const backend::ServerSpec& server : backend->servers) needs.checks += server.options.check ? 1 : 0;
    }
    if (const auto* stats = s.parts.find<ops::StatsSpec>())
      needs.others += static_cast<std::uint32_t>(stats->sockets.size()) + stats->maxconn;
  }
  needs.others += 8;
  return needs;
}

// How many, and where they run.
void choose_threads(const GlobalSpec& g, Running& running) {
  CpuChoice choice = g.cpu_choice;
  const bool mapped = !g.default_cpus.empty() || !g.thread_cpus.empty();
  if (mapped) choice.policy = CpuPolicy::None;  // manual 3.1 "cpu-policy"
  CpuPlan plan = choose_cpus(choice, g.threads, runtime::CpuSet::allowed(), read_topology());
  running.threads = plan.threads;
  running.cpus = mapped ? cpu_sets(g, plan.threads) : std::move(plan.cpus);
}

// manual 5.1 "thread": somebody has to accept.
void check_threads(const model::Model& model, unsigned threads, config::Diagnostics& diag) {
  for (const model::Listener& l : model.listeners) {
    if (!l.spec->threads) continue;
    bool any = false;
    for (unsigned t = 0; t < threads; ++t) any = any || l.spec->threads->test(t);
    if (!any)
      diag.error(l.spec->at,
                 "'bind' : none of the threads of 'thread' is there, they are numbered from 1 to " +
                     std::to_string(threads) + ".",
                 "the number of threads is set by 'nbthread'");
  }
}

}  // namespace

void build(Launch& launch) {
  auto running = std::make_shared<Running>();
  launch.built = running;
  const GlobalSpec& g = launch.global;
  choose_threads(g, *running);
  const auto [soft, hard] = fd_limits();
  running->limits = compute_limits(g, count_needs(launch.document, running->threads), soft, hard);

  model::BuildOptions options;
  proxy::GlobalSettings& s = options.settings;
  s.threads = running->threads;
  s.buffer_bytes = g.buffer_bytes;
  s.h1_any_payload = g.h1_any_payload;
  s.h1_keep_suspect = g.h1_keep_suspect;
  s.max_rewrite_bytes = g.max_rewrite_bytes ? *g.max_rewrite_bytes : std::min<std::uint64_t>(1024, g.buffer_bytes / 2);
  s.max_headers = g.max_headers;
  s.pipe_bytes = g.pipe_bytes;
  s.max_pipes = running->limits.max_pipes != 0 ? running->limits.max_pipes : std::size_t{256} * running->threads;
  s.splice = g.splice;
  s.max_accept = g.max_accept > 0 ? static_cast<unsigned>(g.max_accept) : g.max_accept < 0 ? 1U << 20 : kMaxAccept;
  s.log_uri_bytes = g.log_uri_bytes;
  s.maxconn = running->limits.maxconn;
  s.client_rcvbuf = g.client_rcvbuf;
  s.client_sndbuf = g.client_sndbuf;
  s.server_rcvbuf = g.server_rcvbuf;
  s.server_sndbuf = g.server_sndbuf;

  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  running->hostname = host;
  running->node = g.node.empty() ? running->hostname : g.node;
  options.facts.hostname = running->hostname;
  options.facts.node = running->node;
  options.facts.pid = static_cast<std::uint32_t>(::getpid());
  options.facts.threads = running->threads;
  options.facts.start_wall_us =
      std::chrono::duration_cast<base::Micros>(base::WallClock::now().time_since_epoch()).count();
  options.program = launch.identity.name;
  options.proxy_maxconn = g.proxy_maxconn;
  options.resolve_names = !launch.command.ignore_resolution_failures;
  options.console = &launch.console;
  options.case_adjust = g.case_adjust;
  running->model = model::build(launch.document, std::move(options), launch.diag);
  if (running->model != nullptr) {
    launch.listeners = running->model->listeners.size();
    running->model->global.limits.connection_rate.store(g.max_conn_rate, std::memory_order_relaxed);
    running->model->global.limits.session_rate.store(g.max_sess_rate, std::memory_order_relaxed);
    check_threads(*running->model, running->threads, launch.diag);
  }
  // As for the reference, a stats socket is enough to start: a fresh installation has nothing else.
  if (const config::Section* global = launch.document.global()) {
    if (const auto* stats = global->parts.find<ops::StatsSpec>()) launch.listeners += stats->sockets.size();
  }
}

}  // namespace sluice::process
