#include "sluice/runtime/thread_group.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <set>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

std::unique_ptr<ThreadGroup> make_group(ThreadGroupOptions options) {
  auto group = ThreadGroup::make(std::move(options));
  if (!group) ::abort();
  return std::move(group).value();
}

// Counts threads in and out, and remembers what each saw.
struct Seen {
  std::atomic<unsigned> started{0}, stopped{0}, messages{0};
  std::atomic<bool> bound{true};
  std::array<std::atomic<unsigned>, kMaxThreads> cpus{};
  std::array<char, 16> names[4] = {};
};

void on_start(void* ctx, Loop& loop) noexcept {
  auto& seen = *static_cast<Seen*>(ctx);
  if (Loop::current() != &loop) seen.bound = false;
  seen.cpus[loop.index()] = CpuSet::allowed().count();
  if (loop.index() < 4) ::pthread_getname_np(::pthread_self(), seen.names[loop.index()].data(), 16);
  ++seen.started;
}
void on_stop(void* ctx, Loop&) noexcept { ++static_cast<Seen*>(ctx)->stopped; }
void on_message(void* ctx, std::uintptr_t) noexcept { ++static_cast<Seen*>(ctx)->messages; }

ThreadGroupOptions options_for(Seen& seen, unsigned threads) {
  ThreadGroupOptions o;
  o.threads = threads;
  o.name = "test";
  o.on_start = on_start;
  o.on_stop = on_stop;
  o.ctx = &seen;
  return o;
}

TEST(ThreadGroup, EveryLoopRunsOnAThreadOfItsOwnUntilStopped) {
  Seen seen;
  auto group = make_group(options_for(seen, 4));
  ASSERT_EQ(group->size(), 4U);
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(group->loop(i).index(), i);
  ASSERT_TRUE(group->start());
  EXPECT_EQ(group->post_each({on_message, &seen}), 4U);
  group->stop();
  group->join();
  EXPECT_EQ(seen.started, 4U);
  EXPECT_EQ(seen.stopped, 4U);
  EXPECT_EQ(seen.messages, 4U) << "what was accepted is run";
  EXPECT_TRUE(seen.bound);
  EXPECT_EQ(group->post_each({on_message, &seen}), 0U);
}

TEST(ThreadGroup, TheCallerMayRunTheFirstLoop) {
  Seen seen;
  auto group = make_group(options_for(seen, 3));
  ASSERT_TRUE(group->start(true));
  ASSERT_TRUE(group->loop(0).post(
      {[](void* g, std::uintptr_t) noexcept { static_cast<ThreadGroup*>(g)->stop(); }, group.get()}));
  group->run_first();
  group->join();
  EXPECT_EQ(seen.started, 3U);
  EXPECT_EQ(seen.stopped, 3U);
}

TEST(ThreadGroup, GoingStopsAndJoins) {
  Seen seen;
  {
    auto group = make_group(options_for(seen, 2));
    ASSERT_TRUE(group->start());
  }
  EXPECT_EQ(seen.stopped, 2U);
  auto never_started = make_group(options_for(seen, 2));
}

TEST(ThreadGroup, ThreadsAreNamedAndPinned) {
  const CpuSet all = CpuSet::allowed();
  ASSERT_FALSE(all.empty());
  CpuSet first;
  first.bits.set(all.bits._Find_first());
  Seen seen;
  auto options = options_for(seen, 3);
  options.cpus = {CpuSet{}, first};
  auto group = make_group(std::move(options));
  ASSERT_TRUE(group->start());
  group.reset();
  EXPECT_EQ(seen.cpus[0], all.count());
  EXPECT_EQ(seen.cpus[1], 1U);
  EXPECT_EQ(seen.cpus[2], all.count());
#ifdef __linux__
  EXPECT_STREQ(seen.names[1].data(), "test/2");
  EXPECT_STREQ(seen.names[2].data(), "test/3");
#endif
}

TEST(ThreadGroup, DefaultIsOneThreadPerAllowedCpu) {
  EXPECT_EQ(default_thread_count(), CpuSet::allowed().count());
  auto group = make_group({});
  EXPECT_EQ(group->size(), default_thread_count());
}

// A chain of messages through all loops, many times around.
TEST(ThreadGroup, MessagesTravelBetweenLoops) {
  struct Ring {
    ThreadGroup* group;
    std::atomic<int> hops{0};
  } ring;
  Seen seen;
  auto group = make_group(options_for(seen, 3));
  ring.group = group.get();
  struct Hop {
    static void go(void* ctx, std::uintptr_t at) noexcept {
      auto& r = *static_cast<Ring*>(ctx);
      if (++r.hops == 3000) return r.group->stop();
      const std::uintptr_t next = (at + 1) % 3;
      if (!r.group->loop(next).post({go, ctx, next})) r.group->stop();
    }
  };
  ASSERT_TRUE(group->start());
  ASSERT_TRUE(group->loop(0).post({Hop::go, &ring, 0}));
  group->join();
  EXPECT_EQ(ring.hops, 3000);
}

}  // namespace
}  // namespace sluice::runtime::test
