// "option ..." that is a switch (manual 4.2).
#include <fmt/format.h>

#include "proxy/config/common.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

bool side_fits(KeywordContext& c, Sides side) {
  switch (side) {
    case Sides::Both:
      return true;
    case Sides::Front:
      return needs_front(c);
    case Sides::Back:
      return needs_back(c);
  }
  return true;
}

template <bool Options::*Member, Sides kSide, bool kHttp>
void on_flag(KeywordContext& c) {
  if (!side_fits(c, kSide)) return;
  const bool on = c.defaulted() ? Options{}.*Member : !c.negated();
  spec_of(c).options.*Member = on;
  if (kHttp) set_http_only(c, c.name(), kSide, on);
}

template <Tri Options::*Member, Sides kSide>
void on_tri(KeywordContext& c) {
  if (!side_fits(c, kSide)) return;
  spec_of(c).options.*Member = c.defaulted() ? Tri::Unset : c.negated() ? Tri::Off : Tri::On;
}

// The three connection modes replace each other; "no option x" only takes x back.
template <HttpConnMode kMode>
void on_mode(KeywordContext& c) {
  auto& mode = spec_of(c).http_conn_mode;
  if (c.defaulted()) {
    mode = HttpConnMode::Unset;
  } else if (!c.negated()) {
    mode = kMode;
  } else if (mode == kMode) {
    mode = HttpConnMode::Unset;
  }
}

void on_tcpka(KeywordContext& c) {
  auto& o = spec_of(c).options;
  const bool on = !c.negated() && !c.defaulted();
  const std::uint32_t where = c.section().where();
  if ((where & config::kBackend) == 0) o.tcpka_client = on;
  if ((where & config::kFrontend) == 0) o.tcpka_server = on;
}

void on_redispatch(KeywordContext& c) {
  if (!needs_back(c)) return;
  auto& r = spec_of(c).redispatch;
  if (c.negated() || c.defaulted()) {
    r = 0;
  } else if (!c.has(0)) {
    r = -1;
  } else if (const auto v = c.integer(c.arg(0), -0x7fffffff, 0x7fffffff)) {
    r = static_cast<std::int32_t>(*v);
  }
}

void on_restrict_names(KeywordContext& c) {
  const auto& w = c.arg(0);
  auto& p = spec_of(c).header_names;
  if (w.text == "preserve") {
    p = HeaderNamePolicy::Preserve;
  } else if (w.text == "delete") {
    p = HeaderNamePolicy::Delete;
  } else if (w.text == "reject") {
    p = HeaderNamePolicy::Reject;
  } else {
    c.error(w,
            fmt::format("invalid parameter '{}'. option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or "
                        "'delete' option.",
                        w.text));
  }
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr std::uint32_t kSwitch = config::kNoPrefix | config::kDefaultPrefix;

template <bool Options::*Member, Sides kSide, bool kHttp = false>
constexpr config::KeywordRow flag(std::string_view words) {
  return {words, kAll, 0, 0, "", on_flag<Member, kSide, kHttp>, kSwitch};
}
// The same for what is ignored in tcp mode, with the reference's warning.
template <bool Options::*Member, Sides kSide>
constexpr config::KeywordRow http_flag(std::string_view words) {
  return flag<Member, kSide, true>(words);
}

constexpr config::KeywordRow kRows[] = {
    {"option http-keep-alive", kAll, 0, 0, "", on_mode<HttpConnMode::KeepAlive>, kSwitch},
    {"option http-server-close", kAll, 0, 0, "", on_mode<HttpConnMode::ServerClose>, kSwitch},
    {"option httpclose", kAll, 0, 0, "", on_mode<HttpConnMode::Close>, kSwitch},
    {"option abortonclose", kAll, 0, 0, "", on_tri<&Options::abortonclose, Sides::Both>, kSwitch},
    {"option tcp-smart-accept", kAll, 0, 0, "", on_tri<&Options::tcp_smart_accept, Sides::Front>, kSwitch},
    flag<&Options::tcp_smart_connect, Sides::Back>("option tcp-smart-connect"),
    http_flag<&Options::http_buffer_request, Sides::Both>("option http-buffer-request"),
    http_flag<&Options::http_ignore_probes, Sides::Front>("option http-ignore-probes"),
    http_flag<&Options::idle_close_on_response, Sides::Front>("option idle-close-on-response"),
    http_flag<&Options::http_no_delay, Sides::Both>("option http-no-delay"),
    http_flag<&Options::http_pretend_keepalive, Sides::Back>("option http-pretend-keepalive"),
    flag<&Options::h1_case_adjust_client, Sides::Front>("option h1-case-adjust-bogus-client"),
    flag<&Options::h1_case_adjust_server, Sides::Back>("option h1-case-adjust-bogus-server"),
    http_flag<&Options::accept_unsafe_request, Sides::Front>("option accept-unsafe-violations-in-http-request"),
    http_flag<&Options::accept_unsafe_request, Sides::Front>("option accept-invalid-http-request"),
    http_flag<&Options::accept_unsafe_response, Sides::Back>("option accept-unsafe-violations-in-http-response"),
    http_flag<&Options::accept_unsafe_response, Sides::Back>("option accept-invalid-http-response"),
    http_flag<&Options::drop_request_trailers, Sides::Back>("option http-drop-request-trailers"),
    http_flag<&Options::drop_response_trailers, Sides::Front>("option http-drop-response-trailers"),
    flag<&Options::contstats, Sides::Front>("option contstats"),
    flag<&Options::dontlognull, Sides::Front>("option dontlognull"),
    flag<&Options::dontlog_normal, Sides::Front>("option dontlog-normal"),
    flag<&Options::logasap, Sides::Front>("option logasap"),
    flag<&Options::log_separate_errors, Sides::Front>("option log-separate-errors"),
    flag<&Options::nolinger, Sides::Both>("option nolinger"),
    flag<&Options::tcpka_client, Sides::Front>("option clitcpka"),
    flag<&Options::tcpka_server, Sides::Back>("option srvtcpka"),
    {"option tcpka", kAll, 0, 0, "", on_tcpka, kSwitch},
    flag<&Options::independent_streams, Sides::Both>("option independent-streams"),
    {"option splice-auto", kAll, 0, 0, "", on_tri<&Options::splice_auto, Sides::Both>, kSwitch},
    {"option splice-request", kAll, 0, 0, "", on_tri<&Options::splice_request, Sides::Both>, kSwitch},
    {"option splice-response", kAll, 0, 0, "", on_tri<&Options::splice_response, Sides::Both>, kSwitch},
    http_flag<&Options::disable_h2_upgrade, Sides::Front>("option disable-h2-upgrade"),
    http_flag<&Options::prefer_last_server, Sides::Back>("option prefer-last-server"),
    {"option redispatch", kAll, 0, 1, "[<interval>]", on_redispatch, kSwitch},
    {"option http-restrict-req-hdr-names", kAll, 1, 1, "{preserve|delete|reject}", on_restrict_names},
};

}  // namespace

std::span<const config::KeywordRow> option_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
