#include "process/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "sluice/base/unique_fd.h"

namespace sluice::process {

ServiceManager::ServiceManager(bool wanted) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (wanted && path != nullptr && std::strlen(path) < sizeof(sockaddr_un::sun_path)) path_ = path;
  ::unsetenv("NOTIFY_SOCKET");
}

void ServiceManager::send(std::string_view lines) const noexcept {
  if (path_.empty()) return;
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return;
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path_.data(), path_.size());
  if (path_[0] == '@') at.sun_path[0] = '\0';  // the abstract name space
  const auto len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  (void)::sendto(fd.get(), lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&at), len);
}

void ServiceManager::ready(std::string_view status) const noexcept {
  send("READY=1\nSTATUS=" + std::string(status) + "\nMAINPID=" + std::to_string(::getpid()) + "\n");
}

void ServiceManager::reloading() const noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const long long us = static_cast<long long>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us) + "\nSTATUS=Reloading Configuration.\n");
}

void ServiceManager::stopping() const noexcept { send("STOPPING=1\nSTATUS=Stopping.\n"); }
void ServiceManager::status(std::string_view text) const noexcept { send("STATUS=" + std::string(text) + "\n"); }
void ServiceManager::extend_timeout(long seconds) const noexcept {
  send("EXTEND_TIMEOUT_USEC=" + std::to_string(seconds * 1000000) + "\n");
}

}  // namespace sluice::process
