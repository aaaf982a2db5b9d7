// Proxies and servers as CLI commands name them: by name, or by number behind a sharp ("#3", "#3/#1").
// Thread: that of the CLI session.
#pragma once

#include <string_view>

#include "sluice/ops/cli.h"
#include "sluice/proxy/global.h"

namespace sluice::ops {

// Null when there is none.
proxy::Proxy* find_frontend(proxy::Global* global, std::string_view word) noexcept;
proxy::Proxy* find_backend(proxy::Global* global, std::string_view word) noexcept;

struct FoundServer {
  backend::Backend* backend = nullptr;
  backend::Server* server = nullptr;
  explicit operator bool() const noexcept { return server != nullptr; }
};
// "backend/server". Says to the client what is wrong when there is no such.
FoundServer find_server(CliCall& call, proxy::Global* global, std::string_view word);

}  // namespace sluice::ops
