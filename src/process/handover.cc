#include "process/handover.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "process/interface_name.h"

namespace sluice::process {

namespace {

constexpr std::size_t kMostPerMessage = kSocketsPerMessage;
constexpr std::int32_t kMostSockets = 65536;
constexpr int kPatienceMs = 1000;

bool ready(int fd, short event) noexcept {
  pollfd p{fd, event, 0};
  int n = 0;
  do {
    n = ::poll(&p, 1, kPatienceMs);
  } while (n < 0 && errno == EINTR);
  return n == 1 && (p.revents & (event | POLLHUP | POLLERR)) != 0;
}

bool send_bytes(int fd, const void* data, std::size_t bytes) noexcept {
  return ready(fd, POLLOUT) && send_rights(fd, data, bytes, nullptr, 0) == static_cast<ssize_t>(bytes);
}

bool read_exactly(int fd, void* to, std::size_t bytes) noexcept {
  auto* at = static_cast<char*>(to);
  while (bytes != 0) {
    if (!ready(fd, POLLIN)) return false;
    const ssize_t n = ::recv(fd, at, bytes, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

// One message with its descriptors, which are owned from here. -1: the giver failed; 0: it closed.
ssize_t receive_message(int fd, std::array<char, 65536>& data, std::vector<base::UniqueFd>& fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostPerMessage * sizeof(int)) * 2> control{};
  iovec part{data.data(), data.size()};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control.data();
  m.msg_controllen = control.size();
  if (!ready(fd, POLLIN)) return -1;
  const ssize_t n = ::recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
  if (n < 0) return -1;
  for (cmsghdr* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int one = -1;
      std::memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof one);
      fds.emplace_back(one);
    }
  }
  return (m.msg_flags & MSG_CTRUNC) != 0 ? -1 : n;
}

// What a message says of the next descriptor: its name space. What does not fit counts as nothing said.
std::string_view take_description(std::string_view& told) noexcept {
  const auto text = [&] {
    const std::size_t n = told.empty() ? 0 : static_cast<unsigned char>(told.front());
    told.remove_prefix(std::min<std::size_t>(1, told.size()));
    const std::string_view out = told.size() >= n ? told.substr(0, n) : std::string_view();
    told.remove_prefix(std::min(n, told.size()));
    return out;
  };
  const std::string_view netns = text();
  (void)text();  // the interface: the kernel tells
  told.remove_prefix(std::min(sizeof(std::int32_t), told.size()));
  return netns;
}

}  // namespace

base::Result<OfferedSockets, std::string> take_sockets(const std::string& path) {
  const auto failed = [&](const char* what) {
    return base::unexpected("Failed to get the sockets from the old process! (" + path + ": " + what + ")");
  };
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.size() >= sizeof at.sun_path) return failed("the path is too long");
  std::memcpy(at.sun_path, path.data(), path.size());
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return failed(std::strerror(errno));
  constexpr std::string_view kRequest = "_getsocks all\n";
  std::int32_t total = 0;
  if (!send_bytes(fd.get(), kRequest.data(), kRequest.size())) return failed("it does not listen");
  if (!read_exactly(fd.get(), &total, sizeof total)) return failed("no answer");
  if (total < 0 || total > kMostSockets) return failed("it does not expose its listeners");
  OfferedSockets out;
  std::vector<base::UniqueFd> fds;
  std::array<char, 65536> data;
  std::int32_t have = 0;
  while (have < total) {
    fds.clear();
    const ssize_t bytes = receive_message(fd.get(), data, fds);
    if (bytes <= 0 || fds.empty()) return failed("the transfer was interrupted");
    std::string_view told(data.data(), static_cast<std::size_t>(bytes));
    for (base::UniqueFd& one : fds) out.add(std::move(one), take_description(told));
    // The giver waits for this behind a full message only; it may be gone already.
    (void)send_bytes(fd.get(), &have, sizeof have);
    have += static_cast<std::int32_t>(fds.size());
  }
  return out;
}

ssize_t send_rights(int fd, const void* data, std::size_t bytes, const int* fds, std::size_t count) noexcept {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostPerMessage * sizeof(int))> control{};
  iovec part{const_cast<void*>(data), bytes};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  if (count != 0) {
    m.msg_control = control.data();
    m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  }
  return ::sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::string describe_sockets(std::span<const GivenSocket> sockets) {
  std::string data;
  const auto add_text = [&data](std::string_view s) {
    s = s.substr(0, 255);
    data += static_cast<char>(s.size());
    data += s;
  };
  for (const GivenSocket& s : sockets) {
    add_text(s.netns);
    add_text(interface_of(s.fd));
    data.append(sizeof(std::int32_t), '\0');
  }
  return data;
}

}  // namespace sluice::process
