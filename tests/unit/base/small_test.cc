// The small ones: file descriptors, time, checks.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "sluice/base/check.h"
#include "sluice/base/time.h"
#include "sluice/base/unique_fd.h"

namespace sluice::base {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesWhatItOwns) {
  int raw = -1;
  {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(fd.valid());
    raw = fd.get();
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, MovesAndGivesAway) {
  UniqueFd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int raw = a.get();
  UniqueFd b = std::move(a);
  EXPECT_TRUE(is_open(raw));
  UniqueFd c(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int replaced = c.get();
  c = std::move(b);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_EQ(c.take(), raw);
  EXPECT_FALSE(c.valid());
  EXPECT_TRUE(is_open(raw));
  ::close(raw);
}

TEST(Time, DeadlineAfter) {
  const TimePoint now = TimePoint{} + Millis{1000};
  EXPECT_EQ(deadline_after(now, Millis{500}), TimePoint{} + Millis{1500});
  EXPECT_EQ(deadline_after(now, Millis{0}), now);
  EXPECT_EQ(deadline_after(now, kNoTimeout), kNever);
  EXPECT_EQ(deadline_after(now, Millis::max()), kNever);
}

TEST(Check, OddIsCountedAndGoesOn) {
  const auto before = odd_count();
  int odd_taken = 0;
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i)
    if (SLUICE_ODD(i >= 1)) ++odd_taken;
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(odd_taken, 2);
  EXPECT_EQ(odd_count() - before, 2U);
  EXPECT_EQ(said.find("odd: i >= 1"), 0U);
  EXPECT_EQ(said.find("odd:", 1), std::string::npos) << "one line per place";
}

TEST(CheckDeathTest, CheckEndsTheProcess) { EXPECT_DEATH(SLUICE_CHECK(1 == 2), "check failed: 1 == 2 at "); }

}  // namespace
}  // namespace sluice::base
