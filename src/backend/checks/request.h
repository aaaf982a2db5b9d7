// The request of an HTTP check, as bytes.
#pragma once

#include <string>

#include "sluice/backend/server.h"
#include "sluice/backend/spec.h"

namespace sluice::backend {

// send: one "http-check send"; what it leaves out comes from fallback ("option httpchk"). state: the value of
// X-Haproxy-Server-State, "" = none.
std::string render_check_request(const HttpSend& send, const HttpSend& fallback, const std::string& state);

// manual 4.2 "http-check send-state": "UP 2/3; address=...; port=...; name=bck/srv2; node=lb1; weight=1/2; scur=13/22;
// qcur=0". node: the "node" of this process.
std::string render_server_state(const Server& server, const std::string& node);

}  // namespace sluice::backend
