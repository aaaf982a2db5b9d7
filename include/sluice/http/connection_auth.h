// Authentication schemes that vouch for a connection and not for a request: NTLM, and Negotiate, which may carry it
// (RFC 4559 6). A server connection that has seen one of them speaks for one client and must serve nobody else
// (manual 4.2 "http-reuse").
#pragma once

#include "sluice/http/message.h"

namespace sluice::http {

// The request brings credentials of such a scheme (Authorization, Proxy-Authorization). Two bit tests when there are
// none.
[[nodiscard]] bool authenticates_connection(const RequestHead& request) noexcept;
// The answer, a 401 or 407, asks for them (WWW-Authenticate, Proxy-Authenticate).
[[nodiscard]] bool authenticates_connection(const ResponseHead& response) noexcept;

}  // namespace sluice::http
