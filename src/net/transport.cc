#include "sluice/net/transport.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::net {

namespace {

IoResult from_errno(int e) noexcept {
  if (e == EAGAIN || e == EWOULDBLOCK || e == EINTR || e == ENOTCONN || e == EINPROGRESS || e == EALREADY)
    return {IoStatus::WouldBlock, 0, 0};
  return {IoStatus::Error, 0, e};
}

IoResult from_read(ssize_t n) noexcept {
  if (n > 0) return {IoStatus::Done, static_cast<std::size_t>(n), 0};
  if (n == 0) return {IoStatus::Eof, 0, 0};
  return from_errno(errno);
}

IoResult from_write(ssize_t n) noexcept {
  if (n >= 0) return {IoStatus::Done, static_cast<std::size_t>(n), 0};
  return from_errno(errno);
}

}  // namespace

int Transport::pending_error() const noexcept {
  int e = 0;
  socklen_t len = sizeof e;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &e, &len) != 0) return errno;
  return e;
}

bool Transport::unread() const noexcept {
  int bytes = 0;
  return ::ioctl(fd_, FIONREAD, &bytes) == 0 && bytes > 0;
}

void Transport::apply(unsigned interest) noexcept {
  if (fd_ < 0) return;
  interest_ = static_cast<std::uint8_t>(interest);
  if (!watched_) {
    // Nothing to wait for and not registered: stay out of the poller.
    if (interest == 0) return;
    watched_ = true;
    runtime::Loop::current()->watch(fd_, interest, *handler_);
    tell_nice();
    return;
  }
  runtime::Loop::current()->set_interest(fd_, interest);
  if (patient_) {
    patient_ = false;
    runtime::Loop::current()->hurry(fd_);
  }
}

void Transport::want_patiently(unsigned interest) noexcept {
  if (watched_ || interest == 0 || fd_ < 0) return want(interest);
  interest_ = static_cast<std::uint8_t>(interest);
  watched_ = patient_ = true;
  runtime::Loop::current()->watch_patiently(fd_, interest, *handler_);
  tell_nice();
}

void Transport::close(CloseMode mode) noexcept {
  if (fd_ < 0) return;
  if (mode == CloseMode::Reset) {
    const linger l{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  }
  if (watched_) runtime::Loop::current()->unwatch_closing(fd_);
  ::close(fd_);
  fd_ = -1;
  watched_ = patient_ = false;
  interest_ = 0;
}

IoResult PlainTransport::recv(std::span<char> out) noexcept {
  return from_read(::recv(fd_, out.data(), out.size(), 0));
}

IoResult PlainTransport::send(const char* data, std::size_t bytes, bool more) noexcept {
  return from_write(::send(fd_, data, bytes, MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}

IoResult PlainTransport::sendv(const iovec* pieces, int count, bool more) noexcept {
  msghdr m{};
  m.msg_iov = const_cast<iovec*>(pieces);
  m.msg_iovlen = static_cast<std::size_t>(count);
  return from_write(::sendmsg(fd_, &m, MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}

IoResult PlainTransport::splice_to_pipe(int pipe_write_fd, std::size_t max) noexcept {
  return from_read(::splice(fd_, nullptr, pipe_write_fd, nullptr, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

IoResult PlainTransport::splice_from_pipe(int pipe_read_fd, std::size_t max) noexcept {
  return from_write(::splice(pipe_read_fd, nullptr, fd_, nullptr, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

void PlainTransport::shutdown_write() noexcept {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

}  // namespace sluice::net
