#include "sluice/base/pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::base {
namespace {

TEST(RawPool, CountsWhatIsOut) {
  RawPool pool(100, 4);
  void* a = pool.take();
  void* b = pool.take();
  EXPECT_EQ(pool.used(), 2U);
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(pool.used(), 0U);
}

TEST(RawPool, SmallObjectsGetRoomForALink) { EXPECT_GE(RawPool(1, 4).object_bytes(), sizeof(void*)); }

#ifndef SLUICE_ASAN
TEST(RawPool, HandsOutTheLastFreedFirst) {
  RawPool pool(64, 4);
  void* a = pool.take();
  void* b = pool.take();
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(pool.take(), b);
  EXPECT_EQ(pool.take(), a);
  pool.give(a);
  pool.give(b);
}

TEST(RawPool, KeepsNoMoreThanTold) {
  RawPool pool(64, 2);
  std::vector<void*> out;
  for (int i = 0; i < 5; ++i) out.push_back(pool.take());
  for (void* p : out) pool.give(p);
  EXPECT_EQ(pool.free_count(), 2U);
  pool.trim(1);
  EXPECT_EQ(pool.free_count(), 1U);
}
#endif

TEST(ObjectPool, ConstructsAndDestroys) {
  static int alive = 0;
  struct Counted {
    explicit Counted(int v) : value(v) { ++alive; }
    ~Counted() { --alive; }
    int value;
  };
  ObjectPool<Counted> pool;
  Counted* x = pool.make(7);
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->value, 7);
  EXPECT_EQ(alive, 1);
  pool.destroy(x);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(pool.raw().used(), 0U);
}

}  // namespace
}  // namespace sluice::base
