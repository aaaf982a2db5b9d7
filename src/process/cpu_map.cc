#include "process/cpu_map.h"

#include <optional>

#include "sluice/base/strings.h"
#include "sluice/process/global_spec.h"

namespace sluice::process {

namespace {

using runtime::CpuSet;

struct Range {
  unsigned from;
  unsigned to;
};

// "3", "1-4", "2-": the open end is `last`.
std::optional<Range> parse_range(std::string_view text, unsigned first, unsigned last) {
  const auto dash = text.find('-');
  const auto from = base::parse_int<unsigned>(text.substr(0, dash));
  if (!from || *from < first || *from > last) return std::nullopt;
  if (dash == std::string_view::npos) return Range{*from, *from};
  const std::string_view end = text.substr(dash + 1);
  if (end.empty()) return Range{*from, last};
  const auto to = base::parse_int<unsigned>(end);
  if (!to || *to < *from || *to > last) return std::nullopt;
  return Range{*from, *to};
}

// Thread numbers from 1: all | odd | even | number[-[number]]
std::optional<std::vector<unsigned>> parse_threads(std::string_view text) {
  std::vector<unsigned> out;
  Range r{1, runtime::kMaxThreads};
  unsigned step = 1;
  if (text == "odd") {
    step = 2;
  } else if (text == "even") {
    r.from = 2;
    step = 2;
  } else if (text != "all") {
    const auto given = parse_range(text, 1, runtime::kMaxThreads);
    if (!given) return std::nullopt;
    r = *given;
  }
  for (unsigned i = r.from; i <= r.to; i += step) out.push_back(i);
  return out;
}

// One word of CPU numbers and ranges with commas between them.
bool add_cpus(std::string_view text, CpuSet& out) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto r = parse_range(text.substr(0, comma), 0, CpuSet::kMaxCpus - 1);
    if (!r) return false;
    for (unsigned i = r->from; i <= r->to; ++i) out.bits.set(i);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
  return false;
}

void pin(GlobalSpec& spec, unsigned thread, const CpuSet& cpus) {
  if (spec.thread_cpus.size() < thread) spec.thread_cpus.resize(thread);
  spec.thread_cpus[thread - 1] = cpus;
}

}  // namespace

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
      parse_threads(slash == std::string_view::npos ? std::string_view("all") : text.substr(slash + 1));
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
      for (const unsigned t : *threads) pin(spec, t, cpus);
    }
    return;
  }
  const std::string_view range = slash == std::string_view::npos ? std::string_view("all") : text.substr(slash + 1);
  const bool open = range == "all" || range == "odd" || range == "even" || range.ends_with('-');
  if (!open && threads->size() != cpus.count()) {
    c.error(where,
            "'cpu-map' : thread range and CPU sets must have the same size to be able to automatically bind threads to "
            "CPUs.",
            std::to_string(threads->size()) + " threads, " + std::to_string(cpus.count()) + " CPUs");
    return;
  }
  std::size_t next = 0;
  for (std::size_t cpu = 0; cpu < CpuSet::kMaxCpus && next < threads->size(); ++cpu) {
    if (!cpus.bits.test(cpu)) continue;
    CpuSet one;
    one.bits.set(cpu);
    pin(spec, (*threads)[next++], one);
  }
}

}  // namespace sluice::process
