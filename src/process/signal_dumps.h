// What SIGHUP and SIGQUIT print (management manual 4, 6): states of servers and proxies, and memory in pools.
// Thread: that of the first loop.
#pragma once

#include "process/running.h"
#include "process/threads.h"

namespace sluice::process {

// To the console and, at level notice, to the log of each proxy.
void dump_servers(ops::Console& console, const model::Model& model) noexcept;
// To the console, once every thread has told what it holds; free objects are given back to the system.
void dump_pools(ops::Console& console, Threads& threads) noexcept;

}  // namespace sluice::process
