// Giving up rights after the sockets are bound: chroot, group, user (manual 3.1), and forbidding new programs. Thread:
// start-up, before any other thread runs (forbid_forks excepted).
#pragma once

#include <string>

#include "sluice/base/result.h"
#include "sluice/process/global_spec.h"

namespace sluice::process {

// In the order chroot, groups, gid, uid; anything refused by the system is an error whose text can be reported as it
// is. name: of the program, for the texts.
base::Result<void, std::string> drop_privileges(const GlobalSpec& spec, const std::string& name);

// Advice for those who start as root without `chroot` or `user` (reference's warnings); empty when there is none.
std::string chroot_advice(const GlobalSpec& spec, const std::string& name);
std::string user_advice(const GlobalSpec& spec, const std::string& name);

// No new processes or programs from here on, unless insecure-fork-wanted (manual 3.1). After the threads have started.
// False: the system refused.
[[nodiscard]] bool forbid_forks(const GlobalSpec& spec) noexcept;
// set-dumpable. After the rights were dropped. False: the system refused.
[[nodiscard]] bool make_dumpable(const GlobalSpec& spec) noexcept;

}  // namespace sluice::process
