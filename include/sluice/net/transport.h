// Transport: one connected byte stream and its registration with the loop.
//
// A transport owns its socket. It registers with the loop only when somebody first waits for readiness (a connection
// that is accepted, read, answered and closed at once never costs an epoll_ctl), and it changes its interest only when
// that differs. Readiness goes to the handler given at construction.
//
//   recv/send never block; what they could not do is an IoStatus, not an error. Errors carry errno.
//   After close() nothing else may be called; the handler hears no more events.
//
// Thread: the loop that created it. Variants: PlainTransport here; TLS is to become a second one.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "sluice/runtime/loop.h"

namespace sluice::net {

enum class IoStatus : std::uint8_t { Done, WouldBlock, Eof, Error };

struct IoResult {
  IoStatus status = IoStatus::Done;
  std::size_t bytes = 0;  // moved; may be less than asked with Done
  int sys = 0;            // errno of an Error
};

enum class CloseMode : std::uint8_t {
  Normal,  // close(): what is queued is still delivered
  Reset,   // RST: nothing lingers ("option nolinger", aborted transfers)
};

class Transport {
 public:
  Transport(int fd, runtime::IoHandler& handler) noexcept : handler_(&handler), fd_(fd) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() { close(CloseMode::Normal); }

  virtual IoResult recv(std::span<char> out) noexcept = 0;
  // more: other bytes follow soon, the kernel may wait for them (MSG_MORE).
  virtual IoResult send(const char* data, std::size_t bytes, bool more) noexcept = 0;
  virtual IoResult sendv(const iovec* pieces, int count, bool more) noexcept = 0;
  // True when bytes may move between this socket and a pipe without passing through us.
  [[nodiscard]] virtual bool can_splice() const noexcept = 0;
  virtual IoResult splice_to_pipe(int pipe_write_fd, std::size_t max) noexcept = 0;
  virtual IoResult splice_from_pipe(int pipe_read_fd, std::size_t max) noexcept = 0;
  // Ends our side of the stream; reading goes on.
  virtual void shutdown_write() noexcept = 0;

  // What the handler wants to hear of (runtime::kIn, kOut, kRdHup). Errors and hang-ups are heard as soon as it is
  // registered.
  void want(unsigned interest) noexcept {
    if (interest == interest_ && watched_ && !patient_) return;
    apply(interest);
  }
  // The first interest of a connection that will most likely be over, or want something else, within a turn: see
  // runtime::Loop::watch_patiently.
  void want_patiently(unsigned interest) noexcept;
  void want_more(unsigned bits) noexcept { want(interest_ | bits); }
  void want_less(unsigned bits) noexcept {
    if ((interest_ & bits) != 0) want(interest_ & ~bits);
  }
  [[nodiscard]] unsigned interest() const noexcept { return interest_; }
  [[nodiscard]] bool watched() const noexcept { return watched_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
  // The error pending on the socket (SO_ERROR), 0 when none: the outcome of a connect.
  [[nodiscard]] int pending_error() const noexcept;
  // Whether the peer sent bytes that nobody has fetched: a close then resets the connection instead of ending it.
  [[nodiscard]] bool unread() const noexcept;

  // Of its events, from now on: see runtime::Loop::set_nice.
  void set_nice(std::int8_t nice) noexcept {
    if (nice == nice_) return;
    nice_ = nice;
    if (watched_) runtime::Loop::current()->set_nice(fd_, nice);
  }

  [[nodiscard]] std::int8_t nice() const noexcept { return nice_; }

  void close(CloseMode mode) noexcept;

 protected:
  void apply(unsigned interest) noexcept;
  void tell_nice() noexcept {
    if (nice_ != 0) runtime::Loop::current()->set_nice(fd_, nice_);
  }

  runtime::IoHandler* handler_;
  int fd_;
  std::uint8_t interest_ = 0;
  bool watched_ = false;
  bool patient_ = false;  // the poller may not know yet
  std::int8_t nice_ = 0;
};

class PlainTransport final : public Transport {
 public:
  using Transport::Transport;
  IoResult recv(std::span<char> out) noexcept override;
  IoResult send(const char* data, std::size_t bytes, bool more) noexcept override;
  IoResult sendv(const iovec* pieces, int count, bool more) noexcept override;
  [[nodiscard]] bool can_splice() const noexcept override { return true; }
  IoResult splice_to_pipe(int pipe_write_fd, std::size_t max) noexcept override;
  IoResult splice_from_pipe(int pipe_read_fd, std::size_t max) noexcept override;
  void shutdown_write() noexcept override;
};

}  // namespace sluice::net
