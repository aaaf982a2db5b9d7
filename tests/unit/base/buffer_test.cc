#include "sluice/base/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::base {
namespace {

TEST(Buffer, StartsWithoutMemory) {
  Buffer b;
  EXPECT_FALSE(b.attached());
  EXPECT_EQ(b.capacity(), 0U);
  EXPECT_TRUE(b.view().empty());
  EXPECT_TRUE(b.writable().empty());
  b.compact();
  b.release();
}

TEST(Buffer, AttachTakesFromThePoolOnce) {
  BufferPool pool(1024);
  Buffer b;
  ASSERT_TRUE(b.attach(pool));
  EXPECT_EQ(b.append("x"), 1U);
  ASSERT_TRUE(b.attach(pool));
  EXPECT_EQ(b.view(), "x") << "attaching again keeps what is there";
  EXPECT_EQ(pool.raw().used(), 1U);
  b.release();
  EXPECT_EQ(pool.raw().used(), 0U);
}

TEST(Buffer, AppendsWhatFits) {
  BufferPool pool(16);
  Buffer b;
  ASSERT_TRUE(b.attach(pool));
  EXPECT_EQ(b.append("0123456789"), 10U);
  EXPECT_EQ(b.append("abcdefghij"), 6U);
  EXPECT_EQ(b.view(), "0123456789abcdef");
  EXPECT_EQ(b.room(), 0U);
}

TEST(Buffer, ConsumingEverythingFreesTheWholeRoom) {
  BufferPool pool(16);
  Buffer b;
  ASSERT_TRUE(b.attach(pool));
  EXPECT_EQ(b.append("0123456789"), 10U);
  b.consume(4);
  EXPECT_EQ(b.view(), "456789");
  EXPECT_EQ(b.room(), 6U);
  b.consume(6);
  EXPECT_EQ(b.room(), 16U);
}

TEST(Buffer, SkipKeepsPlaces) {
  BufferPool pool(16);
  Buffer b;
  ASSERT_TRUE(b.attach(pool));
  EXPECT_EQ(b.append("0123"), 4U);
  b.skip(4);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(b.room(), 12U);
  EXPECT_EQ(b.begin(), b.data() + 4);
}

TEST(Buffer, CompactMovesToTheFront) {
  BufferPool pool(16);
  Buffer b;
  ASSERT_TRUE(b.attach(pool));
  EXPECT_EQ(b.append("0123456789abcdef"), 16U);
  b.consume(3);
  b.compact();
  EXPECT_EQ(b.view(), "3456789abcdef");
  EXPECT_EQ(b.begin(), b.data());
  EXPECT_EQ(b.append("xyz!"), 3U);
}

TEST(Buffer, MovesTakeTheMemoryAlong) {
  BufferPool pool(64);
  Buffer a;
  ASSERT_TRUE(a.attach(pool));
  EXPECT_EQ(a.append("hello"), 5U);
  Buffer b = std::move(a);
  EXPECT_EQ(b.view(), "hello");
  Buffer c;
  ASSERT_TRUE(c.attach(pool));
  c = std::move(b);
  EXPECT_EQ(c.view(), "hello");
  EXPECT_EQ(pool.raw().used(), 1U);
}

TEST(Buffer, WritableAndProducedGoTogether) {
  BufferPool pool(64);
  Buffer b;
  ASSERT_TRUE(b.attach(pool));
  const auto w = b.writable();
  ASSERT_EQ(w.size(), 64U);
  std::memcpy(w.data(), "abc", 3);
  b.produced(3);
  EXPECT_EQ(b.view(), "abc");
  b.clear();
  EXPECT_TRUE(b.empty());
  EXPECT_TRUE(b.attached());
}

}  // namespace
}  // namespace sluice::base
