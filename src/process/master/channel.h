// What master and worker tell each other, over a pair of sockets that keep messages apart (SOCK_SEQPACKET).
//
//   worker -> master   Facts    "key=value" lines: version, and what the configuration says about the master
//                      Log      what was said during the start, in pieces
//                      Sockets  listening sockets, some at a time
//                      Ready    it serves: it has taken the sockets and accepts
//   master -> worker   Client   one descriptor: a client of the master's command socket; text: its level and modes
//
// The channel closes when its other end has gone. Thread: the owner's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/unique_fd.h"

namespace sluice::process {

enum class Note : char { Facts = 'F', Log = 'L', Sockets = 'S', Ready = 'R', Client = 'C' };

struct Message {
  Note note{};
  std::string text;
  std::vector<base::UniqueFd> fds;
};

class Channel {
 public:
  static constexpr std::size_t kMostText = 32768;
  static constexpr std::size_t kMostFds = 250;

  Channel() = default;
  explicit Channel(base::UniqueFd fd) : fd_(std::move(fd)) {}
  // Both ends, close-on-exec. Invalid when the system refuses.
  static std::pair<Channel, base::UniqueFd> make();

  [[nodiscard]] bool valid() const noexcept { return fd_.valid(); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  void close() noexcept { fd_.reset(); }

  // text: at most kMostText bytes; fds: borrowed, at most kMostFds. False when the other end has gone or is stuck.
  bool send(Note note, std::string_view text = {}, std::span<const int> fds = {}) const noexcept;
  enum class Got : std::uint8_t { Message, Nothing, Closed };
  // Does not wait. Anything malformed counts as Closed.
  Got receive(Message& out) const;

 private:
  base::UniqueFd fd_;
};

}  // namespace sluice::process
