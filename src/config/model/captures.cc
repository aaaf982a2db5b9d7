// `show errors` from what the streams kept.
#include "sluice/http/h1/head_parser.h"
#include "sluice/model/stats.h"

namespace sluice::model {

namespace {

std::string source_text(const net::Address& a) {
  if (a.family() == net::Family::Unix || a.family() == net::Family::None) return "unix";
  return a.ip_text() + ":" + std::to_string(a.port());
}

}  // namespace

bool Captures::capture(std::size_t slot, ops::CapturedError& out) const {
  const proxy::Proxy& p = *model_.global.proxies[slot / 2];
  const bool request = slot % 2 == 0;
  const std::lock_guard<std::mutex> lock(p.error_mutex);
  const proxy::CapturedError* e = (request ? p.request_error : p.response_error).get();
  if (e == nullptr) return false;
  const http::h1::ErrorCapture& c = e->capture;
  out.request = request;
  out.when = c.when;
  out.event = static_cast<std::uint32_t>(e->event);
  out.proxy = p.rules->name;
  out.proxy_id = p.rules->id;
  if (!request) {
    out.frontend = e->other_proxy;
    out.frontend_id = e->other_id;
  } else if (!e->other_proxy.empty()) {
    out.backend = e->other_proxy;
    out.backend_id = e->other_id;
  }
  if (!e->server.empty()) {
    out.server = e->server;
    out.server_id = e->server_id;
  }
  out.source = source_text(e->source);
  out.bytes = c.data;
  out.out_bytes = c.out_bytes;
  out.free_bytes = c.buffer_bytes > c.data.size() ? c.buffer_bytes - static_cast<std::uint32_t>(c.data.size()) : 0;
  out.wrap_bytes = c.buffer_bytes;
  out.error_at = c.error.offset;
  out.state_name = http::h1::state_name(c.error.state);
  out.state = http::h1::state_number(c.error.state);
  out.connection_flags = c.connection_flags;
  out.stream_flags = c.stream_flags;
  out.message_flags = c.message_flags;
  out.chunk_bytes = c.chunk_left;
  out.body_bytes = c.body_left;
  return true;
}

}  // namespace sluice::model
