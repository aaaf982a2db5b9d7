// Commands of the master's clients on their way to a worker, and back. Thread: the master's.
#pragma once

#include <sys/types.h>

#include <optional>

#include "process/master/master.h"
#include "sluice/ops/cli_route.h"

namespace sluice::process {

// Where the commands of one session go.
class WorkerRoute final : public ops::CliRoute {
 public:
  explicit WorkerRoute(Master& master) : master_(master) {}
  Taken take(std::string_view line, std::string_view command, bool last, ops::CliCall& call) override;
  void prompt(const ops::CliSessionControl& session, std::string& out) override;
  [[nodiscard]] base::TimePoint started() const override;

 private:
  // A place: a worker, or the master (no pid). Empty when there is no such.
  struct Place {
    pid_t pid = 0;
  };
  [[nodiscard]] std::optional<Place> find(std::string_view name) const noexcept;

  Master& master_;
  Place here_;  // of commands without a prefix
};

}  // namespace sluice::process
