// Settings that depend on both sides, and fallbacks between settings.
#include "sluice/proxy/spec.h"

namespace sluice::proxy {

HttpConnMode connection_mode(const ProxySpec& front, const ProxySpec& back) noexcept {
  const auto strength = [](HttpConnMode m) { return m == HttpConnMode::Unset ? HttpConnMode::KeepAlive : m; };
  const HttpConnMode f = strength(front.http_conn_mode);
  const HttpConnMode b = strength(back.http_conn_mode);
  return f > b ? f : b;
}

bool abort_on_close(const ProxySpec& back) noexcept {
  return back.options.abortonclose == Tri::Unset ? back.mode == Mode::Http : back.options.abortonclose == Tri::On;
}

namespace {

AddressHeader combine(const AddressHeaderSpec& front, const AddressHeaderSpec& back, std::string_view usual) noexcept {
  AddressHeader out;
  if (!front.enabled && !back.enabled) return out;
  out.header = back.enabled && !back.header.empty()     ? std::string_view(back.header)
               : front.enabled && !front.header.empty() ? std::string_view(front.header)
                                                        : usual;
  out.if_none = (!front.enabled || front.if_none) && (!back.enabled || back.if_none);
  return out;
}

}  // namespace

AddressHeader forwarded_for(const ProxySpec& front, const ProxySpec& back) noexcept {
  return combine(front.forwardfor, back.forwardfor, "x-forwarded-for");
}

AddressHeader original_to(const ProxySpec& front, const ProxySpec& back) noexcept {
  return combine(front.originalto, back.originalto, "x-original-to");
}

bool redispatch_now(const ProxySpec& back, std::uint32_t retry, bool pinned) noexcept {
  const std::int32_t n = back.redispatch;
  if (n == 0 || retry == 0) return false;
  if (!pinned) return true;
  if (n > 0) return retry % static_cast<std::uint32_t>(n) == 0;
  // -1: the last retry, -2: the one before ...
  return back.retries + 1 == retry + static_cast<std::uint32_t>(-n);
}

base::Millis http_request_timeout(const ProxySpec& front) noexcept {
  return front.timeouts.http_request == base::kNoTimeout ? front.timeouts.client : front.timeouts.http_request;
}

base::Millis keep_alive_timeout(const ProxySpec& front) noexcept {
  return front.timeouts.http_keep_alive == base::kNoTimeout ? http_request_timeout(front)
                                                            : front.timeouts.http_keep_alive;
}

base::Millis queue_timeout(const ProxySpec& back) noexcept {
  return back.timeouts.queue == base::kNoTimeout ? back.timeouts.connect : back.timeouts.queue;
}

base::Millis tarpit_timeout(const ProxySpec& proxy) noexcept {
  return proxy.timeouts.tarpit == base::kNoTimeout ? proxy.timeouts.connect : proxy.timeouts.tarpit;
}

base::Millis tunnel_timeout(const ProxySpec& front, const ProxySpec& back) noexcept {
  return back.timeouts.tunnel == base::kNoTimeout ? front.timeouts.tunnel : back.timeouts.tunnel;
}

std::uint32_t retry_bit(unsigned status) noexcept {
  switch (status) {
    case 401:
      return kRetry401;
    case 403:
      return kRetry403;
    case 404:
      return kRetry404;
    case 408:
      return kRetry408;
    case 421:
      return kRetry421;
    case 425:
      return kRetry425;
    case 429:
      return kRetry429;
    case 500:
      return kRetry500;
    case 501:
      return kRetry501;
    case 502:
      return kRetry502;
    case 503:
      return kRetry503;
    case 504:
      return kRetry504;
    default:
      return 0;
  }
}

}  // namespace sluice::proxy
