// Well-known header names as small numbers, so that rules and codecs compare a byte instead of a text.
//
// The name of an id is its lower-case form, which is also what is sent (the reference sends all names in lower case,
// manual 4.2 "option h1-case-adjust-bogus-client"). Names outside the list are HeaderId::Unknown and compared as text.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::http {

// X(enumerator, "lower-case name"). At most 127 entries; names of 2 to 32 characters. Adding a line is all it takes:
// the perfect hash is found again at compile time.
#define SLUICE_HTTP_HEADERS(X)                                         \
  X(Accept, "accept")                                                  \
  X(AcceptCharset, "accept-charset")                                   \
  X(AcceptEncoding, "accept-encoding")                                 \
  X(AcceptLanguage, "accept-language")                                 \
  X(AcceptRanges, "accept-ranges")                                     \
  X(AccessControlAllowCredentials, "access-control-allow-credentials") \
  X(AccessControlAllowHeaders, "access-control-allow-headers")         \
  X(AccessControlAllowMethods, "access-control-allow-methods")         \
  X(AccessControlAllowOrigin, "access-control-allow-origin")           \
  X(AccessControlExposeHeaders, "access-control-expose-headers")       \
  X(AccessControlMaxAge, "access-control-max-age")                     \
  X(AccessControlRequestHeaders, "access-control-request-headers")     \
  X(AccessControlRequestMethod, "access-control-request-method")       \
  X(Age, "age")                                                        \
  X(Allow, "allow")                                                    \
  X(AltSvc, "alt-svc")                                                 \
  X(Authorization, "authorization")                                    \
  X(CacheControl, "cache-control")                                     \
  X(Connection, "connection")                                          \
  X(ContentDisposition, "content-disposition")                         \
  X(ContentEncoding, "content-encoding")                               \
  X(ContentLanguage, "content-language")                               \
  X(ContentLength, "content-length")                                   \
  X(ContentLocation, "content-location")                               \
  X(ContentRange, "content-range")                                     \
  X(ContentSecurityPolicy, "content-security-policy")                  \
  X(ContentType, "content-type")                                       \
  X(Cookie, "cookie")                                                  \
  X(Date, "date")                                                      \
  X(Dnt, "dnt")                                                        \
  X(ETag, "etag")                                                      \
  X(Expect, "expect")                                                  \
  X(Expires, "expires")                                                \
  X(Forwarded, "forwarded")                                            \
  X(From, "from")                                                      \
  X(Host, "host")                                                      \
  X(Http2Settings, "http2-settings")                                   \
  X(IfMatch, "if-match")                                               \
  X(IfModifiedSince, "if-modified-since")                              \
  X(IfNoneMatch, "if-none-match")                                      \
  X(IfRange, "if-range")                                               \
  X(IfUnmodifiedSince, "if-unmodified-since")                          \
  X(KeepAlive, "keep-alive")                                           \
  X(LastModified, "last-modified")                                     \
  X(Link, "link")                                                      \
  X(Location, "location")                                              \
  X(MaxForwards, "max-forwards")                                       \
  X(Origin, "origin")                                                  \
  X(Pragma, "pragma")                                                  \
  X(Priority, "priority")                                              \
  X(ProxyAuthenticate, "proxy-authenticate")                           \
  X(ProxyAuthorization, "proxy-authorization")                         \
  X(ProxyConnection, "proxy-connection")                               \
  X(Range, "range")                                                    \
  X(Referer, "referer")                                                \
  X(ReferrerPolicy, "referrer-policy")                                 \
  X(RetryAfter, "retry-after")                                         \
  X(SecChUa, "sec-ch-ua")                                              \
  X(SecChUaMobile, "sec-ch-ua-mobile")                                 \
  X(SecChUaPlatform, "sec-ch-ua-platform")                             \
  X(SecFetchDest, "sec-fetch-dest")                                    \
  X(SecFetchMode, "sec-fetch-mode")                                    \
  X(SecFetchSite, "sec-fetch-site")                                    \
  X(SecFetchUser, "sec-fetch-user")                                    \
  X(SecWebsocketAccept, "sec-websocket-accept")                        \
  X(SecWebsocketExtensions, "sec-websocket-extensions")                \
  X(SecWebsocketKey, "sec-websocket-key")                              \
  X(SecWebsocketProtocol, "sec-websocket-protocol")                    \
  X(SecWebsocketVersion, "sec-websocket-version")                      \
  X(Server, "server")                                                  \
  X(ServerTiming, "server-timing")                                     \
  X(SetCookie, "set-cookie")                                           \
  X(SetCookie2, "set-cookie2")                                         \
  X(StrictTransportSecurity, "strict-transport-security")              \
  X(Te, "te")                                                          \
  X(TimingAllowOrigin, "timing-allow-origin")                          \
  X(Trailer, "trailer")                                                \
  X(TransferEncoding, "transfer-encoding")                             \
  X(Upgrade, "upgrade")                                                \
  X(UpgradeInsecureRequests, "upgrade-insecure-requests")              \
  X(UserAgent, "user-agent")                                           \
  X(Vary, "vary")                                                      \
  X(Via, "via")                                                        \
  X(Warning, "warning")                                                \
  X(WwwAuthenticate, "www-authenticate")                               \
  X(XContentTypeOptions, "x-content-type-options")                     \
  X(XForwardedFor, "x-forwarded-for")                                  \
  X(XForwardedHost, "x-forwarded-host")                                \
  X(XForwardedPort, "x-forwarded-port")                                \
  X(XForwardedProto, "x-forwarded-proto")                              \
  X(XFrameOptions, "x-frame-options")                                  \
  X(XOriginalTo, "x-original-to")                                      \
  X(XPoweredBy, "x-powered-by")                                        \
  X(XRealIp, "x-real-ip")                                              \
  X(XRequestId, "x-request-id")                                        \
  X(XRequestedWith, "x-requested-with")                                \
  X(XXssProtection, "x-xss-protection")

enum class HeaderId : std::uint8_t {
  Unknown = 0,
#define SLUICE_X(id, name) id,
  SLUICE_HTTP_HEADERS(SLUICE_X)
#undef SLUICE_X
};

// Number of enumerators with Unknown; ids are below it.
inline constexpr std::size_t kHeaderIdCount = 1
#define SLUICE_X(id, name) +1
    SLUICE_HTTP_HEADERS(SLUICE_X)
#undef SLUICE_X
    ;
static_assert(kHeaderIdCount <= 128);

// The id of a name in any case; Unknown for names outside the list.
[[nodiscard]] HeaderId header_id(std::string_view name) noexcept;

// The lower-case name, of static storage; empty for Unknown.
[[nodiscard]] std::string_view header_name(HeaderId id) noexcept;

}  // namespace sluice::http
