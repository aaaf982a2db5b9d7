// `log`, `log-tag`, `log-send-hostname` and the stats socket keywords as they are read from a configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/config/parser.h"
#include "sluice/ops/cli_spec.h"
#include "sluice/ops/log_target.h"

namespace sluice::ops {
namespace {

using base::LogLevel;
using testing::HasSubstr;

class Keywords : public testing::Test {
 protected:
  void SetUp() override {
    using Row = config::SectionRow;
    static constexpr Row kSections[] = {
        {"global", config::kGlobal, Row::Name::None, Row::kMerges},
        {"defaults", config::kDefaults, Row::Name::Optional, Row::kIsDefaults},
        {"frontend", config::kFrontend, Row::Name::Required, Row::kTakesDefaults},
        {"backend", config::kBackend, Row::Name::Required, Row::kTakesDefaults},
    };
    for (const Row& r : kSections) table_.add_section(r);
    register_keywords(table_);
  }
  bool parse(std::string_view text) {
    std::vector<config::InputFile> files;
    files.push_back({"test.cfg", std::string(text)});
    return config::parse(std::move(files), table_, {}, document_, diag_);
  }
  std::string first_error() { return diag_.all().empty() ? std::string() : diag_.all().front().message; }
  // The message about one line of the global section.
  static std::string global_error(std::string_view line) {
    Keywords k;
    k.SetUp();
    EXPECT_FALSE(k.parse("global\n " + std::string(line) + "\n")) << line;
    return k.first_error();
  }
  static std::string frontend_error(std::string_view line) {
    Keywords k;
    k.SetUp();
    EXPECT_FALSE(k.parse("frontend f\n " + std::string(line) + "\n")) << line;
    return k.first_error();
  }
  void TestBody() override {}
  const LogSpecs& logs(std::string_view kind, std::string_view name) {
    return document_.find(kind, name)->parts.view<LogSpecs>();
  }
  const GlobalLogSpec& global() { return document_.global()->parts.view<GlobalLogSpec>(); }
  const StatsSpec& stats() { return document_.global()->parts.view<StatsSpec>(); }

  config::KeywordTable table_;
  config::Document document_;
  config::Diagnostics diag_;
};

class LogKeywords : public Keywords {};
class StatsKeywords : public Keywords {};

TEST_F(LogKeywords, ALineWithEverything) {
  ASSERT_TRUE(parse("global\n log 127.0.0.1:5140 len 2048 format rfc5424 sample 1,3-4:5 local3 notice err\n"))
      << first_error();
  ASSERT_EQ(global().targets.size(), 1U);
  const LogTargetSpec& t = global().targets[0];
  EXPECT_EQ(t.address.host, "127.0.0.1");
  EXPECT_EQ(t.address.port, 5140);
  EXPECT_EQ(t.max_len, 2048U);
  EXPECT_EQ(t.format, LogFormat::Rfc5424);
  ASSERT_EQ(t.sample.size(), 2U);
  EXPECT_EQ(t.sample[1].first, 3U);
  EXPECT_EQ(t.sample[1].last, 4U);
  EXPECT_EQ(t.sample_size, 5U);
  EXPECT_EQ(t.facility, 19);
  EXPECT_EQ(t.level, LogLevel::Notice);
  EXPECT_EQ(t.min_level, LogLevel::Err);
}

TEST_F(LogKeywords, DefaultsOfALine) {
  ASSERT_TRUE(parse("global\n log 127.0.0.1 daemon\n"));
  const LogTargetSpec& t = global().targets[0];
  EXPECT_EQ(t.address.port, 514);
  EXPECT_EQ(t.max_len, 1024U);
  EXPECT_EQ(t.format, LogFormat::Unset);
  EXPECT_EQ(t.level, LogLevel::Debug);
  EXPECT_EQ(t.min_level, LogLevel::Emerg);
}

TEST_F(LogKeywords, Targets) {
  ASSERT_TRUE(parse(
      "global\n log stdout daemon\n log stderr daemon\n log fd@7 daemon\n log /dev/log daemon\n log ::1 daemon\n"))
      << first_error();
  ASSERT_EQ(global().targets.size(), 5U);
  EXPECT_EQ(global().targets[0].fd, 1);
  EXPECT_EQ(global().targets[1].fd, 2);
  EXPECT_EQ(global().targets[2].fd, 7);
  EXPECT_EQ(global().targets[3].address.kind, net::AddressKind::Unix);
  EXPECT_EQ(global().targets[3].address.host, "/dev/log");
  EXPECT_EQ(global().targets[4].address.family, AF_INET6);
  EXPECT_EQ(global().targets[4].address.port, 514);
}

TEST_F(LogKeywords, ProxiesInheritAddAndFlush) {
  ASSERT_TRUE(parse(
      "defaults\n log global\n log-tag base\nfrontend a\n log stdout daemon\nfrontend b\n no log\n log-tag bee\n"))
      << first_error();
  EXPECT_TRUE(logs("frontend", "a").global);
  EXPECT_EQ(logs("frontend", "a").targets.size(), 1U);
  EXPECT_EQ(logs("frontend", "a").tag, "base");
  EXPECT_FALSE(logs("frontend", "b").global);
  EXPECT_TRUE(logs("frontend", "b").targets.empty());
  EXPECT_EQ(logs("frontend", "b").tag, "bee");
}

TEST_F(LogKeywords, TagAndHostNameOfTheProcess) {
  ASSERT_TRUE(parse("global\n log-tag edge\n log-send-hostname\n"));
  const LogIdentity id = LogOutputs::identity_of(&global(), "haproxy", 1);
  EXPECT_EQ(id.tag, "edge");
  EXPECT_TRUE(id.send_hostname);
  EXPECT_FALSE(id.hostname.empty());
  EXPECT_EQ(LogOutputs::identity_of(nullptr, "haproxy", 1).tag, "haproxy");
}

TEST_F(LogKeywords, MistakesAreNamedAsTheReferenceNamesThem) {
  EXPECT_EQ(global_error("log"), "log : expects <address> and <facility>  as arguments");
  EXPECT_EQ(global_error("log 127.0.0.1"), "log : expects <address> and <facility>  as arguments");
  EXPECT_THAT(global_error("log 127.0.0.1 local9"), HasSubstr("log : unknown log facility 'local9'"));
  EXPECT_EQ(global_error("log 127.0.0.1 local0 foo"), "log : unknown optional log level 'foo'");
  EXPECT_EQ(global_error("log 127.0.0.1 local0 info foo"), "log : unknown optional minimum log level 'foo'");
  EXPECT_EQ(global_error("log 127.0.0.1 local0 info err extra"), "log : cannot handle unexpected argument 'extra'");
  EXPECT_EQ(global_error("log 127.0.0.1 len 10 local0"), "log : invalid log length '10', must be between 80 and 65535");
  EXPECT_EQ(global_error("log 127.0.0.1 len"), "log : invalid log length '', must be between 80 and 65535");
  EXPECT_THAT(global_error("log 127.0.0.1 format bar local0"), HasSubstr("log : unknown log format 'bar'"));
  EXPECT_EQ(global_error("log 127.0.0.1 sample 0:5 local0"), "log : wrong sample range '0'");
  EXPECT_EQ(global_error("log 127.0.0.1 sample 3-1:5 local0"), "log : wrong sample range '3-1'");
  EXPECT_EQ(global_error("log 127.0.0.1 sample 1-9:5 local0"),
            "log : sample size 5 should be greater or equal to 9 the maximum of the high ranges limits");
  EXPECT_EQ(global_error("log 127.0.0.1 sample 1 local0"), "log : Missing sample size");
  EXPECT_EQ(global_error("log 127.0.0.1 sample 1,1-3:4 local0"), "log : ranges are overlapping");
  EXPECT_EQ(global_error("log global"), "log : 'global' is not supported for a global syslog server");
  EXPECT_EQ(global_error("no log x"), "log : 'no log' does not expect arguments");
  EXPECT_EQ(global_error("log fd@x local0"), "log : file descriptor 'x' is not a valid integer in 'fd@x'");
  EXPECT_EQ(global_error("log-tag"), "'log-tag' expects a tag for use in syslog.");
  EXPECT_EQ(global_error("log-tag a b"), "'log-tag' cannot handle unexpected argument 'b'.");
  EXPECT_EQ(frontend_error("log"), "log : expects <address> and <facility> or global as arguments");
}

TEST_F(LogKeywords, WhatIsNotThereYetIsRefusedByName) {
  EXPECT_THAT(global_error("log ring@r daemon"), HasSubstr("'ring@' targets are not supported yet"));
  EXPECT_THAT(global_error("log tcp@127.0.0.1:514 daemon"), HasSubstr("'tcp@' targets are not supported yet"));
  EXPECT_THAT(global_error("log backend@b daemon"), HasSubstr("'backend@' targets are not supported yet"));
  EXPECT_THAT(global_error("log 127.0.0.1 profile p daemon"), HasSubstr("'profile' is not supported yet"));
}

TEST_F(StatsKeywords, Sockets) {
  ASSERT_TRUE(
      parse("global\n stats socket /run/s level admin mode 600\n stats socket ipv4@127.0.0.1:9990 level user\n"
            " stats socket fd@5\n stats timeout 2m\n stats maxconn 3\n"))
      << first_error();
  ASSERT_EQ(stats().sockets.size(), 3U);
  EXPECT_EQ(stats().sockets[0].address.host, "/run/s");
  EXPECT_EQ(stats().sockets[0].level, CliLevel::Admin);
  EXPECT_EQ(stats().sockets[0].mode, 0600U);
  EXPECT_EQ(stats().sockets[1].address.port, 9990);
  EXPECT_EQ(stats().sockets[1].level, CliLevel::User);
  EXPECT_EQ(stats().sockets[2].address.kind, net::AddressKind::InheritedFd);
  EXPECT_EQ(stats().sockets[2].address.fd, 5);
  EXPECT_EQ(stats().sockets[2].level, CliLevel::Operator);
  EXPECT_EQ(stats().timeout, base::Millis{120000});
  EXPECT_EQ(stats().maxconn, 3U);
}

TEST_F(StatsKeywords, Mistakes) {
  EXPECT_EQ(global_error("stats socket"),
            "'stats socket' in global section expects an address or a path to a UNIX socket");
  EXPECT_EQ(global_error("stats socket /s level foo"),
            "'stats socket' : 'level' only supports 'user', 'operator', and 'admin' (got 'foo')");
  EXPECT_EQ(global_error("stats socket /s mode xx"),
            "'stats socket' : 'mode' : missing or invalid mode 'xx' (octal integer expected)");
  EXPECT_EQ(global_error("stats socket /s user nosuch-user"),
            "'stats socket' : 'user' : unknown user name 'nosuch-user'");
  EXPECT_THAT(global_error("stats socket /s expose-fd foo"), HasSubstr("'expose-fd'"));
  EXPECT_THAT(global_error("stats socket /s nonsense"), HasSubstr("unknown keyword 'nonsense'"));
  EXPECT_EQ(global_error("stats timeout 0"), "'stats timeout' expects a positive value");
  EXPECT_EQ(global_error("stats maxconn 0"), "'stats maxconn' expects a positive value");
  EXPECT_EQ(global_error("stats maxconn x"), "'stats maxconn' expects a positive value");
}

}  // namespace
}  // namespace sluice::ops
