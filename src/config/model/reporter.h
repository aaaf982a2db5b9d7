// State messages of servers and backends: to the console and to the logs of their proxy, as the reference does.
#pragma once

#include "sluice/backend/backend.h"
#include "sluice/model/model.h"

namespace sluice::model {

class Reporter final : public backend::StateReporter {
 public:
  explicit Reporter(Model& model) noexcept : model_(model) {}
  void report(const backend::Backend& backend, base::LogLevel level, Console console,
              std::string_view message) noexcept override;
  void report_console(const backend::Backend& backend, Console console, std::string_view message) noexcept override;

 private:
  Model& model_;
};

}  // namespace sluice::model
