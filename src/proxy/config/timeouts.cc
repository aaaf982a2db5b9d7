// "timeout ..." (manual 4.2).
#include <fmt/format.h>

#include "proxy/config/common.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

enum class Side : std::uint8_t { Both, Front, Back };

template <base::Millis Timeouts::*Member, Side kSide>
void on_timeout(KeywordContext& c) {
  const std::uint32_t where = c.section().where();
  bool used = true;
  if (kSide == Side::Front && (where & config::kBackend) != 0) {
    c.warning(
        fmt::format("'{}' will be ignored because {} has no frontend capability", c.name(), section_text(c.section())));
    used = false;
  }
  if (kSide == Side::Back && (where & config::kFrontend) != 0) {
    c.warning(
        fmt::format("'{}' will be ignored because {} has no backend capability", c.name(), section_text(c.section())));
    used = false;
  }
  if (used && !c.in_defaults() && c.repeated())
    c.warning(fmt::format("overwriting '{}' which was already specified", c.name()));
  const auto v = c.time(c.arg(0));
  // Zero is the reference's "no timeout".
  if (v) spec_of(c).timeouts.*Member = v->count() == 0 ? base::kNoTimeout : *v;
}

void on_other(KeywordContext& c) {
  if (!c.has(0)) {
    c.error("'timeout' expects the name of a timeout and a value.");
    return;
  }
  config::Suggestion near(c.arg(0).text);
  for (const char* n : {"client", "server", "connect", "check", "queue", "http-keep-alive", "http-request", "tunnel",
                        "tarpit", "client-fin", "server-fin"}) {
    near.offer(n);
  }
  if (c.arg(0).text == "client-hs") {
    c.error(c.arg(0), "'timeout client-hs' is not supported yet.", "without TLS no handshake is waited for");
    return;
  }
  c.error(c.arg(0),
          fmt::format(
              "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', 'http-request', "
              "'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '{}'){}",
              c.arg(0).text, near.text()));
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr config::KeywordRow kRows[] = {
    {"timeout client", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::client, Side::Front>},
    {"timeout server", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::server, Side::Back>},
    {"timeout connect", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::connect, Side::Back>},
    {"timeout http-request", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::http_request, Side::Both>},
    {"timeout http-keep-alive", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::http_keep_alive, Side::Both>},
    {"timeout queue", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::queue, Side::Back>},
    {"timeout tunnel", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::tunnel, Side::Back>},
    {"timeout client-fin", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::client_fin, Side::Front>},
    {"timeout server-fin", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::server_fin, Side::Back>},
    {"timeout tarpit", kAll, 1, 1, "<timeout>", on_timeout<&Timeouts::tarpit, Side::Both>},
    {"timeout", kAll, 0, config::kAnyArgs, "<name> <timeout>", on_other},
};

}  // namespace

std::span<const config::KeywordRow> timeout_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
