// A stream: one HTTP exchange, or one TCP connection, from its front endpoint to a server (or to an answer of our own).
//
// The stream is a coordinator: request and response are independent half-streams (stream_state.h), each an ordered list
// of phases; a phase answers Continue, Wait, Respond or Fail. Events from the endpoints, timers and queues only say
// "look again": step() then runs until nothing moves.
//
// Memory: one block with the heads, their field tables and the arena; taken from the worker's pool, most recently used
// first. Lifetime: made by the session with the first byte; ends in finish(), which logs, gives everything back and
// buries it. Thread: the session's.
#pragma once

#include <cstdint>

#include "back_connection.h"
#include "buffered_body.h"
#include "pump.h"
#include "session.h"
#include "sluice/base/arena.h"
#include "sluice/proxy/actions.h"
#include "sluice/proxy/rules.h"
#include "stream_state.h"

namespace sluice::proxy {

class Stream final : public http::mux::StreamEvents,
                     public backend::QueueWaiter,
                     public backend::SessionHook,
                     public runtime::Buried {
 public:
  // Null when memory is out.
  static Stream* make(Session& session) noexcept;
  // What make() asks of the pool for one stream.
  static std::size_t block_bytes(const GlobalSettings& settings) noexcept;

  [[nodiscard]] http::RequestHead& request() noexcept { return request_; }

  void on_front(unsigned events) noexcept override;
  void on_back(unsigned events) noexcept override;
  void on_queue_wake(backend::QueueWake why) noexcept override;
  void on_server_shutdown() noexcept override;
  // No whole head in its time ("timeout http-request").
  void on_head_timeout() noexcept;
  // The connection said nothing at all: a line in the log, an answer when `status` is not 0.
  void end_empty(bool timed_out, unsigned status) noexcept;
  // The process stops now, or an administrator wants this one to end.
  void kill() noexcept;
  // For `show sess`.
  void describe(StreamView& out) noexcept;

  base::ListHook hook;

 private:
  explicit Stream(Session& session, char* memory) noexcept;
  ~Stream() = default;
  void destroy() noexcept override;

  enum class Progress : std::uint8_t { Continue, Wait, Respond, Fail };
  struct Phase {
    const char* name;
    Progress (Stream::*run)() noexcept;
  };
  static const Phase kHttpRequestPhases[];
  static const Phase kTcpRequestPhases[];

  // -- stream_request.cc: from the head to the choice of a server
  void on_request_head() noexcept;
  void on_bad_request() noexcept;
  void start_tcp() noexcept;
  void run_request_phases() noexcept;
  void assign_again() noexcept;
  Progress phase_monitor() noexcept;
  Progress phase_front_rules() noexcept;
  Progress phase_choose_backend() noexcept;
  Progress phase_back_rules() noexcept;
  Progress phase_option_headers() noexcept;
  Progress phase_wait_front_body() noexcept;
  Progress phase_wait_back_body() noexcept;
  Progress wait_body() noexcept;
  Progress out_of_memory() noexcept;
  Progress phase_assign() noexcept;
  Progress phase_connect() noexcept;
  Progress phase_tcp_front_rules() noexcept;
  Progress phase_tcp_back_rules() noexcept;
  Progress run_rules(const RuleList& list, const CompiledProxy& owner) noexcept;
  Progress run_tcp_rules(const RuleList& list, const CompiledProxy& owner) noexcept;
  Progress act_on(ActionResult result, ActionContext& context, const CompiledProxy& owner) noexcept;
  ActionContext make_context() noexcept;
  bool buffer_request_body() noexcept;
  void want_request_body() noexcept;
  Progress body_lost() noexcept;
  Progress body_late() noexcept;
  void body_waited() noexcept;
  void note_request_line() noexcept;
  void take_request_cookie() noexcept;
  void enter_backend(Proxy& backend) noexcept;
  bool make_unique_id() noexcept;

  // -- stream_back.cc: server, connection, retries
  void assigned(backend::ServerSlot slot) noexcept;
  void point_at(backend::Server& server) noexcept;
  void count_redispatch(backend::Server& from) noexcept;
  Progress connect() noexcept;
  bool header_address(const std::string& name, int occurrence, net::Address& out) const noexcept;
  void present_source(const backend::Server& server, ConnectRequest& request) noexcept;
  // Where the client is, as its PROXY header says, or where its listener is; fd -1: our own. A name that namespace_list
  // has not counts as nothing said.
  struct Place {
    int fd = -1;
    std::string_view name;
  };
  [[nodiscard]] Place client_namespace() const noexcept;
  bool proxy_header(const backend::Server& server, ConnectRequest& request) noexcept;
  void send_request() noexcept;
  void connection_established() noexcept;
  void connection_failed(base::Error error) noexcept;
  bool redispatch() noexcept;
  void start_over() noexcept;
  bool retry_request(std::uint32_t why) noexcept;
  void leave_server(bool reuse) noexcept;

  // -- stream_response.cc
  void on_response_head() noexcept;
  void on_response_failure() noexcept;
  void forward_interim() noexcept;
  void apply_response_rules() noexcept;
  bool run_response_rules() noexcept;
  bool buffer_response_body() noexcept;
  void send_response_head() noexcept;
  void start_tunnel() noexcept;
  void respond(unsigned status) noexcept;
  void respond_raw(unsigned status) noexcept;
  void respond_prepared(std::string_view body, unsigned status_logged) noexcept;
  bool run_after_response(bool own_reply) noexcept;

  // -- stream_end.cc
  void step() noexcept;
  void pump_both() noexcept;
  void half_closed() noexcept;
  void check_front_closed() noexcept;
  void update_deadlines(bool front_activity, bool back_activity) noexcept;
  void on_timer() noexcept;
  void arm(base::TimePoint when) noexcept;
  void set_phase_deadline(base::TimePoint when) noexcept;
  void fail_stream(Cause cause, Where where, unsigned status) noexcept;
  void finish(bool abort_front) noexcept;
  [[nodiscard]] bool has_request() const noexcept;
  void fill_facts() noexcept;
  void log(bool early) noexcept;
  void log_default(base::LogLevel level) noexcept;
  void count() noexcept;
  void count_rewrites() noexcept;
  void count_internal_error() noexcept;
  void count_bytes() noexcept;
  void capture_error(bool response) noexcept;
  void release_request() noexcept;
  [[nodiscard]] Where where_now() const noexcept;
  [[nodiscard]] bool http() const noexcept { return http_; }
  // The client has not been given anything yet: an answer of our own can take the place of the server's.
  [[nodiscard]] bool unanswered() const noexcept {
    return response_state_ == ResponseState::None || response_state_ == ResponseState::AwaitHead ||
           response_state_ == ResponseState::Rules;
  }
  [[nodiscard]] base::TimePoint now() const noexcept { return worker_.loop().now(); }

  Worker& worker_;
  Session& session_;
  Proxy& front_proxy_;
  Proxy* back_proxy_ = nullptr;
  http::mux::H1Front& front_;
  http::mux::H1Back* back_ = nullptr;
  BackConnection* connection_ = nullptr;

  RequestState request_state_ = RequestState::Head;
  ResponseState response_state_ = ResponseState::None;
  BackState back_state_ = BackState::None;
  CloseReason reason_;
  std::uint8_t phase_ = 0;
  std::uint32_t steps_ = 0;  // how often step() ran
  bool http_;
  bool ended_ = false;
  bool stepping_ = false;
  bool request_released_ = false;  // views into the request head are gone
  bool request_sent_ = false;
  bool tunnel_ = false;
  bool body_wait_started_ = false;
  bool front_shut_ = false, back_shut_ = false;
  bool front_eof_seen_ = false;
  bool abort_told_ = false;  // the client ended its side and the server was told (option abortonclose)
  bool do_not_log_ = false;
  bool logged_ = false;
  bool own_reply_ = false;
  bool head_response_ = false;    // request method was HEAD
  bool connect_request_ = false;  // ... CONNECT
  bool redispatched_ = false;
  bool pinned_ = false;                 // the server follows from the request: use-server, a hash
  bool attempt_counted_ = false;        // the next connect() is the one that the assignment has counted
  bool fresh_connection_only_ = false;  // a kept connection turned out dead: take a new one
  bool reused_ = false;
  bool counted_response_ = false;
  bool allow_l7_retry_ = false;
  bool denied_ = false;
  bool request_untimed_ = false;  // logged without a request time: a rule closed the connection without a word, or the
                                  // body that was waited for did not come or was malformed
  bool first_request_;

  RuleCursor cursor_;               // of the list at work: request rules first, response rules later
  std::uint8_t response_list_ = 0;  // 0: http-response of the backend, 1: of the frontend, 2: done
  BufferedBody request_body_, response_body_;
  Pump to_server_, to_client_;

  backend::BackendUse backend_use_;
  backend::ServerSlot slot_;
  backend::QueuePlace place_;
  backend::Server* server_ = nullptr;  // of the last attempt
  backend::Server* avoid_ = nullptr;
  std::uint32_t retries_left_ = 0;
  std::uint32_t retries_done_ = 0;
  unsigned tarpit_status_ = 0;
  bool tarpit_silent_ = false;  // an error file that is empty: close without a word

  base::TimePoint client_deadline_ = base::kNever;
  base::TimePoint server_deadline_ = base::kNever;
  base::TimePoint phase_deadline_ = base::kNever;
  base::Millis client_timeout_, server_timeout_ = base::kNoTimeout;

  // When things happened; kNever: not yet (manual 8.4).
  base::TimePoint t_start_;  // first byte of the request (tcp: accept)
  base::TimePoint t_head_ = base::kNever;
  base::TimePoint t_assigned_ = base::kNever;
  base::TimePoint t_connected_ = base::kNever;
  base::TimePoint t_response_ = base::kNever;

  // Messages as the reference measures them (message_size.h), for logs and counters; in TCP mode plain bytes.
  std::uint64_t request_head_in_ = 0;  // of request_in_: the head, without body
  std::uint64_t request_in_ = 0, request_out_ = 0, response_in_ = 0, response_out_ = 0;
  struct {
    std::uint64_t request_in = 0, request_out = 0, response_in = 0, response_out = 0;
  } counted_;  // of the above, what is in the counters already
  std::string_view reply_body_;

  runtime::MemberTimer<&Stream::on_timer> timer_{*this};

  policy::StreamFacts facts_;
  policy::SampleContext sample_;
  StreamControls controls_;
  http::RequestHead request_;
  http::ResponseHead response_;
  base::Arena arena_;
};

}  // namespace sluice::proxy
