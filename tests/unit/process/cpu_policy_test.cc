// Topologies made of files, and what policies make of them.
#include "sluice/process/cpu_policy.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "process/cpu_map.h"
#include "process/cpu_topology.h"

namespace sluice::process {
namespace {

using runtime::CpuSet;

CpuSet set(const std::string& text) {
  CpuSet out;
  EXPECT_TRUE(text.empty() || add_cpus(text, out));
  return out;
}
std::string text(const CpuSet& s) {
  std::string out;
  for (std::size_t i = 0; i < 64; ++i)
    if (s.bits.test(i)) out += (out.empty() ? "" : ",") + std::to_string(i);
  return out;
}
// "2: 0,1 | 0,1"
std::string text(const CpuPlan& p) {
  std::string out = std::to_string(p.threads) + ":";
  for (const CpuSet& s : p.cpus) out += " " + text(s);
  return out;
}

class Machine {
 public:
  Machine() {
    root_ = ::testing::TempDir() + "sluice-cpus-XXXXXX";
    EXPECT_NE(::mkdtemp(root_.data()), nullptr);
  }
  ~Machine() { std::filesystem::remove_all(root_); }
  void file(const std::string& name, const std::string& value) {
    const std::filesystem::path path = root_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << value << "\n";
  }
  void cpu(unsigned n, unsigned core, const std::string& siblings, const std::string& cache, unsigned strength,
           const std::string& cluster = "-1") {
    const std::string dir = "cpu/cpu" + std::to_string(n) + "/";
    file(dir + "topology/core_id", std::to_string(core));
    file(dir + "topology/thread_siblings_list", siblings);
    file(dir + "topology/physical_package_id", "0");
    file(dir + "topology/cluster_id", cluster);
    file(dir + "cache/index0/level", "1");
    file(dir + "cache/index0/shared_cpu_list", siblings);
    file(dir + "cache/index1/level", "3");
    file(dir + "cache/index1/shared_cpu_list", cache);
    if (strength != 0) file(dir + "cpufreq/cpuinfo_max_freq", std::to_string(strength));
  }
  std::vector<Cpu> read() { return read_topology(root_); }

 private:
  std::string root_;
};

// Two nodes with one cache each, two cores of two threads in each: 0,4 1,5 | 2,6 3,7.
struct Server : Machine {
  Server() {
    file("cpu/online", "0-7");
    file("node/online", "0-1");
    file("node/node0/cpulist", "0-1,4-5");
    file("node/node1/cpulist", "2-3,6-7");
    for (unsigned i = 0; i < 8; ++i) {
      const unsigned core = i % 4;
      const std::string siblings = std::to_string(core) + "," + std::to_string(core + 4);
      cpu(i, core, siblings, core < 2 ? "0-1,4-5" : "2-3,6-7", 3000);
    }
  }
};

// Two strong cores of two threads (0-3), four weak ones (4-7), one cache.
struct Laptop : Machine {
  Laptop() {
    file("cpu/online", "0-7");
    for (unsigned i = 0; i < 4; ++i)
      cpu(i, i / 2, i < 2 ? "0-1" : "2-3", "0-7", i == 3 ? 4900 : 5000);  // one a little slower: still the same kind
    for (unsigned i = 4; i < 8; ++i) cpu(i, i, std::to_string(i), "0-7", 3000);
  }
};

CpuChoice choice(CpuPolicy policy, unsigned per_group = 1, bool one_per_core = false) {
  CpuChoice c;
  c.policy = policy;
  c.per_group = per_group;
  c.one_per_core = one_per_core;
  return c;
}

TEST(Topology, OfAServer) {
  Server m;
  const auto cpus = m.read();
  ASSERT_EQ(cpus.size(), 8U);
  EXPECT_EQ(cpus[6].number, 6U);
  EXPECT_EQ(cpus[6].node, 1U);
  EXPECT_EQ(cpus[6].core, 2U);
  EXPECT_EQ(cpus[6].thread, 1U);
  EXPECT_EQ(cpus[6].first_of_core, 2U);
  EXPECT_EQ(cpus[6].ccx, 2U);
  EXPECT_EQ(cpus[6].cluster, 1U);
  EXPECT_EQ(cpus[6].first_of_cluster, 2U);
}

TEST(Topology, ClustersBySpeedAndAsTheSystemNumbersThem) {
  Laptop m;
  const auto cpus = m.read();
  EXPECT_EQ(cpus[0].cluster, cpus[3].cluster);
  EXPECT_NE(cpus[0].cluster, cpus[4].cluster);
  EXPECT_EQ(cpus[4].first_of_cluster, 4U);
  Machine numbered;
  numbered.file("cpu/online", "0-1");
  numbered.cpu(0, 0, "0", "0-1", 0, "16");
  numbered.cpu(1, 1, "1", "0-1", 0, "18");
  EXPECT_EQ(numbered.read()[1].cluster, 18U);
  EXPECT_TRUE(Machine().read().empty());
}

TEST(CpuPolicyTest, GroupsOfAServer) {
  Server m;
  const auto cpus = m.read();
  const CpuSet all = set("0-7");
  const std::string by_ccx = "8: 0,1,4,5 0,1,4,5 0,1,4,5 0,1,4,5 2,3,6,7 2,3,6,7 2,3,6,7 2,3,6,7";
  EXPECT_EQ(text(choose_cpus({}, 0, all, cpus)), by_ccx);
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::GroupByCcx), 0, all, cpus)), by_ccx);
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::GroupByCluster), 0, all, cpus)), by_ccx);
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::GroupByCcx, 2), 0, all, cpus)), "8:");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::None), 0, all, cpus)), "8:");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::FirstUsableNode), 0, all, cpus)), "4: 0,1,4,5 0,1,4,5 0,1,4,5 0,1,4,5");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::Resource), 0, all, cpus)), "4: 0,1,4,5 0,1,4,5 0,1,4,5 0,1,4,5");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::Performance, 1, true), 0, all, cpus)), "4: 0,4 1,5 2,6 3,7");
  // Whoever restricted us before has chosen.
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::FirstUsableNode), 0, set("1-2"), cpus)), "2:");
  // So has nbthread.
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::GroupByCcx), 3, all, cpus)), "3:");
}

TEST(CpuPolicyTest, StrongAndWeak) {
  Laptop m;
  const auto cpus = m.read();
  const CpuSet all = set("0-7");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::Performance), 0, all, cpus)), "4: 0,1,2,3 0,1,2,3 0,1,2,3 0,1,2,3");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::Performance, 1, true), 0, all, cpus)), "2: 0,1 2,3");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::Efficiency), 0, all, cpus)), "4: 4,5,6,7 4,5,6,7 4,5,6,7 4,5,6,7");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::Resource), 0, all, cpus)), "4: 4,5,6,7 4,5,6,7 4,5,6,7 4,5,6,7");
  EXPECT_EQ(text(choose_cpus(choice(CpuPolicy::GroupByCcx), 0, all, cpus)), "8:");
}

TEST(CpuPolicyTest, Affinity) {
  Server m;
  const auto cpus = m.read();
  CpuChoice c;
  c.affinity = CpuAffinity::PerThread;
  EXPECT_EQ(text(choose_cpus(c, 0, set("0-7"), cpus)), "8: 0 1 4 5 2 3 6 7");
  EXPECT_EQ(text(choose_cpus(c, 3, set("0-7"), cpus)), "3: 0 1 2");
  c.one_per_core = true;
  EXPECT_EQ(text(choose_cpus(c, 0, set("0-7"), cpus)), "4: 0 1 2 3");
  c.affinity = CpuAffinity::PerCcx;
  EXPECT_EQ(text(choose_cpus(c, 0, set("0-7"), cpus)), "4: 0,1,4,5 0,1,4,5 2,3,6,7 2,3,6,7");
  c = {};
  c.loose = true;
  c.affinity = CpuAffinity::PerGroup;
  EXPECT_EQ(text(choose_cpus(c, 0, set("0-7"), cpus)), "8:");
}

TEST(CpuPolicyTest, CpuSet) {
  Server m;
  const auto cpus = m.read();
  const auto with = [&](CpuStep::What what, bool only, const std::string& numbers, const char* allowed = "0-7",
                        bool reset = false) {
    CpuChoice c = choice(CpuPolicy::None);
    c.reset = reset;
    c.steps.push_back({what, only, set(numbers)});
    return text(choose_cpus(c, 0, set(allowed), cpus));
  };
  using What = CpuStep::What;
  EXPECT_EQ(with(What::Cpu, true, "1-2"), "2: 1,2 1,2");
  EXPECT_EQ(with(What::Cpu, false, "0-5"), "2: 6,7 6,7");
  EXPECT_EQ(with(What::Node, true, "1"), "4: 2,3,6,7 2,3,6,7 2,3,6,7 2,3,6,7");
  EXPECT_EQ(with(What::Cluster, false, "1"), "4: 0,1,4,5 0,1,4,5 0,1,4,5 0,1,4,5");
  EXPECT_EQ(with(What::Core, true, "3"), "2: 3,7 3,7");
  EXPECT_EQ(with(What::Thread, false, "1"), "4: 0,1,2,3 0,1,2,3 0,1,2,3 0,1,2,3");
  EXPECT_EQ(with(What::Cpu, true, "6-7", "0-6"), "1: 6");
  EXPECT_EQ(with(What::Cpu, true, "6-7", "0", true), "2: 6,7 6,7");
  // Nothing left, or no topology: as allowed.
  EXPECT_EQ(with(What::Cpu, true, "60"), "8:");
  EXPECT_EQ(text(choose_cpus({}, 0, set("0-3"), {})), "4:");
}

}  // namespace
}  // namespace sluice::process
