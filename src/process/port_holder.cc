#include "process/port_holder.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>

#include "sluice/base/strings.h"

namespace sluice::process {

namespace {

struct DirCloser {
  void operator()(DIR* d) const noexcept { ::closedir(d); }
};
using Dir = std::unique_ptr<DIR, DirCloser>;

// Inodes of the sockets that listen on the port, as "socket:[123]".
void collect_sockets(const char* table, std::uint16_t port, std::set<std::string>& out) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, skip, inode;
    words >> slot >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) words >> skip;
    words >> inode;
    const auto colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;  // 0A: LISTEN
    char hex[8];
    std::snprintf(hex, sizeof hex, "%04X", static_cast<unsigned>(port));
    if (std::string_view(local).substr(colon + 1) == hex) out.insert("socket:[" + inode + "]");
  }
}

bool holds_one(const std::string& fds, const std::set<std::string>& sockets) {
  const Dir dir(::opendir(fds.c_str()));
  if (dir == nullptr) return false;
  while (const dirent* e = ::readdir(dir.get())) {
    char target[64];
    const ssize_t n = ::readlink((fds + "/" + e->d_name).c_str(), target, sizeof target);
    if (n > 0 && sockets.count(std::string(target, static_cast<std::size_t>(n))) != 0) return true;
  }
  return false;
}

// Inode of the abstract socket of that name: "0000... 00000002 00000000 00010000 0001 01 12345 @name", padded with '@'.
void collect_abstract(std::string_view name, std::set<std::string>& out) {
  std::ifstream in("/proc/net/unix");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string skip, inode, path;
    for (int i = 0; i < 6; ++i) words >> skip;
    words >> inode >> path;
    const std::string_view rest = std::string_view(path).substr(std::min<std::size_t>(1, path.size()));
    if (path.starts_with('@') && rest.starts_with(name) && rest.find_first_not_of('@', name.size()) == rest.npos)
      out.insert("socket:[" + inode + "]");
  }
}

std::string holder_of(const std::set<std::string>& sockets) {
  if (sockets.empty()) return {};
  const Dir processes(::opendir("/proc"));
  if (processes == nullptr) return {};
  while (const dirent* e = ::readdir(processes.get())) {
    const std::string_view pid = e->d_name;
    if (!std::all_of(pid.begin(), pid.end(), base::is_digit) ||
        !holds_one("/proc/" + std::string(pid) + "/fd", sockets))
      continue;
    std::ifstream comm("/proc/" + std::string(pid) + "/comm");
    std::string name;
    std::getline(comm, name);
    return name + " (pid " + std::string(pid) + ")";
  }
  return {};
}

}  // namespace

std::string port_holder(std::uint16_t port) {
  std::set<std::string> sockets;
  if (port != 0) {
    collect_sockets("/proc/net/tcp", port, sockets);
    collect_sockets("/proc/net/tcp6", port, sockets);
  }
  return holder_of(sockets);
}

std::string abstract_holder(std::string_view name) {
  std::set<std::string> sockets;
  collect_abstract(name, sockets);
  return holder_of(sockets);
}

}  // namespace sluice::process
