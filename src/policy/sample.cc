#include "sluice/policy/sample.h"

#include <arpa/inet.h>

#include <cstring>
#include <limits>

#include "policy/args.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"
#include "sluice/http/message.h"

namespace sluice::policy {
namespace {

constexpr bool is_address(SampleType t) {
  return t == SampleType::Addr || t == SampleType::Ipv4 || t == SampleType::Ipv6;
}
constexpr bool is_text(SampleType t) { return t == SampleType::Str || t == SampleType::Bin || t == SampleType::Meth; }
constexpr bool is_number(SampleType t) { return t == SampleType::Bool || t == SampleType::Sint; }

bool to_text(SampleContext& ctx, Sample& s) noexcept {
  if (is_text(s.type)) {
    s.type = SampleType::Str;
    return true;
  }
  const auto room = ctx.scratch->take(48);
  if (room.data() == nullptr) return false;
  char* end = room.data();
  if (is_number(s.type)) {
    end = base::write_int(end, s.num);
  } else {
    end = write_address(end, s);
  }
  s.set_str({room.data(), static_cast<std::size_t>(end - room.data())});
  return true;
}

bool to_address(Sample& s, SampleType to) noexcept {
  if (is_text(s.type)) {
    std::uint32_t ip4 = 0;
    Ip6Bytes ip6;
    if (to != SampleType::Ipv6 && parse_ip4(s.text, ip4)) {
      s.set_ip4(ip4);
    } else if (parse_ip6(s.text, ip6)) {
      s.set_ip6(ip6);
      // Text in the mapped form names an IPv4 address where either family will do.
      if (to == SampleType::Addr && ip6[10] == 0xff && ip6[11] == 0xff && embedded_ip4(ip6, ip4)) s.set_ip4(ip4);
    } else if (to == SampleType::Ipv6 && parse_ip4(s.text, ip4)) {
      s.set_ip4(ip4);
    } else {
      return false;
    }
  } else if (is_number(s.type)) {
    s.set_ip4(static_cast<std::uint32_t>(s.num));
  }
  if (to == SampleType::Ipv4 && s.type == SampleType::Ipv6) {
    std::uint32_t ip4 = 0;
    if (!embedded_ip4(s.ip6, ip4)) return false;
    s.set_ip4(ip4);
  } else if (to == SampleType::Ipv6 && s.type == SampleType::Ipv4) {
    s.set_ip6(mapped_ip6(static_cast<std::uint32_t>(s.num)));
  }
  return true;
}

bool to_bytes(SampleContext& ctx, Sample& s) noexcept {
  if (is_text(s.type)) {
    s.type = SampleType::Bin;
    return true;
  }
  const std::size_t n = s.type == SampleType::Ipv6 ? 16 : s.type == SampleType::Ipv4 ? 4 : 8;
  const auto room = ctx.scratch->take(n);
  if (room.data() == nullptr) return false;
  if (s.type == SampleType::Ipv6) {
    std::memcpy(room.data(), s.ip6.data(), 16);
  } else {
    const auto v = static_cast<std::uint64_t>(s.num);
    for (std::size_t i = 0; i < n; ++i) room[i] = static_cast<char>(v >> (8 * (n - 1 - i)));
  }
  s.set_bin({room.data(), n});
  return true;
}

}  // namespace

std::string_view type_name(SampleType t) noexcept {
  switch (t) {
    case SampleType::Any:
      return "any";
    case SampleType::Same:
      return "same";
    case SampleType::Bool:
      return "bool";
    case SampleType::Sint:
      return "sint";
    case SampleType::Addr:
      return "addr";
    case SampleType::Ipv4:
      return "ipv4";
    case SampleType::Ipv6:
      return "ipv6";
    case SampleType::Str:
      return "str";
    case SampleType::Bin:
      return "bin";
    case SampleType::Meth:
      return "meth";
  }
  return "any";
}

bool Sample::set_address(const net::Address& a) noexcept {
  const std::string_view bytes = a.ip_bytes();
  if (bytes.size() == 4) {
    std::uint32_t v = 0;
    std::memcpy(&v, bytes.data(), 4);
    set_ip4(ntohl(v));
    return true;
  }
  if (bytes.size() != 16) return false;
  type = SampleType::Ipv6;
  std::memcpy(ip6.data(), bytes.data(), 16);
  return true;
}

bool castable(SampleType from, SampleType to) noexcept {
  if (from == to || from == SampleType::Any || to == SampleType::Any || to == SampleType::Same) return true;
  switch (to) {
    case SampleType::Str:
    case SampleType::Bin:
      return true;
    case SampleType::Bool:
    case SampleType::Sint:
      return is_number(from) || from == SampleType::Str || from == SampleType::Ipv4 || from == SampleType::Addr;
    case SampleType::Addr:
    case SampleType::Ipv4:
    case SampleType::Ipv6:
      return from == SampleType::Sint || from == SampleType::Str || is_address(from);
    case SampleType::Meth:
      return from == SampleType::Str;
    default:
      return false;
  }
}

bool cast(SampleContext& ctx, Sample& s, SampleType to) noexcept {
  if (s.type == to) return true;
  switch (to) {
    case SampleType::Any:
    case SampleType::Same:
      return true;
    case SampleType::Str:
      return to_text(ctx, s);
    case SampleType::Bin:
      return to_bytes(ctx, s);
    case SampleType::Bool:
    case SampleType::Sint:
      if (s.type == SampleType::Ipv6 || s.type == SampleType::Bin || s.type == SampleType::Meth) return false;
      if (s.type == SampleType::Str) s.num = leading_int(s.text);
      s.type = to;
      if (to == SampleType::Bool) s.num = s.num != 0 ? 1 : 0;
      return true;
    case SampleType::Addr:
      if (is_address(s.type)) return true;
      return s.type != SampleType::Bin && s.type != SampleType::Meth && to_address(s, to);
    case SampleType::Ipv4:
    case SampleType::Ipv6:
      return s.type != SampleType::Bin && s.type != SampleType::Meth && to_address(s, to);
    case SampleType::Meth:
      if (s.type != SampleType::Str) return false;
      s.method = static_cast<std::uint8_t>(http::method_of(s.text));
      s.type = SampleType::Meth;
      return true;
  }
  return false;
}

}  // namespace sluice::policy
