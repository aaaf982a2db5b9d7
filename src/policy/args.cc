#include "policy/args.h"

#include <arpa/inet.h>

#include <cstring>

#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

ArgKind kind_of(std::string_view name) {
  if (name == "integer") return ArgKind::Int;
  if (name == "string") return ArgKind::Str;
  if (name == "IPv4address") return ArgKind::Ip4;
  if (name == "IPv6address") return ArgKind::Ip6;
  if (name == "IPv4 mask") return ArgKind::Mask4;
  if (name == "IPv6 mask") return ArgKind::Mask6;
  if (name == "regex") return ArgKind::Regex;
  if (name == "frontend") return ArgKind::Frontend;
  if (name == "backend") return ArgKind::Backend;
  if (name == "server") return ArgKind::Server;
  return ArgKind::Other;
}

bool is_name_of_proxy(ArgKind k) { return k == ArgKind::Frontend || k == ArgKind::Backend || k == ArgKind::Server; }

}  // namespace

Shape parse_shape(std::string_view text) {
  Shape shape;
  bool optional = false;
  while (!text.empty()) {
    if (text.front() == '[') {
      optional = true;
      text.remove_prefix(1);
      continue;
    }
    if (text.front() == ',' || text.front() == ']') {
      text.remove_prefix(1);
      continue;
    }
    const auto end = text.find_first_of(",[]");
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(name.size());
    shape.kinds.push_back(kind_of(name));
    shape.names.push_back(name);
    // A proxy may always be left out: the current one is meant then.
    if (!optional && !is_name_of_proxy(shape.kinds.back())) shape.required = shape.kinds.size();
  }
  return shape;
}

bool cut_args(std::string_view text, std::vector<std::string>& out, std::size_t& used) {
  std::string current;
  char quote = 0;
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\'') {
      if (c == '\'')
        quote = 0;
      else
        current += c;
      continue;
    }
    if (c == '\\' && i + 1 < text.size()) {
      const char n = text[i + 1];
      char plain = 0;
      switch (n) {
        case 'n':
          plain = '\n';
          break;
        case 'r':
          plain = '\r';
          break;
        case 't':
          plain = '\t';
          break;
        case '\\':
        case '\'':
        case '"':
        case ' ':
          plain = n;
          break;
        default:
          break;
      }
      if (plain != 0) {
        current += plain;
        any = true;
        ++i;
        continue;
      }
      current += c;
      any = true;
      continue;
    }
    if (c == '"') {
      quote = quote == '"' ? '\0' : '"';
      any = true;
      continue;
    }
    if (quote == 0 && c == '\'') {
      quote = '\'';
      any = true;
      continue;
    }
    if (quote == 0 && (c == ',' || c == ')')) {
      if (c == ',' || any || !out.empty()) out.push_back(std::move(current));
      current.clear();
      if (c == ')') {
        used = i + 1;
        return true;
      }
      any = true;
      continue;
    }
    current += c;
    any = true;
  }
  used = text.size();
  return false;
}

bool parse_ip4(std::string_view text, std::uint32_t& host_order) noexcept {
  char buf[INET_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buf) return false;
  std::memcpy(buf, text.data(), text.size());
  buf[text.size()] = 0;
  in_addr a{};
  if (inet_pton(AF_INET, buf, &a) != 1) return false;
  host_order = ntohl(a.s_addr);
  return true;
}

bool parse_ip6(std::string_view text, Ip6Bytes& out) noexcept {
  char buf[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buf) return false;
  std::memcpy(buf, text.data(), text.size());
  buf[text.size()] = 0;
  return inet_pton(AF_INET6, buf, out.data()) == 1;
}

bool parse_mask4(std::string_view text, std::uint32_t& host_order) {
  if (const auto bits = base::parse_int<unsigned>(text); bits && *bits <= 32) {
    host_order = *bits == 0 ? 0 : ~0U << (32 - *bits);
    return true;
  }
  return parse_ip4(text, host_order);
}

bool parse_mask6(std::string_view text, Ip6Bytes& out) {
  if (const auto bits = base::parse_int<unsigned>(text); bits && *bits <= 128) {
    for (unsigned i = 0; i < 16; ++i) {
      const unsigned left = *bits > i * 8 ? *bits - i * 8 : 0;
      out[i] = left >= 8 ? 0xff : static_cast<std::uint8_t>(0xff << (8 - left));
    }
    return true;
  }
  return parse_ip6(text, out);
}

bool type_arg(ArgKind kind, std::string_view text, Arg& out) {
  out.kind = kind;
  out.text = text;
  switch (kind) {
    case ArgKind::Int: {
      std::string_view digits = text;
      if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
      const auto v = base::parse_int<std::int64_t>(digits);
      if (!v) return false;
      out.num = *v;
      return true;
    }
    case ArgKind::Ip4: {
      std::uint32_t v = 0;
      if (!parse_ip4(text, v)) return false;
      out.num = v;
      return true;
    }
    case ArgKind::Mask4: {
      std::uint32_t v = 0;
      if (!parse_mask4(text, v)) return false;
      out.num = v;
      return true;
    }
    case ArgKind::Ip6:
      return parse_ip6(text, out.ip6);
    case ArgKind::Mask6:
      return parse_mask6(text, out.ip6);
    default:
      return true;
  }
}

}  // namespace sluice::policy
