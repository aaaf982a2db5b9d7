#include "sluice/runtime/signal_source.h"

#include <vector>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

struct Recorder final : SignalHandler {
  std::vector<int> got;
  void on_signal(int signo) noexcept override { got.push_back(signo); }
};

class SignalSourceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Loop> loop = make_loop();
  Recorder recorder;
};

TEST_F(SignalSourceTest, ASignalBecomesAnEventOfTheLoop) {
  SignalSource source(*loop);
  ASSERT_TRUE(source.valid());
  source.handle(SIGUSR1, recorder);
  source.handle(SIGUSR2, recorder);
  ::raise(SIGUSR1);
  EXPECT_TRUE(recorder.got.empty()) << "not in signal context";
  loop->turn();
  EXPECT_EQ(recorder.got, std::vector<int>{SIGUSR1});
  ::raise(SIGUSR2);
  loop->turn();
  EXPECT_EQ(recorder.got, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

TEST_F(SignalSourceTest, SeveralArrivalsAreOneCall) {
  SignalSource source(*loop);
  source.handle(SIGUSR1, recorder);
  for (int i = 0; i < 5; ++i) ::raise(SIGUSR1);
  loop->turn();
  loop->turn();
  EXPECT_EQ(recorder.got.size(), 1U);
}

TEST_F(SignalSourceTest, IgnoredSignalsDoNothing) {
  SignalSource source(*loop);
  source.ignore(SIGPIPE);
  ::raise(SIGPIPE);
  loop->turn();
  EXPECT_TRUE(recorder.got.empty());
}

TEST_F(SignalSourceTest, GivesBackWhatWasThereBefore) {
  struct sigaction before {};
  before.sa_handler = SIG_IGN;
  struct sigaction original {};
  ::sigaction(SIGUSR1, &before, &original);
  {
    SignalSource source(*loop);
    source.handle(SIGUSR1, recorder);
    source.handle(SIGUSR1, recorder);
  }
  struct sigaction after {};
  ::sigaction(SIGUSR1, &original, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  SignalSource again(*loop);
  EXPECT_TRUE(again.valid());
}

TEST_F(SignalSourceTest, ASignalWakesASleepingLoop) {
  struct Stopper final : SignalHandler {
    Loop* loop;
    void on_signal(int) noexcept override { loop->stop(); }
  } stopper;
  stopper.loop = loop.get();
  SignalSource source(*loop);
  source.handle(SIGUSR1, stopper);
  std::thread sender([] { ::kill(::getpid(), SIGUSR1); });
  loop->run();
  sender.join();
}

}  // namespace
}  // namespace sluice::runtime::test
