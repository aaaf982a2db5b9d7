#include "backend/checks/request.h"

#include <fmt/format.h>

#include "sluice/backend/backend.h"
#include "sluice/base/strings.h"

namespace sluice::backend {
namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  for (const char c : name) out += base::to_lower(c);
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string render_check_request(const HttpSend& send, const HttpSend& fallback, const std::string& state) {
  const std::string& method = send.method.empty() ? fallback.method : send.method;
  const std::string& uri = send.uri.empty() ? fallback.uri : send.uri;
  const std::string& version = send.version.empty() ? fallback.version : send.version;
  const std::string& body = send.body.empty() ? fallback.body : send.body;
  std::string out = method + " " + uri + " " + version + "\r\n";
  for (const CheckHeader& h : fallback.headers) {
    bool replaced = false;
    for (const CheckHeader& own : send.headers) replaced |= base::iequals(own.name, h.name);
    if (!replaced) append_header(out, h.name, h.value);
  }
  for (const CheckHeader& h : send.headers) append_header(out, h.name, h.value);
  if (!state.empty()) append_header(out, "x-haproxy-server-state", state);
  if (!body.empty()) append_header(out, "content-length", std::to_string(body.size()));
  if (version != "HTTP/1.0") append_header(out, "connection", "close");
  out += "\r\n";
  out += body;
  return out;
}

std::string render_server_state(const Server& s, const std::string& node) {
  std::string status = s.status_text();
  if (status == "no check") status = "UP";
  const net::Address address = s.address().address();
  std::string where;
  if (address.family() == net::Family::Ip4 || address.family() == net::Family::Ip6) {
    where = fmt::format("address={}; port={}", address.ip_text(), address.port());
  } else {
    where = "address=unix; port=0";
  }
  const Backend& b = s.backend();
  return fmt::format("{}; {}; name={}/{}; node={}; weight={}/{}; scur={}/{}; qcur={}", status, where, b.name(),
                     s.name(), node, s.usable() ? s.weight() : 0, b.usable_weight(), s.current(), b.current(),
                     s.queued());
}

}  // namespace sluice::backend
