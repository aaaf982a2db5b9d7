#include "process/features.h"

#include <fmt/core.h>
#include <link.h>
#include <sys/utsname.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "sluice/process/global_spec.h"
#include "sluice/version.h"

namespace sluice::process {

namespace {

constexpr bool kLinux =
#ifdef __linux__
    true;
#else
    false;
#endif

// In the order of the alphabet, as tools that compare two of these lists expect.
constexpr Feature kFeatures[] = {
    {"51DEGREES", false},
    {"ACCEPT4", true},
    {"BACKTRACE", false},
    {"CPU_AFFINITY", kLinux},
    {"CRYPT_H", false},
    {"DEVICEATLAS", false},
    {"DL", true},
    {"ENGINE", false},
    {"EPOLL", kLinux},
    {"EVPORTS", false},
    {"GETADDRINFO", true},
    {"KQUEUE", !kLinux},
    {"KTLS", false},
    {"LIBCRYPT", false},
    {"LINUX_SPLICE", kLinux},
    {"LINUX_TPROXY", kLinux},
    {"LUA", false},
    {"MATH", false},
    {"NETFILTER", false},
    {"NS", false},
    {"OPENSSL", false},
    {"OT", false},
    {"PCRE", false},
    {"PCRE2", true},
    {"PCRE2_JIT", true},
    {"PCRE_JIT", false},
    {"POLL", true},
    {"PRCTL", kLinux},
    {"PROCCTL", false},
    {"PROMEX", false},
    {"QUIC", false},
    {"RT", true},
    {"SLZ", false},
    {"SSL", false},
    {"SYSTEMD", false},
    {"TFO", kLinux},
    {"THREAD", true},
    {"THREAD_DUMP", false},
    {"TPROXY", kLinux},
    {"WURFL", false},
    {"ZLIB", false},
};

std::string running_on() {
  struct utsname u {};
  if (::uname(&u) != 0) return {};
  return fmt::format("Running on: {} {} {} {}\n", u.sysname, u.release, u.version, u.machine);
}

std::string pcre_version() {
  char text[64] = "";
  ::pcre2_config(PCRE2_CONFIG_VERSION, text);
  return text;
}
bool pcre_jit() {
  std::uint32_t on = 0;
  ::pcre2_config(PCRE2_CONFIG_JIT, &on);
  return on != 0;
}

}  // namespace

std::span<const Feature> features() noexcept { return kFeatures; }

std::string version_text(const Identity& identity) {
  std::string s = identity.version_line() + "\n";
  if (identity.compatible)
    s += fmt::format("This is Sluice {}, which speaks configuration language {}.\n", kVersion, kLanguageLevel);
  s += running_on();
  return s;
}

std::string details(const Identity& identity) {
  const GlobalSpec defaults;
  std::string s = version_text(identity);
  s += "Build options :\n";
  s += fmt::format("  TARGET  = {}\n", kLinux ? "linux-glibc" : "generic");
  s += fmt::format("  CC      = {}\n", "c++ (C++20)");
#ifdef NDEBUG
  s += "  DEBUG   = \n";
#else
  s += "  DEBUG   = checks\n";
#endif
  s += "\nFeature list :";
  for (const Feature& f : kFeatures) s += fmt::format(" {}{}", f.present ? '+' : '-', f.name);
  s += "\n\nDefault settings :\n";
  s += fmt::format("  bufsize = {}, maxrewrite = {}, maxpollevents = {}\n\n", defaults.buffer_bytes, 1024,
                   defaults.max_poll_events);
  s += fmt::format("Built with multi-threading support (MAX_THREADS={}, default={}).\n", runtime::kMaxThreads,
                   runtime::default_thread_count());
  s += "Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND\n";
  s += fmt::format("Built with PCRE2 version : {}\n", pcre_version());
  s += fmt::format("PCRE2 library supports JIT : {}\n", pcre_jit() ? "yes" : "no");
  s += fmt::format("Built with {} compiler version {}\n",
#ifdef __clang__
                   "clang",
#else
                   "gcc",
#endif
                   __VERSION__);
  s += "\nAvailable polling systems :\n";
  if (kLinux) s += "      epoll : pref=300,  test result OK\n";
  s += "       poll : pref=200,  test result OK\n";
  s += fmt::format("Total: {} ({} usable), will use {}.\n", kLinux ? 2 : 1, kLinux ? 2 : 1, kLinux ? "epoll" : "poll");
  s += "\nAvailable multiplexer protocols :\n";
  s += "(protocols marked as <default> cannot be specified using 'proto' keyword)\n";
  s += "  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=\n";
  s += "  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=\n";
  s += "\nAvailable services : none\n";
  s += "Available filters :\n\tnone\n\n";
  return s;
}

std::string loaded_libraries() {
  std::string s;
  ::dl_iterate_phdr(
      [](struct dl_phdr_info* info, std::size_t, void* out) {
        // The program itself comes first, without a name; the kernel's helper has no file.
        const std::string_view name = info->dlpi_name == nullptr ? "" : info->dlpi_name;
        if (name.starts_with('/')) {
          *static_cast<std::string*>(out) += name;
          *static_cast<std::string*>(out) += '\n';
        }
        return 0;
      },
      &s);
  return s;
}

}  // namespace sluice::process
