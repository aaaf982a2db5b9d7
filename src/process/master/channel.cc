#include "process/master/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::process {

namespace {

constexpr int kPatienceMs = 2000;
constexpr std::size_t kControlBytes = CMSG_SPACE(Channel::kMostFds * sizeof(int));

}  // namespace

std::pair<Channel, base::UniqueFd> Channel::make() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return {Channel(base::UniqueFd(ends[0])), base::UniqueFd(ends[1])};
}

bool Channel::send(Note note, std::string_view text, std::span<const int> fds) const noexcept {
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  char kind = static_cast<char>(note);
  iovec parts[2] = {{&kind, 1}, {const_cast<char*>(text.data()), text.size()}};
  msghdr m{};
  m.msg_iov = parts;
  m.msg_iovlen = 2;
  if (!fds.empty()) {
    m.msg_control = control.data();
    m.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(c), fds.data(), fds.size_bytes());
  }
  for (;;) {
    const ssize_t n = ::sendmsg(fd_.get(), &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) return true;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    pollfd p{fd_.get(), POLLOUT, 0};
    if (::poll(&p, 1, kPatienceMs) != 1) return false;
  }
}

Channel::Got Channel::receive(Message& out) const {
  std::array<char, kMostText + 1> data;
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  iovec part{data.data(), data.size()};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control.data();
  m.msg_controllen = control.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(fd_.get(), &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Got::Nothing;
  out.fds.clear();
  for (cmsghdr* c = n > 0 ? CMSG_FIRSTHDR(&m) : nullptr; c != nullptr; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int one = -1;
      std::memcpy(&one, CMSG_DATA(c) + at, sizeof one);
      out.fds.emplace_back(one);
    }
  }
  if (n <= 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return Got::Closed;
  out.note = static_cast<Note>(data[0]);
  out.text.assign(data.data() + 1, static_cast<std::size_t>(n) - 1);
  return Got::Message;
}

}  // namespace sluice::process
