// The process at work: what build() made for serve(). One object, owned by the Launch. Thread: the main one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sluice/model/model.h"
#include "sluice/process/limits.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::process {

struct Running {
  unsigned threads = 1;
  std::vector<runtime::CpuSet> cpus;  // by thread; empty: nobody is bound
  ConnectionLimits limits;
  std::string hostname, node;
  std::unique_ptr<model::Model> model;
};

}  // namespace sluice::process
