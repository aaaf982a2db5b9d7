#include "process/cpu_topology.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "process/cpu_map.h"
#include "sluice/base/strings.h"

namespace sluice::process {

namespace {

using runtime::CpuSet;

// The first word of a file; "" when it cannot be read.
std::string word_of(const std::string& path) {
  std::ifstream in(path);
  std::string word;
  in >> word;
  return word;
}

std::optional<unsigned> number_of(const std::string& path) { return base::parse_int<unsigned>(word_of(path)); }

CpuSet set_of(const std::string& path) {
  CpuSet out;
  if (!add_cpus(word_of(path), out)) return {};
  return out;
}

std::optional<unsigned> first_of(const CpuSet& set) {
  for (unsigned i = 0; i < CpuSet::kMaxCpus; ++i)
    if (set.bits.test(i)) return i;
  return std::nullopt;
}

// The CPUs that share its last-level cache: those of the highest index that is there.
CpuSet cache_neighbours(const std::string& cpu) {
  CpuSet out;
  unsigned level = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const std::string cache = cpu + "/cache/index" + std::to_string(i);
    const auto at = number_of(cache + "/level");
    if (!at) break;
    if (*at < level) continue;
    level = *at;
    out = set_of(cache + "/shared_cpu_list");
  }
  return level >= 2 ? out : CpuSet{};
}

unsigned strength_of(const std::string& cpu) {
  for (const char* file : {"/cpu_capacity", "/acpi_cppc/highest_perf", "/cpufreq/cpuinfo_max_freq"})
    if (const auto n = number_of(cpu + file); n && *n != 0) return *n;
  return 0;
}

// Of like strength: within 5 %. The strongest of such a band stands for it.
void number_clusters(std::vector<Cpu>& cpus) {
  std::map<unsigned, unsigned> band;  // strength -> band
  unsigned top = 0;
  std::set<unsigned, std::greater<>> strengths;
  for (const Cpu& c : cpus) strengths.insert(c.strength);
  for (const unsigned s : strengths) {
    if (top == 0 || s * 100ULL < top * 95ULL) top = s;
    band[s] = top;
  }
  std::map<std::pair<unsigned, unsigned>, unsigned> numbers;
  for (Cpu& c : cpus) c.cluster = numbers.emplace(std::pair(c.ccx, band[c.strength]), numbers.size()).first->second;
}

}  // namespace

std::vector<Cpu> read_topology(const std::string& root) {
  std::vector<Cpu> out;
  const CpuSet online = set_of(root + "/cpu/online");
  bool clusters = true;
  std::map<unsigned, unsigned> packages;
  for (unsigned i = 0; i < CpuSet::kMaxCpus; ++i) {
    if (!online.bits.test(i)) continue;
    const std::string cpu = root + "/cpu/cpu" + std::to_string(i);
    Cpu c;
    c.number = i;
    c.core = number_of(cpu + "/topology/core_id").value_or(i);
    const CpuSet siblings = set_of(cpu + "/topology/thread_siblings_list");
    c.first_of_core = first_of(siblings).value_or(i);
    for (unsigned s = 0; s < i; ++s) c.thread += siblings.bits.test(s) ? 1U : 0U;
    packages[i] = number_of(cpu + "/topology/physical_package_id").value_or(0);
    // Where there is no cache to go by the package is what is near.
    const CpuSet cache = cache_neighbours(cpu);
    if (const auto first = first_of(cache)) {
      c.ccx = *first;
    } else {
      c.ccx =
          std::find_if(packages.begin(), packages.end(), [&](const auto& p) { return p.second == packages[i]; })->first;
    }
    constexpr unsigned kNone = 65535;
    const auto cluster = number_of(cpu + "/topology/cluster_id");
    clusters = clusters && cluster && *cluster != kNone;
    c.cluster = cluster.value_or(0);
    c.strength = strength_of(cpu);
    out.push_back(c);
  }
  if (!clusters) number_clusters(out);
  std::map<std::tuple<unsigned, unsigned>, unsigned> first_of_cluster;  // package and number -> CPU
  for (Cpu& c : out)
    c.first_of_cluster = first_of_cluster.emplace(std::tuple(packages[c.number], c.cluster), c.number).first->second;
  const CpuSet nodes = set_of(root + "/node/online");
  for (unsigned n = 0; n < CpuSet::kMaxCpus; ++n) {
    if (!nodes.bits.test(n)) continue;
    const CpuSet cpus = set_of(root + "/node/node" + std::to_string(n) + "/cpulist");
    for (Cpu& c : out)
      if (cpus.bits.test(c.number)) c.node = n;
  }
  return out;
}

}  // namespace sluice::process
