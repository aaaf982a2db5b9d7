// room: net
// Arbitrary first bytes of a connection as a PROXY and as a NetScaler header. What is taken for one has to lie inside
// the bytes, and has to survive being written and read again.
#include <cstdint>
#include <string_view>
#include <vector>

#include "sluice/base/check.h"
#include "sluice/net/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::net;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  PrefaceHeader h;
  if (read_proxy_header(bytes, h) == PrefaceError::None) {
    SLUICE_CHECK(h.bytes != 0 && h.bytes <= size);
    if (!h.tlvs.empty())
      SLUICE_CHECK(h.tlvs.data() >= bytes.data() && h.tlvs.data() + h.tlvs.size() <= bytes.data() + h.bytes);
    std::vector<char> memory(65536 + 64);
    ProxyV2Writer writer(memory, h.source, h.destination, !h.relayed);
    writer.add_crc32c();
    for (unsigned type = 0; type < 256; ++type) {
      std::size_t from = 0;
      std::string_view value;
      while (find_tlv(h.tlvs, static_cast<std::uint8_t>(type), from, value)) {
        SLUICE_CHECK(from <= h.tlvs.size());
        if (type != 3) writer.add(static_cast<std::uint8_t>(type), value);
      }
    }
    if (const std::size_t n = writer.finish(); n != 0) {
      PrefaceHeader again;
      SLUICE_CHECK(read_proxy_header({memory.data(), n}, again) == PrefaceError::None);
      SLUICE_CHECK(!again.relayed || (again.source == h.source && again.destination == h.destination));
    }
    std::array<char, kMaxProxyLineBytes> line;
    PrefaceHeader again;
    SLUICE_CHECK(read_proxy_header({line.data(), write_proxy_v1(line, h.source, h.destination)}, again) ==
                 PrefaceError::None);
  }
  // Any magic number: that of the input itself gets past the first look.
  std::uint32_t magic = 0;
  for (std::size_t i = 0; i < 4 && i < size; ++i) magic = magic << 8 | data[i];
  if (read_netscaler_header(bytes, magic, h) == PrefaceError::None) SLUICE_CHECK(h.bytes <= size && h.relayed);
  return 0;
}
