#include <poll.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

bool readable(const WakeFd& wake) {
  pollfd p{wake.fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

void nothing(void*, std::uintptr_t) noexcept {}

TEST(WakeFd, IsReadableFromWakeToClear) {
  WakeFd wake;
  ASSERT_TRUE(wake.valid());
  EXPECT_FALSE(readable(wake));
  wake.wake();
  wake.wake();
  EXPECT_TRUE(readable(wake));
  wake.clear();
  EXPECT_FALSE(readable(wake));
}

TEST(Mailbox, GivesMessagesInOrder) {
  WakeFd wake;
  Mailbox box(wake, 8);
  for (std::uintptr_t i = 0; i < 5; ++i) EXPECT_TRUE(box.post({nothing, nullptr, i}));
  EXPECT_TRUE(readable(wake));
  const auto batch = box.take_all();
  ASSERT_EQ(batch.size(), 5U);
  for (std::uintptr_t i = 0; i < 5; ++i) EXPECT_EQ(batch[i].arg, i);
  EXPECT_FALSE(readable(wake));
  EXPECT_TRUE(box.take_all().empty());
}

TEST(Mailbox, RefusesWhenFullAndTakesAgainWhenEmptied) {
  WakeFd wake;
  Mailbox box(wake, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(box.post({nothing}));
  EXPECT_FALSE(box.post({nothing}));
  EXPECT_EQ(box.take_all().size(), 3U);
  EXPECT_TRUE(box.post({nothing}));
}

TEST(Mailbox, RefusesWhenClosedAndKeepsWhatItHas) {
  WakeFd wake;
  Mailbox box(wake, 3);
  EXPECT_TRUE(box.post({nothing}));
  box.set_open(false);
  EXPECT_FALSE(box.post({nothing}));
  EXPECT_EQ(box.take_all().size(), 1U);
}

TEST(Mailbox, WakesOncePerBatch) {
  WakeFd wake;
  Mailbox box(wake, 8);
  EXPECT_TRUE(box.post({nothing}));
  wake.clear();
  EXPECT_TRUE(box.post({nothing}));
  EXPECT_FALSE(readable(wake)) << "the first message of the batch has woken the reader";
  EXPECT_EQ(box.take_all().size(), 2U);
  EXPECT_TRUE(box.post({nothing}));
  EXPECT_TRUE(readable(wake));
}

// Many threads post to one loop; every accepted message arrives, those of one sender in order.
TEST(Mailbox, LosesNothingUnderThreads) {
  constexpr int kSenders = 4;
  constexpr std::uintptr_t kEach = 5000;
  LoopOptions options;
  options.mailbox_slots = 64;
  auto loop = make_loop(options);
  struct Seen {
    std::vector<std::uintptr_t> last;
    std::uintptr_t total = 0;
    bool in_order = true;
    Loop* loop;
  } seen;
  seen.last.assign(kSenders, 0);
  seen.loop = loop.get();
  const auto receive = [](void* ctx, std::uintptr_t arg) noexcept {
    auto& s = *static_cast<Seen*>(ctx);
    auto& last = s.last[arg % kSenders];
    const std::uintptr_t number = arg / kSenders;
    s.in_order = s.in_order && number == last + 1;
    last = number;
    if (++s.total == kSenders * kEach) s.loop->stop();
  };
  std::vector<std::thread> senders;
  for (std::uintptr_t k = 0; k < kSenders; ++k)
    senders.emplace_back([&, k] {
      for (std::uintptr_t i = 1; i <= kEach; ++i)
        while (!loop->post({receive, &seen, i * kSenders + k})) std::this_thread::yield();
    });
  loop->run();
  for (auto& t : senders) t.join();
  EXPECT_EQ(seen.total, kSenders * kEach);
  EXPECT_TRUE(seen.in_order);
  EXPECT_EQ(loop->stats().messages, kSenders * kEach);
}

TEST(Mailbox, WhatWasAcceptedIsRunBeforeTheLoopEnds) {
  for (int round = 0; round < 50; ++round) {
    auto loop = make_loop();
    std::atomic<int> accepted{0};
    static std::atomic<int> ran;
    ran = 0;
    std::thread sender([&] {
      while (loop->post({[](void*, std::uintptr_t) noexcept { ++ran; }})) ++accepted;
    });
    std::thread stopper([&] { loop->stop(); });
    loop->run();
    stopper.join();
    sender.join();
    EXPECT_EQ(ran.load(), accepted.load());
  }
}

}  // namespace
}  // namespace sluice::runtime::test
