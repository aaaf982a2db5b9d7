// The PROXY header that a connection to a server begins with (manual 5.2 "send-proxy", "send-proxy-v2").
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

}  // namespace sluice::proxy
