// Listening sockets for another process: to a taker that is quick, slow, or gone. The clock only moves when told to.
#include "process/socket_giver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "fakes/runtime/fake_clock.h"

namespace sluice::process {
namespace {

using Progress = ops::CliAnswer::Progress;

struct Session final : ops::CliSessionControl {
  explicit Session(int fd) : fd_(fd) {}
  [[nodiscard]] ops::CliLevel level() const noexcept override { return ops::CliLevel::Admin; }
  void lower_level(ops::CliLevel) noexcept override {}
  void set_timeout(base::Millis) noexcept override {}
  [[nodiscard]] SeverityOutput severity_output() const noexcept override { return SeverityOutput::None; }
  void set_severity_output(SeverityOutput) noexcept override {}
  [[nodiscard]] Mode mode() const noexcept override { return Mode::Single; }
  void set_mode(Mode) noexcept override {}
  [[nodiscard]] bool timed_prompt() const noexcept override { return false; }
  void toggle_timed_prompt() noexcept override {}
  [[nodiscard]] bool expert() const noexcept override { return false; }
  void set_expert(bool) noexcept override {}
  [[nodiscard]] bool experimental() const noexcept override { return false; }
  void set_experimental(bool) noexcept override {}
  [[nodiscard]] bool debugging() const noexcept override { return false; }
  void set_debugging(bool) noexcept override {}
  void resume() noexcept override { ++resumed; }
  [[nodiscard]] bool exposes_listeners() const noexcept override { return true; }
  [[nodiscard]] int connection() const noexcept override { return fd_; }
  void quit() noexcept override { over = true; }
  int resumed = 0;
  bool over = false;

 private:
  const int fd_;
};

class SocketGiverTest : public ::testing::Test {
 protected:
  SocketGiverTest() {
    runtime::LoopOptions options;
    options.clock = &clock;
    loop = std::move(runtime::Loop::make(options)).value();
    binding = std::make_unique<runtime::LoopBinding>(*loop);
    int ends[2];
    SLUICE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
    session = std::make_unique<Session>(ours.get());
    file.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  // As many descriptors as that, all the same one.
  void offer(std::size_t n) {
    giver = std::make_unique<SocketGiver>(
        *loop, *session, std::vector<GivenSocket>(n, GivenSocket{file.get(), "blue"}),
        [](void* t) noexcept { ++*static_cast<int*>(t); }, &given);
  }
  Progress go() {
    std::string out;
    return giver->produce(out);
  }
  std::int32_t read_count() {
    std::int32_t n = -1;
    SLUICE_CHECK(::recv(theirs.get(), &n, sizeof n, 0) == sizeof n);
    return n;
  }
  // How many descriptors came with the next message; they are closed.
  std::size_t take() {
    std::array<char, 65536> data;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(253 * sizeof(int))> control{};
    iovec part{data.data(), data.size()};
    msghdr m{};
    m.msg_iov = &part;
    m.msg_iovlen = 1;
    m.msg_control = control.data();
    m.msg_controllen = control.size();
    if (::recvmsg(theirs.get(), &m, 0) <= 0) return 0;
    cmsghdr* c = CMSG_FIRSTHDR(&m);
    if (c == nullptr) return 0;
    const std::size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < n; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      struct stat a {
      }, b{};
      EXPECT_EQ(::fstat(fd, &a), 0);
      EXPECT_EQ(::fstat(file.get(), &b), 0);
      EXPECT_EQ(a.st_rdev, b.st_rdev);
      ::close(fd);
    }
    return n;
  }
  void acknowledge(std::int32_t n) { SLUICE_CHECK(::send(theirs.get(), &n, sizeof n, 0) == sizeof n); }

  runtime::test::FakeClock clock;
  std::unique_ptr<runtime::Loop> loop;
  std::unique_ptr<runtime::LoopBinding> binding;
  base::UniqueFd ours, theirs, file;
  std::unique_ptr<Session> session;
  std::unique_ptr<SocketGiver> giver;
  int given = 0;
};

TEST_F(SocketGiverTest, AFewGoAtOnce) {
  offer(3);
  EXPECT_EQ(go(), Progress::Done);
  EXPECT_TRUE(session->over);
  EXPECT_EQ(given, 1);
  EXPECT_EQ(read_count(), 3);
  EXPECT_EQ(take(), 3U);
}

TEST_F(SocketGiverTest, NoneIsAnAnswerToo) {
  offer(0);
  EXPECT_EQ(go(), Progress::Done);
  EXPECT_EQ(read_count(), 0);
  EXPECT_EQ(given, 0);
}

TEST_F(SocketGiverTest, BehindAFullMessageItWaitsWithoutStoppingTheLoop) {
  offer(300);
  EXPECT_EQ(go(), Progress::Waiting);
  EXPECT_EQ(given, 1);
  EXPECT_EQ(read_count(), 300);
  EXPECT_EQ(take(), 252U);
  loop->turn();
  EXPECT_EQ(session->resumed, 0);
  acknowledge(0);
  loop->turn();
  EXPECT_EQ(session->resumed, 1);
  EXPECT_EQ(go(), Progress::Done);
  EXPECT_EQ(take(), 48U);
  EXPECT_EQ(given, 1);
}

TEST_F(SocketGiverTest, ATakerThatDoesNotMoveIsLeft) {
  offer(300);
  EXPECT_EQ(go(), Progress::Waiting);
  clock.advance(std::chrono::milliseconds(4900));
  loop->turn();
  EXPECT_EQ(session->resumed, 0);
  clock.advance(std::chrono::milliseconds(200));
  loop->turn();
  EXPECT_EQ(session->resumed, 1);
  EXPECT_EQ(go(), Progress::Done);
  EXPECT_TRUE(session->over);
}

TEST_F(SocketGiverTest, ATakerThatLeavesIsNoHarm) {
  theirs.reset();
  offer(3);
  EXPECT_EQ(go(), Progress::Done);
  EXPECT_EQ(given, 0);
}

TEST_F(SocketGiverTest, ATakerThatLeavesInTheMiddle) {
  offer(300);
  EXPECT_EQ(go(), Progress::Waiting);
  theirs.reset();
  loop->turn();
  EXPECT_EQ(session->resumed, 1);
  EXPECT_EQ(go(), Progress::Done);
}

TEST_F(SocketGiverTest, TheSessionMayEndMeanwhile) {
  offer(300);
  EXPECT_EQ(go(), Progress::Waiting);
  giver.reset();
  acknowledge(0);
  loop->turn();
  EXPECT_EQ(session->resumed, 0);
}

}  // namespace
}  // namespace sluice::process
