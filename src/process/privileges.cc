#include "sluice/process/privileges.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "process/capabilities.h"

namespace sluice::process {

namespace {

base::Result<void, std::string> enter_jail(const GlobalSpec& spec, const std::string& name) {
  std::string dir = spec.chroot;
  if (dir.empty()) return {};
  const auto failed = [&](const char* what) {
    const int e = errno;
    return base::unexpected("[" + name + ".main()] Cannot chroot(" + spec.chroot + "): " + what + std::strerror(e) +
                            ".");
  };
  if (dir == "auto") {
    // A directory without a name: nothing can be put into it by anybody.
    char path[] = "/tmp/sluice-jail-XXXXXX";
    if (::mkdtemp(path) == nullptr) return failed("no empty directory: ");
    if (::chdir(path) != 0 || ::chmod(".", 0555) != 0) {
      ::rmdir(path);
      return failed("no empty directory: ");
    }
    if (::rmdir(path) != 0) return failed("");
    if (::chroot(".") != 0) return failed("");
    if (::chdir("/") != 0) return failed("");
    return {};
  }
  if (dir == "/") return {};
  if (::chroot(dir.c_str()) != 0) return failed("");
  if (::chdir("/") != 0) return failed("");
  return {};
}

}  // namespace

base::Result<void, std::string> drop_privileges(const GlobalSpec& spec, const std::string& name) {
  if (auto r = enter_jail(spec, name); !r) return r;
  const std::string where = "[" + name + ".main()] ";
  if (spec.gid) {
    // Extra groups of the starter go first: later it would not be allowed any more.
    if (::getuid() == 0 && ::setgroups(0, nullptr) != 0)
      return base::unexpected(where + "Cannot drop supplementary groups: " + std::strerror(errno) + ".");
    if (::getgid() != *spec.gid || ::getegid() != *spec.gid) {
      if (::setgid(*spec.gid) != 0)
        return base::unexpected(where + "Cannot set gid " + std::to_string(*spec.gid) + ".");
    }
  }
  if (spec.capabilities != 0 && !keep_capabilities())
    return base::unexpected(where + "Cannot keep capabilities: " + std::strerror(errno) + ".");
  if (spec.uid && (::getuid() != *spec.uid || ::geteuid() != *spec.uid)) {
    if (::setuid(*spec.uid) != 0) return base::unexpected(where + "Cannot set uid " + std::to_string(*spec.uid) + ".");
  }
  // Root without another user keeps all there is.
  if (spec.capabilities != 0 && ::getuid() != 0) {
    if (auto r = set_capabilities(spec.capabilities); !r) return base::unexpected(where + r.error());
  }
  // EINVAL: a kernel that does not know it.
  if (!spec.insecure_setuid && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 && errno != EINVAL)
    return base::unexpected(where + "Cannot forbid gaining privileges: " + std::strerror(errno) + ".");
  return {};
}

std::string chroot_advice(const GlobalSpec& spec, const std::string& name) {
  if (::getuid() != 0 || !spec.chroot.empty()) return {};
  return "[" + name +
         ".main()] started as root without any 'chroot' directive. A chroot limits filesystem access of an intruder to "
         "a "
         "single, preferably empty, directory: use 'chroot auto' in the global section, or 'chroot /' to silence this "
         "warning.";
}

std::string user_advice(const GlobalSpec& spec, const std::string& name) {
  if (::getuid() != 0 || spec.uid) return {};
  return "[" + name +
         ".main()] started as the root user without 'user' nor 'uid' global options to drop the privileges. If running "
         "as "
         "root is intentional, make it explicit using 'uid 0' or 'user root'.";
}

bool forbid_forks(const GlobalSpec& spec) noexcept {
  if (spec.insecure_fork) return true;
  struct rlimit r {};
  r.rlim_cur = r.rlim_max = 0;
  return ::setrlimit(RLIMIT_NPROC, &r) == 0;
}

bool make_dumpable(const GlobalSpec& spec) noexcept {
  if (!spec.dumpable) return true;
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return false;
  struct rlimit r {};
  r.rlim_cur = r.rlim_max = RLIM_INFINITY;
  if (::setrlimit(RLIMIT_CORE, &r) == 0) return true;
  // Without the right to raise it: as far as it goes.
  if (::getrlimit(RLIMIT_CORE, &r) != 0) return false;
  r.rlim_cur = r.rlim_max;
  return ::setrlimit(RLIMIT_CORE, &r) == 0;
}

}  // namespace sluice::process
