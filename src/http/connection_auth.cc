#include "sluice/http/connection_auth.h"

#include "sluice/base/strings.h"

namespace sluice::http {

namespace {

// A challenge or credentials begin with the scheme (RFC 9110 11.3, 11.4).
bool names_scheme(std::string_view text) noexcept {
  const std::string_view scheme = text.substr(0, text.find_first_of(" \t"));
  return base::iequals(scheme, "ntlm") || base::iequals(scheme, "negotiate");
}

// The value may list several challenges. Parameters of the one before look like elements too, but none of them like a
// scheme.
bool any_challenge(const Fields& fields, HeaderId id) noexcept {
  for (const Field* f = fields.find(id); f != nullptr; f = fields.find(id, f)) {
    ListCursor challenges(f->value());
    for (std::string_view one; challenges.next(one);) {
      if (names_scheme(one)) return true;
    }
  }
  return false;
}

bool credentials(const Fields& fields, HeaderId id) noexcept {
  const Field* f = fields.find(id);
  return f != nullptr && names_scheme(f->value());
}

}  // namespace

bool authenticates_connection(const RequestHead& request) noexcept {
  return credentials(request.fields, HeaderId::Authorization) ||
         credentials(request.fields, HeaderId::ProxyAuthorization);
}

bool authenticates_connection(const ResponseHead& response) noexcept {
  if (response.status == 401) return any_challenge(response.fields, HeaderId::WwwAuthenticate);
  if (response.status == 407) return any_challenge(response.fields, HeaderId::ProxyAuthenticate);
  return false;
}

}  // namespace sluice::http
