// Expected texts were taken from what haproxy 2.6 logs, and from the samples of level 3.5, for the same facts.
#include "sluice/policy/log_format.h"

#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

class LogFormats : public ::testing::Test {
 protected:
  LogFormats() {
    setenv("TZ", "UTC", 1);
    tzset();
    w.stream.backend = &w.backend;
    w.stream.server = &w.server;
    w.stream.back_src = &w.back_src;
    w.stream.back_dst = &w.back_dst;
    w.stream.timers = {0, 0, 10, 0, 30, 69, 0, 109, 109, 109};
    w.stream.counts = {1, 1, 1, 1, 0, 0, 0, false};
    w.stream.status = 200;
    w.stream.bytes_out = 2750;
    w.stream.bytes_in = 120;
    w.stream.request_line = "GET /index.html?a=b HTTP/1.1";
    w.stream.request_wall_us = 1795366063'004000;
    w.stream.request_counter = 5;
    w.stream.log_counter = 9;
  }
  // A stream that never got a request.
  void bad_request() {
    w.stream.backend = nullptr;
    w.stream.server = nullptr;
    w.stream.back_src = w.stream.back_dst = nullptr;
    w.stream.timers = {0, 0, -1, -1, -1, -1, 0, 0, 0, 0};
    w.stream.counts = {1, 1, 0, 0, 0, 0, 0, false};
    w.stream.status = 400;
    w.stream.bytes_out = w.stream.bytes_in = 0;
    w.stream.request_line = {};
    w.stream.termination = {'P', 'R', '-', '-'};
  }
  World w;
};

TEST_F(LogFormats, Httplog) {
  EXPECT_EQ(w.log(kHttpLogFormat),
            "127.0.0.1:50036 [22/Nov/2026:16:47:43.004] fe1 be1/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "
            "\"GET /index.html?a=b HTTP/1.1\"");
  const std::string_view req[] = {"www.example.com", {}, "a b|c{d}\"e#f\xff\t]\\z"};
  const std::string_view res[] = {"te|s{t}\"#x"};
  w.stream.request_captures = req;
  w.stream.response_captures = res;
  w.stream.request_cookie = "SID=a#b\\";
  w.stream.response_cookie = "SID=xyz";
  EXPECT_EQ(w.log(kHttpLogFormat),
            "127.0.0.1:50036 [22/Nov/2026:16:47:43.004] fe1 be1/srv1 10/0/30/69/109 200 2750 SID=a#b\\ SID=xyz ---- "
            "1/1/1/1/0 "
            "0/0 {www.example.com||a b#7Cc#7Bd#7D#22e#23f#FF#09]\\z} {te#7Cs#7Bt#7D#22#23x} "
            "\"GET /index.html?a=b HTTP/1.1\"");
}

TEST_F(LogFormats, HttplogOfABadRequest) {
  bad_request();
  EXPECT_EQ(w.log(kHttpLogFormat),
            "127.0.0.1:50036 [22/Nov/2026:16:47:43.004] fe1 fe1/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "
            "\"<BADREQ>\"");
  w.stream.status = 0;
  EXPECT_EQ(w.log("%ST"), "-1");
}

TEST_F(LogFormats, HttplogAsap) {
  w.stream.incomplete = true;
  w.stream.counts.redispatched = true;
  w.stream.counts.retries = 3;
  EXPECT_EQ(w.log("%TR/%Tw/%Tc/%Tr/%Ta %B %Tt %U %rc"), "10/0/30/69/+109 +2750 +109 120 +3");
}

TEST_F(LogFormats, Services) {
  w.stream.backend = nullptr;
  w.stream.server = nullptr;
  w.stream.service = "STATS";
  EXPECT_EQ(w.log("%b/%s %{+Q}s"), "fe1/<STATS> \"<STATS>\"");
}

TEST_F(LogFormats, Tcplog) {
  w.stream.timers.queue = 1;
  w.stream.timers.connect = 0;
  w.stream.timers.total = 0;
  w.stream.bytes_out = 103;
  w.stream.counts = {1, 1, 0, 0, 0, 0, 0, false};
  w.http = false;
  EXPECT_EQ(w.log(kTcpLogFormat), "127.0.0.1:50036 [22/Nov/2026:16:47:42.278] fe1 be1/srv1 1/0/0 103 -- 1/1/0/0/0 0/0");
}

TEST_F(LogFormats, Clf) {
  EXPECT_EQ(w.log(kClfHttpLogFormat),
            "127.0.0.1 - - [22/Nov/2026:16:47:43 +0000] \"GET /index.html?a=b HTTP/1.1\" 200 2750 \"\" \"\" 50036 278 "
            "\"fe1\" "
            "\"be1\" \"srv1\" 10 0 30 69 109 ---- 1 1 1 1 0 0 0 \"\" \"\" ");
  bad_request();
  const std::string_view req[] = {"www.example.com", {}};
  w.stream.request_captures = req;
  EXPECT_EQ(w.log(kClfHttpLogFormat),
            "127.0.0.1 - - [22/Nov/2026:16:47:43 +0000] \"<BADREQ>\" 400 0 \"\" \"\" 50036 278 \"fe1\" \"fe1\" "
            "\"<NOSRV>\" -1 -1 "
            "-1 -1 0 PR-- 1 1 0 0 0 0 0 \"\" \"\" \"www.example.com\" \"\" ");
  w.http = false;
  EXPECT_EQ(w.log(kClfTcpLogFormat).substr(0, 61),
            "127.0.0.1 - - [22/Nov/2026:16:47:42 +0000] \"TCP \" 000 0 \"\" \"\"");
}

TEST_F(LogFormats, EveryAliasIsCompiled) {
  for (const char* a :
       {"T",  "Tl",  "Ts", "t",   "ms", "tr", "trg", "trl", "Ta", "Tc",  "Td", "Th", "Ti", "Tq",  "TR",   "Tr",
        "Tt", "Tu",  "Tw", "B",   "CC", "CS", "H",   "HM",  "HP", "HPO", "HQ", "HU", "HV", "ID",  "ST",   "U",
        "ac", "b",   "bc", "bi",  "bp", "bq", "ci",  "cp",  "f",  "fc",  "fi", "fp", "ft", "lc",  "hr",   "hrl",
        "hs", "hsl", "OG", "pid", "r",  "rc", "rt",  "s",   "sc", "si",  "sp", "sq", "ts", "tsc", "sslc", "sslv"}) {
    EXPECT_NE(w.log(std::string("%") + a), "(error)") << a << w.messages();
  }
}

TEST_F(LogFormats, Addresses) {
  EXPECT_EQ(w.log("%ci|%cp|%fi|%fp|%bi|%bp|%si|%sp"), "127.0.0.1|50036|127.0.0.1|18200|127.0.0.1|40000|127.0.0.2|8000");
  EXPECT_EQ(w.log("%{+X}o %ci|%cp|%fi|%fp|%bi|%bp|%si|%sp|%Ts|%rt|%pid|%ms"),
            "7F000001|C374|7F000001|4718|7F000001|9C40|7F000002|1F40|6B031CAE|0005|6E03|116");
  w.stream.log_counter = 26;
  EXPECT_EQ(w.log("%lc|%{+X}lc"), "26|001A");
  EXPECT_EQ(w.log("%sslc|%sslv|%{+Q}sslv"), "-|-|\"\"");
  EXPECT_EQ(w.log("%{+Q}ci|%{+Q}cp"), "\"127.0.0.1\"|50036");
  w.stream.back_src = w.stream.back_dst = nullptr;
  EXPECT_EQ(w.log("%bi|%bp|%{+X}si|%{+Q}sp"), "-|-|-|\"\"");
  ASSERT_TRUE(net::parse_ip("2001:db8::1", w.conn.src));
  EXPECT_EQ(w.log("%ci|%{+X}ci"), "2001:db8::1|20010DB8000000000000000000000001");
}

TEST_F(LogFormats, Dates) {
  EXPECT_EQ(w.log("%T|%Tl|%t|%tr|%trg|%trl|%Ts|%ms"),
            "22/Nov/2026:16:47:42 +0000|22/Nov/2026:16:47:42 +0000|22/Nov/2026:16:47:42.278|22/Nov/2026:16:47:43.004|"
            "22/Nov/2026:16:47:43 +0000|22/Nov/2026:16:47:43 +0000|1795366062|278");
  w.stream.request_wall_us = 0;
  EXPECT_EQ(w.log("%tr"), "22/Nov/2026:16:47:42.278");
  w.conn.accept_wall_us = 1795366062'007000;
  EXPECT_EQ(w.log("%t %ms"), "22/Nov/2026:16:47:42.007 007");
}

TEST_F(LogFormats, RequestParts) {
  w.stream.request_line = "GET /p%41|x/x?q=1&b=[\\]~ HTTP/1.1";
  EXPECT_EQ(w.log("%HM|%HP|%HPO|%HQ|%HU|%HV"), "GET|/p%41|x/x|/p%41|x/x|?q=1&b=[\\]~|/p%41|x/x?q=1&b=[\\]~|HTTP/1.1");
  EXPECT_EQ(w.log("%{+E}r %{+Q,+E}HQ"), "GET /p%41|x/x?q=1&b=[\\\\\\]~ HTTP/1.1 \"?q=1&b=[\\\\\\]~\"");
  w.stream.request_line = "GET http://h.x/a/b HTTP/1.0";
  EXPECT_EQ(w.log("%HM|%HP|%HPO|%HQ|%{+Q}HQ|%HU|%HV"), "GET|http://h.x/a/b|/a/b||\"\"|http://h.x/a/b|HTTP/1.0");
  w.stream.request_line = "OPTIONS * HTTP/1.1";
  EXPECT_EQ(w.log("%HM|%HP|%HQ|%HU|%HV|%r"), "OPTIONS|*||*|HTTP/1.1|OPTIONS * HTTP/1.1");
  w.stream.request_line = "GET /a\"b#\x01\x7f\xe9 HTTP/1.1";
  EXPECT_EQ(w.log("%r"), "GET /a#22b#23#01#7F#E9 HTTP/1.1");
  w.stream.request_line = {};
  EXPECT_EQ(w.log("%HM|%HP|%HQ|%HU|%HV|%r|%{+Q}r"),
            "<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|\"<BADREQ>\"");
}

TEST_F(LogFormats, Captures) {
  const std::string_view req[] = {"www.example.com", {}, "a b|c{d}\"e#f\xff\t]\\z"};
  w.stream.request_captures = req;
  EXPECT_EQ(w.log("%hr|%hs|%hrl|%hsl"),
            "{www.example.com||a b#7Cc#7Bd#7D#22e#23f#FF#09]\\z}||www.example.com - a b#7Cc#7Bd#7D#22e#23f#FF#09]\\z|");
  EXPECT_EQ(w.log("%{+Q}hr|%{+Q}hrl"),
            "\"{www.example.com||a b#7Cc#7Bd#7D#22e#23f#FF#09]\\z}\"|"
            "\"www.example.com\" \"\" \"a b#7Cc#7Bd#7D#22e#23f#FF#09]\\z\"");
  EXPECT_EQ(w.log("%{+E}hrl"), "www.example.com - a b#7Cc#7Bd#7D#22e#23f#FF#09\\]\\\\z");
  EXPECT_EQ(w.log("%[capture.req.hdr(2)]|%[capture.req.hdr(1)]|%{+Q}[capture.req.hdr(1)]"),
            "a b|c{d}\"e#f\xff\t]\\z|-|\"\"");
  EXPECT_EQ(w.log("%{+Q,+E}[capture.req.hdr(2)]"), "\"a b|c{d}\\\"e#f\xff\t\\]\\\\z\"");
}

TEST_F(LogFormats, QuotingFlags) {
  EXPECT_EQ(w.log("%{+Q}o %f|%ft|%b|%s|%H|%ID|%ST|%B|%CC|%tsc|%ts|%lc|%rt"),
            "\"fe1\"|\"fe1\"|\"be1\"|\"srv1\"|\"vm\"|\"\"|200|2750|\"\"|----|--|9|5");
  EXPECT_EQ(w.log("%{+Q}o x%{-Q}ci y%ci%{-Q}o z"), "x127.0.0.1 y\"127.0.0.1\" z");
  EXPECT_EQ(w.log("%{+Q}f %f %o %ci"), "\"fe1\" fe1 127.0.0.1");
  EXPECT_EQ(w.log("%{Q}ci|%{Q}o|%ci|%{Q,E}s"), "127.0.0.1||127.0.0.1|srv1");  // without a sign: nothing
  w.conn.tls = true;
  EXPECT_EQ(w.log("%f %ft %{+Q}ft"), "fe1 fe1~ \"fe1~\"");
}

TEST_F(LogFormats, Blanks) {
  EXPECT_EQ(w.log("a   b\tc %%d   %ci  "), "a b\tc %d 127.0.0.1 ");
  EXPECT_EQ(w.log("  lead %ci %{+Q}o %{-Q}ci x"), "lead 127.0.0.1 127.0.0.1 x");
  EXPECT_EQ(w.log("%{+Q}o%ci  %o  %b"), "\"127.0.0.1\" \"be1\"");
  EXPECT_EQ(w.log("x %o y"), "x y");
  EXPECT_EQ(w.log("x %hr %hs y"), "x y");
  EXPECT_EQ(w.log("%hr x"), "x");
  EXPECT_EQ(w.http_value("  a  %o  b "), "  a    b ");  // values keep theirs
}

TEST_F(LogFormats, Expressions) {
  EXPECT_EQ(w.log("%[str(a b#c|d)]|%[int(5)]|%[src]|%{+Q}[int(5)]|%{+X}[int(255)]"), "a b#c|d|5|127.0.0.1|\"5\"|255");
  EXPECT_EQ(w.log("a %[str()] b"), "a - b");
  EXPECT_EQ(w.log("a %{+Q}[str()] b"), "a \"\" b");
  EXPECT_EQ(w.log("%[str(\"a]b\")]"), "a]b");
}

TEST_F(LogFormats, HttpValues) {
  EXPECT_EQ(w.http_value("%[str(\"a\\nb\")]"), "a%0Ab");
  EXPECT_EQ(w.http_value("%ID|%CC|%{+Q}[req.hdr(nope)]|%[req.hdr(nope)]|%s"), "||||srv1");
  w.request("GET", "/a?x=[|]", {{"x", "a\"b\\c]d \xc3\xa9#"}});
  EXPECT_EQ(w.http_value("%HU|%{+Q}HU|%{+E}[req.hdr(x)]|%[req.hdr(x)]|%r"),
            "/a?x=[|]|\"/a?x=[|]\"|a\\\"b\\\\c\\]d \xc3\xa9#|a\"b\\c]d \xc3\xa9#|GET /a?x=[|] HTTP/1.1");
  w.stream.request_line = {};  // not kept: rules see the request itself
  EXPECT_EQ(w.http_value("%HM %HU %HV|%{+Q}r"), "GET /a?x=[|] HTTP/1.1|\"GET /a?x=[|] HTTP/1.1\"");
}

TEST_F(LogFormats, Json) {
  EXPECT_EQ(w.log("%{+json}o %(client)ci text %(port)cp %(status:str)ST %(missing)ID %(custom)[str(\"a\\\"b\")] "
                  "%(ok)[always_true] %(n)[int(-5)] %ci"),
            "{\"client\": \"127.0.0.1\", \"port\": 50036, \"status\": \"200\", \"missing\": null, \"custom\": "
            "\"a\\\"b\", \"ok\": true, \"n\": -5}");
  EXPECT_EQ(w.log("x=%{+json}ci y=%{+json}cp"), "x=\"127.0.0.1\" y=50036");
  w.stream.incomplete = true;
  EXPECT_EQ(w.log("%{+json}o %(b)B"), "{\"b\": 2750}");
  EXPECT_EQ(w.log("%{+json}o %(t:bool)[int(3)] %(s:sint)[str(12x)]"), "{\"t\": true, \"s\": 12}");
}

TEST_F(LogFormats, Cbor) {
  EXPECT_EQ(w.log("%{+cbor}o %(a)cp %(b)[str(hi)] %(c)[int(-1)] %(d)ID"),
            "BF616119C374616262686961632061"
            "64F6FF");
  EXPECT_EQ(w.log("%{+cbor,+bin}o %(a)[int(5)]"), "\xBF\x61\x61\x05\xFF");
}

TEST_F(LogFormats, NamesAreIgnoredWithoutEncoding) { EXPECT_EQ(w.log("%(client)ci %(x:str)[int(5)]"), "127.0.0.1 5"); }

TEST_F(LogFormats, Errors) {
  const auto error = [&](std::string_view format) {
    w.diag.clear();
    EXPECT_EQ(w.log(format), "(error)") << format;
    return w.diag.all().empty() ? std::string() : w.diag.all()[0].message;
  };
  EXPECT_NE(
      error("%nosuch").find(
          "no such format alias 'nosuch'. If you wanted to emit the '%' character verbatim, you need to use '%%'."),
      std::string::npos);
  EXPECT_NE(error("abc %").find("truncated line after '%'"), std::string::npos);
  EXPECT_NE(error("% x").find("Maybe you want to write a single '%', use the syntax '%%'"), std::string::npos);
  EXPECT_NE(error("%[path").find("missing ']' after 'path'"), std::string::npos);
  EXPECT_NE(error("%[").find("missing fetch method"), std::string::npos);
  EXPECT_NE(error("%[nope]").find("failed to parse sample expression <nope]> : unknown fetch method 'nope'"),
            std::string::npos);
  EXPECT_NE(error("%{+Q").find("missing '}'"), std::string::npos);
  EXPECT_NE(error("%(name").find("missing ')'"), std::string::npos);
  EXPECT_NE(error("%(a:float)ci").find("invalid type 'float'"), std::string::npos);
  EXPECT_NE(error("%ci %{+Q}").find("truncated line after '%'"), std::string::npos);
  error("ab %zz");
  EXPECT_EQ(w.diag.all()[0].at.column, 5U);
  w.http = false;
  EXPECT_NE(error("%HM").find("format alias 'HM' is reserved for HTTP mode"), std::string::npos);
  w.http = true;
  w.places = kLogPlace;
  EXPECT_NE(error("%[hdr(host)]")
                .find("sample fetch <hdr(host)> may not be reliably used here because it needs 'HTTP request "
                      "headers,HTTP response headers' which is not available here"),
            std::string::npos);
}

TEST_F(LogFormats, LiteralsAreKnown) {
  const LogFormat f = w.compile("plain %% text", FormatUse::HttpValue);
  ASSERT_NE(f.literal(), nullptr);
  EXPECT_EQ(*f.literal(), "plain % text");
  EXPECT_EQ(w.compile("%ci", FormatUse::HttpValue).literal(), nullptr);
}

TEST_F(LogFormats, SaysWhatItNeeds) {
  const LogFormat f = w.compile(kHttpLogFormat, FormatUse::Log);
  EXPECT_TRUE(f.needs().request_line);
  EXPECT_TRUE(f.needs().timers);
  EXPECT_TRUE(f.needs().counts);
  EXPECT_TRUE(f.needs().request_captures);
  EXPECT_TRUE(f.needs().cookies);
  EXPECT_FALSE(f.needs().unique_id);
  EXPECT_TRUE(w.compile("%ID", FormatUse::Log).needs().unique_id);
}

// Cut anywhere, the text is a prefix and nothing is written behind it.
TEST_F(LogFormats, TruncatesAtEveryLength) {
  for (const std::string_view format :
       {kHttpLogFormat, kClfHttpLogFormat, std::string_view("%{+json}o %(a)ci %(b)r %(c)cp")}) {
    const LogFormat f = w.compile(format, FormatUse::Log);
    const std::string whole = w.log(format);
    for (std::size_t n = 0; n <= whole.size(); ++n) {
      std::vector<char> out(n + 1, '\x55');
      const std::size_t used = f.render(w.ctx, out.data(), n);
      EXPECT_LE(used, n);
      EXPECT_EQ(std::string_view(out.data(), used), std::string_view(whole).substr(0, used));
      EXPECT_EQ(out[n], '\x55');
    }
  }
}

}  // namespace
}  // namespace sluice::policy::test
