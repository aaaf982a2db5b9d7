#include "runtime/os.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#if defined(__FreeBSD__) || defined(__OpenBSD__)
#include <pthread_np.h>
#endif
#if defined(__FreeBSD__)
#include <sys/cpuset.h>
#include <sys/param.h>
#endif

namespace sluice::runtime::os {

#if defined(__linux__) || defined(__FreeBSD__)

namespace {
#if defined(__linux__)
using SystemCpuSet = cpu_set_t;
#else
using SystemCpuSet = cpuset_t;
#endif
constexpr std::size_t kSystemCpus = std::min<std::size_t>(CPU_SETSIZE, CpuSet::kMaxCpus);
}  // namespace

CpuSet allowed_cpus() noexcept {
  CpuSet out;
  SystemCpuSet set;
  CPU_ZERO(&set);
  if (pthread_getaffinity_np(pthread_self(), sizeof(set), &set) != 0) return out;
  for (std::size_t i = 0; i < kSystemCpus; ++i)
    if (CPU_ISSET(i, &set)) out.bits.set(i);
  return out;
}

bool pin_this_thread(const CpuSet& cpus) noexcept {
  SystemCpuSet set;
  CPU_ZERO(&set);
  for (std::size_t i = 0; i < kSystemCpus; ++i)
    if (cpus.bits.test(i)) CPU_SET(i, &set);
  errno = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
  return errno == 0;
}

#else

CpuSet allowed_cpus() noexcept { return {}; }

bool pin_this_thread(const CpuSet&) noexcept {
  errno = ENOSYS;
  return false;
}

#endif

void name_this_thread(std::string_view name) noexcept {
  char text[16] = {};
  std::memcpy(text, name.data(), std::min(name.size(), sizeof(text) - 1));
#if defined(__linux__)
  pthread_setname_np(pthread_self(), text);
#elif defined(__APPLE__)
  pthread_setname_np(text);
#elif defined(__FreeBSD__) || defined(__OpenBSD__)
  pthread_set_name_np(pthread_self(), text);
#endif
}

}  // namespace sluice::runtime::os
