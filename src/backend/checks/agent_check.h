// One server's agent: its timer, its connection, its one line (manual 5.2 "agent-check").
//
//   Idle ──timer──> Connecting ──> Sending ──> Reading ──> Idle (what it said is applied to the server)
//                       └──────── error, timeout ────────────┘ (nothing is: only an agent reverts what an agent said)
// Thread: the loop's.
#pragma once

#include <string>

#include "sluice/backend/backend.h"
#include "sluice/backend/check.h"
#include "sluice/backend/source_ports.h"
#include "sluice/base/unique_fd.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend {

class AgentCheck final : public runtime::IoHandler {
 public:
  AgentCheck(runtime::Loop& loop, Server& server, const CheckerOptions& options, std::uint64_t seed);
  AgentCheck(const AgentCheck&) = delete;
  AgentCheck& operator=(const AgentCheck&) = delete;
  ~AgentCheck();

  void start_in(base::Millis delay) noexcept;
  void stop() noexcept;
  [[nodiscard]] const Server& server() const noexcept { return server_; }

  void on_io(unsigned ready) noexcept override;
  void describe(runtime::IoDescription& out) const noexcept override;

 private:
  enum class Phase : std::uint8_t { Idle, Connecting, Sending, Reading };

  void begin() noexcept;
  void connected() noexcept;
  void send_now() noexcept;
  void read_now() noexcept;
  void on_timeout() noexcept;
  // Does what the line says.
  void obey(std::string_view line) noexcept;
  void fail(CheckStatus status, std::string text) noexcept;
  void finish(CheckStatus status, AgentSays says, std::string text) noexcept;
  void close_socket() noexcept;

  runtime::Loop& loop_;
  Server& server_;
  const CheckerOptions& options_;
  std::uint64_t random_state_;

  Phase phase_ = Phase::Idle;
  SourcePort port_;
  base::UniqueFd fd_;
  base::TimePoint began_;
  base::Clock::time_point clock_began_;
  std::string out_;  // still to be sent, from sent_ on
  std::size_t sent_ = 0;
  std::string in_;

  runtime::MemberTimer<&AgentCheck::begin> start_timer_{*this};
  runtime::MemberTimer<&AgentCheck::on_timeout> timeout_timer_{*this};
};

}  // namespace sluice::backend
