// The parts of the request target, found once per evaluation context.
#pragma once

#include "sluice/http/message.h"
#include "sluice/http/uri.h"
#include "sluice/policy/context.h"

namespace sluice::policy {

// Fills path and query of the cache; ctx.request is not null.
inline void cut_target(SampleContext& ctx) noexcept {
  auto& c = ctx.cache;
  if (c.have_target) return;
  c.have_target = true;
  c.path = ctx.request->path();
  c.have_path = !c.path.empty() && c.path.front() == '/';
  c.query = {};
  const std::string_view target = ctx.request->target;
  const auto mark = target.find('?');
  if (mark != std::string_view::npos) c.query = ctx.request->query();
  if (mark != std::string_view::npos && c.query.data() == nullptr) c.query = target.substr(mark + 1);
}
// False when the target has no path ("*", CONNECT).
inline bool cached_path(SampleContext& ctx, std::string_view& path) noexcept {
  if (ctx.request == nullptr) return false;
  cut_target(ctx);
  path = ctx.cache.path;
  return ctx.cache.have_path;
}
// The Host field of the request.
inline bool cached_host(SampleContext& ctx, std::string_view& host) noexcept {
  if (ctx.request == nullptr) return false;
  if (!ctx.cache.have_host) {
    const http::Field* f = ctx.request->fields.find(http::HeaderId::Host);
    ctx.cache.have_host = true;
    ctx.cache.host_found = f != nullptr;
    ctx.cache.host_single = f != nullptr && ctx.request->fields.find(http::HeaderId::Host, f) == nullptr &&
                            f->value().find(',') == std::string_view::npos;
    ctx.cache.host = f != nullptr ? f->value() : std::string_view{};
  }
  host = ctx.cache.host;
  return ctx.cache.host_found;
}

// Pieces of a stored request line "GET /x HTTP/1.1"; empty where it has none.
struct LineParts {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};
inline LineParts cut_request_line(std::string_view line) noexcept {
  LineParts p;
  const auto first = line.find(' ');
  p.method = line.substr(0, first);
  if (first == std::string_view::npos) return p;
  line.remove_prefix(first + 1);
  const auto last = line.rfind(' ');
  p.target = line.substr(0, last);
  if (last != std::string_view::npos) p.version = line.substr(last + 1);
  return p;
}

}  // namespace sluice::policy
