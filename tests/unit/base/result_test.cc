#include "sluice/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sluice/base/error.h"

namespace sluice::base {
namespace {

Result<int, std::string> half(int v) {
  if (v % 2 != 0) return unexpected(std::string("odd"));
  return v / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  auto good = half(8);
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 4);
  EXPECT_EQ(good.value_or(-1), 4);
  auto bad = half(7);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error(), "odd");
  EXPECT_EQ(bad.value_or(-1), -1);
}

TEST(Result, ValueAndErrorMayHaveTheSameType) {
  Result<int, int> good = 1;
  Result<int, int> bad = unexpected(1);
  EXPECT_TRUE(good.has_value());
  EXPECT_FALSE(bad.has_value());
}

TEST(Result, MovesOnlyValues) {
  Result<std::unique_ptr<int>, Error> r = std::make_unique<int>(5);
  ASSERT_TRUE(r);
  const std::unique_ptr<int> p = *std::move(r);
  EXPECT_EQ(*p, 5);
}

TEST(Result, OfVoid) {
  Result<void, Error> good;
  EXPECT_TRUE(good);
  Result<void, Error> bad = unexpected(Error{ErrorCode::Timeout, Side::Back, Retry::Yes, 0});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::Timeout);
}

TEST(ResultDeathTest, TheValueOfAnErrorEndsTheProcess) {
  EXPECT_DEATH({ (void)half(3).value(); }, "check failed");
  EXPECT_DEATH({ (void)half(4).error(); }, "check failed");
}

}  // namespace
}  // namespace sluice::base
