#include "sluice/process/limits.h"

#include <gtest/gtest.h>

namespace sluice::process {
namespace {

constexpr FdNeeds kNeeds{.listeners = 1, .checks = 2, .threads = 2, .others = 3};
constexpr std::uint64_t kFixed = 8 + 1 + 2 + 6 + 3;

TEST(Limits, MaxconnThatNobodySetFollowsTheDescriptors) {
  const auto l = compute_limits({}, kNeeds, 1024, 1024);
  EXPECT_TRUE(l.maxconn_computed);
  EXPECT_EQ(l.maxconn, (1024 - kFixed) / 2);
  EXPECT_LE(l.fds_needed, 1024U);
}

TEST(Limits, TheHardLimitCountsBecauseItCanBeReached) {
  EXPECT_EQ(compute_limits({}, kNeeds, 1024, 20000).maxconn, (20000 - kFixed) / 2);
  EXPECT_EQ(compute_limits({}, kNeeds, 1024, ~std::uint64_t{0}).maxconn, (1048576 - kFixed) / 2)
      << "an unlimited one does not";
}

TEST(Limits, FdHardLimitAndUlimitN) {
  GlobalSpec g;
  g.fd_hard_limit = 5000;
  EXPECT_EQ(compute_limits(g, kNeeds, 1024, 20000).maxconn, (5000 - kFixed) / 2);
  g.ulimit_n = 3000;
  const auto l = compute_limits(g, kNeeds, 1024, 20000);
  EXPECT_EQ(l.maxconn, (3000 - kFixed) / 2);
  EXPECT_EQ(l.fds_needed, 3000U);
}

TEST(Limits, MaxconnGivenAsksForItsDescriptors) {
  GlobalSpec g;
  g.maxconn = 5000;
  g.max_pipes = 100;
  const auto l = compute_limits(g, kNeeds, 1024, 1024);
  EXPECT_FALSE(l.maxconn_computed);
  EXPECT_EQ(l.maxconn, 5000U);
  EXPECT_EQ(l.fds_needed, kFixed + 10000 + 200);
}

TEST(Limits, NoRoomAtAllStillGivesAFew) { EXPECT_EQ(compute_limits({}, kNeeds, 10, 10).maxconn, 100U); }

}  // namespace
}  // namespace sluice::process
