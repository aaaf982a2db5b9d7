// Headers that options add to requests: X-Forwarded-For, X-Original-To, Forwarded, unique-id-header; and which names
// may pass.
#include <cstring>

#include "proxy/rules/head_room.h"
#include "sluice/base/strings.h"
#include "sluice/proxy/rules.h"

namespace sluice::proxy {
namespace {

bool is_blocked(const CompiledProxy& p, const AddressHeaderSpec& spec, const ExceptNetwork& net,
                const net::Address& a) noexcept {
  (void)p;
  return spec.enabled && net.active && net.holds(a);
}

// Text of an address in the arena.
std::string_view ip_text(const net::Address& a, base::Arena& arena) noexcept {
  char text[64];
  const char* end = a.write_ip(text);
  return arena.copy({text, static_cast<std::size_t>(end - text)});
}

bool is_ip(const net::Address& a) noexcept { return !a.ip_bytes().empty(); }

// RFC 7239 6: characters of an obfuscated identifier or a port behind the underscore.
bool is_obfuscated(std::string_view s) noexcept {
  if (s.size() < 2 || s.front() != '_') return false;
  for (const char c : s) {
    const char l = base::to_lower(c);
    if (!(l >= 'a' && l <= 'z') && !base::is_digit(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

bool is_port(std::string_view s) noexcept {
  const auto n = base::parse_int<unsigned>(s);
  return (n && *n <= 65535 && s.size() <= 5) || is_obfuscated(s);
}

class Writer {
 public:
  explicit Writer(std::span<char> room) noexcept : room_(room) {}
  void put(std::string_view s) noexcept {
    if (s.size() > room_.size() - used_) {
      full_ = true;
      return;
    }
    if (!s.empty()) std::memcpy(room_.data() + used_, s.data(), s.size());
    used_ += s.size();
  }
  // Text of a quoted-string (RFC 9110 5.6.4).
  void put_quoted(std::string_view s) noexcept {
    for (const char& c : s) {
      if (c == '"' || c == '\\') put("\\");
      put({&c, 1});
    }
  }
  [[nodiscard]] bool full() const noexcept { return full_; }
  [[nodiscard]] std::string_view text() const noexcept { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  std::size_t used_ = 0;
  bool full_ = false;
};

using Part = ForwardedSpec::Part;

// What one side of "for" or "by" is made of.
struct Node {
  const Part& name;
  const Part& port;
  const policy::Expression& name_expression;
  const policy::Expression& port_expression;
  const net::Address& address;
};

// The node name without quotes or brackets; `ip6` tells that it needs both.
std::string_view node_name(const Node& n, policy::SampleContext& ctx, std::span<char> text, bool& ip6) noexcept {
  const auto print = [&](const net::Address& a) noexcept -> std::string_view {
    ip6 = a.family() == net::Family::Ip6;
    return {text.data(), static_cast<std::size_t>(a.write_ip(text.data()) - text.data())};
  };
  if (n.name.from == Part::From::Connection) return is_ip(n.address) ? print(n.address) : std::string_view("unknown");
  std::string_view s;
  if (!n.name_expression.evaluate_text(ctx, s)) return "unknown";
  net::Address a;
  if (net::parse_ip(s, a)) return print(a);
  return is_obfuscated(s) || s == "unknown" ? s : std::string_view("unknown");
}

void put_node(Writer& w, const Node& n, policy::SampleContext& ctx) noexcept {
  char ip[64];
  bool ip6 = false;
  const std::string_view name = node_name(n, ctx, ip, ip6);
  char digits[20];
  std::string_view port;
  if (n.port.from == Part::From::Connection && is_ip(n.address) && n.address.port() != 0) {
    port = {digits, static_cast<std::size_t>(base::write_uint(digits, n.address.port()) - digits)};
  } else if (n.port.from == Part::From::Expression) {
    std::string_view s;
    if (n.port_expression.evaluate_text(ctx, s) && is_port(s)) port = s;
  }
  const bool quote = ip6 || !port.empty();
  if (quote) w.put("\"");
  if (ip6) w.put("[");
  w.put(name);
  if (ip6) w.put("]");
  if (!port.empty()) {
    w.put(":");
    w.put(port);
  }
  if (quote) w.put("\"");
}

}  // namespace

bool ExceptNetwork::holds(const net::Address& a) const noexcept {
  if (!active || a.family() != base.family()) return false;
  const std::string_view mine = base.ip_bytes();
  const std::string_view theirs = a.ip_bytes();
  const std::size_t whole = prefix_bits / 8;
  if (mine.substr(0, whole) != theirs.substr(0, whole)) return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const unsigned mask = (0xffU << (8 - rest)) & 0xffU;
  return ((static_cast<unsigned char>(mine[whole]) ^ static_cast<unsigned char>(theirs[whole])) & mask) == 0;
}

std::string_view ForwardedBuilder::build(policy::SampleContext& ctx, base::Arena& arena) const noexcept {
  policy::ScratchScope scope(*ctx.scratch);
  const auto room = ctx.scratch->take(4096);
  if (room.data() == nullptr || ctx.conn == nullptr) return {};
  Writer w(room);
  const auto separate = [&w]() noexcept {
    if (!w.text().empty()) w.put(";");
  };
  if (spec.proto) w.put(ctx.conn->tls ? "proto=https" : "proto=http");
  if (spec.host.from != Part::From::Absent) {
    std::string_view value;
    if (spec.host.from == Part::From::Expression) {
      if (!host.evaluate_text(ctx, value)) value = {};
    } else if (ctx.request != nullptr) {
      const http::Field* f = ctx.request->fields.find(http::HeaderId::Host);
      if (f != nullptr) value = f->value();
    }
    if (!value.empty()) {
      separate();
      w.put("host=\"");
      w.put_quoted(value);
      w.put("\"");
    }
  }
  if (spec.by.from != Part::From::Absent) {
    separate();
    w.put("by=");
    put_node(w, {spec.by, spec.by_port, by, by_port, ctx.conn->dst}, ctx);
  }
  if (spec.for_.from != Part::From::Absent) {
    separate();
    w.put("for=");
    put_node(w, {spec.for_, spec.for_port, for_, for_port, ctx.conn->src}, ctx);
  }
  return w.full() ? std::string_view{} : arena.copy(w.text());
}

bool add_option_headers(const CompiledProxy& front, const CompiledProxy& back, ActionContext& ctx) noexcept {
  if (ctx.request == nullptr || ctx.sample.conn == nullptr) return true;
  http::Fields& fields = ctx.request->fields;
  const net::Address& src = ctx.sample.conn->src;
  const net::Address& dst = ctx.sample.conn->dst;
  const auto add = [&](std::string_view name, std::string_view value) noexcept {
    return value.data() != nullptr && take_head_room(ctx, name.size() + value.size(), 1) &&
           fields.append(name, value) != nullptr;
  };

  if (!front.spec.unique_id_header.empty() && ctx.sample.stream != nullptr && !ctx.sample.stream->unique_id.empty()) {
    if (!add(front.spec.unique_id_header, ctx.sample.stream->unique_id)) return false;
  }
  const AddressHeader xff = forwarded_for(front.spec, back.spec);
  if (!xff.header.empty() && is_ip(src) && !is_blocked(front, front.spec.forwardfor, front.forwardfor_except, src) &&
      !is_blocked(back, back.spec.forwardfor, back.forwardfor_except, src) &&
      !(xff.if_none && fields.find(xff.header) != nullptr)) {
    if (!add(xff.header, ip_text(src, ctx.arena))) return false;
  }
  const AddressHeader xot = original_to(front.spec, back.spec);
  if (!xot.header.empty() && is_ip(dst) && !is_blocked(front, front.spec.originalto, front.originalto_except, dst) &&
      !is_blocked(back, back.spec.originalto, back.originalto_except, dst)) {
    if (!add(xot.header, ip_text(dst, ctx.arena))) return false;
  }
  if (back.forwarded) {
    const std::string_view value = back.forwarded->build(ctx.sample, ctx.arena);
    if (value.data() == nullptr) return false;
    if (!value.empty() && !add("forwarded", value)) return false;
  }
  return true;
}

bool restrict_header_names(const CompiledProxy& proxy, http::RequestHead& request) noexcept {
  const HeaderNamePolicy policy = proxy.spec.header_names.value_or(HeaderNamePolicy::Preserve);
  if (policy == HeaderNamePolicy::Preserve) return true;
  for (auto& f : request.fields) {
    if (f.removed() || f.id != http::HeaderId::Unknown) continue;  // known names have no other characters
    for (const char c : f.name()) {
      const char l = base::to_lower(c);
      if ((l >= 'a' && l <= 'z') || base::is_digit(c) || c == '-') continue;
      if (policy == HeaderNamePolicy::Reject) return false;
      f.remove();
      break;
    }
  }
  return true;
}

}  // namespace sluice::proxy
