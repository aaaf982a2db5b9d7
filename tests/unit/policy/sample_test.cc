// Samples that need more than a request: connection, stream, response, process, live state.
#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

TEST(Samples, ConnectionAndProcess) {
  World w;
  EXPECT_EQ(w.sample("src"), "127.0.0.1");
  EXPECT_EQ(w.sample("src_port"), "50036");
  EXPECT_EQ(w.sample("dst_port"), "18200");
  EXPECT_EQ(w.sample("src_is_local"), "1");
  EXPECT_EQ(w.sample("fe_name"), "fe1");
  EXPECT_EQ(w.sample("fe_id"), "3");
  EXPECT_EQ(w.sample("so_name"), "lst");
  EXPECT_EQ(w.sample("so_id"), "7");
  EXPECT_EQ(w.sample("fe_defbe"), "(none)");
  EXPECT_EQ(w.sample("hostname"), "vm");
  EXPECT_EQ(w.sample("pid"), "28163");
  EXPECT_EQ(w.sample("uptime"), "70");
  EXPECT_EQ(w.sample("date"), "1795366070");
  EXPECT_EQ(w.sample("date(-70)"), "1795366000");
  EXPECT_EQ(w.sample("date(5,ms)"), "1795366070505");
  EXPECT_EQ(w.sample("date_us"), "500000");
  EXPECT_EQ(w.sample("accept_date"), "1795366062");
  EXPECT_EQ(w.sample("accept_date(us)"), "1795366062278123");
  EXPECT_EQ(w.sample("ssl_fc"), "0");
  const net::Address real = net::Address::ip4(0x0a000001, 99);
  w.conn.fc_src = &real;
  EXPECT_EQ(w.sample("fc_src"), "10.0.0.1");
  EXPECT_EQ(w.sample("fc_src_port"), "99");
  EXPECT_EQ(w.sample("src"), "127.0.0.1");
}

TEST(Samples, NothingWithoutFacts) {
  World w;
  w.ctx.conn = nullptr;
  w.ctx.stream = nullptr;
  for (const auto* e : {"src", "src_port", "fe_name", "be_name", "srv_name", "path", "method", "hdr(a)", "req.ver",
                        "status", "capture.req.method", "res.hdr(a)", "bc_src", "unique-id", "txn.status"}) {
    EXPECT_EQ(w.sample(e), "(none)") << e;
  }
}

TEST(Samples, Stream) {
  World w;
  EXPECT_EQ(w.sample("be_name"), "(none)");
  w.stream.backend = &w.backend;
  w.stream.server = &w.server;
  w.stream.back_src = &w.back_src;
  w.stream.back_dst = &w.back_dst;
  w.stream.timers = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  w.stream.counts.retries = 2;
  w.stream.counts.redispatched = true;
  w.stream.counts.backend_queue = 12;
  w.stream.status = 404;
  w.stream.bytes_in = 77;
  w.stream.bytes_out = 88;
  w.stream.termination = {'C', 'D', 'V', 'N'};
  w.stream.unique_id = "abc";
  EXPECT_EQ(w.sample("be_name"), "be1");
  EXPECT_EQ(w.sample("be_id"), "4");
  EXPECT_EQ(w.sample("srv_name"), "srv1");
  EXPECT_EQ(w.sample("srv_id"), "1");
  EXPECT_EQ(w.sample("bc_src_port"), "40000");
  EXPECT_EQ(w.sample("bc_dst"), "127.0.0.2");
  EXPECT_EQ(w.sample("fc.timer.handshake"), "1");
  EXPECT_EQ(w.sample("req.timer.idle"), "2");
  EXPECT_EQ(w.sample("req.timer.hdr"), "3");
  EXPECT_EQ(w.sample("req.timer.tq"), "6");
  EXPECT_EQ(w.sample("req.timer.queue"), "4");
  EXPECT_EQ(w.sample("bc.timer.connect"), "5");
  EXPECT_EQ(w.sample("res.timer.hdr"), "6");
  EXPECT_EQ(w.sample("res.timer.data"), "7");
  EXPECT_EQ(w.sample("txn.timer.total"), "8");
  EXPECT_EQ(w.sample("fc.timer.total"), "9");
  EXPECT_EQ(w.sample("txn.timer.user"), "10");
  EXPECT_EQ(w.sample("txn.conn_retries"), "2");
  EXPECT_EQ(w.sample("txn.redispatched,iif(+,)"), "+");
  EXPECT_EQ(w.sample("bc_be_queue"), "12");
  EXPECT_EQ(w.sample("txn.status"), "404");
  EXPECT_EQ(w.sample("bytes_in"), "77");
  EXPECT_EQ(w.sample("bytes_out"), "88");
  EXPECT_EQ(w.sample("txn.sess_term_state"), "CD");
  EXPECT_EQ(w.sample("unique-id"), "abc");
}

TEST(Samples, Response) {
  World w;
  w.response(302,
             {{"location", "/x"}, {"set-cookie", "SID=xyz; Path=/; A=1"}, {"set-cookie", "B=2"}, {"vary", "a, b"}});
  EXPECT_EQ(w.sample("status"), "302");
  EXPECT_EQ(w.sample("res.hdr(Location)"), "/x");
  EXPECT_EQ(w.sample("res.hdr_cnt(vary)"), "2");
  EXPECT_EQ(w.sample("res.fhdr_cnt(vary)"), "1");
  EXPECT_EQ(w.sample("res.fhdr(vary)"), "a, b");
  EXPECT_EQ(w.sample("res.ver"), "1.1");
  EXPECT_EQ(w.sample("res.cook(SID)"), "xyz");
  EXPECT_EQ(w.sample("res.cook(A)"), "(none)");  // an attribute, no cookie
  EXPECT_EQ(w.sample("res.cook(B)"), "2");
  EXPECT_EQ(w.sample("res.cook_cnt"), "2");
  EXPECT_EQ(w.sample("res.cook_names(;)"), "SID;B");
  EXPECT_EQ(w.sample("res.hdr_names"), "location,set-cookie,set-cookie,vary");
  EXPECT_EQ(w.sample("hdr(location)"), "(none)");
  w.ctx.response_side = true;
  EXPECT_EQ(w.sample("hdr(location)"), "/x");
}

TEST(Samples, CapturesAreKeptFromEdits) {
  World w;
  w.request("POST", "http://h/p?q=1", {{"host", "h"}}, http::Version::H10);
  w.req.target = "/other";
  w.ctx.request_changed();
  EXPECT_EQ(w.sample("path"), "/other");
  EXPECT_EQ(w.sample("capture.req.uri"), "/p?q=1");
  EXPECT_EQ(w.sample("capture.req.method"), "POST");
  EXPECT_EQ(w.sample("capture.req.ver"), "HTTP/1.0");
  const std::string_view slots[] = {"one", {}};
  w.stream.request_captures = slots;
  EXPECT_EQ(w.sample("capture.req.hdr(0)"), "one");
  EXPECT_EQ(w.sample("capture.req.hdr(1)"), "(none)");
  EXPECT_EQ(w.sample("capture.req.hdr(2)"), "(none)");
  EXPECT_EQ(w.sample("capture.req.hdr(-1)"), "(error)");
}

TEST(Samples, RemovedFieldsAreNotSeen) {
  World w;
  w.request("GET", "/", {{"x-a", "1"}, {"x-a", "2"}, {"host", "h"}});
  w.req.fields[1].remove();
  EXPECT_EQ(w.sample("req.hdr(x-a)"), "1");
  EXPECT_EQ(w.sample("req.hdr_cnt(x-a)"), "1");
  EXPECT_EQ(w.sample("req.hdr_names"), "x-a,host");
}

TEST(Samples, TargetsWithoutPath) {
  World w;
  w.request("OPTIONS", "*", {{"host", "h"}});
  w.req.form = http::TargetForm::Asterisk;
  EXPECT_EQ(w.sample("path"), "(none)");
  EXPECT_EQ(w.sample("url"), "*");
  w.request("GET", "/x?", {{"host", "h"}});
  EXPECT_EQ(w.sample("query"), "");
  EXPECT_TRUE(w.condition("if { query -m found }"));
  EXPECT_EQ(w.sample("query(with_qm)"), "");
  w.request("GET", "/x", {{"host", "h"}});
  EXPECT_FALSE(w.condition("if { query -m found }"));
}

TEST(Samples, LiveState) {
  World w;
  ProxyState be;
  be.usable_servers = 3;
  be.connections = 11;
  be.queued = 7;
  w.lookup.backends["be1"] = be;
  ProxyState fe;
  fe.connections = 21;
  fe.request_rate = 5;
  w.lookup.frontends["fe1"] = fe;
  ServerState up;
  up.up = true;
  up.connections = 4;
  w.lookup.servers["be1/s1"] = up;
  EXPECT_EQ(w.sample("nbsrv(be1)"), "3");
  EXPECT_EQ(w.sample("nbsrv(nope)"), "(none)");
  EXPECT_EQ(w.sample("nbsrv"), "(none)");
  w.stream.backend = &w.backend;
  EXPECT_EQ(w.sample("nbsrv"), "3");
  EXPECT_EQ(w.sample("be_conn"), "11");
  EXPECT_EQ(w.sample("queue(be1)"), "7");
  EXPECT_EQ(w.sample("avg_queue(be1)"), "3");
  EXPECT_EQ(w.sample("fe_conn"), "21");
  EXPECT_EQ(w.sample("fe_req_rate(fe1)"), "5");
  EXPECT_EQ(w.sample("srv_is_up(be1/s1)"), "1");
  EXPECT_EQ(w.sample("srv_conn(s1)"), "4");
  EXPECT_EQ(w.sample("srv_is_up(be1/s2)"), "(none)");
  EXPECT_EQ(w.sample("str(be1),nbsrv"), "3");
  EXPECT_EQ(w.sample("str(be1/s1),srv_is_up"), "1");
  EXPECT_EQ(w.sample("str(fe9),fe_exists"), "0");
  EXPECT_TRUE(w.condition("if { nbsrv(be1) ge 3 }"));

  CompileScope s = w.scope();
  std::vector<Reference> references;
  s.references = &references;
  (void)Expression::compile(config::Token{"srv_is_up(be1/s1)", {0, 4, 2}, true}, s);
  (void)Expression::compile(config::Token{"nbsrv", {0, 5, 2}, true}, s);
  ASSERT_EQ(references.size(), 2U);
  EXPECT_EQ(references[0].kind, Reference::Kind::Server);
  EXPECT_EQ(references[0].proxy, "be1");
  EXPECT_EQ(references[0].server, "s1");
  EXPECT_EQ(references[0].keyword, "srv_is_up");
  EXPECT_EQ(references[0].at.line, 4U);
  EXPECT_EQ(references[1].kind, Reference::Kind::Backend);
  EXPECT_EQ(references[1].proxy, "");
}

TEST(Samples, RandomOnes) {
  World w;
  bool differs = false;
  const std::string first = w.sample("rand");
  for (int i = 0; i < 16; ++i) {
    differs |= w.sample("rand") != first;
    EXPECT_TRUE(w.condition("if { rand(10) lt 10 }"));
  }
  EXPECT_TRUE(differs);
  const std::string id = w.sample("uuid");
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(w.sample("uuid"), id);
  EXPECT_EQ(w.sample("uuid(7)")[14], '7');
  EXPECT_EQ(w.sample("uuid(5)"), "(error)");
}

TEST(Samples, ScratchRunsOutWithoutHarm) {
  World w;
  Scratch tiny(16);
  w.ctx.scratch = &tiny;
  w.request("GET", "/0123456789/0123456789", {{"host", "h"}});
  CompileScope s = w.scope();
  const config::Token token{"path,upper", {}, true};
  const Expression e = Expression::compile(token, s);
  Sample out;
  EXPECT_FALSE(e.evaluate(w.ctx, out));
}

}  // namespace
}  // namespace sluice::policy::test
