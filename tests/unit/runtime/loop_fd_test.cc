// Descriptors and the loop: what the kernel is told and when, and which events are handed out.
#include <cerrno>

#include "fakes/runtime/fake_clock.h"
#include "fakes/runtime/fake_poller.h"
#include "fakes/runtime/kqueue_shim.h"
#include "unit/runtime/fixture.h"
// After the shim: declares KqueuePoller.
#define SLUICE_KQUEUE_HEADER "fakes/runtime/kqueue_shim.h"
#include "runtime/kqueue_poller.h"

namespace sluice::runtime::test {
namespace {

using Calls = std::vector<std::string>;

// A scripted poller: what it is asked for, and what it reports.
class LoopPollerCalls : public ::testing::Test {
 protected:
  LoopPollerCalls() {
    loop->turn();  // registers the mailbox
    script.calls.clear();
  }
  Calls calls_of_next_turn() {
    script.calls.clear();
    loop->turn();
    return script.calls;
  }
  PollEvent event(int fd, unsigned ready) { return {script.cookies[fd], ready}; }

  FakeClock clock;
  FakePoller::Script script{&clock, {}, {}, {}, {}, {}, {}, 0};
  std::unique_ptr<Loop> loop = make_loop(FakePoller::options(script));
  Handler h, other;
};

TEST_F(LoopPollerCalls, AChangeIsToldOnceBeforeTheNextWait) {
  loop->watch(10, kIn, h);
  EXPECT_TRUE(script.calls.empty());
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 10 1"});
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  loop->set_interest(10, kIn);
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  loop->set_interest(10, kIn | kOut);
  EXPECT_EQ(calls_of_next_turn(), Calls{"mod 10 5"});
  loop->set_interest(10, 0);
  EXPECT_EQ(calls_of_next_turn(), Calls{"del 10"});
  EXPECT_TRUE(loop->watched(10));
  loop->set_interest(10, kOut);
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 10 4"});
  EXPECT_EQ(loop->interest(10), unsigned{kOut});
}

TEST_F(LoopPollerCalls, ToAndFroWithinATurnCostsNothing) {
  loop->watch(10, kIn, h);
  loop->turn();
  loop->set_interest(10, kIn | kOut);
  loop->set_interest(10, 0);
  loop->set_interest(10, kIn);
  EXPECT_EQ(calls_of_next_turn(), Calls{});
}

TEST_F(LoopPollerCalls, APatientWatchIsToldOnlyWhenItsTimeIsOver) {
  loop->watch_patiently(10, kIn, h);
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  clock.advance(Loop::kPatience / 2);
  loop->turn();
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  clock.advance(Loop::kPatience);
  loop->turn();  // the clock is read after the wait
  EXPECT_EQ(loop->interest(10), unsigned{kIn});
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 10 1"});
  EXPECT_EQ(calls_of_next_turn(), Calls{});
}

TEST_F(LoopPollerCalls, APatientWatchIsToldAtOnceWhenHurriedOrChanged) {
  loop->watch_patiently(10, kIn, h);
  loop->turn();
  loop->hurry(10);
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 10 1"});
  loop->watch_patiently(11, kIn, h);
  loop->turn();
  loop->set_interest(11, kIn | kOut);
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 11 5"});
}

TEST_F(LoopPollerCalls, APatientWatchThatEndsEarlyCostsNothingAndLeavesNothingBehind) {
  for (int i = 0; i < 5000; ++i) {
    loop->watch_patiently(10, kIn, h);
    loop->unwatch_closing(10);
  }
  loop->watch_patiently(10, kIn, other);  // the number came back
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  clock.advance(Loop::kPatience * 2);
  loop->turn();
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 10 1"});
}

TEST_F(LoopPollerCalls, OfTheEventsOfOneWaitThoseOfLowerNicenessComeFirst) {
  std::vector<int> order;
  Handler handlers[5];
  const std::int8_t nice[5] = {0, 100, -1, 0, -128};
  for (int i = 0; i < 5; ++i) {
    handlers[i].then = [&order, i](unsigned) { order.push_back(i); };
    loop->watch(10 + i, kIn, handlers[i]);
    if (nice[i] != 0) loop->set_nice(10 + i, nice[i]);
  }
  loop->turn();
  const auto all = [&] {
    order.clear();
    script.coming.push_back({event(11, kIn), event(10, kIn), event(12, kIn), event(13, kIn), event(14, kIn)});
    loop->turn();
  };
  all();
  ASSERT_EQ(order.size(), 5U);
  EXPECT_EQ(order[0], 4);
  EXPECT_EQ(order[1], 2);
  EXPECT_EQ(order[4], 1);
  // It ends with the watch.
  loop->unwatch(14);
  loop->watch(14, kIn, handlers[4]);
  loop->turn();
  all();
  EXPECT_EQ(order.front(), 2);
}

TEST_F(LoopPollerCalls, WatchedAndGoneWithinATurnCostsNothing) {
  loop->watch(10, kIn, h);
  loop->unwatch(10);
  loop->watch(11, kIn, h);
  loop->unwatch_closing(11);
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  EXPECT_FALSE(loop->watched(10));
}

TEST_F(LoopPollerCalls, WithoutInterestThePollerIsNotTold) {
  loop->watch(10, 0, h);
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  EXPECT_TRUE(loop->watched(10));
}

TEST_F(LoopPollerCalls, UnwatchTellsAtOnceUnwatchClosingOnlyForgets) {
  loop->watch(10, kIn, h);
  loop->watch(11, kIn, h);
  loop->turn();
  script.calls.clear();
  loop->unwatch(10);
  EXPECT_EQ(script.calls, Calls{"del 10"});
  script.calls.clear();
  loop->unwatch_closing(11);
  EXPECT_EQ(script.calls, Calls{"forget 11"});
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  loop->unwatch(10);
  loop->unwatch_closing(999999);  // harmless
}

TEST_F(LoopPollerCalls, AReusedNumberIsANewRegistration) {
  loop->watch(10, kIn, h);
  loop->turn();
  const std::uint64_t before = script.cookies[10];
  loop->unwatch_closing(10);
  loop->watch(10, kIn, other);
  EXPECT_EQ(calls_of_next_turn(), (Calls{"add 10 1"}));
  EXPECT_NE(script.cookies[10], before);
}

TEST_F(LoopPollerCalls, AnEventOfAnEarlierOwnerOfTheNumberIsDropped) {
  loop->watch(10, kIn, h);
  loop->turn();
  const PollEvent stale = event(10, kIn);
  loop->unwatch_closing(10);
  loop->watch(10, kIn, other);
  loop->turn();
  script.coming.push_back({stale});
  loop->turn();
  EXPECT_EQ(h.calls + other.calls, 0);
  EXPECT_EQ(loop->stats().stale_events, 1U);
  script.coming.push_back({event(10, kIn)});
  loop->turn();
  EXPECT_EQ(other.calls, 1);
}

TEST_F(LoopPollerCalls, AnEventOfThisTurnIsDroppedWhenAnEarlierOneUnwatchedAndReusedTheNumber) {
  loop->watch(10, kIn, h);
  loop->watch(11, kIn, other);
  loop->turn();
  Handler newcomer;
  h.then = [&](unsigned) {
    loop->unwatch_closing(11);
    loop->watch(11, kIn, newcomer);
  };
  script.coming.push_back({event(10, kIn), event(11, kIn)});
  loop->turn();
  EXPECT_EQ(h.calls, 1);
  EXPECT_EQ(other.calls, 0);
  EXPECT_EQ(newcomer.calls, 0);
}

TEST_F(LoopPollerCalls, OnlyWhatIsStillWantedIsHandedOut) {
  loop->watch(10, kIn, h);
  loop->watch(11, kIn | kOut, other);
  loop->turn();
  h.then = [&](unsigned) { loop->set_interest(11, kOut); };
  script.coming.push_back({event(10, kIn), event(11, kIn | kOut)});
  loop->turn();
  EXPECT_EQ(other.last, unsigned{kOut});
  h.then = [&](unsigned) { loop->set_interest(11, 0); };
  script.coming.push_back({event(10, kIn), event(11, kOut | kErr)});
  loop->turn();
  EXPECT_EQ(other.calls, 1) << "no interest, no events, errors included";
}

TEST_F(LoopPollerCalls, ErrorsComeUnasked) {
  loop->watch(10, kIn, h);
  loop->turn();
  script.coming.push_back({event(10, kOut | kErr | kHup | kRdHup)});
  loop->turn();
  EXPECT_EQ(h.last, unsigned{kErr | kHup});
}

TEST_F(LoopPollerCalls, AnotherHandlerTakesOver) {
  loop->watch(10, kIn, h);
  loop->turn();
  loop->set_handler(10, other);
  script.coming.push_back({event(10, kIn)});
  EXPECT_EQ(calls_of_next_turn(), Calls{});
  EXPECT_EQ(other.calls, 1);
}

TEST_F(LoopPollerCalls, ARefusalReachesTheHandlerOnceAsAnError) {
  script.refuse_with = ENOSPC;
  loop->watch(10, kIn, h);
  h.then = [&](unsigned) { loop->unwatch_closing(10); };
  loop->turn();
  EXPECT_EQ(h.last, unsigned{kErr});
  loop->turn();
  EXPECT_EQ(h.calls, 1);
}

TEST_F(LoopPollerCalls, ARefusalThatIsIgnoredIsNotRepeatedUntilAskedAgain) {
  script.refuse_with = ENOSPC;
  loop->watch(10, kIn, h);
  loop->turn();
  loop->turn();
  EXPECT_EQ(h.calls, 1);
  EXPECT_EQ(loop->interest(10), 0U);
  loop->set_interest(10, kIn);
  EXPECT_EQ(calls_of_next_turn(), Calls{"add 10 1"});
}

TEST_F(LoopPollerCalls, TheTableGrowsWhileEventsAreHandedOut) {
  loop->watch(10, kIn, h);
  loop->watch(11, kIn, other);
  loop->turn();
  Handler far;
  h.then = [&](unsigned) { loop->watch(100000, kIn, far); };
  script.coming.push_back({event(10, kIn), event(11, kIn)});
  loop->turn();
  EXPECT_EQ(other.calls, 1);
  loop->turn();
  EXPECT_TRUE(script.registered.contains(100000));
}

// Real descriptors, with every poller of this build.
class LoopWithRealPoller : public ::testing::TestWithParam<PollerKind> {
 protected:
  static LoopOptions options() {
    LoopOptions o;
    o.poller = GetParam();
    // Where kqueue is missing its source runs on the shim.
    if (!poller_available(o.poller))
      o.make_custom_poller = [](void*) -> std::unique_ptr<Poller> { return std::make_unique<KqueuePoller>(); };
    return o;
  }
  std::unique_ptr<Loop> loop = make_loop(options());
};

TEST_P(LoopWithRealPoller, EchoesBetweenTwoSockets) {
  Pair pair;
  Handler server, client;
  int round_trips = 0;
  server.then = [&](unsigned) { Pair::write(pair.a, Pair::read(pair.a)); };
  client.then = [&](unsigned) {
    EXPECT_EQ(Pair::read(pair.b), "ping");
    if (++round_trips == 100) return loop->stop();
    Pair::write(pair.b, "ping");
  };
  loop->watch(pair.a.get(), kIn, server);
  loop->watch(pair.b.get(), kIn, client);
  Pair::write(pair.b, "ping");
  loop->run();
  EXPECT_EQ(round_trips, 100);
  EXPECT_EQ(loop->stats().poll_changes, 3U) << "two sockets and the mailbox, once each";
}

TEST_P(LoopWithRealPoller, ANumberThatIsClosedAndReusedBelongsToTheNewOwner) {
  auto first = std::make_unique<Pair>();
  Handler old_owner, new_owner;
  loop->watch(first->a.get(), kIn, old_owner);
  loop->turn();
  Pair::write(first->b, "x");
  const int number = first->a.get();
  loop->unwatch_closing(number);
  first.reset();
  Pair second;
  ASSERT_EQ(second.a.get(), number) << "the lowest free number is given out";
  loop->watch(number, kIn, new_owner);
  loop->turn();
  EXPECT_EQ(old_owner.calls + new_owner.calls, 0);
  Pair::write(second.b, "y");
  loop->turn();
  EXPECT_EQ(new_owner.calls, 1);
}

TEST_P(LoopWithRealPoller, NoInterestDoesNotSpinOnAPeerThatIsGone) {
  Pair pair;
  Handler h;
  loop->watch(pair.a.get(), kIn, h);
  loop->turn();
  loop->set_interest(pair.a.get(), 0);
  pair.b.reset();
  const auto before = loop->stats().io_events;
  for (int i = 0; i < 3; ++i) loop->turn();
  EXPECT_EQ(loop->stats().io_events, before);
  EXPECT_EQ(h.calls, 0);
}

TEST_P(LoopWithRealPoller, StopFromAnotherThreadEndsAWaitWithoutLimit) {
  std::thread stopper([&] { loop->stop(); });
  loop->run();
  stopper.join();
}

INSTANTIATE_TEST_SUITE_P(, LoopWithRealPoller,
                         ::testing::Values(PollerKind::Epoll, PollerKind::Poll, PollerKind::Kqueue),
                         [](const auto& i) { return std::string(poller_name(i.param)); });

TEST(LoopMake, SaysWhyAPollerIsRefused) {
  LoopOptions options;
  options.poller = poller_available(PollerKind::Kqueue) ? PollerKind::Epoll : PollerKind::Kqueue;
  const auto loop = Loop::make(options);
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error().code, base::ErrorCode::System);
  EXPECT_EQ(loop.error().sys, ENOSYS);
}

}  // namespace
}  // namespace sluice::runtime::test
