// What a server is told about the client: the PROXY header that a connection begins with (manual 5.2 "send-proxy",
// "send-proxy-v2"), and the source address it shows (manual 4.2 "source ... usesrc"). Kept connections are told apart
// by both.
#include <absl/hash/hash.h>

#include <algorithm>

#include "sluice/net/proxy_protocol.h"
#include "stream.h"

namespace sluice::proxy {

// Writes the header of this stream's client into the worker's log area: it is sent or copied before anything is logged.
// The key makes sure that a kept connection only serves requests that would begin theirs with the same words
// (manual 4.2 "http-reuse"). False: it does not fit.
bool Stream::proxy_header(const backend::Server& server, ConnectRequest& request) noexcept {
  const backend::SendProxy& how = server.options().send_proxy;
  const policy::ConnectionFacts& client = session_.facts();
  char* const area = worker_.log_area();
  std::size_t bytes = 0;
  if (how.version == 1) {
    std::array<char, net::kMaxProxyLineBytes> line;
    bytes = net::write_proxy_v1(line, client.src, client.dst);
    std::copy_n(line.data(), bytes, area);
    request.key = absl::HashOf(std::string_view(area, bytes)) | 1;
  } else {
    constexpr std::size_t kHalf = Worker::kLogAreaBytes / 2;
    net::ProxyV2Writer writer({area, kHalf}, client.src, client.dst, false);
    if (how.crc32c) writer.add_crc32c();
    std::size_t key = absl::HashOf(client.src.ip_bytes(), client.src.port(), client.dst.ip_bytes(), client.dst.port());
    // Without TLS: no flag of the client's, and nothing verified.
    if (how.ssl) writer.add(static_cast<std::uint8_t>(net::Pp2Type::Ssl), std::string_view("\0\0\0\0\0", 5));
    // It names the connection, so that it makes no difference between requests of one client (manual 5.2
    // "proxy-v2-options").
    // The client's namespace, whatever the server's is (doc/network-namespaces.txt).
    if (const Place place = client_namespace(); !place.name.empty()) {
      writer.add(static_cast<std::uint8_t>(net::Pp2Type::Netns), place.name);
      key = absl::HashOf(key, place.name);
    }
    if (how.unique_id && front_proxy_.rules->unique_id.valid() && make_unique_id())
      writer.add(static_cast<std::uint8_t>(net::Pp2Type::UniqueId), facts_.unique_id);
    const auto& all = back_proxy_->rules->server_tlvs;
    if (server.index() < all.size()) {
      for (const CompiledProxy::ProxyTlv& tlv : all[server.index()]) {
        const std::string_view value(area + kHalf, tlv.format.render(sample_, area + kHalf, kHalf));
        writer.add(tlv.type, value);
        key = absl::HashOf(key, tlv.type, value);
      }
    }
    bytes = writer.finish();
    request.key = key | 1;
  }
  request.begin_with = {area, bytes};
  return bytes != 0;
}

Stream::Place Stream::client_namespace() const noexcept {
  std::size_t from = 0;
  std::string_view name;
  if (net::find_tlv(session_.facts().proxy_tlvs, static_cast<std::uint8_t>(net::Pp2Type::Netns), from, name)) {
    for (const net::NamedNamespace& n : worker_.global().namespaces)
      if (n.name == name) return {n.fd, n.name};
  }
  const ListenerInfo& listener = session_.listener();
  return {listener.netns, listener.netns_name};
}

// The address in a header: counted from the first value, or with a negative number from the last.
bool Stream::header_address(const std::string& name, int occurrence, net::Address& out) const noexcept {
  if (sample_.request == nullptr) return false;
  constexpr int kMost = 128;
  std::string_view values[kMost];
  int count = 0;
  const http::Fields& fields = sample_.request->fields;
  for (const http::Field* f = fields.find(name); f != nullptr; f = fields.find(name, f)) {
    http::ListCursor list(f->value());
    std::string_view value;
    // Of more values than that the last ones count.
    for (; list.next(value); ++count) values[count % kMost] = value;
  }
  const int at = occurrence > 0 ? occurrence - 1 : count + occurrence;
  if (at < 0 || at >= count || at < count - kMost) return false;
  return net::parse_ip(values[at % kMost], out);
}

void Stream::present_source(const backend::Server& server, ConnectRequest& request) noexcept {
  using Present = backend::SourceSpec::Present;
  const backend::Server::Presented& how = server.presented();
  net::Address& out = request.presented;
  switch (how.how) {
    case Present::Own:
      return;
    case Present::Fixed:
      out = how.fixed;
      return;  // the same for all: no reason to keep connections apart
    case Present::Client:
    case Present::ClientIp:
      out = session_.facts().src;
      if (out.ip_bytes().empty()) out = {};
      if (how.how == Present::ClientIp) out.set_port(0);
      break;
    case Present::Header:
      if (!header_address(how.header, how.occurrence, out)) out = {};
      break;
  }
  request.key = absl::HashOf(request.key, out.ip_bytes(), out.port()) | 1;
}

}  // namespace sluice::proxy
