// Tells the service manager how things go (sd_notify(3), Type=notify): datagrams of "NAME=value" lines to the socket
// named by NOTIFY_SOCKET. Thread: one.
#pragma once

#include <string>
#include <string_view>

namespace sluice::process {

class ServiceManager {
 public:
  // Silent unless `wanted` and NOTIFY_SOCKET is set. The variable is taken from the environment, so that workers do not
  // speak for the master.
  explicit ServiceManager(bool wanted);

  void ready(std::string_view status) const noexcept;
  void reloading() const noexcept;
  void stopping() const noexcept;
  void status(std::string_view text) const noexcept;
  // A start or reload takes its time: that much more, please.
  void extend_timeout(long seconds) const noexcept;

 private:
  void send(std::string_view lines) const noexcept;
  std::string path_;  // "" = nobody to tell
};

}  // namespace sluice::process
