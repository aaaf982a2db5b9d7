// One descriptor over a connected unix socket (SCM_RIGHTS): "sockpair@" (manual 2.9.1). Who connects makes a pair of
// sockets and passes one of them; who listens takes it as if it were accepted. Each comes with one byte that means
// nothing. Thread: any.
#pragma once

namespace sluice::net {

// fd stays the caller's. errno, 0 when done; EAGAIN: the other end takes none for now.
int pass_descriptor(int socket, int fd) noexcept;

// The next one that was passed, non-blocking and close-on-exec, the caller's from here on. -1 with errno: EAGAIN, none
// is there; EBADMSG, bytes without a descriptor came and are gone; ENOTCONN, the other end has been closed.
int take_descriptor(int socket) noexcept;

}  // namespace sluice::net
