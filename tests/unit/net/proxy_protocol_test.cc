#include "sluice/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::net {
namespace {

using namespace std::string_literals;

const std::string kSig = "\r\n\r\n\0\r\nQUIT\n"s;

std::string v2(unsigned char command, unsigned char family, const std::string& block) {
  std::string s = kSig;
  s += static_cast<char>(command);
  s += static_cast<char>(family);
  s += static_cast<char>(block.size() >> 8);
  s += static_cast<char>(block.size() & 0xFF);
  return s + block;
}

std::string tlv(unsigned char type, const std::string& value) {
  return std::string{static_cast<char>(type), static_cast<char>(value.size() >> 8),
                     static_cast<char>(value.size() & 0xFF)} +
         value;
}

const std::string kAddr4 = "\x01\x02\x03\x04\x05\x06\x07\x08\x04\x57\x08\xae"s;  // 1.2.3.4:1111 -> 5.6.7.8:2222

PrefaceError read(const std::string& bytes, PrefaceHeader* header = nullptr) {
  PrefaceHeader h;
  const PrefaceError e = read_proxy_header(bytes, h);
  if (header != nullptr) *header = h;
  return e;
}

std::string ends(const PrefaceHeader& h) {
  return h.source.ip_text() + " " + std::to_string(h.source.port()) + " " + h.destination.ip_text() + " " +
         std::to_string(h.destination.port());
}

TEST(ProxyV1, ReadsBothFamilies) {
  PrefaceHeader h;
  ASSERT_EQ(read("PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\nGET /", &h), PrefaceError::None);
  EXPECT_TRUE(h.relayed);
  EXPECT_EQ(ends(h), "1.2.3.4 1111 5.6.7.8 2222");
  EXPECT_EQ(h.bytes, 38U);
  ASSERT_EQ(read("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", &h), PrefaceError::None);
  EXPECT_EQ(ends(h), "2001:db8::1 65535 ::1 0");
}

TEST(ProxyV1, UnknownKeepsTheSocketsAddresses) {
  PrefaceHeader h;
  ASSERT_EQ(read("PROXY UNKNOWN\r\nx", &h), PrefaceError::None);
  EXPECT_FALSE(h.relayed);
  EXPECT_EQ(h.bytes, 15U);
  // Specification 2.1: whatever follows up to the end of the line is ignored.
  ASSERT_EQ(read("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", &h), PrefaceError::None);
  EXPECT_FALSE(h.relayed);
}

TEST(ProxyV1, WhatIsRefused) {
  struct Case {
    const char* text;
    PrefaceError error;
  } const cases[] = {
      {"P", PrefaceError::Truncated},
      {"PROXY", PrefaceError::Truncated},
      {"PROXY TCP4 1.2.3", PrefaceError::Truncated},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r", PrefaceError::Truncated},
      {"GET / HTTP/1.1\r\n", PrefaceError::NotHeader},
      {"PROXX", PrefaceError::NotHeader},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", PrefaceError::Invalid},
      {"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", PrefaceError::Protocol},
      {"PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", PrefaceError::Protocol},
      {"PROXY UNKNOWNS\r\n", PrefaceError::Protocol},
      {"PROXY \r\n", PrefaceError::Protocol},
      {"PROXY TCP4 1.2.3.400 5.6.7.8 1 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", PrefaceError::Invalid},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", PrefaceError::Invalid},
  };
  for (const Case& c : cases) EXPECT_EQ(read(c.text), c.error) << c.text;
}

TEST(ProxyV1, ALineEndsWithin107Bytes) {
  const std::string start = "PROXY UNKNOWN ";
  EXPECT_EQ(read(start + std::string(107 - start.size() - 2, 'x') + "\r\n"), PrefaceError::None);
  EXPECT_EQ(read(start + std::string(108 - start.size() - 2, 'x') + "\r\n"), PrefaceError::Invalid);
  EXPECT_EQ(read(start + std::string(5000, 'x')), PrefaceError::Invalid);
}

TEST(ProxyV2, ReadsAddressesAndRecords) {
  PrefaceHeader h;
  const std::string block = kAddr4 + tlv(2, "host") + tlv(0xE0, "a") + tlv(0xE0, "b") + tlv(4, "");
  const std::string bytes = v2(0x21, 0x11, block) + "GET";  // the header's records lie in it
  ASSERT_EQ(read(bytes, &h), PrefaceError::None);
  EXPECT_EQ(ends(h), "1.2.3.4 1111 5.6.7.8 2222");
  EXPECT_EQ(h.bytes, 16 + block.size());
  std::size_t from = 0;
  std::string_view value;
  ASSERT_TRUE(find_tlv(h.tlvs, 2, from, value));
  EXPECT_EQ(value, "host");
  from = 0;
  ASSERT_TRUE(find_tlv(h.tlvs, 0xE0, from, value));
  EXPECT_EQ(value, "a");
  ASSERT_TRUE(find_tlv(h.tlvs, 0xE0, from, value));
  EXPECT_EQ(value, "b");
  EXPECT_FALSE(find_tlv(h.tlvs, 0xE0, from, value));
  const std::string ip6 =
      std::string(15, '\0') + "\x01" + "\x20\x01" + std::string(13, '\0') + "\x02" + "\0\x01\0\x02"s;
  ASSERT_EQ(read(v2(0x21, 0x21, ip6), &h), PrefaceError::None);
  EXPECT_EQ(ends(h), "::1 1 2001::2 2");
}

TEST(ProxyV2, LocalSkipsItsBlock) {
  PrefaceHeader h;
  ASSERT_EQ(read(v2(0x20, 0x11, kAddr4 + "junk"), &h), PrefaceError::None);
  EXPECT_FALSE(h.relayed);
  EXPECT_TRUE(h.tlvs.empty());
  EXPECT_EQ(h.bytes, 16 + kAddr4.size() + 4);
  EXPECT_EQ(read(v2(0x20, 0x00, "")), PrefaceError::None);
}

TEST(ProxyV2, WhatIsRefused) {
  const std::string whole = v2(0x21, 0x11, kAddr4);
  for (std::size_t n = 1; n < whole.size(); ++n) EXPECT_EQ(read(whole.substr(0, n)), PrefaceError::Truncated) << n;
  EXPECT_EQ(read(v2(0x11, 0x11, kAddr4)), PrefaceError::NotHeader);
  EXPECT_EQ(read(v2(0x22, 0x11, kAddr4)), PrefaceError::Invalid);
  for (const int family : {0x00, 0x01, 0x10, 0x12, 0x13, 0x22, 0x31, 0x32, 0x41, 0xFF})
    EXPECT_EQ(read(v2(0x21, static_cast<unsigned char>(family), std::string(216, 'x'))), PrefaceError::Invalid)
        << family;
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4.substr(1))), PrefaceError::Invalid);
  EXPECT_EQ(read(v2(0x21, 0x21, kAddr4)), PrefaceError::Invalid);
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + "\x02\0"s)), PrefaceError::Invalid);
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + "\x02\0\x09"s + "abc")), PrefaceError::Invalid);
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + tlv(5, std::string(128, 'u')))), PrefaceError::None);
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + tlv(5, std::string(129, 'u')))), PrefaceError::Invalid);
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + tlv(2, std::string(255, 'a')))), PrefaceError::None);
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + tlv(2, std::string(256, 'a')))), PrefaceError::Invalid);
}

TEST(ProxyV2, TheChecksumIsVerified) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);  // RFC 3720 appendix B.4 uses the same polynomial
  char memory[256];
  PrefaceHeader h;
  ASSERT_EQ(read("PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n", &h), PrefaceError::None);
  ProxyV2Writer w(memory, h.source, h.destination, false);
  w.add_crc32c();
  w.add(2, "name");
  const std::size_t n = w.finish();
  ASSERT_NE(n, 0U);
  std::string bytes(memory, n);
  EXPECT_EQ(read(bytes, &h), PrefaceError::None);
  EXPECT_EQ(ends(h), "1.2.3.4 1111 5.6.7.8 2222");
  constexpr std::size_t kType = 28;  // changed, there is no checksum any more
  for (std::size_t i = 16; i < n; ++i) {
    if (i == kType) continue;
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x40);
    EXPECT_NE(read(broken), PrefaceError::None) << i;
  }
  EXPECT_EQ(read(v2(0x21, 0x11, kAddr4 + tlv(3, "abc"))), PrefaceError::Invalid);
}

// As a running reference writes it for a client on a unix socket with "crc32c" and a unique id.
TEST(ProxyV2, WritesWhatTheReferenceWrites) {
  char memory[256];
  ProxyV2Writer w(memory, Address{}, Address{}, false);
  w.add_crc32c();
  w.add(5, "y-uid");
  const std::size_t n = w.finish();
  EXPECT_EQ(std::string(memory, n), v2(0x20, 0x00, tlv(3, "\xf1\x7d\x47\xaa") + tlv(5, "y-uid")));
  ProxyV2Writer small(std::span<char>(memory, 60), Address{}, Address{}, true);
  small.add(5, std::string(60, 'x'));
  EXPECT_EQ(small.finish(), 0U);
}

TEST(ProxyV1, WritesLines) {
  std::array<char, kMaxProxyLineBytes> out;
  const auto line = [&out](const char* a, std::uint16_t ap, const char* b, std::uint16_t bp) {
    Address from, to;
    if (*a != '\0') {
      EXPECT_TRUE(parse_ip(a, from));
    }
    if (*b != '\0') {
      EXPECT_TRUE(parse_ip(b, to));
    }
    from.set_port(ap);
    to.set_port(bp);
    return std::string(out.data(), write_proxy_v1(out, from, to));
  };
  EXPECT_EQ(line("1.2.3.4", 1, "5.6.7.8", 65535), "PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\n");
  EXPECT_EQ(line("::1", 1, "2001::2", 2), "PROXY TCP6 ::1 2001::2 1 2\r\n");
  EXPECT_EQ(line("::1", 1, "1.2.3.4", 2), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(line("", 0, "", 0), "PROXY UNKNOWN\r\n");
  // The longest there is fits.
  const char* const longest = "2001:1111:2222:3333:4444:5555:6666:7777";
  EXPECT_EQ(line(longest, 65535, longest, 65535).size(), 104U);
}

// ---- NetScaler

std::string be(std::uint32_t v, unsigned bytes) {
  std::string s;
  for (unsigned i = bytes; i-- > 0;) s += static_cast<char>(v >> (8 * i) & 0xFF);
  return s;
}
const std::string kIp4 =
    "\x45"s + std::string(8, '\0') + "\x06"s + std::string(2, '\0') + "\x01\x02\x03\x04\x05\x06\x07\x08"s;
const std::string kTcp = "\x04\x57\x08\xae"s + std::string(16, '\0');
const std::string kIp6 = "\x60"s + std::string(5, '\0') + "\x06\0"s + std::string(15, '\0') + "\x01" + "\x20\x01"s +
                         std::string(13, '\0') + "\x02";

std::string legacy(const std::string& packet) {
  return be(0x1234, 4) + be(static_cast<std::uint32_t>(packet.size()), 4) + packet;
}
std::string standard(const std::string& packet) {
  const auto n = static_cast<std::uint32_t>(packet.size());
  return be(0x1234, 4) + be(12 + n, 4) + be(1, 2) + be(n, 2) + packet;
}
PrefaceError cip(const std::string& bytes, PrefaceHeader* out = nullptr) {
  PrefaceHeader h;
  const PrefaceError e = read_netscaler_header(bytes, 0x1234, h);
  if (out != nullptr) *out = h;
  return e;
}

TEST(Netscaler, ReadsBothLayouts) {
  PrefaceHeader h;
  for (const std::string& bytes : {legacy(kIp4 + kTcp), standard(kIp4 + kTcp)}) {
    ASSERT_EQ(cip(bytes + "GET", &h), PrefaceError::None);
    EXPECT_EQ(ends(h), "1.2.3.4 1111 5.6.7.8 2222");
    EXPECT_EQ(h.bytes, bytes.size());
  }
  for (const std::string& bytes : {legacy(kIp6 + kTcp), standard(kIp6 + kTcp)}) {
    ASSERT_EQ(cip(bytes, &h), PrefaceError::None);
    EXPECT_EQ(ends(h), "::1 1111 2001::2 2222");
  }
}

TEST(Netscaler, WhatIsRefused) {
  const std::string whole = standard(kIp4 + kTcp);
  for (std::size_t n = 1; n < whole.size(); ++n) EXPECT_EQ(cip(whole.substr(0, n)), PrefaceError::Truncated) << n;
  EXPECT_EQ(cip("GET / HTTP/1.1\r\n"), PrefaceError::NotHeader);
  EXPECT_EQ(cip(standard("\x95" + kIp4.substr(1) + kTcp)), PrefaceError::Protocol);
  EXPECT_EQ(cip(standard(kIp4.substr(0, 9) + "\x11" + kIp4.substr(10) + kTcp)), PrefaceError::Protocol);
  EXPECT_EQ(cip(standard("\x4f" + kIp4.substr(1) + kTcp)), PrefaceError::Protocol);
  EXPECT_EQ(cip(standard("\x41" + kIp4.substr(1) + kTcp)), PrefaceError::Protocol);
  EXPECT_EQ(cip(standard(kIp6)), PrefaceError::Protocol);
  EXPECT_EQ(cip(be(0x1234, 4) + be(0xFFFFFFFF, 4) + "\x45" + std::string(40, 'x')), PrefaceError::Protocol);
  EXPECT_EQ(cip(be(0x1234, 4) + be(3, 4) + std::string(60, '\0')), PrefaceError::Protocol);
}

}  // namespace
}  // namespace sluice::net
