// The client connection: addresses, frontend, listener (manual 7.3.3).
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "policy/registry.h"
#include "sluice/base/strings.h"
#include "sluice/net/proxy_protocol.h"
#include "sluice/policy/connection_errors.h"

namespace sluice::policy {
namespace {

using AddressOf = const net::Address* (*)(const SampleContext&) noexcept;

const net::Address* src(const SampleContext& c) noexcept { return c.conn != nullptr ? &c.conn->src : nullptr; }
const net::Address* dst(const SampleContext& c) noexcept { return c.conn != nullptr ? &c.conn->dst : nullptr; }
const net::Address* fc_src(const SampleContext& c) noexcept {
  return c.conn == nullptr ? nullptr : c.conn->fc_src != nullptr ? c.conn->fc_src : &c.conn->src;
}
const net::Address* fc_dst(const SampleContext& c) noexcept {
  return c.conn == nullptr ? nullptr : c.conn->fc_dst != nullptr ? c.conn->fc_dst : &c.conn->dst;
}
const net::Address* bc_src(const SampleContext& c) noexcept {
  return c.stream != nullptr ? c.stream->back_src : nullptr;
}
const net::Address* bc_dst(const SampleContext& c) noexcept {
  return c.stream != nullptr ? c.stream->back_dst : nullptr;
}

template <AddressOf F>
bool address(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const net::Address* a = F(ctx);
  return a != nullptr && s.set_address(*a);
}
template <AddressOf F>
bool port(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const net::Address* a = F(ctx);
  if (a == nullptr || a->ip_bytes().empty()) return false;
  s.set_int(a->port());
  return true;
}

// The machine's own addresses, read once: interfaces that come later are not seen.
const std::vector<net::Address>& own_addresses() noexcept {
  static const std::vector<net::Address> all = [] {
    std::vector<net::Address> list;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return list;
    for (const ifaddrs* i = first; i != nullptr; i = i->ifa_next) {
      if (i->ifa_addr == nullptr) continue;
      const auto family = i->ifa_addr->sa_family;
      if (family != AF_INET && family != AF_INET6) continue;
      list.push_back(net::Address::from(i->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
    }
    freeifaddrs(first);
    return list;
  }();
  return all;
}
template <AddressOf F>
bool is_local(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const net::Address* a = F(ctx);
  if (a == nullptr || a->ip_bytes().empty()) return false;
  s.set_bool(a->is_loopback() || std::any_of(own_addresses().begin(), own_addresses().end(),
                                             [a](const net::Address& own) { return own.ip_bytes() == a->ip_bytes(); }));
  return true;
}

bool fe_name(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.conn->frontend == nullptr) return false;
  s.set_str(ctx.conn->frontend->name);
  return true;
}
bool fe_id(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.conn->frontend == nullptr) return false;
  s.set_int(ctx.conn->frontend->id);
  return true;
}
bool fe_defbe(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.conn->default_backend.empty()) return false;
  s.set_str(ctx.conn->default_backend);
  return true;
}
bool so_name(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.conn->listener == nullptr || ctx.conn->listener->name.empty()) return false;
  s.set_str(ctx.conn->listener->name);
  return true;
}
bool so_id(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.conn->listener == nullptr) return false;
  s.set_int(ctx.conn->listener->id);
  return true;
}
bool rcvd_proxy(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr) return false;
  s.set_bool(ctx.conn->proxy_header);
  return true;
}
bool ssl_fc(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr) return false;
  s.set_bool(ctx.conn->tls);
  return true;
}

// Values above this are not handed out (manual 7.3.3 "fc_pp_tlv").
constexpr std::size_t kMaxTlvValue = 1024;

bool next_tlv(const SampleContext& ctx, std::uint8_t type, std::size_t& from, Sample& s) noexcept {
  if (ctx.conn == nullptr) return false;
  std::string_view value;
  while (net::find_tlv(ctx.conn->proxy_tlvs, type, from, value)) {
    if (value.size() > kMaxTlvValue) continue;
    s.set_str(value);
    return true;
  }
  return false;
}
template <net::Pp2Type Type>
bool first_tlv(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  std::size_t from = 0;
  return next_tlv(ctx, static_cast<std::uint8_t>(Type), from, s);
}
bool pp_tlv(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  std::size_t from = cursor.iterate ? cursor.offset : 0;
  const bool found = next_tlv(ctx, static_cast<std::uint8_t>(a[0].num), from, s);
  cursor.offset = static_cast<std::uint32_t>(from);
  cursor.more = found;
  return found;
}
bool prepare_tlv(Build& b) {
  constexpr std::pair<std::string_view, unsigned> kNames[] = {
      {"ALPN", 0x01},       {"AUTHORITY", 0x02},   {"CRC32", 0x03},       {"NOOP", 0x04},
      {"UNIQUE_ID", 0x05},  {"SSL", 0x20},         {"SSL_VERSION", 0x21}, {"SSL_CN", 0x22},
      {"SSL_CIPHER", 0x23}, {"SSL_SIG_ALG", 0x24}, {"SSL_KEY_ALG", 0x25}, {"NETNS", 0x30}};
  std::string_view text = b.args[0].text;
  for (const auto& [name, number] : kNames) {
    if (text != name) continue;
    b.args[0].num = number;
    return true;
  }
  int radix = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    radix = 16;
  }
  unsigned v = 256;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), v, radix);
  if (text.empty() || r.ec != std::errc{} || r.ptr != text.data() + text.size() || v > 255) {
    b.error =
        "'" + std::string(b.args[0].text) + "' is neither a number between 0 and 255 nor the name of a record type";
    return false;
  }
  b.args[0].num = v;
  return true;
}

bool fc_saved_syn(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.conn->saved_syn.empty()) return false;
  s.set_bin(ctx.conn->saved_syn);
  return true;
}

bool fc_err(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr) return false;
  s.set_int(ctx.conn->error);
  return true;
}
bool fc_err_name(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr) return false;
  s.set_str(connection_error_name(ctx.conn->error));
  return true;
}
bool fc_err_str(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr) return false;
  s.set_str(connection_error_text(ctx.conn->error));
  return true;
}

enum : std::int64_t { kSeconds, kMillis, kMicros };
bool prepare_unit(Build& b) {
  const std::string_view unit = b.args[0].given() ? b.args[0].text : "s";
  b.args[0].num = unit == "s" ? kSeconds : unit == "ms" ? kMillis : kMicros;
  if (unit == "s" || unit == "ms" || unit == "us") return true;
  b.error = "unit '" + std::string(unit) + "' is not one of 's', 'ms' and 'us'";
  return false;
}
void set_date(Sample& s, std::int64_t us, std::int64_t unit) noexcept {
  s.set_int(unit == kSeconds ? us / 1000000 : unit == kMillis ? us / 1000 : us);
}
bool accept_date(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr) return false;
  set_date(s, ctx.conn->accept_wall_us, a[0].num);
  return true;
}
bool request_date(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  if (ctx.conn == nullptr || ctx.stream == nullptr) return false;
  set_date(s, ctx.stream->request_wall_us != 0 ? ctx.stream->request_wall_us : ctx.conn->accept_wall_us, a[0].num);
  return true;
}

constexpr std::uint32_t kTls = places_of(".YYYYYYYYYYYYYYYYYY...");
constexpr FetchRow kRows[] = {
    {"src", "", SampleType::Addr, kWithClient, address<src>},
    {"src_port", "", SampleType::Sint, kWithClient, port<src>},
    {"src_is_local", "", SampleType::Bool, kWithClient, is_local<src>},
    {"dst", "", SampleType::Addr, kWithClient, address<dst>},
    {"dst_port", "", SampleType::Sint, kWithClient, port<dst>},
    {"dst_is_local", "", SampleType::Bool, kWithClient, is_local<dst>},
    {"fc_saved_syn", "", SampleType::Bin, kWithClient, fc_saved_syn},
    {"fc_src", "", SampleType::Addr, kWithClient, address<fc_src>},
    {"fc_src_port", "", SampleType::Sint, kWithClient, port<fc_src>},
    {"fc_src_is_local", "", SampleType::Bool, kWithClient, is_local<fc_src>},
    {"fc_dst", "", SampleType::Addr, kWithClient, address<fc_dst>},
    {"fc_dst_port", "", SampleType::Sint, kWithClient, port<fc_dst>},
    {"fc_dst_is_local", "", SampleType::Bool, kWithClient, is_local<fc_dst>},
    {"fc_err", "", SampleType::Sint, kWithClient, fc_err},
    {"fc_err_name", "", SampleType::Str, kWithClient, fc_err_name},
    {"fc_err_str", "", SampleType::Str, kWithClient, fc_err_str},
    {"fc_pp_authority", "", SampleType::Str, kWithClient, first_tlv<net::Pp2Type::Authority>},
    {"fc_pp_tlv", "string", SampleType::Str, kWithClient, pp_tlv, Need::None, prepare_tlv},
    {"fc_pp_unique_id", "", SampleType::Str, kWithClient, first_tlv<net::Pp2Type::UniqueId>},
    {"fc_rcvd_proxy", "", SampleType::Bool, kWithClient, rcvd_proxy},
    {"bc_src", "", SampleType::Addr, kConnected, address<bc_src>},
    {"bc_src_port", "", SampleType::Sint, kConnected, port<bc_src>},
    {"bc_dst", "", SampleType::Addr, kConnected, address<bc_dst>},
    {"bc_dst_port", "", SampleType::Sint, kConnected, port<bc_dst>},
    {"fe_name", "", SampleType::Str, kWithFrontend, fe_name},
    {"fe_id", "", SampleType::Sint, kWithFrontend, fe_id},
    {"fe_defbe", "", SampleType::Str, kWithFrontend, fe_defbe},
    {"so_name", "", SampleType::Str, kWithFrontend, so_name},
    {"so_id", "", SampleType::Sint, kWithFrontend, so_id},
    {"ssl_fc", "", SampleType::Bool, kTls, ssl_fc},
    {"accept_date", "[string]", SampleType::Sint, kWithClient, accept_date, Need::None, prepare_unit},
    {"request_date", "[string]", SampleType::Sint, kRequestKept, request_date, Need::None, prepare_unit},
};

}  // namespace

std::span<const FetchRow> connection_fetches() { return kRows; }

}  // namespace sluice::policy
