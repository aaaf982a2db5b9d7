#include "preface.h"

#include <sys/socket.h>

#include <cerrno>

#include "sluice/base/buffer.h"
#include "sluice/policy/connection_errors.h"

namespace sluice::proxy {

namespace {

using policy::ConnectionError;

constexpr std::uint8_t code(ConnectionError e) noexcept { return static_cast<std::uint8_t>(e); }

}  // namespace

void Preface::look() noexcept {
  runtime::Loop& loop = session_.worker().loop();
  const bool proxy = kind_ == net::PrefaceKind::Proxy;
  const int fd = session_.front().transport().fd();
  base::Buffer buffer;
  if (!buffer.attach(loop.buffers())) {
    fail_with(code(proxy ? ConnectionError::ProxyAbort : ConnectionError::NetscalerAbort), false);
    return;
  }
  const std::span<char> room = buffer.writable();
  const ssize_t n = ::recv(fd, room.data(), std::min(room.size(), net::kMaxPrefaceBytes), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      fail_with(code(proxy ? ConnectionError::ProxyAbort : ConnectionError::NetscalerAbort), false);
      return;
    }
    if (!watched_) {
      watched_ = true;
      loop.watch(fd, runtime::kIn | runtime::kRdHup, *this);
      if (deadline_ != base::kNever) loop.arm(*this, deadline_);
    }
    return;
  }
  if (n == 0) {
    fail_with(code(proxy ? ConnectionError::ProxyEmpty : ConnectionError::NetscalerEmpty), false);
    return;
  }
  const std::string_view bytes(room.data(), static_cast<std::size_t>(n));
  net::PrefaceHeader header;
  const net::PrefaceError error = proxy
                                      ? net::read_proxy_header(bytes, header)
                                      : net::read_netscaler_header(bytes, session_.listener().netscaler_magic, header);
  if (error != net::PrefaceError::None) {
    fail(error);
    return;
  }
  // Off the socket with it: the bytes are there, so one call takes them. They come to lie where they lie already.
  const ssize_t taken = ::recv(fd, room.data(), header.bytes, MSG_DONTWAIT);
  if (taken != static_cast<ssize_t>(header.bytes)) {
    fail_with(code(proxy ? ConnectionError::ProxyAbort : ConnectionError::NetscalerAbort), true);
    return;
  }
  Session& session = session_;
  abandon();
  session.preface_read(kind_, header);
}

void Preface::abandon() noexcept {
  runtime::Loop& loop = session_.worker().loop();
  disarm();
  if (watched_) loop.unwatch(session_.front().transport().fd());
  watched_ = false;
  loop.bury(*this);
}

void Preface::on_io(unsigned) noexcept {
  if (!buried()) look();
}

void Preface::on_timer() noexcept {
  fail_with(code(kind_ == net::PrefaceKind::Proxy ? ConnectionError::ProxyTimeout : ConnectionError::NetscalerTimeout),
            false);
}

void Preface::fail(net::PrefaceError why) noexcept {
  const bool proxy = kind_ == net::PrefaceKind::Proxy;
  ConnectionError e = ConnectionError::None;
  switch (why) {
    case net::PrefaceError::None:
    case net::PrefaceError::Truncated:
      e = proxy ? ConnectionError::ProxyTruncated : ConnectionError::NetscalerTruncated;
      break;
    case net::PrefaceError::NotHeader:
      e = proxy ? ConnectionError::ProxyNotHeader : ConnectionError::NetscalerBadMagic;
      break;
    case net::PrefaceError::Invalid:
      e = proxy ? ConnectionError::ProxyBadHeader : ConnectionError::NetscalerBadProtocol;
      break;
    case net::PrefaceError::Protocol:
      e = proxy ? ConnectionError::ProxyBadProtocol : ConnectionError::NetscalerBadProtocol;
      break;
  }
  fail_with(code(e), true);
}

void Preface::fail_with(std::uint8_t error, bool heard) noexcept {
  Session& session = session_;
  abandon();
  session.preface_failed(error, heard);
}

}  // namespace sluice::proxy
