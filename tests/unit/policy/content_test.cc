// Samples of raw bytes, and conditions that wait for more of them.
#include <gtest/gtest.h>

#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

using std::string_view_literals::operator""sv;
using Verdict = Condition::Verdict;

class Content : public ::testing::Test {
 protected:
  Content() {
    w.http = false;
    w.conn.http = w.stream.http = false;
  }
  void bytes(std::string_view b, bool more = false) {
    w.ctx.request_body = b;
    w.ctx.more_may_come = more;
  }
  Verdict decide(std::string_view line) {
    AclSet set(w.acls);
    CompileScope s = w.scope();
    s.acls = &set;
    const Condition c = Condition::compile(words(line), s);
    EXPECT_TRUE(c.valid()) << w.messages();
    return c.decide(w.ctx);
  }
  World w;
};

TEST_F(Content, LengthAndBlocks) {
  bytes("hello");
  EXPECT_EQ(w.sample("req.len"), "5");
  EXPECT_EQ(w.sample("req_len"), "5");
  EXPECT_EQ(w.sample("req.payload(1,3)"), "ell");
  EXPECT_EQ(w.sample("req.payload(2,0)"), "llo");
  EXPECT_EQ(w.sample("payload(0,5)"), "hello");
  EXPECT_EQ(w.sample("req.payload(1,5)"), "(none)");
  EXPECT_EQ(w.sample("req.payload(5,0)"), "(none)");
  EXPECT_EQ(w.sample("req.payload(-1,2)"), "(error)");
}

TEST_F(Content, BlocksWithTheirLength) {
  bytes("q\x03zzabcd"sv);
  EXPECT_EQ(w.sample("req.payload_lv(1,1)"), "zza");
  EXPECT_EQ(w.sample("req.payload_lv(1,1,4)"), "abc");
  EXPECT_EQ(w.sample("req.payload_lv(1,1,+2)"), "abc");
  EXPECT_EQ(w.sample("req.payload_lv(1,1,-1),hex"), "037A7A");
  EXPECT_EQ(w.sample("req.payload_lv(1,1,-9)"), "(none)");
  EXPECT_EQ(w.sample("req.payload_lv(1,1,6)"), "(none)");
  EXPECT_EQ(w.sample("req.payload_lv(7,4)"), "(none)");
  EXPECT_EQ(w.sample("req.payload_lv(0,9)"), "(error)");
  EXPECT_EQ(w.sample("req.payload_lv(0,1,x)"), "(error)");
  bytes("\xff\xff\xff\xff\xff\xff\xff\xff zz"sv);
  EXPECT_EQ(w.sample("req.payload_lv(0,8)"), "(none)");
}

TEST_F(Content, CookieOfRemoteDesktop) {
  bytes("\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=joe\r\n\x01"sv);
  EXPECT_EQ(w.sample("req.rdp_cookie"), "joe");
  EXPECT_EQ(w.sample("rdp_cookie(MSTSHash)"), "joe");
  EXPECT_EQ(w.sample("req.rdp_cookie(msts)"), "(none)");
  EXPECT_EQ(w.sample("req.rdp_cookie_cnt"), "1");
  EXPECT_EQ(w.sample("req.rdp_cookie_cnt(msts)"), "0");
  EXPECT_EQ(decide("if RDP_COOKIE"), Verdict::Yes);
  bytes("\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mst"sv, true);
  EXPECT_EQ(decide("if RDP_COOKIE"), Verdict::Undecided);
  bytes("\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookbook"sv, true);
  EXPECT_EQ(decide("if RDP_COOKIE"), Verdict::No);
  bytes("GET / HTTP/1.1\r\n", true);
  EXPECT_EQ(decide("if RDP_COOKIE"), Verdict::No);
}

TEST_F(Content, IsNotFoundByHttpProxies) {
  w.stream.http = true;
  bytes("hello");
  EXPECT_EQ(w.sample("req.len"), "(none)");
  EXPECT_EQ(w.sample("req.payload(0,1)"), "(none)");
}

TEST_F(Content, IsWaitedForWhileItCouldStillMatch) {
  bytes("hel", true);
  EXPECT_EQ(decide("if { req.len gt 5 }"), Verdict::Undecided);
  EXPECT_EQ(decide("if !{ req.len gt 5 }"), Verdict::Undecided);
  EXPECT_EQ(decide("unless { req.len gt 5 }"), Verdict::Undecided);
  EXPECT_EQ(decide("if { req.len ge 3 }"), Verdict::Yes);
  EXPECT_EQ(decide("unless { req.len ge 3 }"), Verdict::No);
  EXPECT_EQ(decide("if { req.payload(0,5) -m str hello }"), Verdict::Undecided);
  EXPECT_EQ(decide("if { req.payload(0,3) -m str abc }"), Verdict::No) << "these bytes will not change";
  EXPECT_EQ(decide("if { req.payload(0,0) -m sub lo }"), Verdict::Undecided);
  EXPECT_EQ(decide("if WAIT_END"), Verdict::Undecided);
  EXPECT_EQ(decide("if REQ_CONTENT"), Verdict::Yes);
  bytes("hel", false);
  EXPECT_EQ(decide("if { req.len gt 5 }"), Verdict::No);
  EXPECT_EQ(decide("if !{ req.len gt 5 }"), Verdict::Yes);
  EXPECT_EQ(decide("if WAIT_END"), Verdict::Yes);
}

// As Debian's haproxy 2.6 does it: terms from left to right, the first that does not hold ends its group.
TEST_F(Content, GroupsAreDecidedFromLeftToRight) {
  bytes("hel", true);
  EXPECT_EQ(decide("if { req.len gt 5 } FALSE"), Verdict::Undecided);
  EXPECT_EQ(decide("if FALSE { req.len gt 5 }"), Verdict::No);
  EXPECT_EQ(decide("if { req.len gt 5 } || TRUE"), Verdict::Yes);
  EXPECT_EQ(decide("if FALSE || { req.len gt 5 }"), Verdict::Undecided);
  EXPECT_EQ(decide("if { req.len gt 5 } || FALSE"), Verdict::Undecided);
  EXPECT_EQ(decide("unless { req.len gt 5 } || TRUE"), Verdict::No);
  EXPECT_EQ(decide("if TRUE"), Verdict::Yes);
  w.acl("either", "req.len gt 5");
  w.acl("either", "req.payload(0,1) -m str h");
  w.acl("neither", "req.len gt 5");
  w.acl("neither", "req.payload(0,1) -m str x");
  EXPECT_EQ(decide("if either"), Verdict::Yes);
  EXPECT_EQ(decide("if !either"), Verdict::No);
  EXPECT_EQ(decide("if neither"), Verdict::Undecided);
  EXPECT_EQ(decide("if !neither"), Verdict::Undecided);
}

}  // namespace
}  // namespace sluice::policy::test
