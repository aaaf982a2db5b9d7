// There is one thread group: what the policies group is who shares CPUs with whom. The threads of a group of CPUs are
// bound to all of them, so that the system moves them no further than their cache reaches.
#include "sluice/process/cpu_policy.h"

#include <algorithm>
#include <map>
#include <set>

#include "process/cpu_topology.h"

namespace sluice::process {

namespace {

using runtime::CpuSet;
using Cpus = std::vector<Cpu>;

unsigned number_in(const Cpu& c, CpuStep::What what) {
  switch (what) {
    case CpuStep::What::Cpu:
      return c.number;
    case CpuStep::What::Node:
      return c.node;
    case CpuStep::What::Cluster:
      return c.cluster;
    case CpuStep::What::Core:
      return c.core;
    case CpuStep::What::Thread:
      return c.thread;
  }
  return 0;
}

Cpus after_cpu_set(const CpuChoice& choice, const CpuSet& allowed, const Cpus& topology) {
  Cpus out;
  for (const Cpu& c : topology) {
    bool stays = choice.reset || allowed.bits.test(c.number);
    for (const CpuStep& s : choice.steps) {
      const unsigned n = number_in(c, s.what);
      const bool named = n < CpuSet::kMaxCpus && s.numbers.bits.test(n);
      stays = stays && named == s.only;
    }
    if (stays) out.push_back(c);
  }
  return out;
}

// Clusters by their strength: that of their strongest CPU.
std::map<unsigned, unsigned> cluster_strengths(const Cpus& cpus) {
  std::map<unsigned, unsigned> out;
  for (const Cpu& c : cpus) out[c.first_of_cluster] = std::max(out[c.first_of_cluster], c.strength);
  return out;
}

void keep_clusters(Cpus& cpus, const std::set<unsigned>& kept) {
  std::erase_if(cpus, [&](const Cpu& c) { return kept.count(c.first_of_cluster) == 0; });
}

// Strengths from one end to the other, as far as no step is too large. performance: from the strongest down, a cluster
// goes when it has less than 80 % of the one before; efficiency: from the weakest up, when it has more than 125 %.
void keep_like_strength(Cpus& cpus, bool strongest) {
  const auto strengths = cluster_strengths(cpus);
  std::vector<unsigned> order;
  for (const auto& [cluster, s] : strengths) order.push_back(s);
  std::sort(order.begin(), order.end());
  if (strongest) std::reverse(order.begin(), order.end());
  if (order.empty() || order.front() == 0 || order.back() == 0) return;
  unsigned last = order.front();
  for (const unsigned s : order) {
    if (strongest ? s * 100ULL < last * 80ULL : s * 100ULL > last * 125ULL) break;
    last = s;
  }
  std::set<unsigned> kept;
  for (const auto& [cluster, s] : strengths)
    if (strongest ? s >= last : s <= last) kept.insert(cluster);
  keep_clusters(cpus, kept);
}

// The smallest cluster, of equals the weakest, of equals the first.
void keep_smallest_cluster(Cpus& cpus) {
  const auto strengths = cluster_strengths(cpus);
  std::map<unsigned, unsigned> sizes;
  for (const Cpu& c : cpus) ++sizes[c.first_of_cluster];
  if (sizes.empty()) return;
  const auto better = [&](const auto& a, const auto& b) {
    return std::pair(a.second, strengths.at(a.first)) < std::pair(b.second, strengths.at(b.first));
  };
  keep_clusters(cpus, {std::min_element(sizes.begin(), sizes.end(), better)->first});
}

void keep_first_node(Cpus& cpus) {
  if (cpus.empty()) return;
  const unsigned first =
      std::min_element(cpus.begin(), cpus.end(), [](const Cpu& a, const Cpu& b) { return a.node < b.node; })->node;
  std::erase_if(cpus, [first](const Cpu& c) { return c.node != first; });
}

// By CPU number: the group that a policy puts it into.
std::map<unsigned, unsigned> groups_of(const Cpus& cpus, const CpuChoice& choice) {
  std::map<unsigned, unsigned> out, places;
  const bool single = choice.policy == CpuPolicy::None || choice.policy == CpuPolicy::FirstUsableNode || choice.loose;
  const bool clusters = choice.policy == CpuPolicy::GroupByCluster || choice.policy == CpuPolicy::Resource;
  for (const Cpu& c : cpus) {
    const unsigned key = clusters ? c.first_of_cluster : c.ccx;
    const unsigned place = places.emplace(key, static_cast<unsigned>(places.size())).first->second;
    out[c.number] = single ? 0 : place / choice.per_group;
  }
  return out;
}

CpuSet all_with(const Cpus& cpus, auto&& wanted) {
  CpuSet out;
  for (const Cpu& c : cpus)
    if (wanted(c)) out.bits.set(c.number);
  return out;
}

// What the thread that stands for this CPU is bound to.
CpuSet bound_to(const Cpu& cpu, const Cpus& cpus, const CpuChoice& choice, std::map<unsigned, unsigned>& groups) {
  CpuAffinity affinity = choice.affinity;
  if (affinity == CpuAffinity::Auto) affinity = choice.one_per_core ? CpuAffinity::PerCore : CpuAffinity::PerGroup;
  switch (affinity) {
    case CpuAffinity::PerThread:
      return all_with(cpus, [&](const Cpu& c) { return c.number == cpu.number; });
    case CpuAffinity::PerCore:
      return all_with(cpus, [&](const Cpu& c) { return c.first_of_core == cpu.first_of_core; });
    case CpuAffinity::PerCcx:
      return all_with(cpus, [&](const Cpu& c) { return c.ccx == cpu.ccx; });
    case CpuAffinity::Auto:
    case CpuAffinity::PerGroup:
      break;
  }
  return all_with(cpus, [&](const Cpu& c) { return groups[c.number] == groups[cpu.number]; });
}

}  // namespace

CpuPlan choose_cpus(const CpuChoice& wanted, unsigned threads, const CpuSet& allowed, const Cpus& topology) {
  CpuPlan plan;
  CpuChoice choice = wanted;
  if (threads != 0) choice.policy = CpuPolicy::None;  // policies choose only where nobody has
  plan.threads = threads != 0 ? threads : std::clamp(allowed.count(), 1U, runtime::kMaxThreads);
  Cpus cpus = after_cpu_set(choice, allowed, topology);
  if (cpus.empty()) return plan;
  const bool restricted = allowed.count() < topology.size();
  switch (choice.policy) {
    case CpuPolicy::FirstUsableNode:
      if (!restricted || choice.reset) keep_first_node(cpus);
      break;
    case CpuPolicy::Efficiency:
      keep_like_strength(cpus, false);
      break;
    case CpuPolicy::Performance:
      keep_like_strength(cpus, true);
      break;
    case CpuPolicy::Resource:
      keep_smallest_cluster(cpus);
      break;
    case CpuPolicy::None:
    case CpuPolicy::GroupByCcx:
    case CpuPolicy::GroupByCluster:
      break;
  }
  // Whose thread is where: one for each CPU, or for each core; near ones side by side.
  auto groups = groups_of(cpus, choice);
  Cpus homes;
  std::set<unsigned> cores;
  for (const Cpu& c : cpus)
    if (!choice.one_per_core || cores.insert(c.first_of_core).second) homes.push_back(c);
  std::stable_sort(homes.begin(), homes.end(),
                   [&](const Cpu& a, const Cpu& b) { return groups[a.number] < groups[b.number]; });
  if (threads == 0) plan.threads = std::min(static_cast<unsigned>(homes.size()), runtime::kMaxThreads);
  for (unsigned t = 0; t < plan.threads; ++t)
    plan.cpus.push_back(bound_to(homes[t % homes.size()], cpus, choice, groups));
  // Who may run where it may run anyway need not be told.
  if (std::all_of(plan.cpus.begin(), plan.cpus.end(), [&](const CpuSet& s) { return s.bits == allowed.bits; }))
    plan.cpus.clear();
  return plan;
}

}  // namespace sluice::process
