// A client connection: who it is, its mux, and how long it may wait between exchanges.
//
//   accept ──> Session ── H1Front ── Stream (one exchange at a time; raw: one for the whole connection)
//
// Owner: the worker; ends through the graveyard when its mux is closed. Thread: the worker's.
#pragma once

#include "back_connection.h"
#include "sluice/backend/server.h"
#include "sluice/base/list.h"
#include "sluice/http/mux/h1_front.h"
#include "sluice/proxy/worker.h"
#include "sluice/runtime/timer.h"

namespace sluice::proxy {

class Stream;

class Session final : public http::mux::FrontOwner, public runtime::Buried, private runtime::Timer {
 public:
  static Session* make(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd, const net::Address& source) noexcept;
  void start(bool ready) noexcept;

  [[nodiscard]] Worker& worker() noexcept { return worker_; }
  [[nodiscard]] Proxy& proxy() noexcept { return proxy_; }
  [[nodiscard]] ListenerInfo& listener() noexcept { return listener_; }
  [[nodiscard]] http::mux::H1Front& front() noexcept { return front_; }
  [[nodiscard]] policy::ConnectionFacts& facts() noexcept { return facts_; }
  [[nodiscard]] std::uint32_t requests() const noexcept { return requests_; }
  [[nodiscard]] base::TimePoint idle_since() const noexcept { return idle_since_; }
  [[nodiscard]] base::TimePoint head_deadline() const noexcept { return deadline_; }
  // The exchange has its head: the session's timer rests until on_idle().
  void head_received() noexcept { deadline_ = base::kNever; }
  // A stream has ended; it is no longer referred to.
  void stream_gone() noexcept { stream_ = nullptr; }
  // The process stops. Softly: answers say that they are the last, and connections without a request end after a while
  // (Global::draining). Hard: now.
  void stop(bool hard) noexcept;

  // An idle connection to that server which only this client may use ("http-reuse never", NTLM); null when there is none.
  [[nodiscard]] BackConnection* take_private(const backend::Server& server) noexcept;
  // It ends with the client's connection, or when too many others are kept after it.
  void keep_private(BackConnection& c) noexcept;
  [[nodiscard]] const backend::Server* last_server() const noexcept { return last_server_; }
  void set_last_server(const backend::Server* s) noexcept { last_server_ = s; }
  // The last answer asked for credentials: the next request belongs to the same server.
  [[nodiscard]] bool authenticating() const noexcept { return authenticating_; }
  void set_authenticating(bool on) noexcept { authenticating_ = on; }

  http::RequestHead* begin_exchange(http::mux::StreamEvents*& stream) noexcept override;
  void on_idle(bool leftover) noexcept override;
  void on_closing() noexcept override;
  void on_closed(bool idle) noexcept override;

  base::ListHook worker_hook;

 private:
  Session(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd, const net::Address& source) noexcept;
  ~Session();
  void destroy() noexcept override;
  void on_timer() noexcept override;
  void set_deadline(base::TimePoint when) noexcept;
  void limit_idle_time() noexcept;
  void count_out() noexcept;
  // The client left, or said nothing in time, before its first request: that is logged too.
  void log_empty(bool timed_out) noexcept;

  Worker& worker_;
  Proxy& proxy_;
  ListenerInfo& listener_;
  http::mux::H1Front front_;
  policy::ConnectionFacts facts_;
  Stream* stream_ = nullptr;
  base::List<BackConnection, &BackConnection::private_hook> private_;  // idle ones of this client, the latest first
  const backend::Server* last_server_ = nullptr;  // of the previous request ("option prefer-last-server")
  base::TimePoint deadline_ = base::kNever;
  base::TimePoint idle_since_;
  std::uint32_t requests_ = 0;
  bool authenticating_ = false;
  bool stopping_ = false;
  bool counted_out_ = false;  // no longer one of the frontend's connections
  bool resume_ = false;  // the timer is armed for now: bytes of the next request are waiting
};

}  // namespace sluice::proxy
