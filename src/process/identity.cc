#include "sluice/process/identity.h"

#include <unistd.h>

#include "sluice/version.h"

namespace sluice::process {

std::string Identity::version_line() const {
  if (compatible) return product + " version " + version + " " + std::string(kReleaseDate);
  return product + " version " + version + " (configuration language " + std::string(kLanguageLevel) + ")";
}

Identity identify(std::string_view argv0) {
  Identity id;
  const auto slash = argv0.rfind('/');
  id.name = std::string(slash == std::string_view::npos ? argv0 : argv0.substr(slash + 1));
  if (id.name.empty()) id.name = "sluice";
  id.compatible = id.name.starts_with("haproxy");
  id.product = id.compatible ? "HAProxy" : "Sluice";
  id.version =
      id.compatible ? std::string(kLanguageVersion) + "-sluice-" + std::string(kVersion) : std::string(kVersion);
  char path[4096];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  id.executable = n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string(argv0);
  return id;
}

}  // namespace sluice::process
