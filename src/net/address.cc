#include "sluice/net/address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <cstring>

#include "sluice/base/strings.h"

namespace sluice::net {

namespace {

using base::unexpected;

constexpr std::size_t kMaxHost = 255;

struct Prefix {
  std::string_view text;
  AddressKind kind;
  int family;
  int type;  // -1 keeps the default, else SocketType
  const char* refused;
};

constexpr int kKeep = -1;
constexpr int kStream = static_cast<int>(SocketType::Stream);
constexpr int kDgram = static_cast<int>(SocketType::Datagram);

// manual 2.9.1 and 2.9.3; families that are not built yet are refused by name.
constexpr Prefix kPrefixes[] = {
    {"abns@", AddressKind::AbstractUnix, AF_UNIX, kKeep, nullptr},
    {"abnsz@", AddressKind::AbstractUnix, AF_UNIX, kKeep, nullptr},
    {"fd@", AddressKind::InheritedFd, AF_UNSPEC, kKeep, nullptr},
    {"ip@", AddressKind::Ip, AF_UNSPEC, kKeep, nullptr},
    {"ipv4@", AddressKind::Ip, AF_INET, kKeep, nullptr},
    {"ipv6@", AddressKind::Ip, AF_INET6, kKeep, nullptr},
    {"unix@", AddressKind::Unix, AF_UNIX, kKeep, nullptr},
    {"uxst@", AddressKind::Unix, AF_UNIX, kStream, nullptr},
    {"uxdg@", AddressKind::Unix, AF_UNIX, kDgram, nullptr},
    {"tcp@", AddressKind::Ip, AF_UNSPEC, kStream, nullptr},
    {"tcp4@", AddressKind::Ip, AF_INET, kStream, nullptr},
    {"tcp6@", AddressKind::Ip, AF_INET6, kStream, nullptr},
    {"udp@", AddressKind::Ip, AF_UNSPEC, kDgram, nullptr},
    {"udp4@", AddressKind::Ip, AF_INET, kDgram, nullptr},
    {"udp6@", AddressKind::Ip, AF_INET6, kDgram, nullptr},
    {"sockpair@", AddressKind::SocketPair, AF_UNIX, kStream, nullptr},
    {"quic4@", AddressKind::Ip, AF_INET, kDgram, "QUIC"},
    {"quic6@", AddressKind::Ip, AF_INET6, kDgram, "QUIC"},
    {"quic+", AddressKind::Ip, AF_INET, kDgram, "QUIC"},
    {"mptcp@", AddressKind::Ip, AF_UNSPEC, kStream, "MPTCP"},
    {"mptcp4@", AddressKind::Ip, AF_INET, kStream, "MPTCP"},
    {"mptcp6@", AddressKind::Ip, AF_INET6, kStream, "MPTCP"},
    {"rhttp@", AddressKind::Ip, AF_UNSPEC, kStream, "reverse HTTP (rhttp@)"},
};

bool parse_port(std::string_view s, std::uint16_t& out) {
  const auto v = base::parse_int<unsigned>(s);
  if (!v || *v > 65535) return false;
  out = static_cast<std::uint16_t>(*v);
  return true;
}

std::string quoted(std::string_view s) { return "'" + std::string(s) + "'"; }

// Fills the port part; the text is what follows the last colon.
std::string parse_port_part(std::string_view text, std::string_view whole, const AddressRules& rules,
                            AddressSpec& spec) {
  if (text.empty()) {
    // "host:" is an address without a port where ports are optional.
    if (rules.port_required) return "missing port number in " + quoted(whole);
    return {};
  }
  if (rules.port_forbidden) return "unexpected port in " + quoted(whole);
  if (text.front() == '+' || text.front() == '-') {
    if (!rules.port_offset) return "port offsets are not permitted here in " + quoted(whole);
    spec.port_kind = text.front() == '+' ? PortKind::OffsetPlus : PortKind::OffsetMinus;
    if (!parse_port(text.substr(1), spec.port)) return "invalid port offset " + quoted(text) + " in " + quoted(whole);
    return {};
  }
  const auto dash = text.find('-');
  if (dash != std::string_view::npos) {
    if (!rules.port_range) return "port ranges are not permitted here in " + quoted(whole);
    if (!parse_port(text.substr(0, dash), spec.port) || !parse_port(text.substr(dash + 1), spec.port_last) ||
        spec.port == 0 || spec.port_last < spec.port)
      return "invalid port range " + quoted(text) + " in " + quoted(whole);
    spec.port_kind = PortKind::Range;
    return {};
  }
  if (!parse_port(text, spec.port)) return "invalid port number " + quoted(text) + " in " + quoted(whole);
  spec.port_kind = PortKind::Fixed;
  spec.port_last = spec.port;
  return {};
}

bool valid_host_name(std::string_view s) {
  if (s.empty() || s.size() > kMaxHost) return false;
  for (const char c : s) {
    const bool ok =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!ok) return false;
  }
  return true;
}

// "stream+", "dgram+", "ipv4@" and their like: says what kind of address follows, and takes them off the text.
std::string parse_prefixes(std::string_view& text, std::string_view whole, const AddressRules& rules,
                           AddressSpec& spec) {
  spec.type = rules.type;
  if (text.starts_with("stream+")) {
    spec.type = SocketType::Stream;
    text.remove_prefix(7);
  } else if (text.starts_with("dgram+")) {
    spec.type = SocketType::Datagram;
    text.remove_prefix(6);
  }
  for (const Prefix& p : kPrefixes) {
    if (!text.starts_with(p.text)) continue;
    if (p.refused != nullptr) return std::string(p.refused) + " is not supported yet in " + quoted(whole);
    spec.kind = p.kind;
    spec.family = p.family;
    if (p.type != kKeep) spec.type = static_cast<SocketType>(p.type);
    spec.abstract_zero_terminated = p.text == "abnsz@";
    text.remove_prefix(p.text.size());
    break;
  }
  if (spec.kind == AddressKind::Ip && spec.family == AF_UNSPEC && text.starts_with('/')) {
    spec.kind = AddressKind::Unix;
    spec.family = AF_UNIX;
  }
  if (spec.type == SocketType::Datagram && !rules.datagram)
    return "datagram addresses are not permitted here in " + quoted(whole);
  if (spec.type == SocketType::Stream && !rules.stream)
    return "stream addresses are not permitted here in " + quoted(whole);
  return {};
}

// The number of an inherited descriptor, or a path, or an abstract name.
std::string parse_named_socket(std::string_view text, std::string_view whole, const AddressRules& rules,
                               AddressSpec& spec) {
  if (spec.kind == AddressKind::InheritedFd || spec.kind == AddressKind::SocketPair) {
    if (spec.kind == AddressKind::InheritedFd ? !rules.inherited_fd : !rules.socket_pair)
      return "inherited file descriptors are not permitted here in " + quoted(whole);
    const auto fd = base::parse_int<int>(text);
    if (!fd || *fd < 0) return "file descriptor " + quoted(text) + " is not a valid integer in " + quoted(whole);
    spec.fd = *fd;
    return {};
  }
  if (!rules.unix_paths) return "unix sockets are not permitted here in " + quoted(whole);
  if (text.empty()) return "empty socket path in " + quoted(whole);
  // A path keeps its end: one byte for the terminator or for the leading NUL of an abstract name.
  if (text.size() > sizeof(sockaddr_un::sun_path) - 1)
    return "socket path " + quoted(text) + " too long (max " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + ")";
  spec.host = text;
  return {};
}

}  // namespace

Address Address::from(const sockaddr* sa, socklen_t len) noexcept {
  Address a;
  if (len < sizeof(sa_family_t)) return a;
  if (sa->sa_family == AF_INET && len >= sizeof(sockaddr_in)) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(sa);
    std::memcpy(a.ip_.data(), &in->sin_addr, 4);
    a.port_ = ntohs(in->sin_port);
    a.family_ = Family::Ip4;
  } else if (sa->sa_family == AF_INET6 && len >= sizeof(sockaddr_in6)) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(sa);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
      std::memcpy(a.ip_.data(), in6->sin6_addr.s6_addr + 12, 4);
      a.family_ = Family::Ip4;
    } else {
      std::memcpy(a.ip_.data(), &in6->sin6_addr, 16);
      a.family_ = Family::Ip6;
    }
    a.port_ = ntohs(in6->sin6_port);
  } else if (sa->sa_family == AF_UNIX) {
    a.family_ = Family::Unix;
  }
  return a;
}

Address Address::ip4(std::uint32_t host_order, std::uint16_t port) noexcept {
  Address a;
  const std::uint32_t net = htonl(host_order);
  std::memcpy(a.ip_.data(), &net, 4);
  a.port_ = port;
  a.family_ = Family::Ip4;
  return a;
}

Address Address::ip6(std::string_view bytes, std::uint16_t port) noexcept {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  if (bytes.size() == sizeof in6.sin6_addr) std::memcpy(&in6.sin6_addr, bytes.data(), sizeof in6.sin6_addr);
  return from(reinterpret_cast<const sockaddr*>(&in6), sizeof in6);
}

bool Address::is_loopback() const noexcept {
  if (family_ == Family::Ip4) return ip_[0] == 127;
  if (family_ == Family::Ip6) return std::memcmp(ip_.data(), &in6addr_loopback, 16) == 0;
  return family_ == Family::Unix;
}

bool Address::is_unspecified() const noexcept {
  const std::string_view ip = ip_bytes();
  return !ip.empty() && ip.find_first_not_of('\0') == std::string_view::npos;
}

char* Address::write_ip(char* out) const noexcept {
  switch (family_) {
    case Family::Ip4:
      for (unsigned i = 0; i < 4; ++i) {
        if (i != 0) *out++ = '.';
        const unsigned v = ip_[i];
        if (v >= 100) *out++ = static_cast<char>('0' + v / 100);
        if (v >= 10) *out++ = static_cast<char>('0' + v / 10 % 10);
        *out++ = static_cast<char>('0' + v % 10);
      }
      return out;
    case Family::Ip6: {
      if (inet_ntop(AF_INET6, ip_.data(), out, INET6_ADDRSTRLEN) == nullptr) return out;
      return out + std::strlen(out);
    }
    case Family::Unix:
      std::memcpy(out, "unix", 4);
      return out + 4;
    case Family::None:
      break;
  }
  *out = '-';
  return out + 1;
}

std::string Address::ip_text() const {
  char buf[INET6_ADDRSTRLEN + 1];
  return {buf, write_ip(buf)};
}

SocketAddress::SocketAddress(const Address& a) noexcept : storage{} {
  const auto bytes = a.ip_bytes();
  if (a.family() == Family::Ip4) {
    in.sin_family = AF_INET;
    std::memcpy(&in.sin_addr, bytes.data(), 4);
    in.sin_port = htons(a.port());
    len = sizeof(sockaddr_in);
  } else if (a.family() == Family::Ip6) {
    in6.sin6_family = AF_INET6;
    std::memcpy(&in6.sin6_addr, bytes.data(), 16);
    in6.sin6_port = htons(a.port());
    len = sizeof(sockaddr_in6);
  }
}

void SocketAddress::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) in.sin_port = htons(port);
  if (family() == AF_INET6) in6.sin6_port = htons(port);
}

std::string SocketAddress::text() const {
  if (family() == AF_UNIX) {
    const std::size_t n = len - offsetof(sockaddr_un, sun_path);
    if (n > 0 && un.sun_path[0] == '\0') return "abns@" + std::string(un.sun_path + 1, strnlen(un.sun_path + 1, n - 1));
    return {un.sun_path, strnlen(un.sun_path, n)};
  }
  const Address a = address();
  if (a.family() == Family::None) return "-";
  return a.ip_text() + ":" + std::to_string(a.port());
}

bool parse_ip(std::string_view text, Address& out) noexcept {
  char buf[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buf) return false;
  if (text.find('\0') != std::string_view::npos) return false;  // inet_pton() would stop there and see the front only
  std::memcpy(buf, text.data(), text.size());
  buf[text.size()] = '\0';
  sockaddr_in in{};
  in.sin_family = AF_INET;
  if (inet_pton(AF_INET, buf, &in.sin_addr) == 1) {
    out = Address::from(reinterpret_cast<const sockaddr*>(&in), sizeof in);
    return true;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, buf, &in6.sin6_addr) == 1) {
    out = Address::from(reinterpret_cast<const sockaddr*>(&in6), sizeof in6);
    return true;
  }
  return false;
}

base::Result<AddressSpec, std::string> parse_address(std::string_view text, const AddressRules& rules) {
  const std::string_view whole = text;
  AddressSpec spec;
  if (std::string e = parse_prefixes(text, whole, rules, spec); !e.empty()) return unexpected(std::move(e));
  if (spec.kind != AddressKind::Ip) {
    if (std::string e = parse_named_socket(text, whole, rules, spec); !e.empty()) return unexpected(std::move(e));
    return spec;
  }

  // Bracketed IPv6, or everything up to the last colon; a literal IPv6 without a port keeps all its colons.
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return unexpected("missing ']' in " + quoted(whole));
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return unexpected("unexpected characters after ']' in " + quoted(whole));
      port = rest.substr(1);
      has_port = true;
    }
  } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    Address ignored;
    const bool ip6_without_port =
        spec.family != AF_INET && !rules.port_required && text.find(':') != colon && parse_ip(text, ignored);
    if (!ip6_without_port) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
      has_port = true;
    }
  }
  if (has_port) {
    if (std::string e = parse_port_part(port, whole, rules, spec); !e.empty()) return unexpected(std::move(e));
  } else if (rules.port_required) {
    return unexpected("missing port number in " + quoted(whole));
  }

  spec.host = host;
  Address literal;
  if (host.empty() || host == "*") {
    if (spec.family == AF_UNSPEC) spec.family = AF_INET;
  } else if (parse_ip(host, literal)) {
    const int family = host.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
    if (spec.family != AF_UNSPEC && spec.family != family)
      return unexpected(quoted(host) + " is not an IPv" + (spec.family == AF_INET ? "4" : "6") + " address in " +
                        quoted(whole));
    spec.family = family;
  } else {
    if (!rules.names || !valid_host_name(host)) {
      // "::1" read as the port 1 of the host ":".
      if (rules.port_required && parse_ip(text, literal))
        return unexpected("missing port number in " + quoted(whole) + ", it would be '[" + std::string(text) + "]:80'");
      return unexpected("invalid address: " + quoted(host) + " in " + quoted(whole));
    }
    spec.needs_resolving = true;
  }
  return spec;
}

base::Result<SocketAddress, std::string> resolve(const AddressSpec& spec, std::string_view unix_prefix) {
  SocketAddress out;
  const std::uint16_t port = spec.port_kind == PortKind::Fixed || spec.port_kind == PortKind::Range ? spec.port : 0;
  switch (spec.kind) {
    case AddressKind::InheritedFd:
      return unexpected(std::string("an inherited file descriptor has no address"));
    case AddressKind::SocketPair:
      out.un.sun_family = AF_UNIX;
      out.len = offsetof(sockaddr_un, sun_path);
      return out;
    case AddressKind::Unix: {
      const std::string path = std::string(unix_prefix) + spec.host;
      if (path.size() >= sizeof(out.un.sun_path)) return unexpected("socket path '" + path + "' too long");
      out.un.sun_family = AF_UNIX;
      std::memcpy(out.un.sun_path, path.data(), path.size());
      out.len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
      return out;
    }
    case AddressKind::AbstractUnix:
      out.un.sun_family = AF_UNIX;
      std::memcpy(out.un.sun_path + 1, spec.host.data(), spec.host.size());
      // abns@ names fill the whole field with zeroes, abnsz@ names end with their text (manual 2.9.1).
      out.len = spec.abstract_zero_terminated
                    ? static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + spec.host.size() + 1)
                    : static_cast<socklen_t>(sizeof(sockaddr_un));
      if (out.len > sizeof(sockaddr_un)) out.len = sizeof(sockaddr_un);
      return out;
    case AddressKind::Ip:
      break;
  }
  if (!spec.needs_resolving) {
    Address a;
    if (spec.host.empty() || spec.host == "*") {
      if (spec.family == AF_INET6) {
        out.in6.sin6_family = AF_INET6;
        out.len = sizeof(sockaddr_in6);
      } else {
        out.in.sin_family = AF_INET;
        out.len = sizeof(sockaddr_in);
      }
    } else if (spec.host.find(':') != std::string::npos) {
      out.in6.sin6_family = AF_INET6;
      if (inet_pton(AF_INET6, spec.host.c_str(), &out.in6.sin6_addr) != 1)
        return unexpected("invalid address '" + spec.host + "'");
      out.len = sizeof(sockaddr_in6);
    } else {
      if (!parse_ip(spec.host, a)) return unexpected("invalid address '" + spec.host + "'");
      out = SocketAddress(a);
    }
    out.set_port(port);
    return out;
  }
  addrinfo hints{};
  hints.ai_family = spec.family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int rc = getaddrinfo(spec.host.c_str(), nullptr, &hints, &list);
  if (rc != 0 || list == nullptr) return unexpected("could not resolve address '" + spec.host + "'");
  // IPv4 first where the name has both, as the reference does without "resolve-prefer".
  const addrinfo* chosen = list;
  for (const addrinfo* i = list; i != nullptr; i = i->ai_next) {
    if (i->ai_family == AF_INET) {
      chosen = i;
      break;
    }
  }
  std::memcpy(&out.storage, chosen->ai_addr, chosen->ai_addrlen);
  out.len = chosen->ai_addrlen;
  freeaddrinfo(list);
  out.set_port(port);
  return out;
}

}  // namespace sluice::net
