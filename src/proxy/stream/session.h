// A client connection: who it is, its mux, and how long it may wait between exchanges.
//
//   accept ──> Session ── H1Front ── Stream (one exchange at a time; raw: one for the whole connection)
//
// Owner: the worker; ends through the graveyard when its mux is closed. Thread: the worker's.
#pragma once

#include <memory>

#include "back_connection.h"
#include "sluice/backend/server.h"
#include "sluice/base/list.h"
#include "sluice/http/mux/h1_front.h"
#include "sluice/proxy/worker.h"
#include "sluice/runtime/timer.h"

namespace sluice::proxy {

class Stream;
class Preface;

// What only some connections have, for their life: what a PROXY or NetScaler header leaves behind, the first packet.
struct Particulars {
  net::Address socket_source, socket_destination;  // fc_src, fc_dst
  std::unique_ptr<char[]> tlvs;
  std::unique_ptr<char[]> syn;
};

class Session final : public http::mux::FrontOwner, public runtime::Buried, private runtime::Timer {
 public:
  static Session* make(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd,
                       const net::Address& source) noexcept;
  void start(bool ready) noexcept;
  // Keeps a copy of the packet that began the connection ("tcp-ss" of bind).
  void keep_syn() noexcept;
  // The connection begins with a header that says who the client is; start() follows it.
  void await_preface(net::PrefaceKind kind) noexcept;
  // The header was read: from now on the client is who it says.
  void preface_read(net::PrefaceKind kind, const net::PrefaceHeader& header) noexcept;
  // There is none, or a wrong one: logged (manual 8.2.5), then closed. error: policy::ConnectionError. heard: bytes
  // have come.
  void preface_failed(std::uint8_t error, bool heard) noexcept;

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
  [[nodiscard]] Stream* stream() noexcept { return stream_; }
  // A stream has ended; it is no longer referred to.
  void stream_gone() noexcept { stream_ = nullptr; }
  // The process stops. Softly: answers say that they are the last, and connections without a request end after a while
  // (Global::draining). Hard: now.
  void stop(bool hard) noexcept;

  // An idle connection to that server which only this client may use ("http-reuse never", NTLM); null when there is
  // none.
  [[nodiscard]] BackConnection* take_private(const backend::Server& server, std::uint64_t key) noexcept;
  // It ends with the client's connection; at once when as many as may be are kept already.
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

  void describe(runtime::IoDescription& out) const noexcept override;

  base::ListHook worker_hook;

 private:
  Session(Worker& worker, Proxy& proxy, ListenerInfo& listener, int fd, const net::Address& source) noexcept;
  ~Session();
  void destroy() noexcept override;
  void on_timer() noexcept override;
  void set_deadline(base::TimePoint when) noexcept;
  void limit_idle_time() noexcept;
  void count_out() noexcept;
  // Made when first needed; null: memory is out.
  Particulars* particulars() noexcept;
  void log_connection_error() noexcept;
  // The client left, or said nothing in time, before its first request: that is logged too.
  void log_empty(bool timed_out) noexcept;

  Worker& worker_;
  Proxy& proxy_;
  ListenerInfo& listener_;
  http::mux::H1Front front_;
  policy::ConnectionFacts facts_;
  std::unique_ptr<Particulars> particulars_;
  Preface* preface_ = nullptr;  // while the header is waited for
  Stream* stream_ = nullptr;
  base::List<BackConnection, &BackConnection::private_hook> private_;  // idle ones of this client, the latest first
  const backend::Server* last_server_ = nullptr;  // of the previous request ("option prefer-last-server")
  base::TimePoint deadline_ = base::kNever;
  base::TimePoint idle_since_;
  std::uint32_t requests_ = 0;
  bool authenticating_ = false;
  bool stopping_ = false;
  bool counted_out_ = false;  // no longer one of the frontend's connections
  bool resume_ = false;       // the timer is armed for now: bytes of the next request are waiting
};

}  // namespace sluice::proxy
