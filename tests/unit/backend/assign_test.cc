// Who serves and who waits.
#include <thread>

#include "fixture.h"

namespace sluice::backend::test {
namespace {

class AssignTest : public BackendTest {};

TEST_F(AssignTest, SoleServerWithoutLimit) {
  add("s1");
  start();
  {
    const AssignResult a = assign();
    const AssignResult b = assign();
    EXPECT_EQ(name_of(a), "s1");
    EXPECT_EQ(backend->server(0).current(), 2U);
  }
  EXPECT_EQ(backend->server(0).current(), 0U);
  EXPECT_EQ(backend->server(0).current_max(), 2U);
  ServerCounters total;
  backend->server(0).total(total);
  EXPECT_EQ(total.sessions.get(), 2U);
  EXPECT_EQ(total.picked.get(), 2U);
}

TEST_F(AssignTest, BackupOnlyWhenNoActiveIsLeft) {
  add("s1").options.check = true;
  add("b1").options.backup = true;
  add("b2").options.backup = true;
  start();
  EXPECT_EQ(name_of(assign()), "s1");
  check("s1", CheckOutcome::Failed);
  EXPECT_EQ(name_of(assign()), "b1");
  EXPECT_EQ(name_of(assign()), "b1");  // the first one only
  EXPECT_EQ(backend->backup_servers(), 2U);
}

TEST_F(AssignTest, AllBackups) {
  spec.all_backups = true;
  add("s1").options.disabled = true;
  add("b1").options.backup = true;
  add("b2").options.backup = true;
  start();
  EXPECT_EQ(name_of(assign()), "b1");
  EXPECT_EQ(name_of(assign()), "b2");
}

TEST_F(AssignTest, NothingUsable) {
  add("s1").options.disabled = true;
  add("s2").options.weight = 0;
  start();
  EXPECT_EQ(assign().outcome, AssignOutcome::NoServer);
  EXPECT_FALSE(backend->up());
  // Weight 0 takes no balanced work, persistence still reaches it.
  AssignRequest r;
  r.wanted = backend->find("s2");
  EXPECT_EQ(name_of(backend->assign(r)), "s2");
}

TEST_F(AssignTest, WantedServerThatIsDownIsReplaced) {
  add("s1").options.disabled = true;
  add("s2");
  start();
  AssignRequest r;
  r.wanted = backend->find("s1");
  EXPECT_EQ(name_of(backend->assign(r)), "s2");
}

TEST_F(AssignTest, QueueServesInTheOrderOfArrival) {
  add("s1").options.maxconn = 1;
  start();
  AssignResult first = assign();
  Waiter w[3];
  for (Waiter& x : w) {
    AssignResult r = assign(&x);
    ASSERT_EQ(r.outcome, AssignOutcome::Queued);
    x.place = std::move(r.place);
  }
  EXPECT_EQ(backend->queued(), 3U);
  first.slot.release();
  loop->turn();
  EXPECT_EQ(w[0].wakes, 1);
  EXPECT_EQ(w[1].wakes, 0);
  EXPECT_TRUE(w[0].slot);
  EXPECT_EQ(backend->server(0).current(), 1U);
  w[1].place.leave();  // gives up
  w[0].slot.release();
  loop->turn();
  EXPECT_EQ(w[1].wakes, 0);
  EXPECT_EQ(w[2].wakes, 1);
  w[2].slot.release();
  EXPECT_EQ(backend->total_queued(), 0U);
  EXPECT_EQ(backend->server(0).current(), 0U);
  EXPECT_EQ(backend->queued_max(), 3U);
}

TEST_F(AssignTest, SlotGrantedToOneWhoLeavesGoesOn) {
  add("s1").options.maxconn = 1;
  start();
  AssignResult first = assign();
  Waiter a, b;
  a.place = assign(&a).place;
  b.place = assign(&b).place;
  first.slot.release();  // granted to a, the message travels
  EXPECT_EQ(backend->server(0).current(), 1U);
  a.place.leave();
  loop->turn();
  EXPECT_EQ(a.wakes, 0);
  EXPECT_EQ(b.wakes, 1);
}

TEST_F(AssignTest, NobodyOvertakesTheQueue) {
  add("s1").options.maxconn = 1;
  start();
  AssignResult first = assign();
  Waiter a, b;
  a.place = assign(&a).place;
  first.slot.release();
  AssignResult late = assign(&b);
  EXPECT_EQ(late.outcome, AssignOutcome::Queued);
  loop->turn();  // the grant that travels to a arrives
  EXPECT_EQ(a.wakes, 1);
}

TEST_F(AssignTest, NoWaiterMeansFull) {
  add("s1").options.maxconn = 1;
  start();
  const AssignResult a = assign();
  EXPECT_EQ(assign().outcome, AssignOutcome::Full);
}

TEST_F(AssignTest, MaxqueueSendsPersistentRequestsElsewhere) {
  ServerSpec& s = add("s1");
  s.options.maxconn = 1;
  s.options.maxqueue = 1;
  add("s2");
  start();
  AssignRequest r;
  r.wanted = backend->find("s1");
  Waiter a, b;
  const AssignResult first = backend->assign(r);
  EXPECT_EQ(name_of(first), "s1");
  r.waiter = &a;
  AssignResult second = backend->assign(r);
  EXPECT_EQ(second.outcome, AssignOutcome::Queued);
  EXPECT_EQ(second.place.server(), r.wanted);
  r.waiter = &b;
  EXPECT_EQ(name_of(backend->assign(r)), "s2");
}

TEST_F(AssignTest, DownServerSendsItsQueueAway) {
  ServerSpec& s = add("s1");
  s.options.maxconn = 1;
  s.options.check = true;
  add("s2");
  start();
  AssignRequest r;
  r.wanted = backend->find("s1");
  const AssignResult first = backend->assign(r);
  Waiter a;
  r.waiter = &a;
  a.place = backend->assign(r).place;
  check("s1", CheckOutcome::Failed);
  loop->turn();
  EXPECT_EQ(a.wakes, 1);
  EXPECT_EQ(a.last, QueueWake::Again);
  ASSERT_FALSE(messages.log.empty());
  EXPECT_EQ(
      messages.log[0],
      "Server app/s1 is DOWN, reason: Layer4 connection problem, check duration: 0ms. 1 active and 0 backup servers "
      "left. 1 sessions active, 1 requeued, 0 remaining in queue.");
}

TEST_F(AssignTest, DynamicMaxconn) {
  spec.fullconn = 10;
  ServerSpec& s = add("s1");
  s.options.maxconn = 20;
  s.options.minconn = 2;
  start();
  EXPECT_EQ(backend->server(0).dynamic_maxconn(), 2U);
  std::vector<BackendUse> uses;
  for (int i = 0; i < 5; ++i) uses.push_back(backend->enter());
  EXPECT_EQ(backend->server(0).dynamic_maxconn(), 10U);
  for (int i = 0; i < 10; ++i) uses.push_back(backend->enter());
  EXPECT_EQ(backend->server(0).dynamic_maxconn(), 20U);
}

TEST_F(AssignTest, LeastconnFillsExplicitQueues) {
  for (const char* name : {"s1", "s2"}) {
    ServerSpec& s = add(name);
    s.options.maxconn = 1;
    s.options.maxqueue = 1;
  }
  start(Algorithm::LeastConn);
  const AssignResult a = assign();
  const AssignResult b = assign();
  EXPECT_NE(name_of(a), name_of(b));
  Waiter w[3];
  AssignResult r[3];
  for (int i = 0; i < 3; ++i) r[i] = assign(&w[i]);
  EXPECT_NE(r[0].place.server(), nullptr);
  EXPECT_NE(r[1].place.server(), nullptr);
  EXPECT_NE(r[0].place.server(), r[1].place.server());
  EXPECT_EQ(r[2].place.server(), nullptr);  // all queues full: the backend's
}

TEST_F(AssignTest, SourceKeepsAClientAtItsServer) {
  for (const char* name : {"s1", "s2", "s3"}) add(name);
  start(Algorithm::Source);
  const net::Address client = net::Address::ip4(0x7f000001U, 5000);
  AssignRequest r;
  r.source = &client;
  const std::string name = name_of(backend->assign(r));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(name_of(backend->assign(r)), name);
}

// Threads: turns stay exact, limits hold, nobody is forgotten. Run under TSan.
TEST_F(AssignTest, FourThreadsShareTurnsAndLimits) {
  for (const char* name : {"s1", "s2", "s3"}) add(name).options.maxconn = 2;
  start();
  constexpr int kThreads = 4;
  constexpr int kRequests = 300;
  std::atomic<int> over_limit{0};
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      auto own = make_loop(nullptr, t);
      const runtime::LoopBinding bound(*own);
      for (int i = 0; i < kRequests; ++i) {
        Waiter w;
        AssignRequest request;
        request.waiter = &w;
        AssignResult r = backend->assign(request);
        ServerSlot slot = std::move(r.slot);
        if (r.outcome == AssignOutcome::Queued) {
          w.place = std::move(r.place);
          while (w.wakes == 0) own->turn(base::Millis{100});
          slot = std::move(w.slot);
        }
        if (!slot) continue;
        if (slot.server()->current() > 2) ++over_limit;
        ++served;
      }
      own->turn();
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(served, kThreads * kRequests);
  EXPECT_EQ(over_limit, 0);
  EXPECT_EQ(backend->total_queued(), 0U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(backend->server(i).current(), 0U);
}

TEST_F(AssignTest, StrictTurnsAcrossThreads) {
  for (const char* name : {"s1", "s2", "s3"}) add(name);
  start();
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      auto own = make_loop(nullptr, t);
      const runtime::LoopBinding bound(*own);
      for (int i = 0; i < 1000; ++i) (void)backend->assign({});
    });
  }
  for (auto& t : threads) t.join();
  for (std::size_t i = 0; i < 3; ++i) {
    ServerCounters total;
    backend->server(i).total(total);
    EXPECT_EQ(total.sessions.get(), 1000U);
  }
}

}  // namespace
}  // namespace sluice::backend::test
