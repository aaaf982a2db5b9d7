#include "sluice/runtime/thread_set.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::runtime {
namespace {

std::string first_eight(std::string_view text) {
  const auto set = parse_thread_set(text);
  if (!set) return "wrong";
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) out += set->test(i) ? 'x' : '.';
  return out;
}

TEST(ThreadSet, AsWritten) {
  EXPECT_EQ(first_eight("all"), "xxxxxxxx");
  EXPECT_EQ(first_eight("odd"), "x.x.x.x.");
  EXPECT_EQ(first_eight("even"), ".x.x.x.x");
  EXPECT_EQ(first_eight("3"), "..x.....");
  EXPECT_EQ(first_eight("2-4"), ".xxx....");
  EXPECT_EQ(first_eight("6-"), ".....xxx");
  EXPECT_EQ(first_eight("-2"), "xx......");
  EXPECT_TRUE(parse_thread_set("256")->test(255));
}

TEST(ThreadSet, WhatIsNone) {
  for (const auto* text : {"", "-", "0", "257", "4-3", "1-257", "x", "1,2", "1-x", "--1", " 1"})
    EXPECT_EQ(first_eight(text), "wrong") << text;
}

}  // namespace
}  // namespace sluice::runtime
