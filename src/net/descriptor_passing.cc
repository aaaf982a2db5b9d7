#include "sluice/net/descriptor_passing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sluice/base/unique_fd.h"

namespace sluice::net {

namespace {
// Of one message; who follows the rules sends one. The others are closed.
constexpr std::size_t kMostTaken = 4;
}  // namespace

int pass_descriptor(int socket, int fd) noexcept {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  char byte = '\0';
  iovec one{&byte, 1};
  msghdr m{};
  m.msg_iov = &one;
  m.msg_iovlen = 1;
  m.msg_control = control;
  m.msg_controllen = sizeof control;
  cmsghdr* c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
  ssize_t n = 0;
  do {
    n = ::sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n == 1 ? 0 : n < 0 ? errno : EIO;
}

int take_descriptor(int socket) noexcept {
  alignas(cmsghdr) char control[CMSG_SPACE(kMostTaken * sizeof(int))];
  char bytes[16];
  iovec part{bytes, sizeof bytes};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control;
  m.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return -1;
  base::UniqueFd taken;
  for (cmsghdr* c = n > 0 ? CMSG_FIRSTHDR(&m) : nullptr; c != nullptr; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
      base::UniqueFd one(fd);
      if (!taken.valid()) taken = std::move(one);
    }
  }
  if (!taken.valid()) {
    errno = n == 0 ? ENOTCONN : EBADMSG;
    return -1;
  }
  (void)::fcntl(taken.get(), F_SETFL, ::fcntl(taken.get(), F_GETFL) | O_NONBLOCK);
  return taken.take();
}

}  // namespace sluice::net
