// The answer to _getsocks: listening sockets for another process (handover.h has the wire). A taker that is slow costs
// nobody anything; one that does not move for five seconds is left alone. Thread: that of the stats socket.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "process/handover.h"
#include "sluice/base/unique_fd.h"
#include "sluice/ops/cli.h"
#include "sluice/runtime/loop.h"

namespace sluice::process {

class SocketGiver final : public ops::CliAnswer, private runtime::IoHandler {
 public:
  // given: called once the first of them are on their way.
  SocketGiver(runtime::Loop& loop, ops::CliSessionControl& session, const std::vector<GivenSocket>& sockets,
              void (*given)(void*) noexcept, void* ctx);
  ~SocketGiver() override;
  Progress produce(std::string& out) noexcept override;

 private:
  enum class Step : std::uint8_t { Count, Sockets, Acknowledgement, Over };
  // What is to be done next was done; false: the taker is not ready.
  bool advance() noexcept;
  bool sent(ssize_t n, std::size_t bytes, Step next) noexcept;
  void on_io(unsigned ready) noexcept override;
  void on_timeout() noexcept;
  void resume() noexcept;

  runtime::Loop& loop_;
  ops::CliSessionControl& session_;
  base::UniqueFd fd_;                    // the connection once more: the session watches it too
  std::vector<base::UniqueFd> sockets_;  // copies: the frontend may close its own meanwhile
  std::vector<std::string> namespaces_;  // their names, "" = ours
  void (*given_)(void*) noexcept;
  void* given_ctx_;
  Step step_ = Step::Count;
  std::size_t at_ = 0;  // sockets sent
  std::size_t acknowledged_bytes_ = 0;
  bool waiting_ = false;
  runtime::MemberTimer<&SocketGiver::on_timeout> timer_{*this};
};

}  // namespace sluice::process
