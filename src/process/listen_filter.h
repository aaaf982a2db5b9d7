// Small programs for the kernel that keep connections from getting lost while a TCP socket stops listening.
//
// A listening socket that is closed or paused resets the clients that wait in its queue and those whose handshake is
// under way. So first nobody new is let in, then what is there is accepted, then it is closed. Which way depends on who
// else uses the socket:
//   - nobody: new clients are ignored (their SYN is dropped); they try again a second later, and then meet a refusal or
//     whoever listens there by then;
//   - others use one socket of several with the same address: all new clients are sent to that one.
// Linux only; elsewhere all of these do nothing. Thread: any.
#pragma once

namespace sluice::process {

// New connections to this socket are ignored from here on; handshakes that have begun go on. Never for a socket that
// another process has too: it would fall silent there as well. False: not possible here.
bool ignore_new_connections(int fd) noexcept;
// Of all sockets with the address of this one, only the first that was opened gets new connections.
bool send_new_connections_to_first(int fd) noexcept;
// Takes both away.
void remove_listen_filters(int fd) noexcept;

}  // namespace sluice::process
