#include "sluice/net/proxy_protocol.h"

#include <cstring>

#include "sluice/base/strings.h"

namespace sluice::net {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kFixedBytes = 16;  // signature, version and command, family, length
constexpr std::string_view kLineStart = "PROXY ";
constexpr std::size_t kTlvHead = 3;
// manual 5.1: longer ones are refused as the reference does.
constexpr std::size_t kMaxAuthority = 255;
constexpr std::size_t kMaxUniqueId = 128;

std::uint8_t byte(std::string_view s, std::size_t at) noexcept { return static_cast<std::uint8_t>(s[at]); }
std::uint16_t be16(std::string_view s, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(byte(s, at) << 8 | byte(s, at + 1));
}
std::uint32_t be32(std::string_view s, std::size_t at) noexcept {
  return std::uint32_t{be16(s, at)} << 16 | be16(s, at + 2);
}

constexpr std::array<std::uint32_t, 256> make_crc_table() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = c;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

// Decimal without sign or leading zeroes, 0 .. 65535 (specification 2.1).
bool read_port(std::string_view s, std::uint16_t& out) noexcept {
  if (s.empty() || s.size() > 5 || (s.size() > 1 && s[0] == '0')) return false;
  unsigned v = 0;
  for (const char c : s) {
    if (c < '0' || c > '9') return false;
    v = v * 10 + static_cast<unsigned>(c - '0');
  }
  if (v > 65535) return false;
  out = static_cast<std::uint16_t>(v);
  return true;
}

bool read_ip(std::string_view s, bool ip6, Address& out) noexcept {
  // parse_ip() folds mapped addresses into IPv4; which form was written shows by its colons.
  if ((s.find(':') != std::string_view::npos) != ip6) return false;
  if (!parse_ip(s, out)) return false;
  return true;
}

// The word up to the next blank, taken off the front; false when there is no blank.
bool take_word(std::string_view& rest, std::string_view& word) noexcept {
  const auto blank = rest.find(' ');
  if (blank == std::string_view::npos) return false;
  word = rest.substr(0, blank);
  rest.remove_prefix(blank + 1);
  return true;
}

PrefaceError read_v1(std::string_view bytes, PrefaceHeader& out) noexcept {
  const std::string_view window = bytes.substr(0, kMaxProxyLineBytes);
  const auto end = window.find('\n');
  if (end == std::string_view::npos)
    return window.size() < kMaxProxyLineBytes ? PrefaceError::Truncated : PrefaceError::Invalid;
  if (window[end - 1] != '\r') return PrefaceError::Invalid;  // end > 0: "PROXY " stands before it
  out.bytes = end + 1;
  std::string_view rest = window.substr(kLineStart.size(), end - 1 - kLineStart.size());
  // Whatever follows UNKNOWN is ignored (specification 2.1).
  if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) return PrefaceError::None;
  const bool ip6 = rest.starts_with("TCP6 ");
  if (!ip6 && !rest.starts_with("TCP4 ")) return PrefaceError::Protocol;
  rest.remove_prefix(5);
  std::string_view source, destination, source_port;
  if (!take_word(rest, source) || !take_word(rest, destination) || !take_word(rest, source_port))
    return PrefaceError::Invalid;
  std::uint16_t from = 0, to = 0;
  if (!read_ip(source, ip6, out.source) || !read_ip(destination, ip6, out.destination) ||
      !read_port(source_port, from) || !read_port(rest, to))
    return PrefaceError::Invalid;
  out.source.set_port(from);
  out.destination.set_port(to);
  out.relayed = true;
  return PrefaceError::None;
}

Address address_at(std::string_view bytes, std::size_t at, bool ip6, std::uint16_t port) noexcept {
  if (!ip6) return Address::ip4(be32(bytes, at), port);
  return Address::ip6(bytes.substr(at, 16), port);
}

// Every record has to end inside the block; a checksum has to be right.
bool valid_tlvs(std::string_view header, std::size_t begin) noexcept {
  std::size_t at = begin;
  while (at < header.size()) {
    if (header.size() - at < kTlvHead) return false;
    const auto type = static_cast<Pp2Type>(byte(header, at));
    const std::size_t length = be16(header, at + 1);
    at += kTlvHead;
    if (header.size() - at < length) return false;
    switch (type) {
      case Pp2Type::Crc32c: {
        if (length != 4) return false;
        // Computed with zeroes in the place of the sum.
        const std::uint32_t sum = crc32c(header.substr(at + 4), crc32c("\0\0\0\0"sv, crc32c(header.substr(0, at))));
        if (sum != be32(header, at)) return false;
        break;
      }
      case Pp2Type::Authority:
        if (length > kMaxAuthority) return false;
        break;
      case Pp2Type::UniqueId:
        if (length > kMaxUniqueId) return false;
        break;
      default:
        break;
    }
    at += length;
  }
  return true;
}

PrefaceError read_v2(std::string_view bytes, PrefaceHeader& out) noexcept {
  const unsigned version = byte(bytes, 12) >> 4;
  if (version != 2) return PrefaceError::NotHeader;
  const unsigned command = byte(bytes, 12) & 0x0F;
  const std::uint8_t family = byte(bytes, 13);
  const std::size_t length = be16(bytes, 14);
  if (command > 1) return PrefaceError::Invalid;
  if (bytes.size() - kFixedBytes < length) return PrefaceError::Truncated;
  const std::string_view header = bytes.substr(0, kFixedBytes + length);
  out.bytes = header.size();
  // LOCAL: whatever is in the block is skipped (specification 2.2).
  if (command == 0) return PrefaceError::None;
  if (family != 0x11 && family != 0x21) return PrefaceError::Invalid;
  const bool ip6 = family == 0x21;
  const std::size_t ip_bytes = ip6 ? 16 : 4;
  const std::size_t addresses = 2 * ip_bytes + 4;
  if (length < addresses) return PrefaceError::Invalid;
  if (!valid_tlvs(header, kFixedBytes + addresses)) return PrefaceError::Invalid;
  const std::size_t ports = kFixedBytes + 2 * ip_bytes;
  out.source = address_at(header, kFixedBytes, ip6, be16(header, ports));
  out.destination = address_at(header, kFixedBytes + ip_bytes, ip6, be16(header, ports + 2));
  out.tlvs = header.substr(kFixedBytes + addresses);
  out.relayed = true;
  return PrefaceError::None;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) noexcept {
  std::uint32_t c = ~seed;
  for (const char b : bytes) c = (c >> 8) ^ kCrcTable[(c ^ static_cast<std::uint8_t>(b)) & 0xFFU];
  return ~c;
}

PrefaceError read_proxy_header(std::string_view bytes, PrefaceHeader& out) noexcept {
  out = {};
  if (bytes.empty()) return PrefaceError::Truncated;
  const auto begins = [bytes](std::string_view what) {
    return bytes.substr(0, what.size()) == what.substr(0, bytes.size());
  };
  if (begins(kLineStart)) return bytes.size() < kLineStart.size() ? PrefaceError::Truncated : read_v1(bytes, out);
  if (!begins(kSignature)) return PrefaceError::NotHeader;
  return bytes.size() < kFixedBytes ? PrefaceError::Truncated : read_v2(bytes, out);
}

// Legacy:   magic(4) length(4)                            IP header, TCP header
// Standard: magic(4) length of all(4) type=1(2) length(2) IP header, TCP header
// The byte behind the length tells them apart: an IP header begins with its version, 4 or 6; the type's high byte is 0.
PrefaceError read_netscaler_header(std::string_view bytes, std::uint32_t magic, PrefaceHeader& out) noexcept {
  constexpr std::size_t kLegacy = 8, kStandard = 12, kIp4 = 20, kIp6 = 40, kTcp = 20;
  constexpr std::uint8_t kTcpProtocol = 6;
  out = {};
  if (bytes.size() < 4) return PrefaceError::Truncated;
  if (be32(bytes, 0) != magic) return PrefaceError::NotHeader;
  if (bytes.size() < kStandard) return PrefaceError::Truncated;
  std::size_t begin = kLegacy;
  std::size_t length = be32(bytes, 4);
  if (byte(bytes, 8) >> 4 == 0) {
    if (be16(bytes, 8) != 1) return PrefaceError::Protocol;
    begin = kStandard;
    const std::size_t whole = length;
    length = be16(bytes, 10);
    if (whole < kStandard || whole - kStandard < length) return PrefaceError::Protocol;
    length = whole - kStandard;
  }
  if (length > kMaxPrefaceBytes) return PrefaceError::Protocol;
  if (length < kIp4 + kTcp) return PrefaceError::Protocol;
  if (bytes.size() - begin < length) return PrefaceError::Truncated;
  const std::string_view packet = bytes.substr(begin, length);
  const unsigned version = byte(packet, 0) >> 4;
  std::size_t tcp = 0;
  if (version == 4) {
    tcp = std::size_t{byte(packet, 0) & 0x0FU} * 4;
    if (tcp < kIp4 || packet.size() < tcp + kTcp || byte(packet, 9) != kTcpProtocol) return PrefaceError::Protocol;
    out.source = Address::ip4(be32(packet, 12), be16(packet, tcp));
    out.destination = Address::ip4(be32(packet, 16), be16(packet, tcp + 2));
  } else if (version == 6) {
    tcp = kIp6;
    if (packet.size() < tcp + kTcp || byte(packet, 6) != kTcpProtocol) return PrefaceError::Protocol;
    out.source = Address::ip6(packet.substr(8, 16), be16(packet, tcp));
    out.destination = Address::ip6(packet.substr(24, 16), be16(packet, tcp + 2));
  } else {
    return PrefaceError::Protocol;
  }
  out.relayed = true;
  out.bytes = begin + length;
  return PrefaceError::None;
}

bool find_tlv(std::string_view tlvs, std::uint8_t type, std::size_t& from, std::string_view& value) noexcept {
  while (from <= tlvs.size() && tlvs.size() - from >= kTlvHead) {
    const std::uint8_t found = byte(tlvs, from);
    const std::size_t length = be16(tlvs, from + 1);
    from += kTlvHead;
    if (tlvs.size() - from < length) return false;
    value = tlvs.substr(from, length);
    from += length;
    if (found == type) return true;
  }
  return false;
}

namespace {

bool same_ip_family(const Address& a, const Address& b) noexcept {
  return a.family() == b.family() && (a.family() == Family::Ip4 || a.family() == Family::Ip6);
}

}  // namespace

std::size_t write_proxy_v1(std::array<char, kMaxProxyLineBytes>& out, const Address& source,
                           const Address& destination) noexcept {
  char* p = out.data();
  const auto text = [&p](std::string_view s) {
    std::memcpy(p, s.data(), s.size());
    p += s.size();
  };
  if (!same_ip_family(source, destination)) {
    text("PROXY UNKNOWN\r\n");
    return static_cast<std::size_t>(p - out.data());
  }
  text(source.family() == Family::Ip4 ? "PROXY TCP4 " : "PROXY TCP6 ");
  p = source.write_ip(p);
  *p++ = ' ';
  p = destination.write_ip(p);
  *p++ = ' ';
  p = base::write_uint(p, source.port());
  *p++ = ' ';
  p = base::write_uint(p, destination.port());
  text("\r\n");
  return static_cast<std::size_t>(p - out.data());
}

ProxyV2Writer::ProxyV2Writer(std::span<char> out, const Address& source, const Address& destination,
                             bool local) noexcept
    : out_(out) {
  if (out.size() < kFixedBytes + 36) {
    full_ = true;
    return;
  }
  const bool relayed = !local && same_ip_family(source, destination);
  char* p = out.data();
  std::memcpy(p, kSignature.data(), kSignature.size());
  p[12] = relayed ? 0x21 : 0x20;
  p[13] = !relayed ? 0x00 : source.family() == Family::Ip4 ? 0x11 : 0x21;
  p += kFixedBytes;
  if (relayed) {
    for (const Address* a : {&source, &destination}) {
      const std::string_view ip = a->ip_bytes();
      std::memcpy(p, ip.data(), ip.size());
      p += ip.size();
    }
    for (const std::uint16_t port : {source.port(), destination.port()}) {
      *p++ = static_cast<char>(port >> 8);
      *p++ = static_cast<char>(port & 0xFF);
    }
  }
  used_ = static_cast<std::size_t>(p - out.data());
}

void ProxyV2Writer::add(std::uint8_t type, std::string_view value) noexcept {
  if (full_ || value.size() > 0xFFFF || out_.size() - used_ < kTlvHead + value.size()) {
    full_ = true;
    return;
  }
  out_[used_] = static_cast<char>(type);
  out_[used_ + 1] = static_cast<char>(value.size() >> 8);
  out_[used_ + 2] = static_cast<char>(value.size() & 0xFF);
  if (!value.empty()) std::memcpy(out_.data() + used_ + kTlvHead, value.data(), value.size());
  used_ += kTlvHead + value.size();
}

void ProxyV2Writer::add_crc32c() noexcept {
  add(static_cast<std::uint8_t>(Pp2Type::Crc32c), "\0\0\0\0"sv);
  if (!full_) crc_at_ = used_ - 4;
}

std::size_t ProxyV2Writer::finish() noexcept {
  if (full_ || used_ - kFixedBytes > 0xFFFF) return 0;
  const std::size_t length = used_ - kFixedBytes;
  out_[14] = static_cast<char>(length >> 8);
  out_[15] = static_cast<char>(length & 0xFF);
  if (crc_at_ != 0) {
    const std::uint32_t sum = crc32c({out_.data(), used_});
    for (unsigned i = 0; i < 4; ++i) out_[crc_at_ + i] = static_cast<char>(sum >> (24 - 8 * i) & 0xFF);
  }
  return used_;
}

}  // namespace sluice::net
