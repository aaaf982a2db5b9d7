// Every action against a message, the order of rules, switching and the headers options add.
#include <gtest/gtest.h>

#include "unit/proxy/config_harness.h"

namespace sluice::proxy {
namespace {

using testing::Exchange;
using testing::Parsed;
using testing::TempFile;

// One http-mode listen section "x" with these lines, compiled.
struct Compiled {
  explicit Compiled(const std::string& lines) : parsed("listen x\n mode http\n" + lines + "\n") {
    parsed.compile();
    EXPECT_TRUE(parsed.good()) << parsed.said();
  }
  const CompiledProxy& x() const { return parsed.proxy("x"); }
  Parsed parsed;
};

constexpr std::string_view kGet = "GET /a/b?q=1 HTTP/1.1\nHost: www.site\nUser-Agent: test\n";

// The request after the rules.
std::string edited(const std::string& lines, std::string_view request = kGet,
                   ActionResult expected = ActionResult::Continue) {
  Compiled c(lines);
  Exchange e(request);
  EXPECT_EQ(e.run(c.x().http_request, &c.x(), &c.x()), expected) << lines;
  return e.request_text();
}

std::string replied(const std::string& lines, ActionResult expected, std::string_view request = kGet) {
  Compiled c(lines);
  Exchange e(request);
  EXPECT_EQ(e.run(c.x().http_request, &c.x(), &c.x()), expected) << lines;
  return e.reply_text();
}

TEST(HeaderActions, SetAddDelete) {
  EXPECT_EQ(edited("http-request set-header X-New a"), "GET /a/b?q=1\nhost: www.site\nuser-agent: test\nx-new: a\n");
  EXPECT_EQ(edited("http-request set-header User-Agent mine"), "GET /a/b?q=1\nhost: www.site\nuser-agent: mine\n");
  EXPECT_EQ(edited("http-request add-header User-Agent mine"),
            "GET /a/b?q=1\nhost: www.site\nuser-agent: test\nuser-agent: mine\n");
  EXPECT_EQ(edited("http-request del-header user-agent"), "GET /a/b?q=1\nhost: www.site\n");
}

TEST(HeaderActions, TheNewValueMayUseTheOldOne) {
  EXPECT_EQ(edited("http-request set-header User-Agent \"%[req.hdr(user-agent)]+\""),
            "GET /a/b?q=1\nhost: www.site\nuser-agent: test+\n");
}

TEST(HeaderActions, DeleteByMatch) {
  constexpr std::string_view kRequest = "GET / HTTP/1.1\nX-A-1: 1\nX-B-1: 2\nY-A: 3\n";
  EXPECT_EQ(edited("http-request del-header x- -m beg", kRequest), "GET /\ny-a: 3\n");
  EXPECT_EQ(edited("http-request del-header -1 -m end", kRequest), "GET /\ny-a: 3\n");
  EXPECT_EQ(edited("http-request del-header -a -m sub", kRequest), "GET /\nx-b-1: 2\n");
  EXPECT_EQ(edited("http-request del-header ^X-.-1$ -m reg", kRequest), "GET /\ny-a: 3\n");
  EXPECT_EQ(edited("http-request del-header X-A-1 -m str", kRequest), "GET /\nx-b-1: 2\ny-a: 3\n");
}

TEST(HeaderActions, ReplaceWholeValuesAndElements) {
  EXPECT_EQ(edited("http-request replace-header Cookie 'foo=([^;]*);(.*)' 'foo=\\1;ip=1;\\2'",
                   "GET / HTTP/1.1\nCookie: foo=bar; x=y\n"),
            "GET /\ncookie: foo=bar;ip=1; x=y\n");
  EXPECT_EQ(edited("http-request replace-header User-Agent curl foo", "GET / HTTP/1.1\nUser-Agent: curl/7.47.0\n"),
            "GET /\nuser-agent: foo\n");
  EXPECT_EQ(edited("http-request replace-value X-Forwarded-For '^192\\.168\\.(.*)$' '172.16.\\1'",
                   "GET / HTTP/1.1\nX-Forwarded-For: 192.168.10.1, 192.168.13.24, 10.0.0.37\n"),
            "GET /\nx-forwarded-for: 172.16.10.1, 172.16.13.24, 10.0.0.37\n");
}

TEST(TargetActions, PathQueryAndUri) {
  EXPECT_EQ(edited("http-request set-path /new%[path]").substr(0, 16), "GET /new/a/b?q=1");
  EXPECT_EQ(edited("http-request set-pathq /z").substr(0, 7), "GET /z\n");
  EXPECT_EQ(edited("http-request set-query x=2").substr(0, 13), "GET /a/b?x=2\n");
  EXPECT_EQ(edited("http-request set-query x=2", "GET /a HTTP/1.1\n"), "GET /a?x=2\n");
  EXPECT_EQ(edited("http-request set-uri /u").substr(0, 7), "GET /u\n");
  EXPECT_EQ(edited("http-request set-method POST").substr(0, 6), "POST /");
  EXPECT_EQ(edited("http-request replace-path (.*) /foo\\1").substr(0, 17), "GET /foo/a/b?q=1\n");
  EXPECT_EQ(edited("http-request replace-pathq '([^?]*)(\\?(.*))?' '\\1/foo\\2'").substr(0, 17), "GET /a/b/foo?q=1\n");
  EXPECT_EQ(edited("http-request replace-uri ^http://(.*) https://\\1", "GET http://h/p HTTP/1.1\nHost: h\n"),
            "GET https://h/p\nhost: h\n");
  EXPECT_EQ(edited("http-request set-path /p", "GET http://h/x?q HTTP/1.1\nHost: h\n"), "GET http://h/p?q\nhost: h\n");
}

TEST(TargetActions, AbsoluteTargetsAndHostStayTogether) {
  EXPECT_EQ(edited("http-request set-uri http://new/p"), "GET http://new/p\nhost: new\nuser-agent: test\n");
  EXPECT_EQ(edited("http-request set-header Host new", "GET http://old/p HTTP/1.1\nHost: old\n"),
            "GET http://new/p\nhost: new\n");
}

TEST(TargetActions, ConditionsSeeTheEdit) {
  EXPECT_EQ(edited("http-request set-path /new\nhttp-request set-header X-P %[path] if { path /new }"),
            "GET /new?q=1\nhost: www.site\nuser-agent: test\nx-p: /new\n");
}

TEST(TargetActions, ABrokenRewriteIsAnErrorUnlessAllowed) {
  edited("http-request set-path '/a b'", kGet, ActionResult::Error);
  EXPECT_EQ(edited("http-request strict-mode off\nhttp-request set-path '/a b'").substr(0, 13), "GET /a/b?q=1\n");
}

TEST(ReplyActions, Return) {
  EXPECT_EQ(replied("http-request return", ActionResult::Respond), "200 OK\ncontent-length: 0\n\n");
  EXPECT_EQ(replied("http-request return status 404", ActionResult::Respond), "404 Not Found\ncontent-length: 0\n\n");
  EXPECT_EQ(replied("http-request return status 204", ActionResult::Respond), "204 No Content\n\n");
  EXPECT_EQ(replied("http-request return content-type text/plain string hello hdr X-B b hdr X-A \"a %[path]\"",
                    ActionResult::Respond),
            "200 OK\nx-b: b\nx-a: a /a/b\ncontent-length: 5\ncontent-type: text/plain\n\nhello");
  EXPECT_EQ(replied("http-request return content-type text/plain lf-string \"hello %[path]\"", ActionResult::Respond),
            "200 OK\ncontent-length: 10\ncontent-type: text/plain\n\nhello /a/b");
}

TEST(ReplyActions, ReturnOfFiles) {
  TempFile text("some text");
  EXPECT_EQ(replied("http-request return content-type a/b file " + text.path(), ActionResult::Respond),
            "200 OK\ncontent-length: 9\ncontent-type: a/b\n\nsome text");
  TempFile format("path %[path]");
  EXPECT_EQ(replied("http-request return content-type a/b lf-file " + format.path(), ActionResult::Respond),
            "200 OK\ncontent-length: 9\ncontent-type: a/b\n\npath /a/b");
  TempFile page("HTTP/1.0 503 Sorry Dude\r\nX-Foo: Bar\r\nConnection: close\r\n\r\nbody");
  EXPECT_EQ(replied("http-request return status 200 errorfile " + page.path(), ActionResult::Respond),
            "503 Sorry Dude\nx-foo: Bar\ncontent-length: 4\n\nbody");
}

TEST(ReplyActions, DenyAndTarpitUseThePages) {
  const std::string forbidden = replied("http-request deny", ActionResult::Deny);
  EXPECT_EQ(forbidden.substr(0, forbidden.find("\n\n")),
            "403 Forbidden\ncontent-length: 93\ncache-control: no-cache\ncontent-type: text/html");
  EXPECT_EQ(replied("http-request deny deny_status 429 if { path_beg /a }", ActionResult::Deny).substr(0, 3), "429");
  EXPECT_EQ(replied("http-request tarpit", ActionResult::Tarpit).substr(0, 3), "500");
  EXPECT_EQ(replied("http-request deny status 418 content-type a string x", ActionResult::Deny),
            "418 I'm a teapot\ncontent-length: 1\ncontent-type: a\n\nx");
  EXPECT_EQ(replied("http-error status 403 content-type a string own\nhttp-request deny", ActionResult::Deny),
            "403 Forbidden\ncontent-length: 3\ncontent-type: a\n\nown");
}

TEST(ReplyActions, ResponsesAreDeniedWith502) {
  Compiled c("http-response deny if { res.hdr(a) b }");
  Exchange e(kGet, "HTTP/1.1 200 OK\nA: b\n");
  EXPECT_EQ(e.run_response(c.x().http_response, &c.x(), &c.x()), ActionResult::Deny);
  EXPECT_EQ(e.reply_text().substr(0, 3), "502");
}

TEST(ReplyActions, AReplyMayBeMadeInThePlaceOfTheResponse) {
  Compiled c("http-response return content-type a lf-string \"was %[status] %[res.hdr(a)]\"");
  Exchange e(kGet, "HTTP/1.1 200 OK\nA: b\n");
  e.context.reply = &e.response;
  e.stream.status = 200;
  EXPECT_EQ(e.run_response(c.x().http_response, &c.x(), &c.x()), ActionResult::Respond);
  EXPECT_EQ(e.response_text(), "200 OK\ncontent-length: 9\ncontent-type: a\n");
  EXPECT_EQ(e.context.reply_body, "was 200 b");
}

TEST(Redirects, Kinds) {
  EXPECT_EQ(replied("http-request redirect location /loc?a=1 code 301", ActionResult::Redirect),
            "301 Moved Permanently\ncontent-length: 0\nlocation: /loc?a=1\n\n");
  EXPECT_EQ(replied("http-request redirect location /loc", ActionResult::Redirect),
            "302 Found\ncontent-length: 0\nlocation: /loc\ncache-control: no-cache\n\n");
  const auto location = [](const std::string& rule) {
    const std::string r = replied("http-request redirect " + rule, ActionResult::Redirect);
    const auto at = r.find("location: ") + 10;
    return r.substr(at, r.find('\n', at) - at);
  };
  EXPECT_EQ(location("location /loc keep-query"), "/loc?q=1");
  EXPECT_EQ(location("location /loc?x keep-query"), "/loc?x&q=1");
  EXPECT_EQ(location("location /%[req.hdr(host)]"), "/www.site");
  EXPECT_EQ(location("prefix http://h/p"), "http://h/p/a/b?q=1");
  EXPECT_EQ(location("prefix http://h/p drop-query"), "http://h/p/a/b");
  EXPECT_EQ(location("prefix http://h/p drop-query append-slash"), "http://h/p/a/b/");
  EXPECT_EQ(location("prefix /"), "/a/b?q=1");
  EXPECT_EQ(location("scheme https"), "https://www.site/a/b?q=1");
  EXPECT_EQ(location("scheme https drop-query"), "https://www.site/a/b");
}

TEST(Redirects, CookiesAndEmptyTargets) {
  EXPECT_NE(replied("http-request redirect prefix / set-cookie A=b", ActionResult::Redirect)
                .find("set-cookie: A=b; path=/;\n"),
            std::string::npos);
  EXPECT_NE(replied("http-request redirect location / set-cookie-fmt A=%[path]", ActionResult::Redirect)
                .find("set-cookie: A=/a/b\n"),
            std::string::npos);
  EXPECT_NE(replied("http-request redirect location / clear-cookie A=", ActionResult::Redirect)
                .find("set-cookie: A=; path=/; Max-Age=0;\n"),
            std::string::npos);
  replied("http-request redirect location %[req.hdr(nope)] ignore-empty", ActionResult::Continue);
}

TEST(Redirects, TheKeywordRunsBehindTheRules) {
  Compiled c("redirect location /last\nhttp-request set-header a b");
  Exchange e(kGet);
  EXPECT_EQ(e.run(c.x().http_request, &c.x(), &c.x()), ActionResult::Redirect);
  EXPECT_NE(e.request_text().find("a: b"), std::string::npos);
}

TEST(RuleLists, StopAtTheFirstFinalRule) {
  EXPECT_EQ(edited("http-request allow if { path_beg /a }\nhttp-request set-header a b", kGet, ActionResult::Stop)
                .find("a: b"),
            std::string::npos);
  EXPECT_NE(edited("http-request allow unless { path_beg /a }\nhttp-request set-header a b").find("a: b"),
            std::string::npos);
  edited("http-request reject", kGet, ActionResult::Close);
}

TEST(RuleLists, NameTheRuleThatDecided) {
  Compiled c("http-request set-header a b\nhttp-request deny\n");
  Exchange e(kGet);
  EXPECT_EQ(e.run(c.x().http_request, &c.x(), &c.x()), ActionResult::Deny);
  EXPECT_EQ(c.x().http_request.rules.at(e.cursor.next - 1).at.line, 4U);
}

TEST(RuleLists, WaitAndGoOn) {
  Compiled c("http-request wait-for-body time 1s at-least 10 if { path_beg /a }\nhttp-request set-header a b");
  Exchange e(kGet);
  e.context.body.complete = false;
  EXPECT_EQ(e.run(c.x().http_request), ActionResult::Wait);
  EXPECT_EQ(e.controls.wait.time, std::chrono::seconds(1));
  EXPECT_EQ(e.controls.wait.at_least_bytes, 10U);
  e.context.body.bytes = 5;
  e.request.target = "/other";  // the condition is not asked again
  e.sample.request_changed();
  EXPECT_EQ(e.run(c.x().http_request), ActionResult::Wait);
  e.context.body.bytes = 10;
  EXPECT_EQ(e.run(c.x().http_request), ActionResult::Continue);
  EXPECT_NE(e.request_text().find("a: b"), std::string::npos);

  Exchange late(kGet);
  late.context.body.complete = false;
  EXPECT_EQ(late.run(c.x().http_request), ActionResult::Wait);
  late.context.body.timed_out = true;
  EXPECT_EQ(late.run(c.x().http_request), ActionResult::TimedOut);
}

TEST(ControlActions, LevelsRetriesAndStatus) {
  Compiled c(
      "http-request set-log-level silent\nhttp-request disable-l7-retry\nhttp-response set-status 503 reason \"Slow "
      "Down\"\n"
      "http-after-response set-status 431");
  Exchange e(kGet, "HTTP/1.1 200 OK\n");
  e.run(c.x().http_request);
  EXPECT_EQ(e.controls.log_level, StreamControls::kSilent);
  EXPECT_TRUE(e.controls.disable_l7_retry);
  e.cursor = {};
  e.run_response(c.x().http_response);
  EXPECT_EQ(e.response_text(), "503 Slow Down\n");
  e.cursor = {};
  e.run_response(c.x().http_after_response);
  EXPECT_EQ(e.response_text(), "431 Request Header Fields Too Large\n");
}

TEST(ControlActions, CapturesFillTheirSlot) {
  Compiled c(
      "declare capture request len 3\nhttp-request capture path id 0\nhttp-request capture req.hdr(host) len 20\n"
      "capture request header User-Agent len 2\ncapture cookie SID len 6");
  std::array<std::string_view, 3> slots{};
  Exchange e("GET /a/b HTTP/1.1\nHost: h\nUser-Agent: test\nCookie: a=b; SIDx=12345; SID=9\n");
  e.controls.request_captures = slots;
  e.controls.request_capture_lens = c.x().request_capture_lens;
  Captures::take(c.x().captures.request, e.request.fields, e.arena, slots);
  EXPECT_EQ(e.run(c.x().http_request), ActionResult::Continue);
  EXPECT_EQ(slots[0], "/a/");
  EXPECT_EQ(slots[1], "h");
  EXPECT_EQ(slots[2], "te");
  EXPECT_EQ(c.x().captures.request_cookie(e.request.fields, e.arena), "SIDx=1");
}

TEST(ControlActions, ABackendsCaptureNeedsTheFrontendsSlot) {
  Parsed p("backend b\n mode http\n http-request capture path id 4\n");
  p.compile();
  ASSERT_TRUE(p.good()) << p.said();
  Exchange e(kGet);
  EXPECT_EQ(e.run(p.proxy("b").http_request), ActionResult::Continue);
}

TEST(Switching, FirstRuleThatHoldsElseTheDefault) {
  Parsed p(
      "frontend f\n mode http\n use_backend a if { path_beg /a }\n use_backend off if { path_beg /off }\n"
      " use_backend %[req.hdr(x-backend)] if { req.hdr(x-backend) -m found }\n use_backend b if { path_beg /b }\n"
      " default_backend d\nbackend a\n mode http\nbackend b\n mode http\nbackend d\n mode http\nbackend off\n mode "
      "http\n disabled\n");
  p.compile();
  ASSERT_TRUE(p.good()) << p.said();
  const auto chosen = [&](std::string_view request) {
    Exchange e(request);
    const auto* b = select_backend(p.proxy("f"), e.sample, p);
    return b == nullptr ? std::string("-") : b->name;
  };
  EXPECT_EQ(chosen("GET /a HTTP/1.1\n"), "a");
  EXPECT_EQ(chosen("GET /b HTTP/1.1\n"), "b");
  EXPECT_EQ(chosen("GET /off HTTP/1.1\n"), "d");
  EXPECT_EQ(chosen("GET /b HTTP/1.1\nX-Backend: a\n"), "a");
  EXPECT_EQ(chosen("GET /b HTTP/1.1\nX-Backend: nobody\n"), "d");
}

TEST(Switching, TargetsMustFit) {
  Parsed p("frontend f\n mode http\n default_backend f\n use_backend t\nbackend t\n mode tcp\n");
  p.compile();
  EXPECT_TRUE(p.says(3, "unable to find required default_backend: 'f'.")) << p.said();
  EXPECT_TRUE(p.says(4, "incompatible")) << p.said();
}

TEST(Monitor, PathsAndConditions) {
  Compiled c("monitor-uri /alive\nmonitor fail if { req.hdr(dead) yes }");
  bool failing = true;
  Exchange fine("GET /alive?x HTTP/1.1\n");
  EXPECT_TRUE(is_monitor_request(c.x(), fine.sample, fine.request, failing));
  EXPECT_FALSE(failing);
  Exchange dead("GET /alive HTTP/1.1\nDead: yes\n");
  EXPECT_TRUE(is_monitor_request(c.x(), dead.sample, dead.request, failing));
  EXPECT_TRUE(failing);
  Exchange other("GET /alive2 HTTP/1.1\n");
  EXPECT_FALSE(is_monitor_request(c.x(), other.sample, other.request, failing));
}

std::string with_options(const std::string& lines, std::string_view request = "GET / HTTP/1.1\nHost: h.org\n") {
  Compiled c(lines);
  Exchange e(request);
  e.stream.unique_id = "ID1";
  EXPECT_TRUE(add_option_headers(c.x(), c.x(), e.context));
  return e.request_text();
}

TEST(OptionHeaders, ForwardForAndOriginalTo) {
  EXPECT_EQ(with_options("option forwardfor"), "GET /\nhost: h.org\nx-forwarded-for: 127.0.0.1\n");
  EXPECT_EQ(with_options("option forwardfor except 127.0.0.0/8"), "GET /\nhost: h.org\n");
  EXPECT_EQ(with_options("option forwardfor except 127.0.0.1"), "GET /\nhost: h.org\n");
  EXPECT_EQ(with_options("option forwardfor except 10.0.0.0/255.0.0.0"),
            "GET /\nhost: h.org\nx-forwarded-for: 127.0.0.1\n");
  EXPECT_EQ(with_options("option forwardfor if-none", "GET / HTTP/1.1\nX-Forwarded-For: 9\n"),
            "GET /\nx-forwarded-for: 9\n");
  EXPECT_EQ(with_options("option originalto header X-To"), "GET /\nhost: h.org\nx-to: 10.0.0.1\n");
  EXPECT_EQ(with_options("option originalto except 10.0.0.1/32"), "GET /\nhost: h.org\n");
  EXPECT_EQ(with_options("unique-id-format %rt\nunique-id-header X-Id"), "GET /\nhost: h.org\nx-id: ID1\n");
}

TEST(OptionHeaders, Forwarded) {
  const auto forwarded = [](const std::string& args) {
    const std::string r = with_options("option forwarded " + args);
    const auto at = r.find("forwarded: ");
    return at == std::string::npos ? std::string() : r.substr(at + 11, r.size() - at - 12);
  };
  EXPECT_EQ(forwarded(""), "proto=http;for=127.0.0.1");
  EXPECT_EQ(forwarded("host for for_port"), "host=\"h.org\";for=\"127.0.0.1:4242\"");
  EXPECT_EQ(forwarded("host-expr str(host.com) by-expr str(_haproxy) for for_port-expr int(10)"),
            "host=\"host.com\";by=_haproxy;for=\"127.0.0.1:10\"");
  EXPECT_EQ(forwarded("by by_port"), "by=\"10.0.0.1:80\"");
  EXPECT_EQ(forwarded("for-expr str(bad)"), "for=unknown");
  EXPECT_EQ(forwarded("for-expr str(::1)"), "for=\"[::1]\"");
}

TEST(OptionHeaders, RestrictedNames) {
  Compiled keep("");
  Compiled drop("option http-restrict-req-hdr-names delete");
  Compiled reject("option http-restrict-req-hdr-names reject");
  Exchange e("GET / HTTP/1.1\nA_b: 1\nA-b: 2\n");
  EXPECT_TRUE(restrict_header_names(keep.x(), e.request));
  EXPECT_FALSE(restrict_header_names(reject.x(), e.request));
  EXPECT_TRUE(restrict_header_names(drop.x(), e.request));
  EXPECT_EQ(e.request_text(), "GET /\na-b: 2\n");
}

}  // namespace
}  // namespace sluice::proxy
