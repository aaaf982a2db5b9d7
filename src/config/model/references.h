// The check of names in sample expressions, once all proxies and servers are known. Private.
#pragma once

#include "sluice/config/diagnostics.h"
#include "sluice/proxy/global.h"

namespace sluice::model {

// An error for every frontend, backend or server that an expression of `p` names and that does not exist, or that it
// leaves out where `p` cannot stand in. Servers have been made.
void check_references(const proxy::Global& global, const proxy::Proxy& p, config::Diagnostics& diag);

}  // namespace sluice::model
