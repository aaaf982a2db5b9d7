// Who listens on a TCP port or an abstract unix socket, as far as /proc tells (other users' processes hide their
// descriptors). Thread: start-up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::process {

// "nginx (pid 1234)", "" when it cannot be told. Slow: looks at the descriptors of all processes.
std::string port_holder(std::uint16_t port);
std::string abstract_holder(std::string_view name);

}  // namespace sluice::process
