// One server's health check: its timer, its connection, its steps.
//
//   Idle ──timer──> Connecting [──> AskingProxy] ──> Sending ──> Expecting ──> ... ──> Idle (result told)
//                      └───────────── error, timeout ─────────────────┘
// Thread: the loop's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/checks/expect.h"
#include "sluice/backend/backend.h"
#include "sluice/backend/check.h"
#include "sluice/backend/source_ports.h"
#include "sluice/base/unique_fd.h"
#include "sluice/http/h1/body_decoder.h"
#include "sluice/http/h1/head_parser.h"
#include "sluice/net/socks4.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend {

// The steps of a backend's check with everything implied written out; shared by its servers.
struct CheckPlan {
  struct Step {
    const CheckStep* spec = nullptr;  // null: implied
    CheckStep::Kind kind = CheckStep::Kind::Connect;
    std::unique_ptr<Expect> expect;  // Expect steps that are written out
    std::string comment;
    unsigned number = 0;  // as messages count them: the written ones from 1, comments included; 0 = implied
  };
  explicit CheckPlan(const CheckSpec& spec);
  const CheckSpec& spec;
  bool http = false;
  bool scripted = false;  // messages name the step
  std::vector<Step> steps;
};

class Check final : public runtime::IoHandler {
 public:
  Check(runtime::Loop& loop, Server& server, const CheckPlan& plan, const CheckerOptions& options, std::uint64_t seed);
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  ~Check();

  void start_in(base::Millis delay) noexcept;
  void stop() noexcept;
  [[nodiscard]] const Server& server() const noexcept { return server_; }

  void on_io(unsigned ready) noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override;

 private:
  enum class Phase : std::uint8_t { Idle, Connecting, AskingProxy, Sending, Expecting };
  enum class Flow : std::uint8_t { Next, Wait, Ended };

  void begin() noexcept;
  void advance() noexcept;
  Flow enter_step() noexcept;
  Flow connect_now(const CheckPlan::Step& step) noexcept;
  void connected() noexcept;
  void ask_proxy() noexcept;
  void stands() noexcept;
  void greet() noexcept;
  Flow send_now() noexcept;
  Flow receive_now() noexcept;
  Flow judge() noexcept;
  Flow judge_http() noexcept;
  Flow read_http() noexcept;
  Flow judge_stream() noexcept;
  Flow matched() noexcept;
  Flow mismatched(CheckStatus usual, std::string text) noexcept;
  void on_timeout() noexcept;

  // Ends the check with a result. Returns Ended.
  Flow finish(CheckStatus status, CheckOutcome outcome, int code, std::string text) noexcept;
  Flow fail(CheckStatus status, std::string text, int code = 0) noexcept {
    return finish(status, CheckOutcome::Failed, code, std::move(text));
  }
  Flow succeed() noexcept;
  [[nodiscard]] std::string at_step() const;
  void close_socket(bool reset) noexcept;

  runtime::Loop& loop_;
  Server& server_;
  const CheckPlan& plan_;
  const CheckerOptions& options_;
  std::uint64_t random_state_;

  Phase phase_ = Phase::Idle;
  SourcePort port_;
  base::UniqueFd fd_;
  std::optional<net::Socks4> socks4_;  // until the proxy has answered
  std::size_t step_ = 0;
  base::TimePoint began_;
  base::Clock::time_point clock_began_;
  std::string out_;  // still to be sent
  std::size_t out_sent_ = 0;
  std::vector<char> in_;  // memory only while a check runs
  std::size_t in_bytes_ = 0;
  bool eof_ = false;
  bool reached_l7_ = false;
  bool linger_ = false;
  bool greets_ = false;  // the connection begins with a PROXY header

  // HTTP response
  bool head_done_ = false;
  http::h1::ParseOptions parse_options_;
  http::h1::HeadParser parser_;
  std::vector<http::Field> fields_;
  http::ResponseHead head_;
  http::h1::BodyDecoder decoder_;
  std::size_t body_from_ = 0;  // first byte of in_ that the decoder has not taken
  std::string body_;
  bool to_head_ = false;

  runtime::MemberTimer<&Check::begin> start_timer_{*this};
  runtime::MemberTimer<&Check::on_timeout> timeout_timer_{*this};
};

}  // namespace sluice::backend
