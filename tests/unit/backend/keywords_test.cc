// Every keyword of the room: what it writes, and what is said about its wrong forms.
#include <gtest/gtest.h>

#include <string>

#include "sluice/backend/backend.h"
#include "sluice/config/parser.h"

namespace sluice::backend {
namespace {

struct Parsed {
  explicit Parsed(const std::string& lines, const std::string& before = "") {
    register_keywords(table);
    static const config::SectionRow backend_row{"backend", config::kBackend, config::SectionRow::Name::Required,
                                                config::SectionRow::kTakesDefaults};
    static const config::SectionRow defaults_row{"defaults", config::kDefaults, config::SectionRow::Name::Optional,
                                                 config::SectionRow::kIsDefaults};
    static const config::SectionRow global_row{"global", config::kGlobal, config::SectionRow::Name::None,
                                               config::SectionRow::kMerges};
    table.add_section(backend_row);
    table.add_section(defaults_row);
    table.add_section(global_row);
    good = config::parse({{"t.cfg", before + "backend b\n" + lines}}, table, {}, document, diag);
  }
  const BackendSpec& spec() const { return document.find("backend", "b")->parts.view<BackendSpec>(); }
  std::string said() const { return diag.render(document.sources, {}); }
  std::unique_ptr<Backend> make() {
    BackendInit init;
    init.name = "b";
    init.spec = &spec();
    return Backend::make(init, diag);
  }

  config::KeywordTable table;
  config::Document document;
  config::Diagnostics diag;
  bool good = false;
};

BackendSpec parse(const std::string& lines, const std::string& before = "") {
  const Parsed p(lines, before);
  EXPECT_TRUE(p.good) << p.said();
  return p.spec();
}

TEST(BackendKeywords, Balance) {
  EXPECT_FALSE(parse("").algorithm.has_value());
  EXPECT_EQ(parse("balance roundrobin\n").algorithm, Algorithm::RoundRobin);
  EXPECT_EQ(parse("balance static-rr\n").algorithm, Algorithm::StaticRr);
  EXPECT_EQ(parse("balance leastconn\n").algorithm, Algorithm::LeastConn);
  EXPECT_EQ(parse("balance first\n").algorithm, Algorithm::First);
  EXPECT_EQ(parse("balance source\n").algorithm, Algorithm::Source);
  EXPECT_EQ(parse("balance random\n").draws, 2U);
  EXPECT_EQ(parse("balance random(5)\n").draws, 5U);
  EXPECT_EQ(parse("hash-type consistent\n").hash_method, HashMethod::Consistent);
  EXPECT_TRUE(parse("hash-type map-based djb2 avalanche\n").hash_avalanche);
}

TEST(BackendKeywords, BackendWide) {
  EXPECT_EQ(parse("fullconn 100\n").fullconn, 100U);
  EXPECT_TRUE(parse("option allbackups\n").all_backups);
  EXPECT_FALSE(parse("no option allbackups\n", "defaults\n option allbackups\n").all_backups);
  EXPECT_EQ(parse("http-reuse always\n").reuse, ReusePolicy::Always);
  EXPECT_EQ(parse("", "defaults\n http-reuse never\n").reuse, ReusePolicy::Never);
  EXPECT_TRUE(parse("source 127.0.0.2\n").source.set);
  EXPECT_EQ(parse("source 0.0.0.0 interface lo\n").source.interface, "lo");
}

TEST(BackendKeywords, Server) {
  const BackendSpec b = parse(
      "server s1 127.0.0.1:80 weight 5 maxconn 10 minconn 3 maxqueue 7 backup check inter 1s fastinter 100ms downinter "
      "5s rise 4 "
      "fall 5 id 9 port 81 slowstart 30s pool-max-conn 4 pool-low-conn 1 pool-purge-delay 2s max-reuse 6\n"
      "server s2 ::1:80 disabled on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions\n"
      "server s3 unix@/run/x.sock\nserver s4 127.0.0.1:+10 proto h1\nserver s5 127.0.0.1 source 127.0.0.3 weight 2\n");
  ASSERT_EQ(b.servers.size(), 5U);
  const ServerOptions& o = b.servers[0].options;
  EXPECT_EQ(o.weight, 5U);
  EXPECT_EQ(o.maxconn, 10U);
  EXPECT_EQ(o.minconn, 3U);
  EXPECT_EQ(o.maxqueue, 7U);
  EXPECT_TRUE(o.backup);
  EXPECT_TRUE(o.check);
  EXPECT_EQ(o.inter, base::Millis{1000});
  EXPECT_EQ(o.fastinter, base::Millis{100});
  EXPECT_EQ(o.downinter, base::Millis{5000});
  EXPECT_EQ(o.rise, 4U);
  EXPECT_EQ(o.fall, 5U);
  EXPECT_EQ(b.servers[0].id, 9U);
  EXPECT_EQ(o.check_port, 81);
  EXPECT_EQ(o.slowstart, base::Millis{30000});
  EXPECT_EQ(o.pool_max_conn, 4);
  EXPECT_EQ(o.pool_low_conn, 1U);
  EXPECT_EQ(o.pool_purge_delay, base::Millis{2000});
  EXPECT_EQ(o.max_reuse, 6);
  EXPECT_TRUE(b.servers[1].options.disabled);
  EXPECT_TRUE(b.servers[1].options.shutdown_sessions_on_down);
  EXPECT_TRUE(b.servers[1].options.shutdown_backup_sessions_on_up);
  EXPECT_EQ(b.servers[2].address.kind, net::AddressKind::Unix);
  EXPECT_EQ(b.servers[3].address.port_kind, net::PortKind::OffsetPlus);
  EXPECT_TRUE(b.servers[4].options.source.set);
  EXPECT_EQ(b.servers[4].options.weight, 2U);
}

TEST(BackendKeywords, DefaultServerAndItsResets) {
  const BackendSpec b = parse(
      "default-server weight 7 backup check disabled\nserver a 127.0.0.1:80\nserver c 127.0.0.1:80 no-backup no-check "
      "enabled\n",
      "defaults\n default-server inter 9s\n");
  EXPECT_EQ(b.servers[0].options.weight, 7U);
  EXPECT_EQ(b.servers[0].options.inter, base::Millis{9000});
  EXPECT_TRUE(b.servers[0].options.backup);
  EXPECT_TRUE(b.servers[0].options.disabled);
  EXPECT_FALSE(b.servers[1].options.backup);
  EXPECT_FALSE(b.servers[1].options.check);
  EXPECT_FALSE(b.servers[1].options.disabled);
}

TEST(BackendKeywords, Checks) {
  const BackendSpec b = parse(
      "option httpchk GET /health HTTP/1.1 www\nhttp-check send hdr X-A b body foo\nhttp-check expect ! rstatus "
      "^5\nhttp-check "
      "disable-on-404\nhttp-check send-state\noption log-health-checks\ntimeout check 3s\n");
  EXPECT_EQ(b.check.type, CheckType::Http);
  EXPECT_EQ(b.check.option_request.method, "GET");
  EXPECT_EQ(b.check.option_request.uri, "/health");
  EXPECT_EQ(b.check.option_request.version, "HTTP/1.1");
  ASSERT_EQ(b.check.option_request.headers.size(), 1U);
  ASSERT_EQ(b.check.http_steps.size(), 2U);
  EXPECT_EQ(b.check.http_steps[0].http.body, "foo");
  EXPECT_TRUE(b.check.http_steps[1].expect.negated);
  EXPECT_TRUE(b.check.disable_on_404);
  EXPECT_TRUE(b.check.send_state);
  EXPECT_TRUE(b.check.log_health_checks);
  EXPECT_EQ(b.check.timeout, base::Millis{3000});
  EXPECT_EQ(parse("option httpchk /x\n").check.option_request.uri, "/x");
  EXPECT_EQ(parse("option httpchk\n").check.option_request.method, "OPTIONS");
}

TEST(BackendKeywords, OwnStepsReplaceInheritedOnes) {
  const std::string defaults = "defaults\n http-check expect status 200\n tcp-check send a\n";
  EXPECT_EQ(parse("", defaults).check.http_steps.size(), 1U);
  const BackendSpec b = parse("http-check expect status 201\nhttp-check expect string x\n", defaults);
  ASSERT_EQ(b.check.http_steps.size(), 2U);
  EXPECT_EQ(b.check.http_steps[0].expect.ranges[0].low, 201);
  EXPECT_EQ(b.check.tcp_steps.size(), 1U);
}

TEST(BackendKeywords, TcpScripts) {
  const BackendSpec b = parse(
      "option tcp-check\ntcp-check connect port 81 linger\ntcp-check send PING\\r\\n\ntcp-check send-binary "
      "0aFF\ntcp-check expect "
      "string PONG\ntcp-check expect binary 00ff\n");
  EXPECT_EQ(b.check.type, CheckType::TcpScript);
  ASSERT_EQ(b.check.tcp_steps.size(), 5U);
  EXPECT_EQ(b.check.tcp_steps[0].port, 81);
  EXPECT_TRUE(b.check.tcp_steps[0].linger);
  EXPECT_EQ(b.check.tcp_steps[1].data, "PING\r\n");
  EXPECT_EQ(b.check.tcp_steps[2].data, "\x0a\xff");
  EXPECT_EQ(b.check.tcp_steps[4].expect.pattern, std::string("\0\xff", 2));
}

TEST(BackendKeywords, Global) {
  const Parsed p("", "global\n spread-checks 5\n max-spread-checks 2s\n");
  ASSERT_TRUE(p.good) << p.said();
  const auto& g = p.document.global()->parts.view<GlobalCheckSpec>();
  EXPECT_EQ(g.spread_percent, 5U);
  EXPECT_EQ(g.max_spread, base::Millis{2000});
}

struct Wrong {
  const char* line;
  const char* message;
};
class WrongLines : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongLines, AreReported) {
  const Parsed p(std::string(GetParam().line) + "\n");
  EXPECT_FALSE(p.good);
  EXPECT_NE(p.said().find(GetParam().message), std::string::npos) << p.said();
  EXPECT_NE(p.said().find("[t.cfg:2]"), std::string::npos) << p.said();
}

INSTANTIATE_TEST_SUITE_P(Backend, WrongLines,
                         ::testing::Values(Wrong{"balance foo", "unknown algorithm 'foo'"},
                                           Wrong{"balance leastcon", "did you mean 'leastconn' maybe ?"},
                                           Wrong{"balance hdr(host)", "'balance hdr' is not supported yet"},
                                           Wrong{"balance uri whole", "'balance uri' is not supported yet"},
                                           Wrong{"balance random(0)", "number of draws must be at least 1"},
                                           Wrong{"balance random(x)", "unexpected character 'x'"},
                                           Wrong{"balance roundrobin x", "unexpected argument 'x'"},
                                           Wrong{"hash-type foo",
                                                 "'hash-type' only supports 'consistent' and 'map-based'."},
                                           Wrong{"hash-type map-based foo", "hash functions"},
                                           Wrong{"http-reuse foo", "only supports 'never'"},
                                           Wrong{"fullconn x", "fullconn"}, Wrong{"source foo:bar", "source"}));

INSTANTIATE_TEST_SUITE_P(
    Server, WrongLines,
    ::testing::Values(Wrong{"server", "'server' expects <name> and <addr>[:<port>] as arguments."},
                      Wrong{"server s1", "'server' expects <name>"},
                      Wrong{"server s1 127.0.0.1:80 weight 300",
                            "'server b/s1' : weight of server s1 is not within 0 and 256 (300)."},
                      Wrong{"server s1 127.0.0.1:80 weight -1", "not within 0 and 256"},
                      Wrong{"server s1 127.0.0.1:80 weight", "weight"},
                      Wrong{"server s/1 127.0.0.1:80", "character '/' is not permitted"},
                      Wrong{"server s1 127.0.0.1:80 inter 0", "invalid value 0 for argument 'inter'"},
                      Wrong{"server s1 127.0.0.1:80 rise 0", "'rise' has to be > 0."},
                      Wrong{"server s1 127.0.0.1:80 id 0", "custom id has to be > 0."},
                      Wrong{"server s1 127.0.0.1:80 foo", "unknown keyword 'foo'"},
                      Wrong{"server s1 127.0.0.1:80 weigth 3", "did you mean 'weight'"},
                      Wrong{"server s1 127.0.0.1:80 cookie a", "'cookie' is not supported yet"},
                      Wrong{"server s1 127.0.0.1:80 ssl", "'ssl' is not supported yet"},
                      Wrong{"server s1 127.0.0.1:80 socks4 127.0.0.1", "missing port number"},
                      Wrong{"server s1 127.0.0.1:80 socks4 /tmp/x:1", "socks4"},
                      Wrong{"server s1 127.0.0.1:80 source 127.0.0.1:9-8", "invalid port range"},
                      Wrong{"source 127.0.0.1:8-9", "port ranges are not permitted"},
                      Wrong{"server s1 sockpair@x", "not a valid integer"},
                      Wrong{"server s1 127.0.0.1:80 proxy-v2-options crc32c,nope", "option 'nope' is unknown"},
                      Wrong{"server s1 127.0.0.1:80 set-proxy-v2-tlv-fmt(256) x", "type between 0 and 255"},
                      Wrong{"server s1 127.0.0.1:80 set-proxy-v2-tlv-fmt x", "type between 0 and 255"},
                      Wrong{"server s1 127.0.0.1:80 track a/b", "not supported yet"},
                      Wrong{"server s1 127.0.0.1:80 observe layer7", "not supported yet"},
                      Wrong{"server s1 127.0.0.1:80 init-addr foo", "unknown init-addr method 'foo'"},
                      Wrong{"server s1 127.0.0.1:80 on-marked-down foo", "expects 'shutdown-sessions' but got 'foo'"},
                      Wrong{"server s1 127.0.0.1:80 pool-max-conn -2", "'pool-max-conn' must be >= -1."},
                      Wrong{"server s1 127.0.0.1:80 proto h2", "'proto h2' is not supported yet"},
                      Wrong{"server s1 127.0.0.1:80 proto foo", "unknown MUX protocol 'foo'"},
                      Wrong{"server s1 127.0.0.1:80-90", "range"}, Wrong{"server s1 127.0.0.1:99999", "port"},
                      Wrong{"default-server 127.0.0.1:80", "no address was expected"},
                      Wrong{"default-server id 4", "not allowed"}));

INSTANTIATE_TEST_SUITE_P(
    Checks, WrongLines,
    ::testing::Values(Wrong{"http-check expect", "expects at least a matching pattern"},
                      Wrong{"http-check expect foo bar", "got 'foo'"},
                      Wrong{"http-check expect status", "expects a <pattern>"},
                      Wrong{"http-check expect status abc", "invalid character 'a' in the list of status codes"},
                      Wrong{"http-check expect status 200-100", "invalid range of status codes '200-100'"},
                      Wrong{"http-check expect rstatus (", "regex '(' is invalid"},
                      Wrong{"http-check expect hdr name a", "not supported yet"},
                      Wrong{"http-check send foo", "expects 'comment', 'meth'"},
                      Wrong{"http-check send hdr x", "'hdr' expects <name> and <value>"},
                      Wrong{"http-check send hdr x %[src]", "log-format expressions are not supported yet"},
                      Wrong{"http-check connect ssl", "'ssl' is not supported yet"},
                      Wrong{"tcp-check send-binary xyz", "hexadecimal"},
                      Wrong{"tcp-check expect status 200", "got 'status'"}, Wrong{"tcp-check connect foo", "got 'foo'"},
                      Wrong{"timeout check x", "timeout check"}));

TEST(BackendMake, IdsAreFilledIn) {
  Parsed p("server a 127.0.0.1:80\nserver c 127.0.0.1:80 id 1\nserver d 127.0.0.1:80\n");
  const auto b = p.make();
  ASSERT_NE(b, nullptr) << p.said();
  EXPECT_EQ(b->server(0).id(), 2U);
  EXPECT_EQ(b->server(1).id(), 1U);
  EXPECT_EQ(b->server(2).id(), 3U);
}

TEST(BackendMake, Conflicts) {
  for (const auto& [lines, message] : std::vector<std::pair<const char*, const char*>>{
           {"server a 127.0.0.1:80\nserver a 127.0.0.1:81\n", "another server named 'a' was already defined"},
           {"server a 127.0.0.1:80 id 4\nserver c 127.0.0.1:81 id 4\n", "custom id 4 already used"},
           {"server a 127.0.0.1 check\n", "neither service port nor check port"},
           {"server a no.such.host.invalid:80\n", "could not resolve address 'no.such.host.invalid'"}}) {
    Parsed p(lines);
    ASSERT_TRUE(p.good) << p.said();
    EXPECT_EQ(p.make(), nullptr) << lines;
    EXPECT_NE(p.said().find(message), std::string::npos) << p.said();
  }
}

TEST(BackendMake, AServerAtNoAddressIsTheOneTheClientConnectedTo) {
  Parsed p("server a 0.0.0.0:80\nserver b ::\nserver c 127.0.0.1:80\n");
  const auto b = p.make();
  ASSERT_NE(b, nullptr) << p.said();
  const net::Address dst = net::Address::ip4(0x7f000005, 1000);
  EXPECT_EQ(b->server(0).connect_address(dst).text(), "127.0.0.5:80");
  EXPECT_EQ(b->server(1).connect_address(dst).text(), "127.0.0.5:1000");
  EXPECT_EQ(b->server(2).connect_address(dst).text(), "127.0.0.1:80");
  EXPECT_TRUE(b->server(0).follows_client());
  EXPECT_TRUE(b->server(1).follows_client());
  EXPECT_FALSE(b->server(2).follows_client());
}

TEST(BackendMake, PortsFollowTheClient) {
  Parsed p("server a 127.0.0.1:+10\nserver c 127.0.0.1:-10\nserver d 127.0.0.1\nserver e 127.0.0.1:80\n");
  const auto b = p.make();
  ASSERT_NE(b, nullptr) << p.said();
  EXPECT_EQ(b->server(0).connect_address(1000).address().port(), 1010);
  EXPECT_EQ(b->server(1).connect_address(1000).address().port(), 990);
  EXPECT_EQ(b->server(2).connect_address(1000).address().port(), 1000);
  EXPECT_EQ(b->server(3).connect_address(1000).address().port(), 80);
}

TEST(BackendMake, InitAddr) {
  Parsed p(
      "server a no.such.host.invalid:80 init-addr last,libc,none\nserver c no.such.host.invalid:80 init-addr "
      "last,127.0.0.9\n");
  const auto b = p.make();
  ASSERT_NE(b, nullptr) << p.said();
  EXPECT_EQ(b->server(0).status_text(), "MAINT (resolution)");
  EXPECT_EQ(b->server(1).address().text(), "127.0.0.9:80");
}

}  // namespace
}  // namespace sluice::backend
