// "source" of a server or backend: what a socket is bound to before it connects (manual 4.2 and 5.2 "source").
#pragma once

namespace sluice::backend {

class Server;

// fd: a stream socket, not connected. 0 or errno; nothing happens for servers without a source. Any thread.
[[nodiscard]] int bind_source(int fd, const Server& server) noexcept;

}  // namespace sluice::backend
