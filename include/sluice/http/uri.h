// Cutting request targets and hosts. Pure functions on text; every returned view lies inside the argument.
//
//   http://user@host:8080/a/b;p=1?x=y     target
//   scheme ---- authority - path -- query
// Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::http {

// "http" of "http://..."; empty when the target is not in absolute form.
[[nodiscard]] std::string_view uri_scheme(std::string_view target) noexcept;
// Between "://" and the path, user part included; empty for an origin target. An authority target (CONNECT) is returned
// whole.
[[nodiscard]] std::string_view uri_authority(std::string_view target) noexcept;
// From the first '/' of the path up to the end: what `pathq` is. Empty when there is no path; "*" for the asterisk
// form.
[[nodiscard]] std::string_view uri_path_and_query(std::string_view target) noexcept;
// The same up to '?' or '#', what `path` is.
[[nodiscard]] std::string_view uri_path(std::string_view target) noexcept;
// Behind the first '?' (and before '#'), what `query` is.
[[nodiscard]] std::string_view uri_query(std::string_view target) noexcept;
// Path up to its first ';', '?' or '#'.
[[nodiscard]] std::string_view uri_path_without_params(std::string_view target) noexcept;

// An authority or Host value cut into its parts. "[::1]:80" gives host "[::1]", port "80".
struct HostPort {
  std::string_view host;  // without user part
  std::string_view port;  // digits, empty when there is none
};
[[nodiscard]] HostPort split_host_port(std::string_view authority) noexcept;

// Whether an authority and a Host value name the same origin: hosts in any case, ports equal or left out where they are
// the default of the scheme ("http" 80, "https" 443). The user part is ignored.
[[nodiscard]] bool same_authority(std::string_view scheme, std::string_view authority, std::string_view host) noexcept;

// Whether the text is uri-host [":" port] of RFC 9110 7.2, empty allowed. No user part, no blanks, no path.
[[nodiscard]] bool valid_host(std::string_view host) noexcept;

}  // namespace sluice::http
