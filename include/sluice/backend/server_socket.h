// Sockets for connections to a server, with everything set that its line says about them: source, interface, namespace
// and TCP options (manual 5.2). For traffic and for health checks. Thread: any.
#pragma once

#include "sluice/backend/source_ports.h"
#include "sluice/base/unique_fd.h"
#include "sluice/net/address.h"

namespace sluice::backend {

class Server;

struct ServerSocket {
  SourcePort port;  // where "source" has a range; kept as long as the connection
  base::UniqueFd fd;
};

struct ServerSocketWish {
  net::SocketAddress to;   // who is connected to: the server, or the proxy before it ("socks4")
  net::Address presented;  // source of the client's kind ("source ... usesrc"); family None: our own ("source"), as for
                           // checks
  bool data_follows = false;  // bytes to send are there already, so that fast open may be used
  int client_netns = -1;      // the client's namespace, for "namespace *"
};

// A socket for a connection, bound where the server asks for that, not yet connecting. errno, 0 when done.
int open_server_socket(const Server& server, const ServerSocketWish& wish, ServerSocket& out) noexcept;

// Begins to connect. 0: it stands; EINPROGRESS: it will, or not; another errno: it does not.
// EADDRNOTAVAIL with a port of a range: that port still has a connection to there, another one may do.
int connect_server_socket(const net::SocketAddress& to, int fd) noexcept;

// "sockpair@": the connection is one end of a pair, its other end is passed on. Such a target has no address.
bool is_passed_on(const net::SocketAddress& to) noexcept;

}  // namespace sluice::backend
