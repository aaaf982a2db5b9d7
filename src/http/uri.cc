#include "sluice/http/uri.h"

#include "sluice/base/strings.h"

namespace sluice::http {

namespace {

constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Offset of the authority of an absolute target; npos when it is not one (RFC 3986 3.1).
std::size_t authority_offset(std::string_view t) noexcept {
  if (t.empty() || !is_alpha(t[0])) return std::string_view::npos;
  std::size_t i = 1;
  while (i < t.size() && (is_alpha(t[i]) || base::is_digit(t[i]) || t[i] == '+' || t[i] == '-' || t[i] == '.')) ++i;
  return t.substr(i, 3) == "://" ? i + 3 : std::string_view::npos;
}

struct HostChars {
  bool allowed[256] = {};
};
// unreserved, sub-delims and '%' of RFC 3986 2
constexpr HostChars make_host_chars() noexcept {
  HostChars t;
  for (int c = 0; c < 128; ++c) {
    const char ch = static_cast<char>(c);
    t.allowed[c] = is_alpha(ch) || base::is_digit(ch);
  }
  for (const char* p = "-._~%!$&'()*+,;="; *p != '\0'; ++p) t.allowed[static_cast<unsigned char>(*p)] = true;
  return t;
}
constexpr HostChars kHostChars = make_host_chars();
bool host_char(char c) noexcept { return kHostChars.allowed[static_cast<unsigned char>(c)]; }

bool all_digits(std::string_view s) noexcept {
  for (char c : s) {
    if (!base::is_digit(c)) return false;
  }
  return true;
}

}  // namespace

std::string_view uri_scheme(std::string_view t) noexcept {
  const std::size_t at = authority_offset(t);
  return at == std::string_view::npos ? std::string_view{} : t.substr(0, at - 3);
}

std::string_view uri_authority(std::string_view t) noexcept {
  if (t.empty() || t[0] == '/' || t == "*") return {};
  const std::size_t at = authority_offset(t);
  if (at == std::string_view::npos) return t;
  const std::string_view rest = t.substr(at);
  return rest.substr(0, rest.find_first_of("/?#"));
}

std::string_view uri_path_and_query(std::string_view t) noexcept {
  if (t.empty() || t[0] == '/' || t == "*") return t;
  const std::size_t at = authority_offset(t);
  if (at == std::string_view::npos) return {};
  const std::size_t path = t.find_first_of("/?#", at);
  return path == std::string_view::npos ? std::string_view{} : t.substr(path);
}

std::string_view uri_path(std::string_view t) noexcept {
  const std::string_view p = uri_path_and_query(t);
  return p.substr(0, p.find_first_of("?#"));
}

std::string_view uri_query(std::string_view t) noexcept {
  std::string_view p = uri_path_and_query(t);
  p = p.substr(0, p.find('#'));
  const std::size_t mark = p.find('?');
  return mark == std::string_view::npos ? std::string_view{} : p.substr(mark + 1);
}

std::string_view uri_path_without_params(std::string_view t) noexcept {
  const std::string_view p = uri_path(t);
  return p.substr(0, p.find(';'));
}

HostPort split_host_port(std::string_view a) noexcept {
  if (const std::size_t at = a.rfind('@'); at != std::string_view::npos) a.remove_prefix(at + 1);
  if (!a.empty() && a[0] == '[') {
    const std::size_t close = a.find(']');
    if (close == std::string_view::npos) return {a, {}};
    const std::string_view rest = a.substr(close + 1);
    return {a.substr(0, close + 1), !rest.empty() && rest[0] == ':' ? rest.substr(1) : std::string_view{}};
  }
  const std::size_t colon = a.rfind(':');
  if (colon == std::string_view::npos || !all_digits(a.substr(colon + 1))) return {a, {}};
  return {a.substr(0, colon), a.substr(colon + 1)};
}

bool same_authority(std::string_view scheme, std::string_view authority, std::string_view host) noexcept {
  const HostPort a = split_host_port(authority);
  const HostPort b = split_host_port(host);
  if (!base::iequals(a.host, b.host)) return false;
  if (a.port == b.port) return true;
  const std::string_view standard = base::iequals(scheme, "https") ? "443" : "80";
  const auto port = [standard](std::string_view p) { return p.empty() ? standard : p; };
  return port(a.port) == port(b.port);
}

bool valid_host(std::string_view h) noexcept {
  if (!h.empty() && h[0] == '[') {
    const std::size_t close = h.find(']');
    if (close == std::string_view::npos || close < 2) return false;
    for (char c : h.substr(1, close - 1)) {
      if (!host_char(c) && c != ':') return false;
    }
    h.remove_prefix(close + 1);
    return h.empty() || (h[0] == ':' && all_digits(h.substr(1)));
  }
  std::size_t i = 0;
  while (i < h.size() && host_char(h[i])) ++i;
  return i == h.size() || (h[i] == ':' && all_digits(h.substr(i + 1)));
}

}  // namespace sluice::http
