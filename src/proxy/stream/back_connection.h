// A connection to a server: its mux, and its place in the idle pool of that server.
//
// Owner: nobody but itself; ends through the graveyard. While a stream uses it the stream decides; while it is idle the
// pool (or, with "http-reuse never", the session) does. Thread: the worker's.
#pragma once

#include "sluice/backend/idle_pool.h"
#include "sluice/backend/server.h"
#include "sluice/backend/server_socket.h"
#include "sluice/http/mux/h1_back.h"
#include "sluice/proxy/worker.h"

namespace sluice::proxy {

// What a connection attempt needs to know.
struct ConnectRequest {
  backend::Server* server = nullptr;
  const http::mux::H1Settings* settings = nullptr;
  const ProxySpec* spec = nullptr;  // of the backend: socket options
  net::Address client_dst;          // what the client connected to
  net::Address presented;           // source of "source ... usesrc"; family None: our own
  int client_netns = -1;            // the client's namespace, for "namespace *"
  bool data_follows = false;        // bytes are ready to go as soon as it stands
  std::string_view begin_with;      // PROXY header; empty: none
  std::uint64_t key = 0;            // PooledConnection::pool_key
};

class BackConnection final : public backend::PooledConnection, public http::mux::BackOwner, public runtime::Buried {
 public:
  // Opens a socket and starts to connect. Null with `error` set when that failed at once.
  static BackConnection* connect(Worker& worker, const ConnectRequest& request, base::Error& error) noexcept;

  [[nodiscard]] http::mux::H1Back& mux() noexcept { return mux_; }
  [[nodiscard]] backend::Server& server() noexcept { return server_; }
  // Our end and the server's, for logs.
  [[nodiscard]] const net::Address& local_address() noexcept;
  [[nodiscard]] const net::Address& server_address() const noexcept { return server_address_; }
  // Bytes may be sent before the connect is known to be over: the far end is on this machine, and is the server itself.
  [[nodiscard]] bool early_bytes() const noexcept { return early_bytes_; }
  // Ends it. The mux must have no stream any more.
  void end(net::CloseMode mode) noexcept;

  void close_idle() noexcept override { end(net::CloseMode::Normal); }
  void on_server_gone() noexcept override {
    if (private_hook.linked()) end(net::CloseMode::Normal);
  }
  void on_idle_event() noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override;

  base::ListHook private_hook;  // in a session's list while it waits for that client's next request
  bool of_one_client = false;   // it has authenticated a client (http/connection_auth.h): never shared from then on

 private:
  BackConnection(Worker& worker, const ConnectRequest& request, backend::ServerSocket socket, bool connecting,
                 const net::SocketAddress& server) noexcept;
  ~BackConnection() = default;
  void destroy() noexcept override;

  Worker& worker_;
  backend::Server& server_;
  http::mux::H1Back mux_;
  net::Address local_address_;
  net::Address server_address_;
  backend::SourcePort source_port_;
  bool local_known_ = false;
  bool ended_ = false;
  bool early_bytes_ = false;
};

}  // namespace sluice::proxy
