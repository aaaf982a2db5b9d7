// Limits that threads share.
#include "sluice/proxy/places.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::proxy {
namespace {

TEST(Places, NoMoreThanThereAre) {
  std::atomic<std::uint32_t> taken{0};
  EXPECT_TRUE(take_place(taken, 2));
  EXPECT_TRUE(take_place(taken, 2));
  EXPECT_FALSE(take_place(taken, 2));
  EXPECT_EQ(taken, 2U);
  give_place(taken);
  EXPECT_TRUE(take_place(taken, 2));
  EXPECT_FALSE(take_place(taken, 1));  // lowered meanwhile
  EXPECT_TRUE(take_place(taken, 0));   // no limit: counted all the same
  EXPECT_EQ(taken, 3U);
}

TEST(Places, ThreadsTogetherStayBelowTheLimit) {
  constexpr std::uint32_t kLimit = 3;
  std::atomic<std::uint32_t> taken{0};
  std::atomic<std::uint32_t> holders{0};
  std::atomic<std::uint32_t> most{0};
  const auto work = [&] {
    for (int i = 0; i < 20000; ++i) {
      if (!take_place(taken, kLimit)) continue;
      const std::uint32_t now = ++holders;
      std::uint32_t seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --holders;
      give_place(taken);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back(work);
  for (auto& t : threads) t.join();
  EXPECT_LE(most, kLimit);
  EXPECT_EQ(taken, 0U);
}

}  // namespace
}  // namespace sluice::proxy
