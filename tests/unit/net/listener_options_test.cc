// What a bind line asks for is what the socket has.
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "sluice/net/listener.h"
#include "sluice/net/socket_options.h"

namespace sluice::net {
namespace {

BindSpec any_port() {
  BindSpec b;
  b.address.family = AF_INET;
  b.address.host = "127.0.0.1";
  b.address.port_kind = PortKind::Fixed;
  return b;
}

OpenedListener open(const BindSpec& spec, const ListenOptions& options = {}) {
  auto opened = open_listener(spec, 0, options);
  EXPECT_TRUE(opened) << (opened ? "" : opened.error());
  return opened ? std::move(*opened) : OpenedListener{};
}

int option(const OpenedListener& l, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(l.fd.get(), level, name, &value, &length), 0);
  return value;
}

TEST(ListenerOptions, Backlog) {
  ListenOptions options;
  options.backlog = 77;
  const OpenedListener l = open(any_port(), options);
  tcp_info info{};
  socklen_t length = sizeof info;
  ASSERT_EQ(::getsockopt(l.fd.get(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(info.tcpi_sacked, 77U);  // of a listening socket: the length of its queue
}

TEST(ListenerOptions, DeferAccept) {
  BindSpec b = any_port();
  EXPECT_EQ(option(open(b), IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
  b.defer_accept = true;
  EXPECT_GT(option(open(b), IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
}

TEST(ListenerOptions, Interface) {
  BindSpec b = any_port();
  b.interface = "lo";
  const OpenedListener l = open(b);
  char name[IFNAMSIZ] = {};
  socklen_t length = sizeof name;
  ASSERT_EQ(::getsockopt(l.fd.get(), SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
  EXPECT_STREQ(name, "lo");
  b.interface = "no-such-if";
  EXPECT_FALSE(open_listener(b, 0, {}));
}

TEST(ListenerOptions, Transparent) {
  BindSpec b = any_port();
  b.transparent = true;
  auto opened = open_listener(b, 0, {});
  if (!opened) GTEST_SKIP() << opened.error();
  EXPECT_EQ(option(*opened, IPPROTO_IP, IP_TRANSPARENT), 1);
  // An address that is nobody's here.
  b.address.host = "192.0.2.1";
  EXPECT_TRUE(open_listener(b, 0, {}));
  b.transparent = false;
  EXPECT_FALSE(open_listener(b, 0, {}));
}

TEST(ListenerOptions, BothFamiliesOrOne) {
  BindSpec b = any_port();
  b.address.family = AF_INET6;
  b.address.host = "::";
  b.v6only = true;
  auto one = open_listener(b, 0, {});
  if (!one) GTEST_SKIP() << one.error();
  EXPECT_EQ(option(*one, IPPROTO_IPV6, IPV6_V6ONLY), 1);
  b.v6only = false;
  b.v4v6 = true;
  EXPECT_EQ(option(open(b), IPPROTO_IPV6, IPV6_V6ONLY), 0);
}

TEST(ListenerOptions, TcpNumbers) {
  BindSpec b = any_port();
  b.tfo = true;
  b.mss = 1200;
  b.tcp_user_timeout = base::Millis{4321};
  b.save_syn = 2;
  ListenOptions options;
  options.backlog = 55;
  const OpenedListener l = open(b, options);
  EXPECT_EQ(option(l, IPPROTO_TCP, TCP_FASTOPEN), 55);
  EXPECT_EQ(option(l, IPPROTO_TCP, TCP_USER_TIMEOUT), 4321);
  EXPECT_EQ(option(l, IPPROTO_TCP, TCP_SAVE_SYN), 2);
  EXPECT_EQ(option(l, IPPROTO_TCP, TCP_MAXSEG), 1200);
}

TEST(ListenerOptions, Congestion) {
  BindSpec b = any_port();
  b.congestion = "reno";  // always compiled in
  OpenedListener l = open(b);
  EXPECT_EQ(l.warning, "");
  char name[16] = {};
  socklen_t length = sizeof name;
  ASSERT_EQ(::getsockopt(l.fd.get(), IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
  EXPECT_STREQ(name, "reno");
  b.congestion = "nonsense";
  l = open(b);
  EXPECT_TRUE(l.fd.valid());
  EXPECT_NE(l.warning.find("nonsense"), std::string::npos) << l.warning;
}

// A connection comes about only with the same password on both ends.
TEST(ListenerOptions, Md5Signature) {
  BindSpec b = any_port();
  b.md5_password = "secret";
  auto opened = open_listener(b, 0, {});
  if (!opened) GTEST_SKIP() << opened.error();
  const auto connects = [&](const std::string& password) {
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!password.empty()) {
      EXPECT_EQ(set_md5_password(fd.get(), password, opened->address), 0);
    }
    // Unsigned or wrongly signed SYNs are dropped, so the wait is bounded here.
    const timeval wait{0, 200000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return ::connect(fd.get(), &opened->address.sa, opened->address.len) == 0;
  };
  EXPECT_TRUE(connects("secret"));
  EXPECT_FALSE(connects("other"));
  EXPECT_FALSE(connects(""));
}

TEST(ListenerOptions, UnknownNamespace) {
  BindSpec b = any_port();
  b.netns = "sluice-no-such";
  auto opened = open_listener(b, 0, {});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().find("sluice-no-such"), std::string::npos) << opened.error();
  b.netns = "../net";
  EXPECT_FALSE(open_listener(b, 0, {}));
}

}  // namespace
}  // namespace sluice::net
