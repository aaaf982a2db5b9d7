// Rights that outlive the change of user (manual 3.1 "setcap"). Linux only. Thread: start-up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/base/result.h"

namespace sluice::process {

// "cap_net_raw,cap_net_bind_service" as a set of bits. The error is the sentence behind "'setcap' : ", with the names
// that are known.
base::Result<std::uint64_t, std::string> parse_capabilities(std::string_view names);

// Before the user changes: they are not lost with it.
bool keep_capabilities() noexcept;
// Behind it: these and no others. The error is a sentence.
base::Result<void, std::string> set_capabilities(std::uint64_t wanted);

}  // namespace sluice::process
