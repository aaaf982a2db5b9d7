// The text of `show servers state`, version 1 (management manual 9.3), which is that of server state files as well.
// Thread: any; a line is made from relaxed reads and short locks of the server's backend.
#pragma once

#include <string>
#include <string_view>

#include "sluice/proxy/global.h"

namespace sluice::ops {

// "1\n# be_id be_name ...\n"
std::string_view server_state_head() noexcept;
void append_server_state(std::string& out, const proxy::Proxy& proxy, const backend::Server& server);

// Numbers of check statuses in that text.
unsigned check_status_number(backend::CheckStatus status) noexcept;

}  // namespace sluice::ops
