// Sessions on a real unix socket. Expected texts are what the reference answered.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli_client.h"
#include "fakes/runtime/fake_clock.h"

namespace sluice::ops {
namespace {

using test::CliFixture;
using testing::HasSubstr;
using testing::StartsWith;

class CliSessions : public CliFixture {};

constexpr std::string_view kVersion = "3.5.0-sluice-test\n\n";

TEST_F(CliSessions, OneLineIsAnsweredThenTheConnectionEnds) {
  start();
  Client c(*this);
  c.send("show version\n");
  EXPECT_EQ(c.read(), kVersion);
  EXPECT_TRUE(c.closed());
}

TEST_F(CliSessions, CommandsOfALineEachEndWithAnEmptyLine) {
  start();
  EXPECT_EQ(ask("show version;show cli level\n"), std::string(kVersion) + "admin\n\n");
  EXPECT_EQ(ask("show version;\n"), kVersion);
}

TEST_F(CliSessions, BlanksAndCarriageReturnsDoNotMatter) {
  start();
  EXPECT_EQ(ask("  show   version \t\r\n"), kVersion);
}

TEST_F(CliSessions, BackslashKeepsBlanksAndSemicolons) {
  start();
  EXPECT_EQ(ask("echo a\\;b\\ c\\\\\n"), "a;b c\\\n\n");
}

TEST_F(CliSessions, ALineMayComeInPieces) {
  start();
  Client c(*this);
  c.send("show ver");
  EXPECT_EQ(c.read(), "");
  c.send("sion\n");
  EXPECT_EQ(c.read(), kVersion);
}

TEST_F(CliSessions, AnUnfinishedLineOfAClientThatLeavesIsNotRun) {
  start();
  Client c(*this);
  c.send("show version");
  c.half_close();
  EXPECT_EQ(c.read(), "");
  EXPECT_TRUE(c.closed());
}

TEST_F(CliSessions, AClientMayHalfCloseBehindItsCommand) {
  start();
  Client c(*this);
  c.send("show version\n");
  c.half_close();
  EXPECT_EQ(c.read(), kVersion);
  EXPECT_TRUE(c.closed());
}

TEST_F(CliSessions, PromptKeepsTheSessionOpen) {
  start();
  Client c(*this);
  c.send("prompt\n");
  EXPECT_EQ(c.read(), "\n> ");
  c.send("show version;show version\n");
  EXPECT_EQ(c.read(), std::string(kVersion) + "> " + std::string(kVersion) + "> ");
  EXPECT_FALSE(c.closed());
  c.send("quit\n");
  EXPECT_EQ(c.read(), "");
  EXPECT_TRUE(c.closed());
}

TEST_F(CliSessions, PipelinedLinesAreAnsweredInOrder) {
  start();
  EXPECT_EQ(ask("prompt\nshow version\nshow cli level\nquit\n"), "\n> " + std::string(kVersion) + "> admin\n\n> ");
}

TEST_F(CliSessions, InteractiveModeHasNoPrompt) {
  start();
  Client c(*this);
  c.send("prompt i\n");
  EXPECT_EQ(c.read(), "\n");
  c.send("show version\n");
  EXPECT_EQ(c.read(), kVersion);
  EXPECT_FALSE(c.closed());
  c.send("prompt n\n");
  c.read();
  EXPECT_TRUE(c.closed());
}

TEST_F(CliSessions, TimedPromptsShowTheUptime) {
  start();
  EXPECT_EQ(ask("prompt timed\n"), "\n[0:00:00:00]> ");
}

TEST_F(CliSessions, QuitEndsTheLine) {
  start();
  Client c(*this);
  c.send("quit;show version\n");
  EXPECT_EQ(c.read(), "");
  EXPECT_TRUE(c.closed());
}

TEST_F(CliSessions, LevelsCanOnlyBeLowered) {
  start();
  EXPECT_EQ(ask("user;show cli level;operator;show cli level\n"), "\nuser\n\nPermission denied\n\nuser\n\n");
}

TEST_F(CliSessions, CommandsAboveTheLevelAreDenied) {
  start(CliLevel::User);
  EXPECT_EQ(ask("show env\n"), "Permission denied\n\n");
  EXPECT_EQ(ask("show errors\n"), "Permission denied\n\n");
  EXPECT_EQ(ask("show cli level\n"), "user\n\n");
}

TEST_F(CliSessions, SeveritiesArePrintedWhenAskedFor) {
  start();
  EXPECT_EQ(ask("prompt;set severity-output number;show cli level;show env NO_SUCH_THING\n"),
            "\n> \n> [6]: admin\n\n> [3]: Variable not found\n\n> ");
  EXPECT_EQ(ask("set severity-output string;show env NO_SUCH_THING\n"), "\n[err]: Variable not found\n\n");
  EXPECT_EQ(ask("set severity-output loud\n"), "one of 'none', 'number', 'string' is a required argument\n\n");
}

TEST_F(CliSessions, UnknownCommandsGetTheNearestOnes) {
  start();
  const std::string answer = ask("show nosuch\n");
  EXPECT_THAT(answer, StartsWith("Unknown command: 'show', but maybe one of the following ones is a better match:\n"));
  EXPECT_THAT(answer, HasSubstr("\n  help [<command>]                        : list matching or all commands\n"
                                "  prompt [help | n | i | p | timed ]*     : toggle interactive mode with prompt\n"
                                "  quit                                    : disconnect\n\n"));
  EXPECT_THAT(ask("show versio\n"),
              HasSubstr("  show version                            : show version of the current process\n"));
  EXPECT_THAT(ask("\n"), StartsWith("Unknown command. Please enter one of the following commands only:\n"));
}

TEST_F(CliSessions, HelpListsWhatTheLevelMayDo) {
  start(CliLevel::User);
  const std::string all = ask("help\n");
  EXPECT_THAT(all, StartsWith("The following commands are valid at this level:\n"));
  EXPECT_THAT(all,
              HasSubstr("  show info [desc|json|typed|float]*      : report information about the running process\n"));
  EXPECT_THAT(all, testing::Not(HasSubstr("show env")));
  const std::string some = ask("help show i\n");
  EXPECT_THAT(some, HasSubstr("show info"));
  EXPECT_THAT(some, testing::Not(HasSubstr("show stat")));
}

TEST_F(CliSessions, ALineBeyondTheLimitGetsAnError) {
  start();
  Client c(*this);
  c.send(std::string(1U << 20U, 'x') + "\n");
  EXPECT_EQ(c.read(), "Command too large, at most 16384 bytes are accepted.\n\n");
  EXPECT_FALSE(c.failed());
}

TEST_F(CliSessions, ALineAtTheLimitIsRun) {
  start();
  const std::string text(limits_.max_line_bytes - 5, 'x');
  EXPECT_EQ(ask("echo " + text + "\n"), text + "\n\n");
}

std::unique_ptr<CliAnswer> print_payload(CliCall& c) {
  c.out += "<" + std::string(c.payload) + ">\n";
  return nullptr;
}
constexpr CliCommand kPayload[] = {{"print payload", CliLevel::User, "print payload", "print it", print_payload}};

TEST_F(CliSessions, PayloadsEndWithAnEmptyLineOrTheirPattern) {
  start(CliLevel::Admin, kPayload);
  EXPECT_EQ(ask("print payload <<\na\nb\n\n"), "<a\nb\n>\n\n");
  EXPECT_EQ(ask("print payload <<%EOF%\na\n\nb\n%EOF%\n"), "<a\n\nb\n>\n\n");
  EXPECT_EQ(ask("prompt\nprint payload <<\na\n\n"), "\n> + + <a\n>\n\n> ");
}

TEST_F(CliSessions, APayloadBeyondTheLimitGetsAnError) {
  start(CliLevel::Admin, kPayload);
  Client c(*this);
  c.send("print payload <<\n" + std::string(200000, 'x') + "\n\n");
  EXPECT_EQ(c.read(), "Payload too large, at most 131072 bytes are accepted.\n\n");
}

// Counts how much it was asked for.
class Endless final : public CliAnswer {
 public:
  explicit Endless(std::size_t& produced) : produced_(produced) {}
  Progress produce(std::string& out) noexcept override {
    out.append(1000, 'e');
    produced_ += 1000;
    return produced_ < 100'000'000 ? Progress::More : Progress::Done;
  }

 private:
  std::size_t& produced_;
};
std::unique_ptr<CliAnswer> endless(CliCall& c) { return std::make_unique<Endless>(*static_cast<std::size_t*>(c.ctx)); }
constexpr CliCommand kEndless[] = {{"endless", CliLevel::User, "endless", "never ends", endless}};

TEST_F(CliSessions, ASlowReaderBoundsWhatIsProduced) {
  std::size_t produced = 0;
  start(CliLevel::Admin, kEndless, &produced);
  Client c(*this);
  c.send("endless\n");
  for (int i = 0; i < 200; ++i) turn();
  EXPECT_GT(produced, 1000U);
  EXPECT_LT(produced, 2'000'000U);  // the socket's buffer and ours
  const std::size_t stalled = produced;
  for (int i = 0; i < 10; ++i) turn();
  EXPECT_EQ(produced, stalled);
  char buf[65536];
  while (::recv(c.fd(), buf, sizeof(buf), 0) > 0) {
  }
  turn();
  turn();
  EXPECT_GT(produced, stalled);
}

TEST_F(CliSessions, AClientThatVanishesAmidAnAnswerEndsItsSession) {
  std::size_t produced = 0;
  start(CliLevel::Admin, kEndless, &produced);
  {
    Client c(*this);
    c.send("endless\n");
    turn();
    EXPECT_EQ(server_->sessions(), 1U);
  }
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_EQ(server_->sessions(), 0U);
}

TEST_F(CliSessions, NoMoreSessionsThanMaxconn) {
  limits_.max_sessions = 2;
  start();
  Client a(*this);
  Client b(*this);
  auto c = std::make_unique<Client>(*this);
  turn();
  turn();
  EXPECT_EQ(server_->sessions(), 2U);
  c->send("show version\n");
  EXPECT_EQ(c->read(), "");
  a.send("show version\n");
  EXPECT_EQ(a.read(), kVersion);
  EXPECT_EQ(c->read(), kVersion);
}

TEST_F(CliSessions, ClosingTheServerEndsSessions) {
  start();
  Client c(*this);
  c.send("prompt\n");
  c.read();
  server_.reset();
  turn();
  c.read();
  EXPECT_TRUE(c.closed());
}

TEST(CliTimeouts, SilentSessionsEnd) {
  runtime::test::FakeClock clock;
  runtime::LoopOptions options;
  options.clock = &clock;
  auto loop = runtime::Loop::make(options);
  ASSERT_TRUE(loop.has_value());
  CliContext context;
  CliCommands commands;
  add_builtin_commands(commands, context);
  CliLimits limits;
  limits.timeout = base::Millis{2000};
  CliServer server(**loop, commands, limits);
  StatsSocketSpec spec;
  spec.address.family = AF_INET;
  spec.address.host = "127.0.0.1";
  spec.address.port_kind = net::PortKind::Fixed;
  auto socket = open_stats_socket(spec);
  ASSERT_TRUE(socket.has_value()) << socket.error();
  sockaddr_in a{};
  socklen_t len = sizeof(a);
  ::getsockname(socket->get(), reinterpret_cast<sockaddr*>(&a), &len);
  server.listen(std::move(*socket), CliLevel::User);
  const base::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&a), len), 0);
  (*loop)->turn();
  EXPECT_EQ(server.sessions(), 1U);
  clock.advance(base::Millis{1900});
  (*loop)->turn();
  EXPECT_EQ(server.sessions(), 1U);
  clock.advance(base::Millis{200});
  (*loop)->turn();
  (*loop)->turn();
  EXPECT_EQ(server.sessions(), 0U);
}

TEST(StatsSocket, AUnixPathGetsItsModeAndReplacesTheOldOne) {
  char dir[] = "/tmp/sluice-sock-XXXXXX";
  const std::string path = std::string(::mkdtemp(dir)) + "/s";
  StatsSocketSpec spec;
  spec.address.kind = net::AddressKind::Unix;
  spec.address.family = AF_UNIX;
  spec.address.host = path;
  spec.mode = 0600;
  auto first = open_stats_socket(spec);
  ASSERT_TRUE(first.has_value()) << first.error();
  struct stat st {};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0600U);
  const auto inode = st.st_ino;
  auto second = open_stats_socket(spec);
  ASSERT_TRUE(second.has_value()) << second.error();
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_NE(st.st_ino, inode);
  ::unlink(path.c_str());
  ::rmdir(dir);
}

TEST(StatsSocket, AnInheritedDescriptorMustListen) {
  StatsSocketSpec spec;
  spec.text = "fd@1";
  spec.address.kind = net::AddressKind::InheritedFd;
  spec.address.fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto got = open_stats_socket(spec);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error(), "stats socket [fd@1] is not a listening socket");
  ::close(spec.address.fd);
}

TEST(StatsSocket, AFailureNamesTheAddressAndTheReason) {
  StatsSocketSpec spec;
  spec.text = "/no/such/dir/s";
  spec.address.kind = net::AddressKind::Unix;
  spec.address.family = AF_UNIX;
  spec.address.host = spec.text;
  auto got = open_stats_socket(spec);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error(), "cannot bind stats socket [/no/such/dir/s] (No such file or directory)");
}

}  // namespace
}  // namespace sluice::ops
