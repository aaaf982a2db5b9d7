// "cpu-map" (manual 3.1). There is one thread group.
#pragma once

#include "sluice/config/keyword.h"

namespace sluice::process {

void on_cpu_map(config::KeywordContext& context);

}  // namespace sluice::process
