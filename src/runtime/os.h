// What differs between systems, apart from the pollers and wake descriptors (wake_fd.cc): threads and CPUs.
#pragma once

#include <string_view>

#include "sluice/runtime/thread_group.h"

namespace sluice::runtime::os {

// The CPUs the calling thread may run on; empty when the system cannot say.
CpuSet allowed_cpus() noexcept;
// Binds the calling thread. False with errno set when the system refuses or has no such thing (ENOSYS).
bool pin_this_thread(const CpuSet& cpus) noexcept;
// As `ps` and `top` show it; cut to 15 characters.
void name_this_thread(std::string_view name) noexcept;

}  // namespace sluice::runtime::os
