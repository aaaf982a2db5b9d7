// Descriptors over a socket, and the words exchanged with a SOCKS4 proxy.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/unique_fd.h"
#include "sluice/net/descriptor_passing.h"
#include "sluice/net/socks4.h"
#include "sluice/net/transport.h"

namespace sluice::net {
namespace {

struct Pair {
  base::UniqueFd a, b;
  Pair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    a.reset(fds[0]);
    b.reset(fds[1]);
  }
};

TEST(DescriptorPassing, OneAtATime) {
  Pair way, first, second;
  ASSERT_EQ(pass_descriptor(way.a.get(), first.a.get()), 0);
  ASSERT_EQ(pass_descriptor(way.a.get(), second.a.get()), 0);
  const base::UniqueFd x(take_descriptor(way.b.get())), y(take_descriptor(way.b.get()));
  ASSERT_TRUE(x.valid() && y.valid());
  EXPECT_NE(::fcntl(x.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(x.get(), F_GETFD) & FD_CLOEXEC, 0);
  char c = 0;
  ASSERT_EQ(::send(x.get(), "1", 1, 0), 1);
  EXPECT_EQ(::recv(first.b.get(), &c, 1, 0), 1);
  EXPECT_EQ(::recv(second.b.get(), &c, 1, 0), -1);
  EXPECT_EQ(take_descriptor(way.b.get()), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(DescriptorPassing, WhatIsNoDescriptor) {
  Pair way;
  ASSERT_EQ(::send(way.a.get(), "abc", 3, 0), 3);
  EXPECT_EQ(take_descriptor(way.b.get()), -1);
  EXPECT_EQ(errno, EBADMSG);
  way.a.reset();
  EXPECT_EQ(take_descriptor(way.b.get()), -1);
  EXPECT_EQ(errno, ENOTCONN);
  EXPECT_EQ(pass_descriptor(way.b.get(), way.b.get()), EPIPE);
}

class Socks4Test : public ::testing::Test {
 protected:
  Socks4Test() : target(Address::ip4(0xC0000201, 8080)), socks(SocketAddress(target)) {}
  std::string asked() {
    char text[64];
    const ssize_t n = ::recv(way.b.get(), text, sizeof text, 0);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  }
  void answer(const std::string& s) {
    ASSERT_EQ(::send(way.b.get(), s.data(), s.size(), 0), static_cast<ssize_t>(s.size()));
  }
  Socks4::Step go_on() { return socks.go_on(way.a.get()); }
  Pair way;
  Address target;
  Socks4 socks;
};

TEST_F(Socks4Test, GrantedInPieces) {
  EXPECT_FALSE(socks.asked());
  EXPECT_EQ(go_on(), Socks4::Step::Wait);
  EXPECT_TRUE(socks.asked());
  EXPECT_EQ(asked(), std::string("\x04\x01\x1f\x90\xc0\x00\x02\x01HAProxy\0", 16));
  answer(std::string("\0\x5a\1", 3));
  EXPECT_EQ(go_on(), Socks4::Step::Wait);
  // The target's first bytes stay where they are.
  answer("23456hello");
  EXPECT_EQ(go_on(), Socks4::Step::Done);
  char text[8] = {};
  EXPECT_EQ(::recv(way.a.get(), text, sizeof text, 0), 5);
  EXPECT_STREQ(text, "hello");
}

TEST_F(Socks4Test, Refused) {
  answer(std::string("\0\x5b\0\0\0\0\0\0", 8));
  EXPECT_EQ(go_on(), Socks4::Step::Refused);
}

TEST_F(Socks4Test, NoSocksAtAll) {
  answer("HTTP/1.1");
  EXPECT_EQ(go_on(), Socks4::Step::Refused);
}

TEST_F(Socks4Test, AProxyThatGoes) {
  way.b.reset();
  EXPECT_EQ(go_on(), Socks4::Step::Broken);
}

// The event that came first is dealt with last.
TEST(TransportTest, Niceness) {
  struct Reader final : runtime::IoHandler {
    std::string* order = nullptr;
    char name = 0;
    PlainTransport* transport = nullptr;
    void on_io(unsigned) noexcept override {
      *order += name;
      transport->want(0);
    }
  };
  auto loop = runtime::Loop::make({}).value();
  const runtime::LoopBinding binding(*loop);
  std::string order;
  Pair pairs[3];
  Reader readers[3];
  std::vector<std::unique_ptr<PlainTransport>> transports;
  for (int i = 0; i < 3; ++i) {
    readers[i].order = &order;
    readers[i].name = static_cast<char>('a' + i);
    transports.push_back(std::make_unique<PlainTransport>(pairs[i].a.take(), readers[i]));
    readers[i].transport = transports.back().get();
  }
  transports[0]->set_nice(5);  // before it is watched
  for (auto& t : transports) t->want(runtime::kIn);
  transports[2]->set_nice(-5);  // and after
  loop->turn();
  for (const Pair& p : pairs) ASSERT_EQ(::send(p.b.get(), "x", 1, 0), 1);
  loop->turn();
  EXPECT_EQ(order, "cba");
}

}  // namespace
}  // namespace sluice::net
