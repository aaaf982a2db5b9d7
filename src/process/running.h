// The process at work: what build() made for serve(). One object, owned by the Launch. Thread: the main one.
#pragma once

#include <memory>
#include <string>

#include "sluice/model/model.h"
#include "sluice/process/limits.h"

namespace sluice::process {

struct Running {
  unsigned threads = 1;
  ConnectionLimits limits;
  std::string hostname, node;
  std::unique_ptr<model::Model> model;
};

}  // namespace sluice::process
