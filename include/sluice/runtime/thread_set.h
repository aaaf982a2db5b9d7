// Sets of threads by number, as the configuration writes them (manual 3.1 "cpu-map", 5.1 "thread"). Thread: start-up.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "sluice/runtime/thread_group.h"

namespace sluice::runtime {

// Bit 0 is thread 1.
using ThreadSet = std::bitset<kMaxThreads>;

// "all", "odd", "even", "3", "1-4", "2-", "-4"; empty when it is none of them.
std::optional<ThreadSet> parse_thread_set(std::string_view text) noexcept;

}  // namespace sluice::runtime
