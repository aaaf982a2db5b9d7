#include "backend/checks/os_error.h"

#include <cstring>

namespace sluice::backend {

std::string os_error_text(int code) {
  char buffer[128];
#ifdef __GLIBC__
  return ::strerror_r(code, buffer, sizeof buffer);
#else
  return ::strerror_r(code, buffer, sizeof buffer) == 0 ? buffer : "unknown";
#endif
}

std::string os_error(int code) {
  std::string out;
#ifdef __GLIBC__
  if (const char* name = ::strerrorname_np(code); name != nullptr) out = name;
#endif
  if (out.empty()) out = "errno " + std::to_string(code);
  return out + " returned by OS (" + os_error_text(code) + ")";
}

}  // namespace sluice::backend
