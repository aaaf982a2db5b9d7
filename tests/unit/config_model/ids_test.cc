// Numbers that listeners get, and options that reach the sockets of their line.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sluice/net/listener.h"
#include "unit/config_model/built.h"

namespace sluice::model::testing {
namespace {

TEST(Ids, ListenersWithoutOneGetTheNextThatIsFree) {
  const Built b(
      "frontend fe\n"
      "  timeout client 1s\n"
      "  bind 127.0.0.1:9180\n"
      "  bind 127.0.0.1:9181 id 1\n"
      "  bind 127.0.0.1:9182 id 3\n"
      "  bind 127.0.0.1:9183-9184\n");
  EXPECT_EQ(b.said(), "");
  std::vector<std::uint32_t> ids;
  for (const auto& l : b.model->global.proxies.front()->listeners) ids.push_back(l->identity.id);
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{2, 1, 3, 4, 5}));
}

TEST(Ids, AskedForTwiceAreErrorsThatNameTheFirst) {
  EXPECT_EQ(Built("backend a\n  id 7\nbackend b\n  id 7\n").said(),
            "4: backend b reuses same custom id as backend a (declared at t.cfg:1).\n");
  EXPECT_EQ(Built("frontend fe\n"
                  "  timeout client 1s\n"
                  "  bind 127.0.0.1:9180 id 3\n"
                  "  bind 127.0.0.1:9181 id 3\n"
                  "  bind 127.0.0.1:9182-9183 id 4\n")
                .said(),
            "4: 'bind 127.0.0.1:9181' in section 'frontend' : 'id' : custom id 3 already used at t.cfg:3 ('bind "
            "127.0.0.1:9180').\n"
            "5: 'bind 127.0.0.1:9182-9183' in section 'frontend' : 'id' can only be used with a single socket.\n");
}

int option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, name, &value, &length), 0);
  return value;
}

// What the words of a bind line say is what the socket has.
TEST(BindOptions, ReachTheSocket) {
  const Built b(
      "frontend fe\n"
      "  timeout client 1s\n"
      "  bind 127.0.0.1:0\n"
      "  bind 127.0.0.1:0 defer-accept tcp-ut 4321ms\n");
  ASSERT_EQ(b.said(), "");
  ASSERT_EQ(b.model->listeners.size(), 2U);
  const auto plain = net::open_listener(*b.model->listeners[0].spec, 0, {});
  const auto asked = net::open_listener(*b.model->listeners[1].spec, 0, {});
  ASSERT_TRUE(plain && asked);
  EXPECT_EQ(option(plain->fd.get(), TCP_DEFER_ACCEPT), 0);
  EXPECT_GT(option(asked->fd.get(), TCP_DEFER_ACCEPT), 0);
  EXPECT_EQ(option(plain->fd.get(), TCP_USER_TIMEOUT), 0);
  EXPECT_EQ(option(asked->fd.get(), TCP_USER_TIMEOUT), 4321);
}

}  // namespace
}  // namespace sluice::model::testing
