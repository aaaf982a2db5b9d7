// The PROXY protocol, versions 1 and 2 (its specification is named by manual 5.1 "accept-proxy"), and the NetScaler
// Client IP header: who the client of a relayed connection is.
//
// Readers take the first bytes of a connection as they lie in the socket and answer at once: the header has to be there
// as a whole, which is what both protocols ask of their senders. Nothing is kept; what they return points into the
// bytes given. Writers fill memory of the caller's. Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sluice/net/address.h"

namespace sluice::net {

// What a connection begins with.
enum class PrefaceKind : std::uint8_t { None, Proxy, Netscaler };

enum class PrefaceError : std::uint8_t {
  None,
  Truncated,  // the bytes may begin a header, but it does not end in them
  NotHeader,  // something else (NetScaler: another magic number)
  Invalid,    // begins as a header and breaks its rules; or its checksum is wrong
  Protocol,   // the header is of a protocol or family that is not supported
};

struct PrefaceHeader {
  bool relayed = false;  // source and destination are the client's; else those of the socket stand
  Address source, destination;
  std::string_view tlvs;  // version 2: the block of type-length-value records, well-formed
  std::size_t bytes = 0;  // length of the header: what follows belongs to the connection
};

// The longest header that is read: more is Truncated.
inline constexpr std::size_t kMaxPrefaceBytes = 16384;
// Version 1 lines, their end included.
inline constexpr std::size_t kMaxProxyLineBytes = 107;

// Types of records (specification 2.2).
enum class Pp2Type : std::uint8_t {
  Alpn = 0x01,
  Authority = 0x02,
  Crc32c = 0x03,
  Noop = 0x04,
  UniqueId = 0x05,
  Ssl = 0x20,
  Netns = 0x30
};

// Either version. Refused as the reference does: families and transports other than TCP over IPv4 and IPv6 (LOCAL and
// UNKNOWN pass without addresses), authorities above 255 bytes, unique ids above 128.
PrefaceError read_proxy_header(std::string_view bytes, PrefaceHeader& out) noexcept;

// manual 5.1 "accept-netscaler-cip": both layouts, the legacy one and that with a type.
PrefaceError read_netscaler_header(std::string_view bytes, std::uint32_t magic, PrefaceHeader& out) noexcept;

// The next record of that type at or behind `from`, an offset into the block; found: its value, and `from` behind it.
bool find_tlv(std::string_view tlvs, std::uint8_t type, std::size_t& from, std::string_view& value) noexcept;

// "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\n"; "PROXY UNKNOWN\r\n" unless both ends are of one IP family. Returns the
// length.
std::size_t write_proxy_v1(std::array<char, kMaxProxyLineBytes>& out, const Address& source,
                           const Address& destination) noexcept;

// Builds a version 2 header in the caller's memory. What does not fit makes finish() return 0.
class ProxyV2Writer {
 public:
  // PROXY with both addresses, or LOCAL without any when they are not of one IP family or `local` is set.
  ProxyV2Writer(std::span<char> out, const Address& source, const Address& destination, bool local) noexcept;
  void add(std::uint8_t type, std::string_view value) noexcept;
  // Room for the checksum, which finish() fills in. At most once.
  void add_crc32c() noexcept;
  // Length of the header; 0: it did not fit.
  [[nodiscard]] std::size_t finish() noexcept;

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
  std::size_t crc_at_ = 0;  // 0 = none
  bool full_ = false;
};

// CRC-32C (RFC 4960 appendix B).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0) noexcept;

}  // namespace sluice::net
