// Sockets for connections to a server, with everything set that its line says about them: source, interface, namespace
// and TCP options (manual 5.2). For traffic and for health checks. Thread: any.
#pragma once

#include "sluice/base/unique_fd.h"
#include "sluice/net/address.h"

namespace sluice::backend {

class Server;

// A socket for a connection to `to`, bound where the server asks for that, not yet connecting.
//   presented: source of the client's kind ("source ... usesrc"); family None: our own ("source"), as for checks.
//   data_follows: bytes to send are there already, so that fast open may be used.
// errno, 0 when done.
int open_server_socket(const Server& server, const net::SocketAddress& to, const net::Address& presented,
                       bool data_follows, base::UniqueFd& out) noexcept;

}  // namespace sluice::backend
