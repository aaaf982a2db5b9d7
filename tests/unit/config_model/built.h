// A configuration given as text, read with the keywords of all rooms below and built into a Model.
#pragma once

#include <memory>
#include <string>

#include "sluice/config/parser.h"
#include "sluice/model/model.h"

namespace sluice::model::testing {

struct Built {
  explicit Built(std::string text, std::uint32_t maxconn = 9984);

  // "line: message" of all diagnostics.
  [[nodiscard]] std::string said() const;

  config::Document document;
  config::Diagnostics diag;
  std::unique_ptr<Model> model;
};

}  // namespace sluice::model::testing
