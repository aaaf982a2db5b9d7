// What a server line says about sockets is what they have.
#include "sluice/backend/server_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "sluice/net/descriptor_passing.h"
#include "unit/backend/fixture.h"

namespace sluice::backend::test {
namespace {

class ServerSocketTest : public BackendTest {
 protected:
  base::UniqueFd open(const net::Address& presented = {}, bool data_follows = false) {
    const Server& server = start().server(0);
    ServerSocket socket;
    failed = open_server_socket(server, {server.connect_address(0), presented, data_follows, -1}, socket);
    port = std::move(socket.port);
    return std::move(socket.fd);
  }
  static int option(const base::UniqueFd& fd, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, name, &value, &length), 0);
    return value;
  }
  static std::string bound(const base::UniqueFd& fd) {
    sockaddr_storage a{};
    socklen_t length = sizeof a;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&a), &length), 0);
    return net::Address::from(reinterpret_cast<sockaddr*>(&a), length).ip_text();
  }
  int failed = -1;
  SourcePort port;
};

TEST_F(ServerSocketTest, NothingAskedFor) {
  add("s");
  const auto fd = open({}, true);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(option(fd, TCP_USER_TIMEOUT), 0);
  EXPECT_EQ(option(fd, TCP_FASTOPEN_CONNECT), 0);
  EXPECT_EQ(bound(fd), "0.0.0.0");
}

TEST_F(ServerSocketTest, TcpOptions) {
  ServerOptions& o = add("s").options;
  o.tcp_user_timeout = base::Millis{4321};
  o.tfo = true;
  o.congestion = "reno";
  auto fd = open({}, true);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(option(fd, TCP_USER_TIMEOUT), 4321);
  EXPECT_EQ(option(fd, TCP_FASTOPEN_CONNECT), 1);
  char name[16] = {};
  socklen_t length = sizeof name;
  ASSERT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
  EXPECT_STREQ(name, "reno");
  // Nothing to send at once: the connection would wait for it.
  fd = open({}, false);
  EXPECT_EQ(option(fd, TCP_FASTOPEN_CONNECT), 0);
}

TEST_F(ServerSocketTest, Source) {
  SourceSpec& s = add("s").options.source;
  s.set = true;
  s.address.family = AF_INET;
  s.address.host = "127.0.0.9";
  const auto fd = open();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(bound(fd), "127.0.0.9");
}

TEST_F(ServerSocketTest, SourceWithARangeOfPorts) {
  SourceSpec& s = add("s").options.source;
  s.set = true;
  net::AddressRules rules;
  rules.port_range = true;
  s.address = net::parse_address("127.0.0.1:40001-40003", rules).value();
  const Server& server = start().server(0);
  ASSERT_NE(server.source_ports(), nullptr);
  EXPECT_EQ(server.source_ports()->take(), 40001);
  EXPECT_EQ(server.source_ports()->take(), 40002);
  ServerSocket socket;
  failed = open_server_socket(server, {server.connect_address(0), {}, false, -1}, socket);
  // The only one left, unless somebody else on this machine has it.
  EXPECT_TRUE((failed == 0 && socket.port.number() == 40003) || failed == EADDRINUSE) << failed;
}

TEST(SourcePortsTest, EachIsUsedOnceAndInTurn) {
  SourcePorts ports(65534, 65535);
  {
    const SourcePort a(ports), b(ports), c(ports);
    EXPECT_EQ(a.number(), 65534);
    EXPECT_EQ(b.number(), 65535);
    EXPECT_EQ(c.number(), 0);
  }
  SourcePort a(ports);
  SourcePort b(ports);
  EXPECT_NE(a.number(), b.number());
  const std::uint16_t left = a.number();
  a = SourcePort();
  EXPECT_EQ(ports.take(), left);
  SourcePorts one(7, 7);
  EXPECT_EQ(one.take(), 7);
  EXPECT_EQ(one.take(), 0);
  one.give(7);
  EXPECT_EQ(one.take(), 7);
}

TEST_F(ServerSocketTest, OneEndOfAPairIsPassedOn) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const base::UniqueFd ours(ends[0]), theirs(ends[1]);
  ServerSpec& s = add("s");
  s.address = {};
  s.address.kind = net::AddressKind::SocketPair;
  s.address.family = AF_UNIX;
  s.address.fd = theirs.get();
  const auto fd = open();
  ASSERT_EQ(failed, 0);
  const base::UniqueFd passed(net::take_descriptor(ours.get()));
  ASSERT_TRUE(passed.valid());
  ASSERT_EQ(::send(fd.get(), "x", 1, 0), 1);
  char c = 0;
  EXPECT_EQ(::recv(passed.get(), &c, 1, 0), 1);
  EXPECT_EQ(net::take_descriptor(ours.get()), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(ServerSocketTest, PresentedSource) {
  add("s");
  net::Address client;
  ASSERT_TRUE(net::parse_ip("192.0.2.77", client));
  auto fd = open(client);
  if (failed == EPERM) GTEST_SKIP() << "no right to present addresses of others";
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(bound(fd), "192.0.2.77");
  // Of another family: our own.
  ASSERT_TRUE(net::parse_ip("2001:db8::1", client));
  fd = open(client);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(bound(fd), "0.0.0.0");
}

TEST_F(ServerSocketTest, UnknownNamespaceIsAnError) {
  add("s").options.netns = "sluice-no-such";
  spec.algorithm = Algorithm::RoundRobin;
  BackendInit init;
  init.name = "app";
  init.spec = &spec;
  init.threads = 1;
  EXPECT_EQ(Backend::make(init, diag), nullptr);
  EXPECT_TRUE(diag.failed());
}

}  // namespace
}  // namespace sluice::backend::test
