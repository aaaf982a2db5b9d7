#include "process/listen_filter.h"

#include <sys/socket.h>
#ifdef __linux__
#include <linux/filter.h>
#endif

namespace sluice::process {

#ifdef __linux__

namespace {

bool attach(int fd, int option, sock_filter* code, unsigned short length) noexcept {
  const sock_fprog program{length, code};
  return ::setsockopt(fd, SOL_SOCKET, option, &program, sizeof program) == 0;
}

}  // namespace

bool ignore_new_connections(int fd) noexcept {
  constexpr unsigned kFlagsAt = 13;  // RFC 9293 3.1: the byte with SYN (2) and ACK (16), seen from the TCP header
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsAt),    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  return attach(fd, SO_ATTACH_FILTER, code, sizeof code / sizeof code[0]);
}

bool send_new_connections_to_first(int fd) noexcept {
  sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  return attach(fd, SO_ATTACH_REUSEPORT_CBPF, code, 1);
}

void remove_listen_filters(int fd) noexcept {
  const int none = 0;
  (void)::setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
#ifdef SO_DETACH_REUSEPORT_BPF
  (void)::setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof none);
#endif
}

#else

bool ignore_new_connections(int) noexcept { return false; }
bool send_new_connections_to_first(int) noexcept { return false; }
void remove_listen_filters(int) noexcept {}

#endif

}  // namespace sluice::process
