// The contract of runtime::Poller, kept by every poller.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "fakes/runtime/kqueue_shim.h"
#include "unit/runtime/fixture.h"
// After the shim: declares KqueuePoller.
#define SLUICE_KQUEUE_HEADER "fakes/runtime/kqueue_shim.h"
#include "runtime/epoll_poller.h"
#include "runtime/kqueue_poller.h"
#include "runtime/poll_poller.h"

namespace sluice::runtime::test {
namespace {

template <class P>
class PollerContract : public ::testing::Test {
 protected:
  void change(const base::UniqueFd& fd, unsigned from, unsigned to, std::uint64_t cookie = 0) {
    ASSERT_EQ(poller.change(fd.get(), from, to, cookie), 0);
  }
  // What is ready under the cookie, without waiting; 0 when there is no event.
  unsigned ready(std::uint64_t cookie = 0, int timeout_ms = 0) {
    PollEvent events[64];
    const std::size_t n = poller.wait(events, timeout_ms);
    unsigned out = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (events[i].cookie == cookie) out |= events[i].ready;
    return out;
  }
  P poller;
  Pair pair;
};

using Pollers = ::testing::Types<EpollPoller, PollPoller, KqueuePoller>;
TYPED_TEST_SUITE(PollerContract, Pollers);

TYPED_TEST(PollerContract, NothingIsReadyAtFirst) {
  this->change(this->pair.a, 0, kIn);
  EXPECT_EQ(this->ready(), 0U);
}

TYPED_TEST(PollerContract, ReportsBytesToReadUntilTheyAreRead) {
  this->change(this->pair.a, 0, kIn, 7);
  Pair::write(this->pair.b, "x");
  EXPECT_EQ(this->ready(7, -1), unsigned{kIn});
  EXPECT_EQ(this->ready(7), unsigned{kIn}) << "level-triggered";
  Pair::read(this->pair.a);
  EXPECT_EQ(this->ready(7), 0U);
}

TYPED_TEST(PollerContract, ReportsRoomToWriteUntilItIsFull) {
  this->change(this->pair.a, 0, kOut);
  EXPECT_EQ(this->ready(), unsigned{kOut});
  Pair::fill(this->pair.a);
  EXPECT_EQ(this->ready(), 0U);
}

TYPED_TEST(PollerContract, ReportsBothDirections) {
  this->change(this->pair.a, 0, kIn | kOut);
  Pair::write(this->pair.b, "x");
  EXPECT_EQ(this->ready(), unsigned{kIn | kOut});
}

TYPED_TEST(PollerContract, CookieComesBackWhole) {
  const std::uint64_t cookie = 0xfedcba9876543210U;
  this->change(this->pair.a, 0, kOut, cookie);
  PollEvent events[4];
  ASSERT_EQ(this->poller.wait(events, 0), 1U);
  EXPECT_EQ(events[0].cookie, cookie);
}

TYPED_TEST(PollerContract, InterestMovesFromEveryToEveryOther) {
  Pair::write(this->pair.b, "x");
  unsigned from = 0;
  // A walk that takes every one of the 12 moves between the four masks.
  for (unsigned to : {kIn + 0U, 0U, kOut + 0U, 0U, kIn | kOut, 0U, kIn + 0U, kOut + 0U, kIn | kOut, kIn + 0U,
                      kIn | kOut, kOut + 0U, kIn + 0U}) {
    this->change(this->pair.a, from, to);
    EXPECT_EQ(this->ready(), to) << from << " -> " << to;
    from = to;
  }
}

TYPED_TEST(PollerContract, NoInterestMeansNoEventEvenWhenThePeerIsGone) {
  this->change(this->pair.a, 0, kIn | kOut);
  this->change(this->pair.a, kIn | kOut, 0);
  this->pair.b.reset();
  EXPECT_EQ(this->ready(), 0U);
}

TYPED_TEST(PollerContract, CookieMayChangeByWayOfNoInterest) {
  this->change(this->pair.a, 0, kOut, 1);
  this->change(this->pair.a, kOut, 0, 1);
  this->change(this->pair.a, 0, kOut, 2);
  EXPECT_EQ(this->ready(2), unsigned{kOut});
}

TYPED_TEST(PollerContract, ASharedDescriptorIsReportedAndNeverAsSuch) {
  this->change(this->pair.a, 0, kIn | kShared);
  Pair::write(this->pair.b, "x");
  EXPECT_EQ(this->ready(), unsigned{kIn});
  this->change(this->pair.a, kIn | kShared, kIn | kOut | kShared);
  EXPECT_EQ(this->ready(), unsigned{kIn | kOut});
  this->change(this->pair.a, kIn | kOut | kShared, kOut);
  EXPECT_EQ(this->ready(), unsigned{kOut});
  this->change(this->pair.a, kOut, 0);
  EXPECT_EQ(this->ready(), 0U);
}

TYPED_TEST(PollerContract, EndOfInputIsReadable) {
  this->change(this->pair.a, 0, kIn);
  this->pair.b.reset();
  EXPECT_TRUE(this->ready(0, -1) & kIn);
}

TYPED_TEST(PollerContract, HalfCloseIsReportedWhenAskedFor) {
  this->change(this->pair.a, 0, kIn | kRdHup);
  Pair::write(this->pair.b, "x");
  EXPECT_EQ(this->ready(), unsigned{kIn});
  ::shutdown(this->pair.b.get(), SHUT_WR);
  EXPECT_EQ(this->ready(), unsigned{kIn | kRdHup});
}

TYPED_TEST(PollerContract, HalfCloseAloneIsNotDisturbedByBytes) {
  this->change(this->pair.a, 0, kRdHup);
  Pair::write(this->pair.b, "x");
  EXPECT_EQ(this->ready(), 0U);
  ::shutdown(this->pair.b.get(), SHUT_WR);
  EXPECT_TRUE(this->ready() & kRdHup);
}

TYPED_TEST(PollerContract, HalfCloseAloneAndBackToReading) {
  this->change(this->pair.a, 0, kRdHup);
  Pair::write(this->pair.b, "x");
  this->change(this->pair.a, kRdHup, kIn | kRdHup);
  EXPECT_EQ(this->ready(), unsigned{kIn});
  this->change(this->pair.a, kIn | kRdHup, kRdHup);
  EXPECT_EQ(this->ready(), 0U);
}

TYPED_TEST(PollerContract, WriterLearnsThatThePeerIsGone) {
  this->change(this->pair.a, 0, kOut);
  Pair::fill(this->pair.a);
  this->pair.b.reset();
  EXPECT_TRUE(this->ready(0, -1) & (kHup | kErr | kOut));
}

TYPED_TEST(PollerContract, ConnectionRefusedIsReported) {
  base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in addr{};
  addr.sin_family = AF_INET;
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&addr), sizeof(addr)),
            0);  // bound, not listening: refuses
  socklen_t len = sizeof(addr);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&addr), &len);
  base::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&addr), sizeof(addr)), -1);
  if (errno == ECONNREFUSED) GTEST_SKIP() << "refused at once";
  ASSERT_EQ(errno, EINPROGRESS);
  this->change(client, 0, kOut);
  EXPECT_TRUE(this->ready(0, -1) & kErr);
}

TYPED_TEST(PollerContract, ForgottenDescriptorGivesNoEventsAfterClose) {
  this->change(this->pair.a, 0, kOut, 1);
  const int number = this->pair.a.get();
  this->poller.forget(number, kOut);
  this->pair.a.reset();
  EXPECT_EQ(this->ready(1), 0U);
  // The number comes back with another cookie.
  base::UniqueFd again(::dup2(this->pair.b.get(), number));
  this->change(again, 0, kIn, 2);
  EXPECT_EQ(this->ready(1), 0U);
}

TYPED_TEST(PollerContract, RefusesADescriptorThatIsNotOpen) {
  const int number = this->pair.a.get();
  this->pair.a.reset();
  EXPECT_EQ(this->poller.change(number, 0, kIn, 0), EBADF);
}

TYPED_TEST(PollerContract, ASmallRoomStarvesNobody) {
  std::vector<Pair> pairs(20);
  for (std::size_t i = 0; i < pairs.size(); ++i) this->change(pairs[i].a, 0, kOut, i);
  std::set<std::uint64_t> seen;
  for (int round = 0; round < 40 && seen.size() < pairs.size(); ++round) {
    PollEvent events[3];
    const std::size_t n = this->poller.wait(events, 0);
    ASSERT_LE(n, 3U);
    for (std::size_t i = 0; i < n; ++i) seen.insert(events[i].cookie);
  }
  EXPECT_EQ(seen.size(), pairs.size());
}

TYPED_TEST(PollerContract, ManyDescriptorsComeAndGo) {
  std::vector<Pair> pairs(100);
  for (std::size_t i = 0; i < pairs.size(); ++i) this->change(pairs[i].a, 0, kIn, i);
  for (std::size_t i = 0; i < pairs.size(); i += 2) this->change(pairs[i].a, kIn, 0);
  for (auto& p : pairs) Pair::write(p.b, "x");
  std::set<std::uint64_t> seen;
  PollEvent events[256];
  const std::size_t n = this->poller.wait(events, -1);
  for (std::size_t i = 0; i < n; ++i) seen.insert(events[i].cookie);
  EXPECT_EQ(seen.size(), 50U);
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](std::uint64_t c) { return c % 2 == 1; }));
}

TYPED_TEST(PollerContract, WaitsForTheTimeAsked) {
  const auto before = base::Clock::now();
  EXPECT_EQ(this->ready(0, 15), 0U);
  EXPECT_GE(base::Clock::now() - before, base::Millis{14});
}

TEST(MakePoller, KnowsWhatThisBuildHas) {
  EXPECT_TRUE(poller_available(PollerKind::Poll));
  EXPECT_TRUE(poller_available(default_poller()));
  for (auto kind : {PollerKind::Epoll, PollerKind::Poll, PollerKind::Kqueue}) {
    auto poller = make_poller(kind);
    EXPECT_EQ(poller != nullptr, poller_available(kind)) << poller_name(kind);
    if (poller != nullptr) {
      EXPECT_EQ(poller->name(), poller_name(kind));
    }
  }
}

}  // namespace
}  // namespace sluice::runtime::test
