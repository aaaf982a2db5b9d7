#include "process/offered_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "process/capabilities.h"

namespace sluice::process {
namespace {

struct Listening {
  base::UniqueFd fd;
  std::uint16_t port = 0;
};
Listening listen_on_loopback() {
  Listening l;
  l.fd.reset(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t len = sizeof at;
  EXPECT_EQ(::bind(l.fd.get(), reinterpret_cast<sockaddr*>(&at), len), 0);
  EXPECT_EQ(::listen(l.fd.get(), 1), 0);
  EXPECT_EQ(::getsockname(l.fd.get(), reinterpret_cast<sockaddr*>(&at), &len), 0);
  l.port = ntohs(at.sin_port);
  return l;
}

net::BindSpec spec_of(const std::string& text) {
  net::AddressRules rules;
  rules.port_range = true;
  net::BindSpec s;
  s.address = net::parse_address(text, rules).value();
  return s;
}

TEST(OfferedSocketsTest, TheAddressDecides) {
  Listening a = listen_on_loopback();
  Listening b = listen_on_loopback();
  OfferedSockets offered;
  offered.add(base::UniqueFd(::dup(a.fd.get())));
  offered.add(base::UniqueFd(::dup(b.fd.get())));
  offered.add(base::UniqueFd(::dup(a.fd.get())));
  EXPECT_EQ(offered.size(), 3U);
  EXPECT_TRUE(offered.take(spec_of("127.0.0.2:" + std::to_string(a.port)), a.port, {}).empty());
  EXPECT_TRUE(offered.take(spec_of("*:" + std::to_string(a.port)), a.port, {}).empty());
  EXPECT_EQ(offered.take(spec_of("127.0.0.1:" + std::to_string(a.port)), a.port, {}).size(), 2U);
  EXPECT_TRUE(offered.take(spec_of("127.0.0.1:" + std::to_string(a.port)), a.port, {}).empty());
  net::BindSpec elsewhere = spec_of("127.0.0.1:" + std::to_string(b.port));
  elsewhere.interface = "lo";
  EXPECT_TRUE(offered.take(elsewhere, b.port, {}).empty());
  EXPECT_EQ(offered.size(), 1U);
}

TEST(OfferedSocketsTest, TheNamespaceDecidesToo) {
  Listening a = listen_on_loopback();
  const bool kernel_tells = net::namespace_of_socket(a.fd.get()).has_value();
  const net::BindSpec here = spec_of("127.0.0.1:" + std::to_string(a.port));
  OfferedSockets offered;
  offered.add(base::UniqueFd(::dup(a.fd.get())), "elsewhere");
  // What the kernel says goes before the giver's word.
  EXPECT_EQ(offered.take(here, a.port, {}).size(), kernel_tells ? 1U : 0U);
  offered.add(base::UniqueFd(::dup(a.fd.get())));
  net::BindSpec there = here;
  there.netns = "sluice-no-such";
  EXPECT_TRUE(offered.take(there, a.port, {}).empty());
  EXPECT_EQ(offered.take(here, a.port, {}).size(), 1U);
}

TEST(OfferedSocketsTest, WhatIsNoStreamSocketIsDropped) {
  OfferedSockets offered;
  offered.add(base::UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0)));
  offered.add(base::UniqueFd(::dup(0)));
  offered.add(base::UniqueFd());
  EXPECT_EQ(offered.size(), 0U);
}

TEST(OfferedSocketsTest, NamesOfUnixSocketsThatWereRenamed) {
  EXPECT_EQ(without_temporary_suffix("/run/a.sock.4711.tmp"), "/run/a.sock");
  EXPECT_EQ(without_temporary_suffix("/run/a.sock"), "/run/a.sock");
  EXPECT_EQ(without_temporary_suffix("/run/a.tmp"), "/run/a.tmp");
  EXPECT_EQ(without_temporary_suffix("/run/a.x1.tmp"), "/run/a.x1.tmp");
  EXPECT_EQ(without_temporary_suffix("/run/a..tmp"), "/run/a..tmp");
  EXPECT_EQ(without_temporary_suffix(""), "");
}

TEST(CapabilitiesTest, NamesOfTheLanguage) {
  EXPECT_EQ(parse_capabilities("cap_net_raw").value(), std::uint64_t{1} << 13);
  EXPECT_EQ(parse_capabilities("cap_net_bind_service,cap_net_admin").value(), std::uint64_t{1} << 10 | 1U << 12);
  EXPECT_FALSE(parse_capabilities("").has_value());
  EXPECT_FALSE(parse_capabilities("cap_chown").has_value());
  EXPECT_TRUE(parse_capabilities("x").error().find("cap_net_raw") != std::string::npos);
}

}  // namespace
}  // namespace sluice::process
