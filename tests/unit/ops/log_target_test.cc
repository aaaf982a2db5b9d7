// Lines as they arrive at real receivers on loopback. Expected texts are what the reference sent for the same settings.
#include "sluice/ops/log_target.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstdlib>
#include <regex>
#include <thread>

#include "udp_receiver.h"

namespace sluice::ops {
namespace {

using base::LogLevel;
using test::UdpReceiver;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

class LogTargets : public testing::Test {
 protected:
  void SetUp() override {
    auto loop = runtime::Loop::make({});
    ASSERT_TRUE(loop.has_value());
    loop_ = std::move(*loop);
    LogIdentity id;
    id.tag = "haproxy";
    id.pid = 4711;
    outputs_.set_identity(id);
  }

  LogTargetSpec udp(LogFormat format = LogFormat::Unset) {
    LogTargetSpec s;
    s.address.host = "127.0.0.1";
    s.address.family = AF_INET;
    s.address.type = net::SocketType::Datagram;
    s.address.port_kind = net::PortKind::Fixed;
    s.address.port = s.address.port_last = static_cast<std::uint16_t>(receiver_.port());
    s.format = format;
    s.facility = *parse_facility("local3");
    return s;
  }
  std::unique_ptr<LogRoute> route(std::vector<LogTargetSpec> targets, std::optional<std::string> tag = {}) {
    LogSpecs specs;
    specs.targets = std::move(targets);
    specs.tag = std::move(tag);
    std::string error;
    auto r = make_log_route(outputs_, &specs, nullptr, error);
    EXPECT_EQ(error, "");
    return r;
  }
  // Writes within a turn of the loop and ends that turn.
  template <class F>
  void turn(F&& writes) {
    const runtime::LoopBinding binding(*loop_);
    loop_->turn();
    writes();
    loop_->turn();
  }
  std::string line(const LogTargetSpec& spec, std::string_view message, std::string_view structured = {}) {
    auto r = route({spec});
    turn([&] { r->write(LogLevel::Info, message, structured); });
    auto got = receiver_.take();
    return got.size() == 1 ? got[0] : "<" + std::to_string(got.size()) + " lines>";
  }

  UdpReceiver receiver_;
  LogOutputs outputs_;
  std::unique_ptr<runtime::Loop> loop_;
};

const std::string kShortDate = "[A-Z][a-z][a-z] [ 1-3][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]";
const std::string kIsoDate = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}[+-][0-9]{2}:[0-9]{2}";

TEST_F(LogTargets, EveryFormatHasTheReferencesHeader) {
  EXPECT_THAT(line(udp(), "hello"), MatchesRegex("<158>" + kShortDate + " haproxy.4711.: hello\n"));
  EXPECT_THAT(line(udp(LogFormat::Local), "hello"), MatchesRegex("<158>" + kShortDate + " haproxy.4711.: hello\n"));
  EXPECT_THAT(line(udp(LogFormat::Rfc3164), "hello"),
              MatchesRegex("<158>" + kShortDate + " localhost haproxy.4711.: hello\n"));
  EXPECT_THAT(line(udp(LogFormat::Rfc5424), "hello"),
              MatchesRegex("<158>1 " + kIsoDate + " - haproxy 4711 - - hello\n"));
  EXPECT_THAT(line(udp(LogFormat::Rfc5424), "hello", "[a@1 b=\"200\"]"),
              MatchesRegex("<158>1 " + kIsoDate + " - haproxy 4711 - .a@1 b=\"200\". hello\n"));
  EXPECT_EQ(line(udp(LogFormat::Priority), "hello"), "<158>hello\n");
  EXPECT_EQ(line(udp(LogFormat::Short), "hello"), "<6>hello\n");
  EXPECT_THAT(line(udp(LogFormat::Timed), "hello"), MatchesRegex("<6>" + kIsoDate + " hello\n"));
  EXPECT_THAT(line(udp(LogFormat::Iso), "hello"), MatchesRegex(kIsoDate + " hello\n"));
  EXPECT_EQ(line(udp(LogFormat::Raw), "hello"), "hello\n");
}

TEST_F(LogTargets, ANewlineOfTheMessageIsNotDoubled) { EXPECT_EQ(line(udp(LogFormat::Raw), "hello\n"), "hello\n"); }

TEST_F(LogTargets, SendingTheHostNameMakesRfc3164TheDefault) {
  LogIdentity id = outputs_.identity();
  id.hostname = "foo";
  id.send_hostname = true;
  outputs_.set_identity(id);
  EXPECT_THAT(line(udp(), "x"), MatchesRegex("<158>" + kShortDate + " foo haproxy.4711.: x\n"));
  EXPECT_THAT(line(udp(LogFormat::Local), "x"), MatchesRegex("<158>" + kShortDate + " haproxy.4711.: x\n"));
  EXPECT_THAT(line(udp(LogFormat::Rfc5424), "x"), MatchesRegex("<158>1 " + kIsoDate + " foo haproxy 4711 - - x\n"));
}

TEST_F(LogTargets, LinesAreCutAtLenAsTheReferenceCutsThem) {
  const std::string longer(200, 'y');
  LogTargetSpec s = udp(LogFormat::Priority);
  s.max_len = 80;
  EXPECT_EQ(line(s, longer), "<158>" + std::string(75, 'y') + "\n");  // len without the newline
  s.format = LogFormat::Raw;
  EXPECT_EQ(line(s, longer), std::string(79, 'y') + "\n");  // len with the newline
  s.format = LogFormat::Local;
  EXPECT_EQ(line(s, longer).size(), 81U);
}

TEST_F(LogTargets, TheProxysTagReplacesTheGlobalOne) {
  auto r = route({udp()}, "baz");
  turn([&] { r->write(LogLevel::Info, "x"); });
  EXPECT_THAT(receiver_.take(), ElementsAre(MatchesRegex("<158>" + kShortDate + " baz.4711.: x\n")));
}

TEST_F(LogTargets, LevelsFilterAndMinLevelsCap) {
  LogTargetSpec s = udp(LogFormat::Short);
  s.level = LogLevel::Notice;
  s.min_level = LogLevel::Err;
  auto r = route({s});
  EXPECT_TRUE(r->wants(LogLevel::Notice));
  EXPECT_FALSE(r->wants(LogLevel::Info));
  turn([&] {
    r->write(LogLevel::Info, "info");
    r->write(LogLevel::Notice, "notice");
    r->write(LogLevel::Emerg, "emerg");
  });
  EXPECT_THAT(receiver_.take(), ElementsAre("<5>notice\n", "<3>emerg\n"));
}

TEST_F(LogTargets, SampleTakesItsShareOfLines) {
  LogTargetSpec s = udp(LogFormat::Raw);
  s.sample = {{1, 1}, {3, 4}};
  s.sample_size = 5;
  auto r = route({s});
  turn([&] {
    for (int i = 0; i < 10; ++i) r->write(LogLevel::Info, std::to_string(i));
  });
  EXPECT_THAT(receiver_.take(), ElementsAre("0\n", "2\n", "3\n", "5\n", "7\n", "8\n"));
}

TEST_F(LogTargets, LinesOfOneTurnLeaveTogetherAndInOrder) {
  auto r = route({udp(LogFormat::Raw)});
  const runtime::LoopBinding binding(*loop_);
  r->write(LogLevel::Info, "one");
  r->write(LogLevel::Info, "two");
  EXPECT_THAT(receiver_.take(), IsEmpty());
  loop_->turn();
  EXPECT_THAT(receiver_.take(), ElementsAre("one\n", "two\n"));
}

TEST_F(LogTargets, MoreLinesThanALaneHoldsAreSentEarly) {
  auto r = route({udp(LogFormat::Raw)});
  turn([&] {
    for (int i = 0; i < 200; ++i) r->write(LogLevel::Info, std::to_string(i));
  });
  const auto got = receiver_.take();
  ASSERT_EQ(got.size(), 200U);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i) + "\n");
}

TEST_F(LogTargets, TheLongestLineFits) {
  LogTargetSpec s = udp(LogFormat::Raw);
  s.max_len = 65000;
  EXPECT_EQ(line(s, std::string(70000, 'z')).size(), 65000U);
}

TEST_F(LogTargets, WithoutALoopEachLineIsSentAtOnce) {
  auto r = route({udp(LogFormat::Raw)});
  r->write(LogLevel::Notice, "starting");
  EXPECT_THAT(receiver_.take(), ElementsAre("starting\n"));
}

TEST_F(LogTargets, TwoThreadsEachSendTheirOwnLines) {
  auto r = route({udp(LogFormat::Raw)});
  auto work = [&](unsigned index) {
    runtime::LoopOptions o;
    o.index = index;
    auto loop = runtime::Loop::make(o);
    const runtime::LoopBinding binding(**loop);
    for (int i = 0; i < 50; ++i) {
      r->write(LogLevel::Info, std::string(1, static_cast<char>('a' + index)));
      (*loop)->turn();
    }
  };
  std::thread other(work, 1);
  work(2);
  other.join();
  const auto got = receiver_.take();
  EXPECT_EQ(std::count(got.begin(), got.end(), "b\n"), 50);
  EXPECT_EQ(std::count(got.begin(), got.end(), "c\n"), 50);
}

TEST_F(LogTargets, RoutesToTheSameReceiverShareItsOutput) {
  auto a = outputs_.open(udp());
  auto b = outputs_.open(udp(LogFormat::Raw));
  ASSERT_TRUE(a.has_value() && b.has_value());
  EXPECT_EQ(*a, *b);
}

TEST_F(LogTargets, AReceiverThatIsGoneCostsNoLaterLines) {
  LogTargetSpec gone = udp(LogFormat::Raw);
  auto r = route({gone});
  receiver_.close();
  turn([&] { r->write(LogLevel::Info, "lost"); });
  turn([&] { r->write(LogLevel::Info, "lost too"); });
  EXPECT_EQ(outputs_.dropped(), 0U);  // UDP: nobody knows
}

TEST_F(LogTargets, LogGlobalAddsTheTargetsOfTheGlobalSection) {
  GlobalLogSpec global;
  global.targets = {udp(LogFormat::Raw)};
  LogSpecs specs;
  specs.global = true;
  specs.targets = {udp(LogFormat::Short)};
  std::string error;
  specs.global_at = 1;  // behind its own
  auto r = make_log_route(outputs_, &specs, &global, error);
  turn([&] { r->write(LogLevel::Info, "x"); });
  EXPECT_THAT(receiver_.take(), ElementsAre("<6>x\n", "x\n"));
  specs.global_at = 0;
  r = make_log_route(outputs_, &specs, &global, error);
  turn([&] { r->write(LogLevel::Info, "x"); });
  EXPECT_THAT(receiver_.take(), ElementsAre("x\n", "<6>x\n"));
}

TEST_F(LogTargets, WithoutTargetsNothingIsWanted) {
  auto r = route({});
  EXPECT_TRUE(r->empty());
  turn([&] { r->write(LogLevel::Emerg, "x"); });
  EXPECT_THAT(receiver_.take(), IsEmpty());
}

// --- unix datagram sockets

class UnixReceiver {
 public:
  UnixReceiver() {
    char dir[] = "/tmp/sluice-log-XXXXXX";
    dir_ = ::mkdtemp(dir);
    path_ = dir_ + "/log";
    open();
  }
  ~UnixReceiver() {
    ::unlink(path_.c_str());
    ::rmdir(dir_.c_str());
  }
  void open() {
    fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    path_.copy(a.sun_path, sizeof(a.sun_path) - 1);
    ASSERT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&a), sizeof(a)), 0);
  }
  void restart() {
    fd_.reset();
    ::unlink(path_.c_str());
    open();
  }
  LogTargetSpec spec() const {
    LogTargetSpec s;
    s.address.kind = net::AddressKind::Unix;
    s.address.type = net::SocketType::Datagram;
    s.address.family = AF_UNIX;
    s.address.host = path_;
    s.format = LogFormat::Raw;
    return s;
  }
  std::vector<std::string> take() {
    std::vector<std::string> out;
    char buf[2048];
    ssize_t n;
    while ((n = ::recv(fd_.get(), buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
      out.emplace_back(buf, static_cast<std::size_t>(n));
    return out;
  }

 private:
  std::string dir_, path_;
  base::UniqueFd fd_;
};

TEST_F(LogTargets, UnixDatagramsReachAReceiverThatWasRestarted) {
  UnixReceiver unix_receiver;
  auto r = route({unix_receiver.spec()});
  turn([&] { r->write(LogLevel::Info, "before"); });
  EXPECT_THAT(unix_receiver.take(), ElementsAre("before\n"));
  unix_receiver.restart();
  turn([&] { r->write(LogLevel::Info, "after"); });
  EXPECT_THAT(unix_receiver.take(), ElementsAre("after\n"));
}

TEST_F(LogTargets, AFullUnixReceiverCostsLinesAndIsCounted) {
  UnixReceiver unix_receiver;
  auto r = route({unix_receiver.spec()});
  for (int i = 0; i < 100; ++i) {
    turn([&] {
      for (int j = 0; j < 50; ++j) r->write(LogLevel::Info, "line");
    });
  }
  const std::size_t arrived = unix_receiver.take().size();
  EXPECT_GT(outputs_.dropped(), 0U);
  EXPECT_EQ(arrived + outputs_.dropped(), 5000U);
}

// --- descriptors

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0); }
  ~Pipe() {
    ::close(fds[0]);
    ::close(fds[1]);
  }
  std::string take() {
    std::string out;
    char buf[8192];
    ssize_t n;
    while ((n = ::read(fds[0], buf, sizeof(buf))) > 0) out.append(buf, static_cast<std::size_t>(n));
    return out;
  }
  LogTargetSpec spec() const {
    LogTargetSpec s;
    s.fd = fds[1];
    s.format = LogFormat::Raw;
    return s;
  }
  int fds[2];
};

TEST_F(LogTargets, DescriptorsGetWholeLines) {
  Pipe pipe;
  auto r = route({pipe.spec()});
  turn([&] {
    r->write(LogLevel::Info, "one");
    r->write(LogLevel::Info, "two");
  });
  EXPECT_EQ(pipe.take(), "one\ntwo\n");
}

TEST_F(LogTargets, LinesThroughAFullPipeAreLostWholeNeverTorn) {
  Pipe pipe;
  LogTargetSpec s = pipe.spec();
  s.max_len = 30000;
  auto r = route({s});
  std::string received;
  const std::string big(20000, 'b');
  for (int i = 0; i < 20; ++i) {
    turn([&] {
      r->write(LogLevel::Info, "<" + std::to_string(i) + big + ">");
      r->write(LogLevel::Info, "<small>");
    });
    if (i % 7 == 6) received += pipe.take();
  }
  for (int i = 0; i < 3; ++i) {
    received += pipe.take();
    turn([&] { r->write(LogLevel::Info, "<small>"); });
  }
  received += pipe.take();
  EXPECT_GT(outputs_.dropped(), 0U);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < received.size();) {
    const std::size_t end = received.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(received[at], '<');
    EXPECT_EQ(received[end - 1], '>');
    at = end + 1;
    ++lines;
  }
  EXPECT_EQ(lines + outputs_.dropped(), 43U);
}

TEST_F(LogTargets, ADescriptorThatIsNotOpenIsRefused) {
  LogTargetSpec s;
  s.fd = 987;
  const auto got = outputs_.open(s);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error(), "file descriptor 987 is not open");
}

}  // namespace
}  // namespace sluice::ops
