// `show stat`, `show info` and `show errors` against what the reference printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cli_client.h"
#include "fake_stats.h"

namespace sluice::ops {
namespace {

using test::CliFixture;
using test::FakeStats;
using testing::HasSubstr;
using testing::StartsWith;

std::string file(const std::string& name) {
  std::ifstream in(std::string(SLUICE_TEST_DIR) + "/cases/stats/" + name);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

// "F.2.0.0.pxname.1:KNSV:str:www" without its value.
std::vector<std::string> without_values(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& l : lines(text)) {
    const std::size_t tags = l.find(':', l.find(".1:"));
    const std::size_t type = l.find(':', tags + 1);
    out.push_back(l.substr(0, l.find(':', type + 1) + 1));
  }
  return out;
}

class CliStats : public CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    test::fill_reference(stats_);
    context_.stats = &stats_;
  }
  // The names "proxy/server" of a CSV answer.
  std::vector<std::string> rows(const std::string& command) {
    std::vector<std::string> out;
    for (const std::string& l : lines(ask(command + "\n"))) {
      if (l[0] == '#') continue;
      const std::size_t first = l.find(',');
      out.push_back(l.substr(0, first) + "/" + l.substr(first + 1, l.find(',', first + 1) - first - 1));
    }
    return out;
  }

  FakeStats stats_;
};

TEST_F(CliStats, CsvHasTheReferencesColumnsAndRows) {
  start();
  const auto expected = lines(file("show_stat.csv"));
  const auto got = lines(ask("show stat\n"));
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], expected[i]);
}

TEST_F(CliStats, TypedLinesHaveTheReferencesNamesTagsAndTypes) {
  start();
  std::string got = ask("show stat 2 -1 -1 typed\n");
  got += ask("show stat 3 4 1 typed\n");
  got += ask("show stat app 2 -1 typed\n");
  EXPECT_EQ(without_values(got), lines(file("show_stat.typed")));
}

TEST_F(CliStats, FiltersChooseProxyKindAndNumber) {
  start();
  EXPECT_THAT(rows("show stat app -1 -1"), testing::ElementsAre("app/s1", "app/s2", "app/s3", "app/BACKEND"));
  EXPECT_THAT(rows("show stat app 4 2"), testing::ElementsAre("app/s2"));
  EXPECT_THAT(rows("show stat -1 1 -1"), testing::ElementsAre("www/FRONTEND", "tcpsvc/FRONTEND"));
  EXPECT_THAT(rows("show stat 6 3 -1"), testing::ElementsAre("tcpsvc/FRONTEND", "tcpsvc/BACKEND"));
  EXPECT_THAT(rows("show stat app 4 -1 no-maint"), testing::ElementsAre("app/s1", "app/s2"));
  EXPECT_THAT(rows("show stat app 4 -1 up"), testing::ElementsAre("app/s1"));
  EXPECT_EQ(ask("show stat nosuch 1 1\n"), "No such proxy.\n\n");
  EXPECT_EQ(ask("show stat domain foo\n"), "Invalid statistics domain.\n\n");
}

TEST_F(CliStats, CsvTextsAreQuotedOnlyWhereNeeded) {
  stats_.all[1].servers[1].check.last = "said \"no\", then left";
  start();
  EXPECT_THAT(ask("show stat app 4 2\n"), HasSubstr(",\"said \"\"no\"\", then left\","));
}

TEST_F(CliStats, JsonIsAnArrayOfObjectsOfFields) {
  start();
  const std::string got = ask("show stat app 4 -1 json\n");
  EXPECT_THAT(got,
              StartsWith("[[{\"objType\":\"Server\",\"proxyId\":3,\"id\":1,\"field\":{\"pos\":0,\"name\":\"pxname\"},"
                         "\"processNum\":1,\"tags\":{\"origin\":\"Key\",\"nature\":\"Name\",\"scope\":\"Service\"},"
                         "\"value\":{\"type\":\"str\",\"value\":\"app\"}},{"));
  EXPECT_THAT(got, HasSubstr("}],[{\"objType\":\"Server\",\"proxyId\":3,\"id\":2,"));
  EXPECT_THAT(got, testing::EndsWith("}]]\n\n"));
}

TEST_F(CliStats, DescriptionsFollowTheValues) {
  start();
  EXPECT_THAT(ask("show stat app 4 1 typed desc\n"),
              StartsWith("S.3.1.0.pxname.1:KNSV:str:app:\"Name of the proxy\"\n"));
  EXPECT_THAT(ask("show info desc\n"), StartsWith("Name: HAProxy:\"Name of the product\"\n"));
}

TEST_F(CliStats, ListenersHaveRowsOfTheirOwn) {
  ListenerStats l;
  l.name = "sock-1";
  l.sid = 1;
  l.addr = "unix";
  stats_.all[0].listeners = {l};
  start();
  EXPECT_THAT(rows("show stat www -1 -1"), testing::ElementsAre("www/FRONTEND", "www/sock-1"));
  EXPECT_THAT(
      ask("show stat www 8 -1\n"),
      HasSubstr(
          "\nwww,sock-1,,,0,0,0,0,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,1,,,,3,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,unix,,"
          "http,,,,,,0,0,0,"));
}

TEST_F(CliStats, TenThousandServersAreProducedAsTheyAreRead) {
  stats_.all[1].servers.assign(10000, stats_.all[1].servers[0]);
  start();
  Client c(*this);
  c.send("show stat app 4 -1\n");
  for (int i = 0; i < 50; ++i) turn();
  EXPECT_LT(stats_.rows_asked, 5000U);
  EXPECT_EQ(lines(c.read()).size(), 10001U);
  EXPECT_EQ(stats_.rows_asked, 10000U);
}

TEST_F(CliStats, WithoutASourceThereIsTheHeaderOnly) {
  context_.stats = nullptr;
  start();
  EXPECT_EQ(lines(ask("show stat\n")).size(), 1U);
  EXPECT_THAT(ask("show info\n"), StartsWith("Name: HAProxy\n"));
}

TEST_F(CliStats, InfoIsTheReferencesFieldByField) {
  start();
  EXPECT_EQ(lines(ask("show info\n")), lines(file("show_info.plain")));
  EXPECT_EQ(without_values(ask("show info typed\n")), lines(file("show_info.typed")));
  EXPECT_THAT(ask("show info float\n"), HasSubstr("\nUptime_sec: 4.321000\n"));
  EXPECT_THAT(
      ask("show info json\n"),
      StartsWith("[{\"field\":{\"pos\":0,\"name\":\"Name\"},\"processNum\":1,\"tags\":{\"origin\":\"Product\","
                 "\"nature\":\"Output\",\"scope\":\"Service\"},\"value\":{\"type\":\"str\",\"value\":\"HAProxy\"}},{"));
}

TEST_F(CliStats, ADescriptionIsShownWhenThereIsOne) {
  stats_.info.description = "edge 1";
  start();
  EXPECT_THAT(ask("show info\n"), HasSubstr("\nnode: vm\ndescription: edge 1\nStopping: 0\n"));
}

TEST_F(CliStats, TheSchemaIsJson) {
  start();
  const std::string got = ask("show schema json\n");
  EXPECT_THAT(got, StartsWith("{\"$schema\":\"http://json-schema.org/draft-04/schema#\","));
  EXPECT_EQ(std::count(got.begin(), got.end(), '{'), std::count(got.begin(), got.end(), '}'));
}

TEST_F(CliStats, StartupLogsAreWhatTheConsoleSaid) {
  Console console(-1);
  console.say(Console::Severity::Notice, "hello");
  console.end_of_start();
  console.say(Console::Severity::Warning, "later");
  context_.console = &console;
  start();
  EXPECT_EQ(ask("show startup-logs\n"), "[NOTICE]   (" + std::to_string(::getpid()) + ") : hello\n\n");
  EXPECT_EQ(console.warnings(), 1U);
}

TEST_F(CliStats, SocketsAreListed) {
  context_.sockets = {spec()};
  start();
  EXPECT_EQ(ask("show cli sockets\n"), "# socket lvl processes\nunix@" + path() + " operator all\n\n");
}

TEST_F(CliStats, EnvironmentVariables) {
  ::setenv("SLUICE_TEST_VARIABLE", "x\n\ny", 1);
  start();
  EXPECT_EQ(ask("show env SLUICE_TEST_VARIABLE\n"), "SLUICE_TEST_VARIABLE=x\ny\n\n");
  EXPECT_EQ(ask("show env NO_SUCH_THING\n"), "Variable not found\n\n");
  ::unsetenv("SLUICE_TEST_VARIABLE");
}

class FakeCaptures final : public CaptureSource {
 public:
  std::vector<CapturedError> errors;
  [[nodiscard]] std::uint64_t events() const override { return errors.size(); }
  [[nodiscard]] std::size_t slots() const override { return errors.size(); }
  bool capture(std::size_t slot, CapturedError& out) const override {
    out = errors[slot];
    return true;
  }
};

// outputs/show_errors.txt of the reference.
TEST_F(CliStats, ErrorsAreShownAsTheReferenceShowsThem) {
  FakeCaptures captures;
  CapturedError e;
  e.proxy = "www";
  e.proxy_id = 2;
  e.source = "127.0.0.1:59884";
  e.bytes = "GET / HTTP/1.1\r\nbad header\r\n\r\n";
  e.free_bytes = 16354;
  e.wrap_bytes = 16344;
  e.error_at = 19;
  e.stream_flags = 0x810;
  e.state_name = "MSG_HDR_NAME";
  e.state = 17;
  e.message_flags = 0x1410;
  captures.errors = {e};
  context_.captures = &captures;
  start();
  const std::string got = ask("show errors\n");
  EXPECT_THAT(got, testing::MatchesRegex(
                       "Total events captured on .[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:.]{12}. : 1\n(.|\n)*"));
  const std::string body = got.substr(got.find('\n') + 1);
  EXPECT_THAT(body, StartsWith(" \n["));
  EXPECT_EQ(body.substr(body.find("] ") + 2),
            "frontend www (#2): invalid request\n"
            "  backend <NONE> (#-1), server <NONE> (#-1), event #0, src 127.0.0.1:59884\n"
            "  buffer starts at 0 (including 0 out), 16354 free,\n"
            "  len 30, wraps at 16344, error at position 19\n"
            "  H1 connection flags 0x00000000, H1 stream flags 0x00000810\n"
            "  H1 msg state MSG_HDR_NAME(17), H1 msg flags 0x00001410\n"
            "  H1 chunk len 0 bytes, H1 body len 0 bytes :\n"
            "  \n"
            "  00000  GET / HTTP/1.1\\r\\n\n"
            "  00016  bad header\\r\\n\n"
            "  00028  \\r\\n\n\n");
  EXPECT_EQ(lines(ask("show errors www response\n")).size(), 1U);
  EXPECT_GT(lines(ask("show errors www request\n")).size(), 1U);
  EXPECT_EQ(lines(ask("show errors 3\n")).size(), 1U);
  EXPECT_EQ(ask("show errors nosuch\n"), "No such proxy.\n\n");
}

}  // namespace
}  // namespace sluice::ops
