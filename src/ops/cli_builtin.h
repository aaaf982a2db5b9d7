// The parts of add_builtin_commands(), one per source file.
#pragma once

#include "sluice/ops/cli_commands.h"

namespace sluice::ops {

void add_process_commands(CliCommands& commands, CliContext& context);
void add_stat_commands(CliCommands& commands, CliContext& context);
void add_error_commands(CliCommands& commands, CliContext& context);
void add_server_commands(CliCommands& commands, CliContext& context);
void add_servers_commands(CliCommands& commands, CliContext& context);
void add_limit_commands(CliCommands& commands, CliContext& context);
void add_stream_commands(CliCommands& commands, CliContext& context);
void add_wait_commands(CliCommands& commands, CliContext& context);
void add_counter_commands(CliCommands& commands, CliContext& context);
void add_thread_commands(CliCommands& commands, CliContext& context);
void add_fd_commands(CliCommands& commands, CliContext& context);
void add_memory_commands(CliCommands& commands, CliContext& context);
void add_profiling_commands(CliCommands& commands, CliContext& context);
void add_variable_commands(CliCommands& commands, CliContext& context);

// Parts of `set server`.
struct FoundServer;
std::unique_ptr<CliAnswer> set_server_address(CliCall& call, const FoundServer& server);
std::unique_ptr<CliAnswer> set_server_check_address(CliCall& call, const FoundServer& server);
std::unique_ptr<CliAnswer> set_server_check_port(CliCall& call, const FoundServer& server);
std::unique_ptr<CliAnswer> set_server_agent_address(CliCall& call, const FoundServer& server);
std::unique_ptr<CliAnswer> set_server_agent_port(CliCall& call, const FoundServer& server);
std::unique_ptr<CliAnswer> set_server_agent_send(CliCall& call, const FoundServer& server);

// `show activity` counts from here.
void clear_activity(CliContext& context);

inline CliContext& context_of(const CliCall& call) noexcept { return *static_cast<CliContext*>(call.ctx); }

}  // namespace sluice::ops
