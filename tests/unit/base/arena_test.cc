#include "sluice/base/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace sluice::base {
namespace {

bool inside(const void* p, std::span<char> block) {
  const auto* c = static_cast<const char*>(p);
  return c >= block.data() && c < block.data() + block.size();
}

TEST(Arena, ServesFromTheFirstBlockAndThenFromMalloc) {
  alignas(16) std::array<char, 64> first{};
  Arena arena(first);
  EXPECT_TRUE(inside(arena.allocate(48), first));
  void* beyond = arena.allocate(48);
  ASSERT_NE(beyond, nullptr);
  EXPECT_FALSE(inside(beyond, first));
}

TEST(Arena, UsesTheLastByteOfABlock) {
  alignas(16) std::array<char, 32> first{};
  Arena arena(first, 0);
  EXPECT_NE(arena.allocate(32, 1), nullptr);
  EXPECT_EQ(arena.allocate(1, 1), nullptr);
}

TEST(Arena, AlignsInFirstAndFurtherBlocks) {
  alignas(16) std::array<char, 64> first{};
  Arena arena(first);
  for (int i = 0; i < 20; ++i) {
    ASSERT_NE(arena.allocate(1, 1), nullptr);
    for (std::size_t align : {2U, 4U, 8U, 16U})
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(align, align)) % align, 0U);
  }
}

TEST(Arena, RefusesBeyondItsLimit) {
  Arena arena({}, 8192);
  EXPECT_EQ(arena.allocate(8193), nullptr);
  int blocks = 0;
  while (blocks < 100 && arena.allocate(4000) != nullptr) ++blocks;
  EXPECT_GE(blocks, 1);
  EXPECT_LE(blocks, 3);
}

TEST(Arena, RefusesSizesThatWouldWrapAround) {
  std::array<char, 64> first{};
  Arena arena(first);
  EXPECT_EQ(arena.allocate(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_EQ(arena.allocate(std::numeric_limits<std::size_t>::max() - 8), nullptr);
  EXPECT_NE(arena.allocate(8), nullptr);
}

TEST(Arena, CopiesText) {
  Arena arena({});
  std::string source = "a value";
  const std::string_view copy = arena.copy(source);
  source.assign("changed");
  EXPECT_EQ(copy, "a value");
  EXPECT_NE(arena.copy("").data(), nullptr);
}

TEST(Arena, CopyBeyondTheLimitIsAnEmptyView) {
  Arena arena({}, 16);
  const std::string_view copy = arena.copy("this text is longer than sixteen characters");
  EXPECT_EQ(copy.data(), nullptr);
  EXPECT_TRUE(copy.empty());
}

TEST(Arena, ResetStartsAgainInTheFirstBlock) {
  alignas(16) std::array<char, 64> first{};
  Arena arena(first, 8192);
  void* a = arena.allocate(32);
  while (arena.allocate(1000) != nullptr) {
  }
  arena.reset();
  EXPECT_EQ(arena.allocate(32), a);
  EXPECT_NE(arena.allocate(1000), nullptr) << "the limit counts from the reset on";
}

}  // namespace
}  // namespace sluice::base
