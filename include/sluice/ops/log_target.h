// Log targets at work: LogOutputs owns the sockets and descriptors that lines go to, a LogRoute is the list of targets
// of one proxy (or of the process) and what that proxy's rules write to as base::LogSink.
//
//   LogRoute::write(level, message)
//        for each target: level filter, sample  ->  header + message into this thread's lane of the output
//                                                                   | end of the turn (runtime::TurnEnd), or lane full
//                                                                   v
//                                     sendmmsg() for datagrams, write() of whole lines for descriptors
//
// Lines of one turn leave together and in order. Nothing waits: what the receiver does not take is dropped and counted.
// A line costs no lock and, once a thread has written its first one, no allocation. Without a loop (start, end of the
// process) each line is sent at once under a lock.
//
// Thread: configure before the loops run; write() from any loop thread, or from threads without a loop.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/log_sink.h"
#include "sluice/base/result.h"
#include "sluice/ops/log_spec.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::ops {

class LogLane;  // lines of one thread that wait for the end of the turn

// One receiver: a datagram address or a descriptor. Made by LogOutputs.
class LogOutput {
 public:
  LogOutput(net::SocketAddress address, int fd, std::atomic<std::uint64_t>& dropped);
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;
  ~LogOutput();

  // Queues one line made of these pieces, cut to max_len bytes; the newline comes on top.
  void add(const std::string_view* pieces, std::size_t count, std::size_t max_len) noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] const net::SocketAddress& address() const noexcept { return address_; }

 private:
  friend class LogLane;
  LogLane* lane_of(std::size_t i) noexcept;

  const net::SocketAddress address_;
  const int fd_;  // borrowed (stdout, fd@N); -1 for datagrams
  std::atomic<std::uint64_t>& dropped_;
  std::array<std::unique_ptr<LogLane>, runtime::kMaxThreads + 1> lanes_;  // by loop index; each used by its thread only
  std::mutex without_loop_;                                               // guards the last lane
  std::mutex fd_mutex_;  // one writer per descriptor and turn: guards fd_rest_
  std::string fd_rest_;  // the end of a line of which a pipe took only the beginning
};

// What the headers say about the process.
struct LogIdentity {
  std::string tag = "sluice";  // global "log-tag", or the name the program was called by
  std::string hostname;        // as sent in rfc3164 and rfc5424 headers
  bool send_hostname = false;  // makes rfc3164 the default format
  long pid = 0;
};

// All outputs of the process, shared by the routes that name the same receiver.
class LogOutputs {
 public:
  LogOutputs() = default;
  LogOutputs(const LogOutputs&) = delete;
  LogOutputs& operator=(const LogOutputs&) = delete;

  // The output for a target; resolves names (start-up only). The error is a sentence for the user. Lives as long as
  // this.
  base::Result<LogOutput*, std::string> open(const LogTargetSpec& spec);

  // Before the loops run, and after every fork.
  void set_identity(LogIdentity identity);
  [[nodiscard]] const LogIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] std::string_view pid_text() const noexcept { return pid_text_; }
  // The identity that a global section asks for: its log-tag and log-send-hostname, or the program's and the system's
  // names.
  static LogIdentity identity_of(const GlobalLogSpec* global, std::string_view program, long pid);

  // Lines lost since start (`show info` DroppedLogs).
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::vector<std::unique_ptr<LogOutput>> outputs_;
  LogIdentity identity_;
  std::string pid_text_ = "0";
  std::atomic<std::uint64_t> dropped_{0};
};

// The targets of one proxy. Its address must not change while it is in use.
class LogRoute final : public base::LogSink {
 public:
  // outputs outlives the route. tag: "" = the identity's.
  LogRoute(const LogOutputs& outputs, std::string tag) : outputs_(outputs), tag_(std::move(tag)) {}

  // Adds a target (start-up).
  void add(LogOutput& output, const LogTargetSpec& spec);
  [[nodiscard]] bool empty() const noexcept { return targets_.empty(); }
  // Any target that sends lines of that level; false spares the rendering of the line.
  [[nodiscard]] bool wants(base::LogLevel level) const noexcept { return level <= widest_; }
  // Any target with the rfc5424 format, the only one that shows the structured part.
  [[nodiscard]] bool structured() const noexcept { return structured_; }
  // The longest message that a target takes, for sizing render buffers; 0 when there is no target.
  [[nodiscard]] std::uint32_t longest() const noexcept { return longest_; }

  void write(base::LogLevel level, std::string_view message, std::string_view structured = {}) noexcept override;

 private:
  struct Target {
    LogOutput* output;
    LogFormat format;
    std::array<std::string, 8> priority;  // "<134>" by level
    base::LogLevel level;
    base::LogLevel min_level;
    std::uint32_t max_len;
    std::uint32_t sample_size;
    std::vector<LogTargetSpec::Range> sample;
    std::unique_ptr<std::atomic<std::uint32_t>> sample_at;
  };
  const LogOutputs& outputs_;
  const std::string tag_;
  std::vector<Target> targets_;
  base::LogLevel widest_ = base::LogLevel::Emerg;
  bool structured_ = false;
  std::uint32_t longest_ = 0;
};

// The route of a proxy: its own targets and, with "log global", those of the global section. Either may be null. Null
// with the reason in `error` when a target cannot be opened; a route without targets is made all the same.
std::unique_ptr<LogRoute> make_log_route(LogOutputs& outputs, const LogSpecs* proxy, const GlobalLogSpec* global,
                                         std::string& error);
// The route of the process itself: the targets of the global section.
std::unique_ptr<LogRoute> make_global_log_route(LogOutputs& outputs, const GlobalLogSpec* global, std::string& error);

}  // namespace sluice::ops
