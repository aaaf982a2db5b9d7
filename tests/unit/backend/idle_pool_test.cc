#include "sluice/backend/idle_pool.h"

#include "fixture.h"

namespace sluice::backend::test {
namespace {

struct Connection final : PooledConnection {
  void close_idle() noexcept override { closed = true; }
  void on_server_gone() noexcept override {
    if (!resting) return;
    IdlePool::detach(*this);
    closed = true;
  }
  bool closed = false;
  bool resting = false;  // kept for one client, without a request
};

class IdlePoolTest : public BackendTest {
 protected:
  ServerOptions options;
  IdleTotals totals;
  Connection c[8];
};

TEST_F(IdlePoolTest, LastInFirstOutAndFigures) {
  IdlePool pool(options, totals);
  for (int i = 0; i < 3; ++i) pool.adopt(c[i]);
  EXPECT_EQ(pool.used(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.give(c[i]));
  EXPECT_EQ(pool.idle(), 3U);
  EXPECT_EQ(pool.used(), 0U);
  EXPECT_EQ(pool.take(ReusePolicy::Safe, false, 0), &c[2]);
  EXPECT_TRUE(pool.give(c[2]));
  EXPECT_EQ(pool.safe(), 1U);  // it has been reused
  EXPECT_EQ(pool.idle(), 2U);
}

TEST_F(IdlePoolTest, PoliciesForFirstRequests) {
  IdlePool pool(options, totals);
  pool.adopt(c[0]);
  ASSERT_TRUE(pool.give(c[0]));
  EXPECT_EQ(pool.take(ReusePolicy::Never, false, 0), nullptr);
  EXPECT_EQ(pool.take(ReusePolicy::Safe, true, 0), nullptr);
  EXPECT_EQ(pool.take(ReusePolicy::Aggressive, true, 0), nullptr);  // not reused yet
  EXPECT_EQ(pool.take(ReusePolicy::Always, true, 0), &c[0]);
  ASSERT_TRUE(pool.give(c[0]));
  EXPECT_EQ(pool.take(ReusePolicy::Aggressive, true, 0), &c[0]);
}

TEST_F(IdlePoolTest, KeysKeepConnectionsApart) {
  IdlePool pool(options, totals);
  c[0].pool_key = 7;
  for (int i = 0; i < 2; ++i) pool.adopt(c[i]);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool.give(c[i]));
  EXPECT_EQ(pool.take(ReusePolicy::Always, true, 7), &c[0]);
  EXPECT_EQ(pool.take(ReusePolicy::Always, true, 7), nullptr);
}

TEST_F(IdlePoolTest, AServerThatGoesTakesWhatIsKeptForOneClientAlong) {
  IdlePool pool(options, totals);
  for (int i = 0; i < 4; ++i) pool.adopt(c[i]);
  ASSERT_TRUE(pool.give(c[0]));
  c[1].resting = c[3].resting = true;
  pool.close_all();
  EXPECT_TRUE(c[0].closed && c[1].closed && c[3].closed);
  EXPECT_FALSE(c[2].closed);  // at work
  EXPECT_EQ(pool.used(), 1U);
  EXPECT_EQ(pool.idle(), 0U);
}

// A burst of short client connections, one after the other, left one idle server connection each behind.
TEST_F(IdlePoolTest, KeepsNoMoreThanWereInUseAtOnce) {
  IdlePool pool(options, totals);
  pool.adopt(c[0]);
  EXPECT_TRUE(pool.give(c[0]));
  pool.adopt(c[1]);
  EXPECT_FALSE(pool.give(c[1]));
  IdlePool::detach(c[1]);
  EXPECT_EQ(pool.idle() + pool.safe(), 1U);
}

TEST_F(IdlePoolTest, Limits) {
  options.pool_max_conn = 1;
  options.max_reuse = 1;
  IdlePool pool(options, totals);
  for (int i = 0; i < 3; ++i) pool.adopt(c[i]);
  EXPECT_TRUE(pool.give(c[0]));
  EXPECT_FALSE(pool.give(c[1]));  // pool-max-conn
  c[0].requests = 1;
  EXPECT_EQ(pool.take(ReusePolicy::Always, true, 0), &c[0]);
  c[0].requests = 2;
  EXPECT_FALSE(pool.give(c[0]));  // max-reuse 1: two requests in all
  EXPECT_EQ(pool.used(), 3U);
  EXPECT_EQ(totals.idle, 0U);
}

TEST_F(IdlePoolTest, PurgeDelayZeroKeepsNothing) {
  options.pool_purge_delay = base::Millis{0};
  IdlePool pool(options, totals);
  pool.adopt(c[0]);
  EXPECT_FALSE(pool.give(c[0]));
}

TEST_F(IdlePoolTest, DeadConnectionsLeave) {
  IdlePool pool(options, totals);
  {
    Connection gone;
    pool.adopt(gone);
    ASSERT_TRUE(pool.give(gone));
  }
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_EQ(pool.take(ReusePolicy::Always, true, 0), nullptr);
}

TEST_F(IdlePoolTest, PoolThatGoesLeavesNothingBehind) {
  {
    IdlePool pool(options, totals);
    pool.adopt(c[0]);
    pool.adopt(c[1]);
    ASSERT_TRUE(pool.give(c[1]));
  }
  EXPECT_FALSE(c[0].closed);
  EXPECT_EQ(c[0].pool(), nullptr);
  EXPECT_TRUE(c[1].closed);
  EXPECT_EQ(totals.idle, 0U);
}

TEST_F(IdlePoolTest, PurgeClosesHalfOfTheExcessOldestFirst) {
  IdlePool pool(options, totals);
  for (auto& x : c) pool.adopt(x);
  for (auto& x : c) ASSERT_TRUE(pool.give(x));
  pool.purge();  // the peak of eight was just now: all needed
  EXPECT_EQ(pool.idle(), 8U);
  int closed = 0;
  int rounds = 0;
  while (pool.idle() != 0 && rounds < 20) {
    clock.advance(std::chrono::seconds(5));
    loop->turn();  // the pool's own timer
    ++rounds;
    const int now = static_cast<int>(8 - pool.idle());
    EXPECT_GE(now, closed);
    closed = now;
    EXPECT_EQ(c[0].closed, closed != 0);
  }
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_GT(rounds, 3);
}

// One at a time is needed; two more may stay, until the purge.
TEST_F(IdlePoolTest, LowConnKeepsMoreThanIsNeededUntilThePurge) {
  options.pool_low_conn = 2;
  IdlePool pool(options, totals);
  int kept = 0;
  for (auto& x : c) {
    pool.adopt(x);
    if (pool.give(x))
      ++kept;
    else
      IdlePool::detach(x);
  }
  EXPECT_EQ(kept, 3);
  for (int i = 0; i < 20; ++i) {
    clock.advance(std::chrono::seconds(5));
    loop->turn();
  }
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(IdlePoolTest, ServerThatGoesDownClosesItsIdleConnections) {
  add("s1").options.check = true;
  start();
  Server& s = backend->server(0);
  s.idle_pool(0).adopt(c[0]);
  ASSERT_TRUE(s.idle_pool(0).give(c[0]));
  EXPECT_EQ(s.idle_figures().idle, 1U);
  check("s1", CheckOutcome::Failed);
  loop->turn();
  EXPECT_TRUE(c[0].closed);
}

}  // namespace
}  // namespace sluice::backend::test
