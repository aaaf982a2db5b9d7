// What the system says of its CPUs: which share a core, a cache, a cluster, a memory node, and how strong they are
// (Linux: /sys/devices/system). Thread: start-up.
#pragma once

#include <string>
#include <vector>

#include "sluice/runtime/thread_group.h"

namespace sluice::process {

struct Cpu {
  unsigned number = 0;
  unsigned node = 0;     // memory node (NUMA)
  unsigned core = 0;     // number of its core as the system has it; two packages may use the same
  unsigned thread = 0;   // place among the CPUs of its core, from 0
  unsigned cluster = 0;  // the system's number; where it has none, CPUs of one last-level cache and of like strength
  unsigned ccx = 0;      // CPUs with the same are close to the same last-level cache; the first CPU's number
  unsigned first_of_core = 0;     // number of the first CPU of its core: what tells cores apart
  unsigned first_of_cluster = 0;  // the same of its cluster
  unsigned strength = 0;          // to be compared only; 0: not known
};

// The online CPUs in their order; empty when the system does not tell. root: for tests.
std::vector<Cpu> read_topology(const std::string& root = "/sys/devices/system");

}  // namespace sluice::process
