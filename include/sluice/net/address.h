// Socket addresses: a compact value for connections, and the configuration's address syntax (manual 2.9).
//
// `Address` is what a connection keeps (32 bytes, IPv4, IPv6 or "unix"); `SocketAddress` is a full sockaddr for system
// calls; `AddressSpec` is what a configuration wrote, before names are resolved. Thread: values, any. resolve() may
// block and is for start-up only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.h"

namespace sluice::net {

enum class Family : std::uint8_t { None, Ip4, Ip6, Unix };

// Address and port of one end of a connection. Unix peers have no text of their own: they print as "unix".
class Address {
 public:
  Address() = default;
  // sa may be any family; an unknown one gives Family::None.
  static Address from(const sockaddr* sa, socklen_t len) noexcept;
  static Address ip4(std::uint32_t host_order, std::uint16_t port) noexcept;
  // 16 bytes in network order; an IPv4 address in IPv6 clothes becomes IPv4, as with from().
  static Address ip6(std::string_view bytes, std::uint16_t port) noexcept;

  [[nodiscard]] Family family() const noexcept { return family_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void set_port(std::uint16_t p) noexcept { port_ = p; }
  // 4 or 16 bytes in network order; empty for the other families.
  [[nodiscard]] std::string_view ip_bytes() const noexcept {
    return {reinterpret_cast<const char*>(ip_.data()), family_ == Family::Ip4 ? 4U : family_ == Family::Ip6 ? 16U : 0U};
  }
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_unspecified() const noexcept;  // 0.0.0.0, ::
  // Text of the address without the port ("127.0.0.1", "::1", "unix"); at most 45 characters. Returns the end.
  char* write_ip(char* out) const noexcept;
  [[nodiscard]] std::string ip_text() const;
  bool operator==(const Address&) const = default;

 private:
  std::array<std::uint8_t, 16> ip_{};
  std::uint16_t port_ = 0;
  Family family_ = Family::None;
};

struct SocketAddress {
  union {
    sockaddr sa;
    sockaddr_in in;
    sockaddr_in6 in6;
    sockaddr_un un;
    sockaddr_storage storage;
  };
  socklen_t len = 0;

  SocketAddress() noexcept : storage{} {}
  explicit SocketAddress(const Address& a) noexcept;
  [[nodiscard]] int family() const noexcept { return len == 0 ? AF_UNSPEC : sa.sa_family; }
  [[nodiscard]] Address address() const noexcept { return Address::from(&sa, len); }
  void set_port(std::uint16_t port) noexcept;
  // "127.0.0.1:80", "[::1]:80" is never used by the reference: it prints "::1:80"; unix: the path; abstract:
  // "abns@name".
  [[nodiscard]] std::string text() const;
};

enum class SocketType : std::uint8_t { Stream, Datagram };

// What kind of address the text named.
enum class AddressKind : std::uint8_t {
  Ip,
  Unix,
  AbstractUnix,
  InheritedFd,  // "fd@": a listening socket
  SocketPair,   // "sockpair@": a connected unix socket over which connections are passed
};

// How the port part was written.
enum class PortKind : std::uint8_t { None, Fixed, Range, OffsetPlus, OffsetMinus };

struct AddressSpec {
  AddressKind kind = AddressKind::Ip;
  SocketType type = SocketType::Stream;
  int family = AF_UNSPEC;        // AF_INET / AF_INET6 when forced or literal; AF_UNSPEC: a name still to be resolved
  std::string host;              // literal, name, "*" as written (without prefix), path or abstract name; "" means any
  bool needs_resolving = false;  // host is a name
  bool abstract_zero_terminated = false;
  PortKind port_kind = PortKind::None;
  std::uint16_t port = 0;  // first port of a range, or the amount of an offset
  std::uint16_t port_last = 0;
  int fd = -1;  // InheritedFd, SocketPair
};

// What a place in the configuration accepts.
struct AddressRules {
  SocketType type = SocketType::Stream;  // default type when no prefix says otherwise
  bool datagram = false;                 // datagram prefixes accepted
  bool stream = true;                    // stream prefixes accepted
  bool port_required = false;
  bool port_forbidden = false;
  bool port_range = false;
  bool port_offset = false;
  bool names = true;  // host names accepted
  bool unix_paths = true;
  bool inherited_fd = false;
  bool socket_pair = false;
};

// The text of an address as manual 2.9 gives it. Errors are sentences for the user, without place.
base::Result<AddressSpec, std::string> parse_address(std::string_view text, const AddressRules& rules);

// The socket address of a spec (first port of a range). Resolves names with getaddrinfo: blocks. unix_prefix is put
// before unix paths (global "unix-bind prefix").
base::Result<SocketAddress, std::string> resolve(const AddressSpec& spec, std::string_view unix_prefix = {});

// A literal IPv4 or IPv6 address, nothing around it.
bool parse_ip(std::string_view text, Address& out) noexcept;

}  // namespace sluice::net
