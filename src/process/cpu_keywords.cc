// "cpu-set", "cpu-policy", "cpu-affinity" (manual 3.1): words to CpuChoice.
#include "process/cpu_map.h"
#include "sluice/base/strings.h"
#include "sluice/process/global_spec.h"

namespace sluice::process {

namespace {

using config::KeywordContext;

struct PolicyName {
  std::string_view name;
  CpuPolicy policy;
  unsigned per_group;
};
constexpr PolicyName kPolicies[] = {
    {"none", CpuPolicy::None, 1},
    {"first-usable-node", CpuPolicy::FirstUsableNode, 1},
    {"efficiency", CpuPolicy::Efficiency, 1},
    {"performance", CpuPolicy::Performance, 1},
    {"resource", CpuPolicy::Resource, 1},
    {"group-by-ccx", CpuPolicy::GroupByCcx, 1},
    {"group-by-2-ccx", CpuPolicy::GroupByCcx, 2},
    {"group-by-3-ccx", CpuPolicy::GroupByCcx, 3},
    {"group-by-4-ccx", CpuPolicy::GroupByCcx, 4},
    {"group-by-cluster", CpuPolicy::GroupByCluster, 1},
    {"group-by-2-clusters", CpuPolicy::GroupByCluster, 2},
    {"group-by-3-clusters", CpuPolicy::GroupByCluster, 3},
    {"group-by-4-clusters", CpuPolicy::GroupByCluster, 4},
};

constexpr std::pair<std::string_view, CpuAffinity> kAffinities[] = {
    {"auto", CpuAffinity::Auto},          {"per-core", CpuAffinity::PerCore},
    {"per-group", CpuAffinity::PerGroup}, {"per-thread", CpuAffinity::PerThread},
    {"per-ccx", CpuAffinity::PerCcx},
};

constexpr std::pair<std::string_view, CpuStep::What> kSteps[] = {
    {"cpu", CpuStep::What::Cpu},   {"node", CpuStep::What::Node},     {"cluster", CpuStep::What::Cluster},
    {"core", CpuStep::What::Core}, {"thread", CpuStep::What::Thread},
};

bool read_step(std::string_view word, CpuStep& out) {
  out.only = word.starts_with("only-");
  if (!out.only && !word.starts_with("drop-")) return false;
  word.remove_prefix(5);
  for (const auto& [name, what] : kSteps) {
    if (word != name) continue;
    out.what = what;
    return true;
  }
  return false;
}

}  // namespace

void on_cpu_set(KeywordContext& c) {
  CpuChoice& choice = c.part<GlobalSpec>().cpu_choice;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (c.arg(i).text == "reset") {
      choice.reset = true;
      choice.steps.clear();
      continue;
    }
    CpuStep step;
    if (!read_step(c.arg(i).text, step))
      return c.error(c.arg(i), "'cpu-set' : unknown directive '" + std::string(c.arg(i).text) + "'.",
                     "reset, or drop- or only- with cpu, node, cluster, core or thread, and numbers: drop-cpu 0-1");
    if (++i == c.size())
      return c.error(c.arg(i - 1), "'cpu-set' : '" + std::string(c.arg(i - 1).text) + "' expects a set of numbers.");
    if (!add_cpus(c.arg(i).text, step.numbers))
      return c.error(c.arg(i), "'cpu-set' : invalid set '" + std::string(c.arg(i).text) + "'.",
                     "numbers and ranges with commas between them: 0-3,8");
    choice.steps.push_back(std::move(step));
  }
}

void on_cpu_policy(KeywordContext& c) {
  CpuChoice& choice = c.part<GlobalSpec>().cpu_choice;
  const PolicyName* found = nullptr;
  for (const PolicyName& p : kPolicies)
    if (c.arg(0).text == p.name) found = &p;
  if (found == nullptr)
    return c.error(c.arg(0), "'cpu-policy' : unknown policy '" + std::string(c.arg(0).text) + "'.",
                   "none, first-usable-node, group-by-[2-|3-|4-]ccx, group-by-cluster, group-by-{2|3|4}-clusters, "
                   "performance, efficiency, resource");
  choice.policy = found->policy;
  choice.per_group = found->per_group;
  choice.one_per_core = false;
  if (!c.has(1)) return;
  if (c.arg(1).text != "threads-per-core" || !c.has(2) || (c.arg(2).text != "1" && c.arg(2).text != "auto"))
    return c.error(c.arg(1), "'cpu-policy' : only 'threads-per-core' with '1' or 'auto' may follow the policy.");
  choice.one_per_core = c.arg(2).text == "1";
}

void on_cpu_affinity(KeywordContext& c) {
  CpuChoice& choice = c.part<GlobalSpec>().cpu_choice;
  bool found = false;
  for (const auto& [name, affinity] : kAffinities) {
    if (c.arg(0).text != name) continue;
    choice.affinity = affinity;
    found = true;
  }
  if (!found)
    return c.error(c.arg(0), "'cpu-affinity' : unknown affinity '" + std::string(c.arg(0).text) + "'.",
                   "auto, per-core, per-group [auto|loose], per-thread, per-ccx");
  choice.loose = false;
  if (!c.has(1)) return;
  if (choice.affinity != CpuAffinity::PerGroup || (c.arg(1).text != "auto" && c.arg(1).text != "loose"))
    return c.error(c.arg(1), "'cpu-affinity' : unexpected '" + std::string(c.arg(1).text) + "'.",
                   "'auto' or 'loose' may follow 'per-group'");
  choice.loose = c.arg(1).text == "loose";
}

}  // namespace sluice::process
