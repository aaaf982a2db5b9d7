// Answers gathered from several threads, through a real session.
#include "ops/thread_walk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cli_client.h"

namespace sluice::ops {
namespace {

struct Counts {
  std::atomic<int> visits{0}, left{0}, destroyed{0};
};

// Says "<thread>.<piece>" three times per thread.
class Counting final : public ThreadVisitor {
 public:
  Counting(Counts& counts, std::size_t bytes) : counts_(counts), bytes_(bytes) {}
  ~Counting() override { ++counts_.destroyed; }
  bool visit(runtime::Loop& loop, std::string& out) noexcept override {
    ++counts_.visits;
    EXPECT_EQ(runtime::Loop::current(), &loop);
    out += std::to_string(loop.index()) + "." + std::to_string(piece_) + std::string(bytes_, 'x') + "\n";
    if (++piece_ < 3) return true;
    piece_ = 0;
    return false;
  }
  void leave(runtime::Loop&) noexcept override { ++counts_.left; }
  void finish(std::string& out) noexcept override { out += "end\n"; }

 private:
  Counts& counts_;
  const std::size_t bytes_;
  int piece_ = 0;
};

class ThreadWalks : public test::CliFixture {
 protected:
  static constexpr unsigned kThreads = 3;
  struct Setup {
    runtime::ThreadGroup* threads;
    Counts* counts;
    std::size_t bytes;
    int only;
  };
  static std::unique_ptr<CliAnswer> walk(CliCall& c) {
    const auto& s = *static_cast<Setup*>(c.ctx);
    return std::make_unique<ThreadWalk>(*s.threads, c.session, std::make_unique<Counting>(*s.counts, s.bytes), s.only);
  }
  static constexpr CliCommand kWalk[] = {{"walk", CliLevel::User, "walk", "visits all threads", walk}};

  // The session lives on a loop that is none of the group's; the group runs on threads of its own.
  void begin(std::size_t bytes = 0, int only = -1) {
    runtime::ThreadGroupOptions options;
    options.threads = kThreads;
    threads_ = std::move(runtime::ThreadGroup::make(std::move(options)).value());
    ASSERT_TRUE(threads_->start().has_value());
    setup_ = {threads_.get(), &counts_, bytes, only};
    start(CliLevel::Admin, kWalk, &setup_);
  }
  // Until something is the case, at most some seconds.
  template <class F>
  bool until(F f) {
    for (int i = 0; i < 5000; ++i) {
      if (f()) return true;
      loop_->turn(base::Millis{1});
    }
    return false;
  }
  std::string read_all(Client& c) {
    std::string out;
    (void)until([&] {
      out += c.read();
      return c.closed();
    });
    return out;
  }

  Counts counts_;
  Setup setup_{};
  std::unique_ptr<runtime::ThreadGroup> threads_;
};

TEST_F(ThreadWalks, EveryThreadInTurnPieceByPiece) {
  begin();
  Client c(*this);
  c.send("walk;echo x\n");
  EXPECT_EQ(read_all(c), "0.0\n0.1\n0.2\n1.0\n1.1\n1.2\n2.0\n2.1\n2.2\nend\n\nx\n\n");
  EXPECT_TRUE(until([&] { return counts_.destroyed == 1; }));
  EXPECT_EQ(counts_.left, 0);
}

TEST_F(ThreadWalks, OneThread) {
  begin(0, 1);
  Client c(*this);
  c.send("walk\n");
  EXPECT_EQ(read_all(c), "1.0\n1.1\n1.2\nend\n\n");
}

TEST_F(ThreadWalks, ALongDumpComesWhole) {
  begin(100'000);
  Client c(*this);
  c.send("walk\n");
  EXPECT_EQ(read_all(c).size(), 9 * (100'000U + 4) + 5);
}

// A client that leaves in the middle: what was made for it goes, on the thread that it was on.
TEST_F(ThreadWalks, AClientThatLeavesIsForgotten) {
  begin(1'000'000);
  {
    Client c(*this);
    c.send("walk\n");
    ASSERT_TRUE(until([&] { return counts_.visits > 0; }));
  }
  EXPECT_TRUE(until([&] { return counts_.destroyed == 1; }));
  EXPECT_TRUE(until([&] { return server_->sessions() == 0; }));
  EXPECT_LT(counts_.visits, 9);
}

}  // namespace
}  // namespace sluice::ops
