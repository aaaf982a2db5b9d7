#include "process/cpu_map.h"

#include "sluice/base/number_range.h"
#include "sluice/process/global_spec.h"
#include "sluice/runtime/thread_set.h"

namespace sluice::process {

namespace {

using runtime::CpuSet;

// thread: from 0.
void pin(GlobalSpec& spec, std::size_t thread, const CpuSet& cpus) {
  if (spec.thread_cpus.size() <= thread) spec.thread_cpus.resize(thread + 1);
  spec.thread_cpus[thread] = cpus;
}

}  // namespace

bool add_cpus(std::string_view text, CpuSet& out) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto r = base::parse_number_range(text.substr(0, comma), 0, CpuSet::kMaxCpus - 1);
    if (!r) return false;
    for (unsigned i = r->from; i <= r->to; ++i) out.bits.set(i);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
  return false;
}

void on_cpu_map(config::KeywordContext& c) {
  auto& spec = c.part<GlobalSpec>();
  const config::Token& where = c.arg(0);
  std::string_view text = where.text;
  const bool automatic = text.starts_with("auto:");
  if (automatic) text.remove_prefix(5);
  const auto slash = text.find('/');
  const std::string_view group = text.substr(0, slash);
  if (group != "1" && group != "all" && group != "odd" && group != "1-") {
    c.error(where, "'cpu-map' : invalid thread group '" + std::string(group) + "'.",
            "there is one thread group: cpu-map [auto:]1[/<threads>] <cpus>");
    return;
  }
  const auto threads =
      runtime::parse_thread_set(slash == std::string_view::npos ? std::string_view("all") : text.substr(slash + 1));
  if (!threads) {
    c.error(where, "'cpu-map' : invalid thread range '" + std::string(text) + "'.",
            "threads are numbered from 1: 1/1-4, 1/all, 1/odd, 1/even");
    return;
  }
  CpuSet cpus;
  for (const config::Token& t : c.args().subspan(1)) {
    if (!add_cpus(t.text, cpus)) {
      c.error(t, "'cpu-map' : invalid CPU set '" + std::string(t.text) + "'.", "CPUs are numbered from 0: 0-3,8");
      return;
    }
  }
  if (!automatic) {
    if (slash == std::string_view::npos || text.substr(slash + 1) == "all") {
      spec.default_cpus = cpus;
      spec.thread_cpus.clear();
    } else {
      for (std::size_t t = 0; t < threads->size(); ++t)
        if (threads->test(t)) pin(spec, t, cpus);
    }
    return;
  }
  const std::string_view range = slash == std::string_view::npos ? std::string_view("all") : text.substr(slash + 1);
  const bool open = range == "all" || range == "odd" || range == "even" || range.ends_with('-');
  if (!open && threads->count() != cpus.count()) {
    c.error(where,
            "'cpu-map' : thread range and CPU sets must have the same size to be able to automatically bind threads to "
            "CPUs.",
            std::to_string(threads->count()) + " threads, " + std::to_string(cpus.count()) + " CPUs");
    return;
  }
  std::size_t thread = 0;
  for (std::size_t cpu = 0; cpu < CpuSet::kMaxCpus; ++cpu) {
    if (!cpus.bits.test(cpu)) continue;
    while (thread < threads->size() && !threads->test(thread)) ++thread;
    if (thread == threads->size()) break;
    CpuSet one;
    one.bits.set(cpu);
    pin(spec, thread++, one);
  }
}

}  // namespace sluice::process
