// "cpu-map", "cpu-set", "cpu-policy", "cpu-affinity" (manual 3.1). There is one thread group.
#pragma once

#include <string_view>

#include "sluice/config/keyword.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::process {

void on_cpu_map(config::KeywordContext& context);
void on_cpu_set(config::KeywordContext& context);
void on_cpu_policy(config::KeywordContext& context);
void on_cpu_affinity(config::KeywordContext& context);
// One word of CPU numbers and ranges with commas between them, added to `out`. False: it is no such word.
bool add_cpus(std::string_view text, runtime::CpuSet& out);

}  // namespace sluice::process
