// Every keyword of the room: what it writes into the spec, and what is said about its wrong forms.
#include <gtest/gtest.h>

#include <deque>

#include "unit/proxy/config_harness.h"

namespace sluice::proxy {
namespace {

using namespace std::chrono_literals;
using testing::Parsed;

ProxySpec listen_with(const std::string& lines) {
  // The texts of a spec lie in its document: every one made here stays.
  static std::deque<Parsed> kept;
  Parsed& p = kept.emplace_back("listen x\n" + lines + "\n");
  EXPECT_TRUE(p.good()) << p.said();
  return p.spec("listen", "x");
}

struct Wrong {
  const char* line;
  const char* message;
};

class WrongForms : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongForms, AreReportedAtTheirLine) {
  Parsed p(std::string("listen x\n") + GetParam().line + "\n");
  p.compile();
  EXPECT_FALSE(p.good());
  EXPECT_TRUE(p.says(2, GetParam().message)) << GetParam().line << "\n" << p.said();
}

INSTANTIATE_TEST_SUITE_P(
    Basics, WrongForms,
    ::testing::Values(Wrong{"mode foo", "unknown proxy mode 'foo'."}, Wrong{"mode health", "doesn't exist anymore"},
                      Wrong{"mode log", "'mode log' is not supported yet"}, Wrong{"mode", "'mode'"},
                      Wrong{"maxconn foo", "maxconn"}, Wrong{"maxconn", "maxconn"},
                      Wrong{"id 0", "custom id has to be > 0."}, Wrong{"id x", "custom id has to be > 0."},
                      Wrong{"description", "description"},
                      Wrong{"rate-limit foo 1", "'rate-limit' only supports 'sessions' (got 'foo')"},
                      Wrong{"rate-limit sessions x", "rate-limit sessions"}, Wrong{"retries -1", "retries"},
                      Wrong{"retry-on foo", "'retry-on': unknown keyword 'foo'"},
                      Wrong{"retry-on 50", "'retry-on': unknown keyword '50'"},
                      Wrong{"retry-on none 503", "only usable alone"},
                      Wrong{"max-keep-alive-queue x", "max-keep-alive-queue"}, Wrong{"monitor-uri", "monitor-uri"},
                      Wrong{"monitor fail", "'monitor fail' requires either"},
                      Wrong{"monitor foo", "'monitor' only supports 'fail'."}, Wrong{"clitcpka-cnt x", "clitcpka-cnt"},
                      Wrong{"clitcpka-idle x", "clitcpka-idle"}, Wrong{"disabled foo", "foo"}));

INSTANTIATE_TEST_SUITE_P(Timeouts, WrongForms,
                         ::testing::Values(Wrong{"timeout foo 5s", "'timeout' supports 'client'"},
                                           Wrong{"timeout client-hs 5s", "not supported yet"},
                                           Wrong{"timeout server", "timeout server"},
                                           Wrong{"timeout connect 5x", "timeout connect"},
                                           Wrong{"timeout queue 99999999999s", "timeout queue"}));

INSTANTIATE_TEST_SUITE_P(
    Options, WrongForms,
    ::testing::Values(
        Wrong{"option redispatch x", "redispatch"},
        Wrong{"option http-restrict-req-hdr-names foo", "expects 'preserve', 'reject' or 'delete' option."},
        Wrong{"option forwardfor foo", "only supports optional values: 'except', 'header' and 'if-none'."},
        Wrong{"option forwardfor except 300.1.1.1", "'option forwardfor except' expects <address>[/mask]"},
        Wrong{"option forwardfor except 10.0.0.0/33", "'option forwardfor except' expects <address>[/mask]"},
        Wrong{"option forwardfor header", "'option forwardfor header' expects <header_name>"},
        Wrong{"option originalto if-none", "only supports optional values: 'except' and 'header'."},
        Wrong{"option forwarded foo", "unknown keyword 'foo'"},
        Wrong{"option forwarded host-expr", "'host-expr' expects an expression"},
        Wrong{"option httplog foo", "keyword 'httplog' only supports option 'clf'."},
        Wrong{"option httpclose foo", "foo"}, Wrong{"option transparent", "transparent"}));

INSTANTIATE_TEST_SUITE_P(
    CapturesAndRouting, WrongForms,
    ::testing::Values(Wrong{"capture", "'capture' expects 'cookie' or 'request header' or 'response header'."},
                      Wrong{"capture foo", "'capture' expects 'cookie' or"},
                      Wrong{"capture request header foo",
                            "'capture request' expects 'header' <header_name> 'len' <len>."},
                      Wrong{"capture response header foo len x", "capture response header"},
                      Wrong{"capture cookie a len", "'capture' expects 'cookie' <cookie_name> 'len' <len>."},
                      Wrong{"declare capture foo len 5", "requires a direction"}, Wrong{"use_backend", "use_backend"},
                      Wrong{"use_backend nope foo", "unexpected keyword 'foo' after switching rule"},
                      Wrong{"use-server a", "'use-server' requires either 'if' or 'unless'"},
                      Wrong{"default_backend nope", "unable to find required default_backend: 'nope'."},
                      Wrong{"use_backend nope if TRUE", "unable to find required use_backend: 'nope'."},
                      Wrong{"use_backend b if nope", "nope"}));

INSTANTIATE_TEST_SUITE_P(
    ErrorPages, WrongForms,
    ::testing::Values(Wrong{"errorfile 999 /dev/null", "errorfile : status code '999' not handled."},
                      Wrong{"errorfile 503", "errorfile : expects <status_code> and <file> as arguments."},
                      Wrong{"errorfile 503 /nonexistent", "errorfile : error opening file '/nonexistent'."},
                      Wrong{"errorloc 999 http://x", "errorloc : status code '999' not handled."},
                      Wrong{"errorloc303 503", "errorloc303 : expects <status_code> and <url>"},
                      Wrong{"errorfiles", "errorfiles : expects <name> as argument."},
                      Wrong{"errorfiles nope", "unknown http-errors section 'nope'"},
                      Wrong{"errorfiles nope 999", "errorfiles : status code '999' not handled."},
                      Wrong{"http-error status", "'status' expects <status_code> as argument"},
                      Wrong{"http-error status 999", "Unexpected status code '999'"},
                      Wrong{"http-error status 418 content-type a string x", "status code '418' not handled"},
                      Wrong{"http-error status 503 string x", "a content type must be defined"},
                      Wrong{"http-error status 503 content-type a string x hdr", "'hdr' expects <name> and <value>"},
                      Wrong{"http-error foo", "unknown keyword 'foo'"},
                      Wrong{"http-error content-type a string x", "expects at least a <status>"}));

INSTANTIATE_TEST_SUITE_P(
    Rules, WrongForms,
    ::testing::Values(
        Wrong{"http-request", "(missing argument)"}, Wrong{"http-request foo", "'http-request' expects"},
        Wrong{"http-request set-var(txn.a) path", "'http-request set-var' is not supported yet."},
        Wrong{"http-request auth", "'http-request auth' is not supported yet."},
        Wrong{"http-request silent-drop", "'http-request silent-drop' is not supported yet."},
        Wrong{"http-request deny foo",
              "'http-request deny' expects either 'if' or 'unless' followed by a condition but found 'foo'."},
        Wrong{"http-request deny deny_status", "'status' expects <status_code> as argument."},
        Wrong{"http-request deny deny_status 999", "Unexpected status code '999'."},
        Wrong{"http-request deny deny_status 418",
              "status code '418' not handled by default with 'default-errorfiles' argument."},
        Wrong{"http-request return status 199", "Unexpected status code '199'."},
        Wrong{"http-request return string x", "a content type must be defined when non-empty payload is configured."},
        Wrong{"http-request return content-type a string x file y",
              "unexpected 'file' argument, 'string' already defined."},
        Wrong{"http-request return status 204 content-type a string x", "No body expected for 204 responses."},
        Wrong{"http-request return errorfiles nope", "unknown http-errors section 'nope'"},
        Wrong{"http-request return content-type a file /nonexistent", "error opening file '/nonexistent'."},
        Wrong{"http-request return content-type a lf-string %[foo]", "foo"},
        Wrong{"http-request set-header foo",
              "while parsing 'http-request set-header' rule : expects exactly 2 arguments."},
        Wrong{"http-request set-header foo bar baz", "but found 'baz'."},
        Wrong{"http-request set-header a(b bar", "is not a header name"},
        Wrong{"http-request set-header foo bar if nope", "nope"}, Wrong{"http-request set-header foo %[nope]", "nope"},
        Wrong{"http-request del-header", "expects at least 1 argument."},
        Wrong{"http-request del-header a -m foo", "-m with unsupported matching method 'foo'."},
        Wrong{"http-request del-header ( -m reg", "missing closing parenthesis"},
        Wrong{"http-request replace-header a ( x", "missing closing parenthesis"},
        Wrong{"http-request replace-header a b", "expects exactly 3 arguments."},
        Wrong{"http-request replace-path ( x", "missing closing parenthesis"},
        Wrong{"http-request replace-path a", "expects exactly 2 arguments <match-regex> and <replace-format>."},
        Wrong{"http-request set-method", "expects exactly 1 argument <format>."},
        Wrong{"http-request set-log-level foo", "expects exactly 1 argument (log level name or 'silent')."}));

INSTANTIATE_TEST_SUITE_P(
    MoreRules, WrongForms,
    ::testing::Values(Wrong{"http-request redirect", "redirection type expected ('prefix', 'location', or 'scheme')."},
                      Wrong{"http-request redirect foo", "(was 'foo')."},
                      Wrong{"http-request redirect location", "missing argument for 'location'."},
                      Wrong{"http-request redirect location / code 999", "'code': unsupported HTTP code '999'"},
                      Wrong{"http-response redirect prefix /", "response only supports redirect type 'location'."},
                      Wrong{"redirect", "while parsing redirect rule : redirection type expected"},
                      Wrong{"http-request capture path", "expects <expression> [ 'len' <length> | id <idx> ]."},
                      Wrong{"http-request capture path len 0", "length must be > 0."},
                      Wrong{"http-request capture path id 9", "unable to find capture id '9'"},
                      Wrong{"http-request capture path foo 5", "expects 'len' or 'id', found 'foo'."},
                      Wrong{"http-response capture res.hdr(a) len 5", "'len' is not possible here"},
                      Wrong{"http-request wait-for-body", "expects time <time> [ at-least <bytes> ]."},
                      Wrong{"http-request wait-for-body time 1s at-least x", "invalid size 'x'"},
                      Wrong{"http-request strict-mode foo",
                            "Unexpected value 'foo'. Only 'on' and 'off' are supported."},
                      Wrong{"http-response set-status 99", "expects an integer status code between 100 and 999."},
                      Wrong{"http-response set-path /", "'http-response' expects"},
                      Wrong{"http-after-response deny", "'http-after-response' expects"},
                      Wrong{"tcp-request", "missing argument for 'tcp-request' in listen 'x'"},
                      Wrong{"tcp-request foo", "(got 'foo')"}, Wrong{"tcp-request session accept", "not supported yet"},
                      Wrong{"tcp-request content foo", "'tcp-request content' expects"},
                      Wrong{"tcp-request inspect-delay x", "expects a positive delay in milliseconds"}));

TEST(ProxyKeywords, ModeLimitsAndIdentity) {
  const auto s = listen_with(
      "mode http\nmaxconn 100\nbacklog 7\nrate-limit sessions 9\nid 5\ndescription a b c\nretries "
      "5\nmax-keep-alive-queue -1\n"
      "disabled\n");
  EXPECT_EQ(s.mode, Mode::Http);
  EXPECT_EQ(s.maxconn, 100U);
  EXPECT_EQ(s.backlog, 7U);
  EXPECT_EQ(s.rate_limit_sessions, 9U);
  EXPECT_EQ(s.id, 5U);
  EXPECT_EQ(s.description, "a b c");
  EXPECT_EQ(s.retries, 5U);
  EXPECT_TRUE(s.disabled);
  EXPECT_FALSE(listen_with("disabled\nenabled").disabled);
}

TEST(ProxyKeywords, Timeouts) {
  const auto s = listen_with(
      "timeout client 1\ntimeout server 2s\ntimeout connect 3s\ntimeout http-request 4s\ntimeout http-keep-alive 5s\n"
      "timeout queue 6s\ntimeout tunnel 7m\ntimeout client-fin 8s\ntimeout server-fin 9s\ntimeout tarpit 0");
  EXPECT_EQ(s.timeouts.client, 1ms);
  EXPECT_EQ(s.timeouts.server, 2s);
  EXPECT_EQ(s.timeouts.connect, 3s);
  EXPECT_EQ(s.timeouts.http_request, 4s);
  EXPECT_EQ(s.timeouts.http_keep_alive, 5s);
  EXPECT_EQ(s.timeouts.queue, 6s);
  EXPECT_EQ(s.timeouts.tunnel, 7min);
  EXPECT_EQ(s.timeouts.client_fin, 8s);
  EXPECT_EQ(s.timeouts.server_fin, 9s);
  EXPECT_EQ(s.timeouts.tarpit, base::kNoTimeout);
}

TEST(ProxyKeywords, TimeoutFallbacks) {
  const auto s = listen_with("timeout client 1s\ntimeout connect 2s");
  EXPECT_EQ(http_request_timeout(s), 1s);
  EXPECT_EQ(keep_alive_timeout(s), 1s);
  EXPECT_EQ(queue_timeout(s), 2s);
  EXPECT_EQ(tarpit_timeout(s), 2s);
  const auto t = listen_with("timeout client 1s\ntimeout http-request 3s\ntimeout queue 4s\ntimeout tarpit 5s");
  EXPECT_EQ(http_request_timeout(t), 3s);
  EXPECT_EQ(keep_alive_timeout(t), 3s);
  EXPECT_EQ(queue_timeout(t), 4s);
  EXPECT_EQ(tarpit_timeout(t), 5s);
  EXPECT_EQ(tunnel_timeout(s, listen_with("timeout tunnel 9s")), 9s);
  EXPECT_EQ(tunnel_timeout(listen_with("timeout tunnel 8s"), s), 8s);
}

TEST(ProxyKeywords, ConnectionModesReplaceEachOther) {
  EXPECT_EQ(listen_with("option httpclose\noption http-server-close").http_conn_mode, HttpConnMode::ServerClose);
  EXPECT_EQ(listen_with("option httpclose\nno option http-server-close").http_conn_mode, HttpConnMode::Close);
  EXPECT_EQ(listen_with("option httpclose\nno option httpclose").http_conn_mode, HttpConnMode::Unset);
  const auto kal = listen_with("option http-keep-alive");
  const auto scl = listen_with("option http-server-close");
  const auto clo = listen_with("option httpclose");
  EXPECT_EQ(connection_mode(kal, ProxySpec{}), HttpConnMode::KeepAlive);
  EXPECT_EQ(connection_mode(kal, scl), HttpConnMode::ServerClose);
  EXPECT_EQ(connection_mode(clo, scl), HttpConnMode::Close);
  EXPECT_EQ(connection_mode(scl, clo), HttpConnMode::Close);
}

struct FlagCase {
  const char* name;
  bool Options::*member;
};
class FlagOptions : public ::testing::TestWithParam<FlagCase> {};

TEST_P(FlagOptions, SetAndTakenBack) {
  const std::string line = std::string("option ") + GetParam().name;
  EXPECT_FALSE(Options{}.*GetParam().member);
  EXPECT_TRUE(listen_with(line).options.*GetParam().member);
  EXPECT_FALSE(listen_with(line + "\nno " + line).options.*GetParam().member);
  EXPECT_FALSE(listen_with(line + "\ndefault " + line).options.*GetParam().member);
}

INSTANTIATE_TEST_SUITE_P(
    All, FlagOptions,
    ::testing::Values(FlagCase{"http-buffer-request", &Options::http_buffer_request},
                      FlagCase{"http-ignore-probes", &Options::http_ignore_probes},
                      FlagCase{"http-no-delay", &Options::http_no_delay},
                      FlagCase{"http-pretend-keepalive", &Options::http_pretend_keepalive},
                      FlagCase{"h1-case-adjust-bogus-client", &Options::h1_case_adjust_client},
                      FlagCase{"h1-case-adjust-bogus-server", &Options::h1_case_adjust_server},
                      FlagCase{"accept-unsafe-violations-in-http-request", &Options::accept_unsafe_request},
                      FlagCase{"accept-invalid-http-request", &Options::accept_unsafe_request},
                      FlagCase{"accept-unsafe-violations-in-http-response", &Options::accept_unsafe_response},
                      FlagCase{"accept-invalid-http-response", &Options::accept_unsafe_response},
                      FlagCase{"http-drop-request-trailers", &Options::drop_request_trailers},
                      FlagCase{"http-drop-response-trailers", &Options::drop_response_trailers},
                      FlagCase{"contstats", &Options::contstats}, FlagCase{"dontlognull", &Options::dontlognull},
                      FlagCase{"dontlog-normal", &Options::dontlog_normal}, FlagCase{"logasap", &Options::logasap},
                      FlagCase{"log-separate-errors", &Options::log_separate_errors},
                      FlagCase{"nolinger", &Options::nolinger}, FlagCase{"clitcpka", &Options::tcpka_client},
                      FlagCase{"srvtcpka", &Options::tcpka_server},
                      FlagCase{"tcp-smart-connect", &Options::tcp_smart_connect},
                      FlagCase{"independent-streams", &Options::independent_streams},
                      FlagCase{"disable-h2-upgrade", &Options::disable_h2_upgrade},
                      FlagCase{"prefer-last-server", &Options::prefer_last_server}));

TEST(ProxyKeywords, OptionsThatDependOnTheMode) {
  EXPECT_FALSE(abort_on_close(listen_with("mode tcp")));
  EXPECT_TRUE(abort_on_close(listen_with("mode http")));
  EXPECT_FALSE(abort_on_close(listen_with("mode http\nno option abortonclose")));
  EXPECT_TRUE(abort_on_close(listen_with("mode tcp\noption abortonclose")));
  EXPECT_EQ(listen_with("no option tcp-smart-accept").options.tcp_smart_accept, Tri::Off);
  EXPECT_EQ(listen_with("option tcp-smart-accept").options.tcp_smart_accept, Tri::On);
  const struct {
    const char* name;
    Tri Options::*member;
  } splices[] = {{"splice-auto", &Options::splice_auto},
                 {"splice-request", &Options::splice_request},
                 {"splice-response", &Options::splice_response}};
  for (const auto& s : splices) {
    EXPECT_EQ(listen_with("").options.*s.member, Tri::Unset) << s.name;
    EXPECT_EQ(listen_with(std::string("option ") + s.name).options.*s.member, Tri::On) << s.name;
    EXPECT_EQ(listen_with(std::string("no option ") + s.name).options.*s.member, Tri::Off) << s.name;
  }
}

TEST(ProxyKeywords, TcpKeepAliveOnTheSideThatExists) {
  const auto s = listen_with(
      "option tcpka\nclitcpka-cnt 3\nclitcpka-idle 10\nclitcpka-intvl 2m\nsrvtcpka-cnt 4\nsrvtcpka-idle "
      "11s\nsrvtcpka-intvl 12");
  EXPECT_TRUE(s.options.tcpka_client && s.options.tcpka_server);
  EXPECT_EQ(s.client_keepalive.count, 3U);
  EXPECT_EQ(s.client_keepalive.idle_seconds, 10U);
  EXPECT_EQ(s.client_keepalive.interval_seconds, 120U);
  EXPECT_EQ(s.server_keepalive.count, 4U);
  EXPECT_EQ(s.server_keepalive.idle_seconds, 11U);
  EXPECT_EQ(s.server_keepalive.interval_seconds, 12U);
  Parsed p("frontend f\n option tcpka\nbackend b\n option tcpka\n");
  EXPECT_FALSE(p.spec("frontend", "f").options.tcpka_server);
  EXPECT_FALSE(p.spec("backend", "b").options.tcpka_client);
}

TEST(ProxyKeywords, Retries) {
  EXPECT_EQ(ProxySpec{}.retry_on, kRetryConnFailure);
  EXPECT_EQ(listen_with("retry-on none").retry_on, 0U);
  EXPECT_EQ(listen_with("retry-on conn-failure 503 429").retry_on, kRetryConnFailure | kRetry503 | kRetry429);
  EXPECT_EQ(listen_with("retry-on all-retryable-errors").retry_on, kRetryAllRetryable);
  EXPECT_EQ(retry_bit(504), kRetry504);
  EXPECT_EQ(retry_bit(200), 0U);
  const auto last = listen_with("option redispatch");
  EXPECT_FALSE(redispatch_now(last, 2, true));
  EXPECT_TRUE(redispatch_now(last, 3, true));
  EXPECT_TRUE(redispatch_now(last, 1, false));
  EXPECT_FALSE(redispatch_now(listen_with("retries 3"), 3, false));
  const auto second = listen_with("option redispatch 2");
  EXPECT_FALSE(redispatch_now(second, 1, true));
  EXPECT_TRUE(redispatch_now(second, 2, true));
  EXPECT_TRUE(redispatch_now(listen_with("option redispatch -2"), 2, true));
  EXPECT_FALSE(redispatch_now(listen_with("option redispatch\nno option redispatch"), 3, true));
}

TEST(ProxyKeywords, AddressHeadersOfBothSides) {
  const auto plain = listen_with("option forwardfor");
  const auto named = listen_with("option forwardfor header X-Client if-none except 10.0.0.0/8");
  const ProxySpec none;
  EXPECT_EQ(forwarded_for(none, none).header, "");
  EXPECT_EQ(forwarded_for(plain, none).header, "x-forwarded-for");
  EXPECT_EQ(forwarded_for(named, none).header, "x-client");
  EXPECT_TRUE(forwarded_for(named, none).if_none);
  EXPECT_FALSE(forwarded_for(named, plain).if_none);
  EXPECT_EQ(forwarded_for(plain, named).header, "x-client");
  EXPECT_EQ(named.forwardfor.except.text, "10.0.0.0/8");
  EXPECT_EQ(original_to(none, listen_with("option originalto")).header, "x-original-to");
  EXPECT_FALSE(listen_with("option forwardfor\nno option forwardfor").forwardfor.enabled);
}

TEST(ProxyKeywords, Forwarded) {
  const auto usual = listen_with("option forwarded").forwarded;
  EXPECT_TRUE(usual.enabled && usual.proto);
  EXPECT_EQ(usual.for_.from, ForwardedSpec::Part::From::Connection);
  const auto own = listen_with("option forwarded host for-expr src for_port by_port-expr int(10)").forwarded;
  EXPECT_FALSE(own.proto);
  EXPECT_EQ(own.host.from, ForwardedSpec::Part::From::Connection);
  EXPECT_EQ(own.for_.expression.text, "src");
  EXPECT_EQ(own.by_port.expression.text, "int(10)");
}

TEST(ProxyKeywords, LogsAndIds) {
  EXPECT_EQ(listen_with("option httplog").log_format.kind, LogFormatKind::Http);
  EXPECT_EQ(listen_with("option httplog clf").log_format.kind, LogFormatKind::HttpClf);
  EXPECT_EQ(listen_with("option tcplog").log_format.kind, LogFormatKind::Tcp);
  EXPECT_EQ(listen_with("option tcplog clf").log_format.kind, LogFormatKind::TcpClf);
  const auto s = listen_with(
      "log-format %ci\nerror-log-format %cp\nlog-format-sd [x]\nunique-id-format %rt\nunique-id-header X-Id");
  EXPECT_EQ(s.log_format.kind, LogFormatKind::Custom);
  EXPECT_EQ(s.log_format.format.text, "%ci");
  EXPECT_EQ(s.error_log_format.text, "%cp");
  EXPECT_EQ(s.log_format_sd.text, "[x]");
  EXPECT_EQ(s.unique_id_format.text, "%rt");
  EXPECT_EQ(s.unique_id_header, "x-id");
  Parsed twice("listen x\noption tcplog\nlog-format %ci\n");
  EXPECT_TRUE(twice.says(3, "'log-format' overrides previous 'option tcplog'")) << twice.said();
  Parsed heir("defaults\noption tcplog\nlisten x\nlog-format %ci\n");
  EXPECT_EQ(heir.said(), "");
}

TEST(ProxyKeywords, CapturesKeepTheOrderOfTheFile) {
  const auto s = listen_with(
      "capture request header Host len 10\nhttp-request capture path len 20\ndeclare capture request len 30\n"
      "capture response header Location len 5\ndeclare capture response len 6\ncapture cookie SID= len 40");
  ASSERT_EQ(s.request_captures.size(), 3U);
  EXPECT_EQ(s.request_captures[0].name, "Host");
  EXPECT_EQ(s.request_captures[1].len, 20U);
  EXPECT_EQ(s.request_captures[2].len, 30U);
  ASSERT_EQ(s.response_captures.size(), 2U);
  EXPECT_EQ(s.cookie_capture.name, "SID=");
  EXPECT_EQ(std::get<CaptureRuleSpec>(s.http_request.at(0).args).id, 1U);
}

TEST(ProxyKeywords, AWrongSideIsAWarning) {
  Parsed p(
      "frontend f\n retries 3\n timeout server 3s\n option redispatch\n use-server a if TRUE\nbackend b\n maxconn 5\n "
      "use_backend x\n"
      " option httplog\n timeout client 1s\n capture request header a len 4\n");
  EXPECT_TRUE(p.good()) << p.said();
  EXPECT_TRUE(p.says(2, "'retries' ignored because frontend 'f' has no backend capability."));
  EXPECT_TRUE(p.says(3, "'timeout server' will be ignored because frontend 'f' has no backend capability"));
  EXPECT_TRUE(p.says(4, "'redispatch' ignored because frontend 'f' has no backend capability."));
  EXPECT_TRUE(p.says(5, "'use-server' ignored because frontend 'f'"));
  EXPECT_TRUE(p.says(7, "Maybe you want 'fullconn' instead ?"));
  EXPECT_TRUE(p.says(8, "'use_backend' ignored because backend 'b' has no frontend capability."));
  EXPECT_TRUE(p.says(9, "backend 'b' : 'option httplog' directive is ignored in backends."));
}

TEST(ProxyKeywords, DefaultsAreInherited) {
  Parsed p(
      "defaults d\n mode http\n timeout client 5s\n option nolinger\n http-request deny\nfrontend f\n no option "
      "nolinger\n");
  EXPECT_TRUE(p.good()) << p.said();
  const auto& f = p.spec("frontend", "f");
  EXPECT_EQ(f.mode, Mode::Http);
  EXPECT_EQ(f.timeouts.client, 5s);
  EXPECT_FALSE(f.options.nolinger);
  ASSERT_EQ(f.http_request.size(), 1U);
  EXPECT_TRUE(f.http_request[0].from_defaults);
}

TEST(ProxyKeywords, DefaultsWithRulesDoNotServeListenSections) {
  Parsed p("defaults d\n mode http\n http-request deny\nlisten x\n maxconn 5\n");
  p.compile();
  EXPECT_TRUE(p.says(4, "cannot use a defaults section that has rules")) << p.said();
}

TEST(ProxyKeywords, RulesInAnonymousDefaultsAreRefused) {
  Parsed p("defaults\n http-request deny\n");
  EXPECT_TRUE(p.says(2, "anonymous")) << p.said();
}

}  // namespace
}  // namespace sluice::proxy
