#include "ops/log_lane.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <new>

namespace sluice::ops {

LogLane::LogLane(LogOutput& output) noexcept : output_(output), bytes_(new (std::nothrow) char[kBytes]) {
  for (std::size_t i = 0; i < kLines; ++i) {
    messages_[i] = {};
    messages_[i].msg_hdr.msg_iov = &iov_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void LogLane::drop(std::size_t lines) noexcept { output_.dropped_.fetch_add(lines, std::memory_order_relaxed); }

void LogLane::append(const std::string_view* pieces, std::size_t count, std::size_t max_len) noexcept {
  if (bytes_ == nullptr) return drop(1);
  if (count_ == kLines || kBytes - used_ < max_len + 1) flush();
  char* p = bytes_.get() + used_;
  char* const end = p + max_len;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t room = static_cast<std::size_t>(end - p);
    const std::size_t n = pieces[i].size() < room ? pieces[i].size() : room;
    if (n != 0) std::memcpy(p, pieces[i].data(), n);
    p += n;
  }
  *p++ = '\n';
  used_ = static_cast<std::size_t>(p - bytes_.get());
  ends_[count_++] = static_cast<std::uint32_t>(used_);
}

void LogLane::flush() noexcept {
  if (count_ == 0) return;
  if (output_.fd_ >= 0)
    flush_descriptor();
  else
    flush_datagrams();
  count_ = 0;
  used_ = 0;
}

bool LogLane::open_socket() noexcept {
  const net::SocketAddress& to = output_.address_;
  socket_.reset(::socket(to.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return false;
  // A connected UDP socket spares the route look-up per line. Unix paths are looked up each time instead, so that lines
  // reach a receiver that was restarted and made its socket anew.
  const bool connected = to.family() != AF_UNIX && ::connect(socket_.get(), &to.sa, to.len) == 0;
  for (mmsghdr& m : messages_) {
    m.msg_hdr.msg_name = connected ? nullptr : const_cast<sockaddr*>(&to.sa);
    m.msg_hdr.msg_namelen = connected ? 0 : to.len;
  }
  return true;
}

void LogLane::flush_datagrams() noexcept {
  if (!socket_.valid() && !open_socket()) return drop(count_);
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    iov_[i] = {bytes_.get() + begin, ends_[i] - begin};
    begin = ends_[i];
  }
  std::size_t sent = 0;
  std::size_t refusals = 0;
  while (sent < count_) {
    const int n =
        ::sendmmsg(socket_.get(), &messages_[sent], static_cast<unsigned>(count_ - sent), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EINTR) {
      continue;
    } else if (errno == ECONNREFUSED && output_.address_.family() != AF_UNIX && ++refusals <= kLines) {
      continue;  // the answer to an earlier line; it is forgotten once reported
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      return drop(count_ - sent);
    } else {
      drop(1);  // this line or its receiver; others may fare better
      ++sent;
    }
  }
}

// Whole lines, in portions that a pipe takes all or nothing (POSIX write(), PIPE_BUF). The beginning of a longer line
// may get through alone: its rest is kept and goes first next time.
void LogLane::flush_descriptor() noexcept {
  const std::lock_guard lock(output_.fd_mutex_);
  std::string& rest = output_.fd_rest_;
  if (!rest.empty()) {
    const ssize_t n = ::write(output_.fd_, rest.data(), rest.size());
    if (n > 0) rest.erase(0, static_cast<std::size_t>(n));
    if (!rest.empty()) return drop(count_);
  }
  std::size_t line = 0;
  std::uint32_t begin = 0;
  while (line < count_) {
    std::size_t last = line;
    while (last + 1 < count_ && ends_[last + 1] - begin <= PIPE_BUF) ++last;
    const std::size_t bytes = ends_[last] - begin;
    ssize_t n = 0;
    do {
      n = ::write(output_.fd_, bytes_.get() + begin, bytes);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return drop(count_ - line);
    if (static_cast<std::size_t>(n) < bytes) {
      // Lines that left whole are fine; the one that was cut must be completed; the others are lost.
      const std::uint32_t reached = begin + static_cast<std::uint32_t>(n);
      while (ends_[line] <= reached) ++line;
      const std::uint32_t line_begin = line == 0 ? 0 : ends_[line - 1];
      if (reached > line_begin) {
        rest.assign(bytes_.get() + reached, ends_[line] - reached);
        ++line;
      }
      return drop(count_ - line);
    }
    begin = ends_[last];
    line = last + 1;
  }
}

}  // namespace sluice::ops
