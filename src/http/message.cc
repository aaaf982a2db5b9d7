#include "sluice/http/message.h"

#include "sluice/http/uri.h"

namespace sluice::http {

namespace {

constexpr std::string_view kMethods[] = {"",       "GET",     "HEAD",    "POST",  "PUT",
                                         "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

}  // namespace

Method method_of(std::string_view text) noexcept {
  for (unsigned i = 1; i < std::size(kMethods); ++i) {
    if (kMethods[i] == text) return static_cast<Method>(i);
  }
  return Method::Unknown;
}

std::string_view method_name(Method m) noexcept { return kMethods[static_cast<unsigned>(m)]; }

std::string_view version_name(Version v) noexcept {
  switch (v) {
    case Version::H09:
      return "HTTP/0.9";
    case Version::H10:
      return "HTTP/1.0";
    case Version::H11:
      return "HTTP/1.1";
    case Version::H2:
      return "HTTP/2.0";
    case Version::H3:
      return "HTTP/3.0";
  }
  return {};
}

std::string_view RequestHead::path() const noexcept { return uri_path(target); }
std::string_view RequestHead::path_and_query() const noexcept { return uri_path_and_query(target); }
std::string_view RequestHead::query() const noexcept { return uri_query(target); }
std::string_view RequestHead::scheme() const noexcept { return uri_scheme(target); }
std::string_view RequestHead::authority() const noexcept { return uri_authority(target); }

std::string_view RequestHead::host() const noexcept {
  const Field* f = fields.find(HeaderId::Host);
  return f != nullptr ? f->value() : authority();
}

}  // namespace sluice::http
