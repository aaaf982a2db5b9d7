// A CLI in front of others, as the master's is: some commands go elsewhere, and the prompt says where one is. Its
// sessions are interactive from the start (management manual 9.3 "prompt"). One per session. Thread: the session's
// loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sluice/ops/cli.h"

namespace sluice::ops {

class CliRoute {
 public:
  virtual ~CliRoute() = default;

  struct Taken {
    std::size_t bytes = 0;  // of the line, without the ';' behind it; 0: the command is the session's own
    std::unique_ptr<CliAnswer> answer = nullptr;  // null: what is to say stands in call.out
    std::string_view own{};                       // not empty: the session runs this instead, a part of `command`
  };
  // line: the rest of the line from this command on; command: its part before the next ';', as it stands there; last:
  // none follows. call.payload is that of the line: the last command's.
  virtual Taken take(std::string_view line, std::string_view command, bool last, CliCall& call) = 0;
  // Appends what stands before "> ".
  virtual void prompt(const CliSessionControl& session, std::string& out) = 0;
  // When the process began that the prompt is about.
  [[nodiscard]] virtual base::TimePoint started() const = 0;
};

struct CliRouteMaker {
  std::unique_ptr<CliRoute> (*make)(void* ctx) = nullptr;  // null: every command is the session's own
  void* ctx = nullptr;
};

}  // namespace sluice::ops
