// Which CPUs the threads run on, and how many threads there are when nobody says so: "cpu-set", "cpu-policy",
// "cpu-affinity" (manual 3.1). Spec as written; choose_cpus() decides. Thread: start-up.
#pragma once

#include <cstdint>
#include <vector>

#include "sluice/runtime/thread_group.h"

namespace sluice::process {

struct Cpu;

// One step of "cpu-set", in the order of the file.
struct CpuStep {
  enum class What : std::uint8_t { Cpu, Node, Cluster, Core, Thread } what = What::Cpu;
  bool only = false;        // "only-...": the others go; else these go
  runtime::CpuSet numbers;  // of CPUs, nodes, ...
};

enum class CpuPolicy : std::uint8_t {
  None,
  FirstUsableNode,
  GroupByCcx,
  GroupByCluster,
  Efficiency,
  Performance,
  Resource
};
enum class CpuAffinity : std::uint8_t { Auto, PerCore, PerGroup, PerThread, PerCcx };

struct CpuChoice {
  bool reset = false;          // "cpu-set reset": what the starter allowed does not count
  std::vector<CpuStep> steps;  // "cpu-set"
  CpuPolicy policy = CpuPolicy::Performance;
  unsigned per_group = 1;     // of "group-by-2-ccx" and the like: so many clusters or CCX together
  bool one_per_core = false;  // "threads-per-core 1"
  CpuAffinity affinity = CpuAffinity::Auto;
  bool loose = false;  // "per-group loose": what a group of CPUs would share is shared by all threads
};

struct CpuPlan {
  unsigned threads = 0;
  std::vector<runtime::CpuSet> cpus;  // by thread; empty: nobody is bound
};

// threads: of "nbthread", 0 = to be chosen. allowed: by who started us. Without a topology, or when nothing would be
// left, all that is allowed is used.
CpuPlan choose_cpus(const CpuChoice& choice, unsigned threads, const runtime::CpuSet& allowed,
                    const std::vector<Cpu>& topology);

}  // namespace sluice::process
