#include "sluice/net/address.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::net {
namespace {

using std::literals::operator""sv;

TEST(ParseIp, TakesTheWholeTextOrNothing) {
  Address a;
  for (const auto good : {"127.0.0.1"sv, "::"sv, "::1"sv, "2001:db8::1"sv, "::ffff:10.1.2.3"sv}) {
    EXPECT_TRUE(parse_ip(good, a)) << good;
  }
  for (const auto bad : {""sv, "127.1"sv, "127.0.0.1 "sv, "[::1]"sv, "fe80::1%lo"sv, "1.2.3.4.5"sv, "256.0.0.1"sv}) {
    EXPECT_FALSE(parse_ip(bad, a)) << bad;
  }
}

// tests/fuzz/corpus/address/nul_behind_literal
TEST(ParseIp, NulBehindALiteralIsNotAnAddress) {
  Address a;
  EXPECT_FALSE(parse_ip("127.0.0.1\0junk"sv, a));
  EXPECT_FALSE(parse_ip("::1\0"sv, a));
  EXPECT_FALSE(parse_address("127.0.0.1\0x"sv, {}));
}

TEST(ParseAddress, PortsAreWhatThePlacePermits) {
  AddressRules r;
  r.port_required = true;
  EXPECT_FALSE(parse_address("127.0.0.1", r));
  EXPECT_FALSE(parse_address("127.0.0.1:80-90", r));
  EXPECT_FALSE(parse_address("127.0.0.1:+1", r));
  EXPECT_FALSE(parse_address("127.0.0.1:65536", r));
  r.port_range = true;
  const auto range = parse_address("*:80-90", r);
  ASSERT_TRUE(range) << range.error();
  EXPECT_EQ(range->port_kind, PortKind::Range);
  EXPECT_EQ(range->port, 80);
  EXPECT_EQ(range->port_last, 90);
  EXPECT_FALSE(parse_address("*:90-80", r));
  r.port_offset = true;
  const auto offset = parse_address("10.0.0.1:-100", r);
  ASSERT_TRUE(offset) << offset.error();
  EXPECT_EQ(offset->port_kind, PortKind::OffsetMinus);
  EXPECT_EQ(offset->port, 100);
}

TEST(ParseAddress, AnIp6LiteralKeepsItsColons) {
  const auto bare = parse_address("2001:db8::1", {});
  ASSERT_TRUE(bare) << bare.error();
  EXPECT_EQ(bare->host, "2001:db8::1");
  EXPECT_EQ(bare->port_kind, PortKind::None);
  for (const auto text : {"[2001:db8::1]:80"sv, "2001:db8::1:80"sv}) {
    AddressRules r;
    r.port_required = true;
    const auto got = parse_address(text, r);
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->family, AF_INET6);
    EXPECT_EQ(got->host, "2001:db8::1");
    EXPECT_EQ(got->port, 80);
  }
}

TEST(ParseAddress, PathsAndAbstractNamesFitTheirField) {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'n');
  for (const std::string prefix : {"unix@", "abns@", "abnsz@"}) {
    const auto got = parse_address(prefix + longest, {});
    ASSERT_TRUE(got) << got.error();
    const auto socket = resolve(*got);
    ASSERT_TRUE(socket) << socket.error();
    EXPECT_LE(socket->len, sizeof(sockaddr_un));
    EXPECT_FALSE(parse_address(prefix + longest + "n", {}));
  }
  EXPECT_FALSE(resolve(*parse_address("/" + longest.substr(1), {}), "/root"));
}

TEST(ParseAddress, FamiliesThatAreNotBuiltAreRefusedByName) {
  for (const auto text : {"quic4@:443"sv, "mptcp@:443"sv, "rhttp@be/s"sv}) {
    AddressRules r;
    r.datagram = true;
    const auto got = parse_address(text, r);
    ASSERT_FALSE(got) << text;
    EXPECT_NE(got.error().find("not supported yet"), std::string::npos) << got.error();
  }
}

TEST(ParseAddress, SocketPairs) {
  AddressRules r;
  EXPECT_FALSE(parse_address("sockpair@5", r));
  r.socket_pair = true;
  EXPECT_FALSE(parse_address("sockpair@x", r));
  EXPECT_FALSE(parse_address("fd@5", r));
  const auto got = parse_address("sockpair@5", r);
  ASSERT_TRUE(got) << got.error();
  EXPECT_EQ(got->kind, AddressKind::SocketPair);
  EXPECT_EQ(got->fd, 5);
  EXPECT_EQ(resolve(*got)->family(), AF_UNIX);
}

}  // namespace
}  // namespace sluice::net
