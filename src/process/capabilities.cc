#include "process/capabilities.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#ifdef __linux__
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sluice::process {

#ifdef __linux__

namespace {

struct Named {
  std::string_view name;
  unsigned bit;
};
// Those that a proxy may have a use for.
constexpr Named kKnown[] = {
    {"cap_net_admin", CAP_NET_ADMIN},
    {"cap_net_bind_service", CAP_NET_BIND_SERVICE},
    {"cap_net_raw", CAP_NET_RAW},
    {"cap_sys_admin", CAP_SYS_ADMIN},
};

}  // namespace

base::Result<std::uint64_t, std::string> parse_capabilities(std::string_view names) {
  std::uint64_t out = 0;
  do {
    const auto comma = std::min(names.find(','), names.size());
    const std::string_view name = names.substr(0, comma);
    const auto* known =
        std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Named& k) { return k.name == name; });
    if (known == std::end(kKnown)) {
      std::string list;
      for (const Named& k : kKnown) list += (list.empty() ? "" : ", ") + std::string(k.name);
      return base::unexpected("unknown capability '" + std::string(name) + "'; known are " + list);
    }
    out |= std::uint64_t{1} << known->bit;
    names.remove_prefix(std::min(comma + 1, names.size()));
  } while (!names.empty());
  return out;
}

bool keep_capabilities() noexcept { return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0; }

base::Result<void, std::string> set_capabilities(std::uint64_t wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (unsigned i = 0; i < 2; ++i)
    data[i].effective = data[i].permitted = static_cast<std::uint32_t>(wanted >> (32 * i));
  if (::syscall(SYS_capset, &header, data) == 0) return {};
  return base::unexpected(std::string("Cannot set the capabilities of 'setcap': ") + std::strerror(errno) + ".");
}

#else

base::Result<std::uint64_t, std::string> parse_capabilities(std::string_view) {
  return base::unexpected(std::string("is not possible on this system"));
}
bool keep_capabilities() noexcept { return false; }
base::Result<void, std::string> set_capabilities(std::uint64_t) { return {}; }

#endif

}  // namespace sluice::process
