// Warnings about a proxy as a whole: it starts, but part of what it says has no effect or is risky. Private.
// Disabled proxies are left alone.
#pragma once

#include "sluice/config/diagnostics.h"
#include "sluice/config/document.h"
#include "sluice/proxy/rules.h"

namespace sluice::model {

// What can be told before logs are known: timeouts, listeners, servers, check rules.
void warn_about(const proxy::CompiledProxy& p, const config::Section& section, config::Diagnostics& diag);

// A log format although no log target is there.
void warn_about_log_format(const proxy::CompiledProxy& p, config::Diagnostics& diag);

}  // namespace sluice::model
