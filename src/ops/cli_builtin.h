// The parts of add_builtin_commands(), one per source file.
#pragma once

#include "sluice/ops/cli_commands.h"

namespace sluice::ops {

void add_session_commands(CliCommands& commands);
void add_process_commands(CliCommands& commands, CliContext& context);
void add_stat_commands(CliCommands& commands, CliContext& context);
void add_error_commands(CliCommands& commands, CliContext& context);

inline CliContext& context_of(const CliCall& call) noexcept { return *static_cast<CliContext*>(call.ctx); }

}  // namespace sluice::ops
