#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sluice/base/unique_fd.h"
#include "sluice/config/parser.h"

namespace sluice::config {

namespace {

bool cannot_open(Diagnostics& diag, const std::string& path, int error) {
  diag.error(Location{}, "Cannot open configuration file/directory " + path + " : " + std::strerror(error));
  return false;
}

bool read_file(const std::string& path, std::vector<InputFile>& out, Diagnostics& diag) {
  base::UniqueFd opened;
  int fd = STDIN_FILENO;
  if (path != "-") {
    opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.valid()) return cannot_open(diag, path, errno);
    fd = opened.get();
  }
  InputFile file{path, {}};
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      return cannot_open(diag, path, errno);
    }
    file.content.append(buffer, static_cast<std::size_t>(n));
  }
  out.push_back(std::move(file));
  return true;
}

// The files of a directory that count as configuration: *.cfg, not hidden, no directories, in lexical order.
bool list_directory(const std::string& path, std::vector<std::string>& out, Diagnostics& diag) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return cannot_open(diag, path, errno);
  std::vector<std::string> names;
  while (const dirent* e = ::readdir(dir)) {
    const std::string_view name(e->d_name);
    if (name.starts_with('.') || !name.ends_with(".cfg")) continue;
    std::string full = path + (path.ends_with('/') ? "" : "/") + std::string(name);
    struct stat st {};
    if (::stat(full.c_str(), &st) == 0 && S_ISREG(st.st_mode)) names.push_back(std::move(full));
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  out.insert(out.end(), names.begin(), names.end());
  return true;
}

}  // namespace

bool load_files(std::span<const std::string> arguments, std::vector<InputFile>& out, Diagnostics& diag) {
  bool good = true;
  for (const std::string& path : arguments) {
    struct stat st {};
    if (path != "-" && ::stat(path.c_str(), &st) != 0) {
      good = cannot_open(diag, path, errno);
      continue;
    }
    if (path != "-" && S_ISDIR(st.st_mode)) {
      std::vector<std::string> files;
      if (!list_directory(path, files, diag)) good = false;
      for (const std::string& f : files) good = read_file(f, out, diag) && good;
    } else {
      good = read_file(path, out, diag) && good;
    }
  }
  return good;
}

}  // namespace sluice::config
