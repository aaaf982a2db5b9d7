// Any text as an address of the configuration (manual 2.9), under any rules of its place, and as a literal address. The
// bits of the first two bytes are the rules, what follows the last line end is the prefix for unix paths. Names are not
// resolved.
// room: net
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sluice/net/address.h"

namespace {

using namespace sluice::net;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

AddressRules rules_of(unsigned a, unsigned b) {
  AddressRules r;
  r.type = (a & 1) != 0 ? SocketType::Datagram : SocketType::Stream;
  r.datagram = (a & 2) != 0;
  r.stream = (a & 4) != 0;
  r.port_required = (a & 8) != 0;
  r.port_forbidden = (a & 16) != 0;
  r.port_range = (b & 1) != 0;
  r.port_offset = (b & 2) != 0;
  r.names = (b & 4) != 0;
  r.unix_paths = (b & 8) != 0;
  r.inherited_fd = (b & 16) != 0;
  r.socket_pair = (b & 32) != 0;
  return r;
}

// Nothing but the address, and what is printed reads as the same address.
void check_literal(std::string_view text) {
  Address a;
  if (!parse_ip(text, a)) return;
  require(text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos, "a literal is all of its text");
  require(a.family() == Family::Ip4 || a.family() == Family::Ip6, "a literal has a family");
  require(a.port() == 0, "a literal has no port");
  const std::string printed = a.ip_text();
  require(printed.size() <= 45, "an address has 45 characters at most");
  Address again;
  require(parse_ip(printed, again) && again == a, "what is printed is the same address");
  require(SocketAddress(a).address() == a, "there and back through a socket address");
}

void check_rules(const AddressSpec& s, const AddressRules& r) {
  require(s.type == SocketType::Stream ? r.stream : r.datagram, "the type is permitted");
  if (s.kind == AddressKind::InheritedFd || s.kind == AddressKind::SocketPair) {
    require((s.kind == AddressKind::SocketPair ? r.socket_pair : r.inherited_fd) && s.fd >= 0,
            "an inherited descriptor is permitted and a number");
    return;
  }
  if (s.kind != AddressKind::Ip) {
    require(r.unix_paths && s.family == AF_UNIX, "a unix socket is permitted");
    require(!s.host.empty() && s.host.size() < sizeof(sockaddr_un::sun_path), "a path fits");
    return;
  }
  require(!s.needs_resolving || (r.names && !s.host.empty()), "a name is permitted");
  require(s.needs_resolving || s.family == AF_INET || s.family == AF_INET6, "a literal has a family");
  switch (s.port_kind) {
    case PortKind::None:
      require(!r.port_required, "a port that is needed is there");
      break;
    case PortKind::Fixed:
      require(!r.port_forbidden && s.port_last == s.port, "a port is permitted");
      break;
    case PortKind::Range:
      require(r.port_range && !r.port_forbidden && s.port > 0 && s.port <= s.port_last, "a range is permitted");
      break;
    case PortKind::OffsetPlus:
    case PortKind::OffsetMinus:
      require(r.port_offset && !r.port_forbidden, "an offset is permitted");
      break;
  }
}

void check_resolved(const AddressSpec& s, std::string_view prefix) {
  const auto got = resolve(s, prefix);
  if (!got) {
    require(!got.error().empty(), "a refusal has words");
    require(s.kind == AddressKind::InheritedFd || s.kind == AddressKind::Unix, "a literal needs no resolver");
    return;
  }
  require(got->len > 0 && got->len <= sizeof(sockaddr_storage), "a socket address fits");
  require(got->family() == (s.kind == AddressKind::Ip ? s.family : AF_UNIX), "the family is kept");
  const std::string printed = got->text();
  if (s.kind != AddressKind::Ip) return;
  const std::uint16_t port = s.port_kind == PortKind::Fixed || s.port_kind == PortKind::Range ? s.port : 0;
  require(got->address().port() == port, "the port is kept");
  // "ADDRESS:PORT" as logs have it is an address for the configuration too.
  AddressRules plain;
  plain.port_required = true;
  plain.names = false;
  const auto again = parse_address(printed, plain);
  require(again && resolve(*again)->address() == got->address(), "what is printed is the same address");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const AddressRules rules = rules_of(data[0], data[1]);
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string_view prefix;
  if (const auto end = text.rfind('\n'); end != std::string_view::npos) {
    prefix = text.substr(end + 1);
    text = text.substr(0, end);
  }
  check_literal(text);
  const auto spec = parse_address(text, rules);
  if (!spec) {
    require(!spec.error().empty(), "a refusal has words");
    return 0;
  }
  check_rules(*spec, rules);
  if (!spec->needs_resolving) check_resolved(*spec, prefix);
  return 0;
}
