// Errors of the system as check results tell them.
#pragma once

#include <string>

namespace sluice::backend {

// "Connection refused"
std::string os_error_text(int code);
// "ECONNREFUSED returned by OS (Connection refused)"
std::string os_error(int code);

}  // namespace sluice::backend
