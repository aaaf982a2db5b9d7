// Server state files. The lines are the reference's own.
#include "sluice/ops/server_state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace sluice::ops {
namespace {

constexpr std::string_view kLine = "3 app 1 s1 127.0.0.1 2 0 10 10 4 6 3 4 6 0 0 0 - 9001 - 0 0 - - 0\n";

TEST(ServerState, ALineOfTheReference) {
  SavedBackends all;
  ASSERT_EQ(parse_server_states("1\n# be_id be_name\n" + std::string(kLine), all), "");
  const backend::SavedServer& s = all.at("app").at("s1");
  EXPECT_EQ(s.address->ip_text(), "127.0.0.1");
  EXPECT_EQ(s.op_state, backend::OpState::Running);
  EXPECT_EQ(s.weight, 10U);
  EXPECT_EQ(s.configured_weight, 10U);
  EXPECT_EQ(s.seconds_since_change, 4);
  EXPECT_EQ(s.check_status, backend::CheckStatus::L4Ok);
  EXPECT_EQ(s.check_health, 4U);
  EXPECT_EQ(s.port, 9001);
  EXPECT_EQ(s.check_port, 0);
  EXPECT_FALSE(s.check_address);
}

TEST(ServerState, ShortLinesOfOldVersionsAreGood) {
  SavedBackends all;
  EXPECT_EQ(parse_server_states("1\n1 bk 2 s2 127.0.0.1 0 5 12 12 4 6 3 4 6 0 0\r\n\n", all), "");
  EXPECT_EQ(all.at("bk").at("s2").admin, 5);
  EXPECT_EQ(all.at("bk").at("s2").port, 0);
}

TEST(ServerState, DamageNamesItsLineAndKeepsWhatWasBefore) {
  for (const std::string bad :
       {"3 app 2 s2\n", "3 app 2 s2 127.0.0.1 7 0 10 10 4 6 3 4 6 0 0\n",
        "3 app 2 s2 127.0.0.1 2 0 10 300 4 6 3 4 6 0 0\n", "3 app 2 s2 127.0.0.1 x 0 10 10 4 6 3 4 6 0 0\n",
        "3 app 2 s2 127.0.0.1 2 0 10 10 -4 6 3 4 6 0 0\n"}) {
    SavedBackends all;
    EXPECT_EQ(parse_server_states("1\n" + std::string(kLine) + bad, all), "corrupted at line 3") << bad;
    EXPECT_TRUE(all.at("app").contains("s1"));
    EXPECT_FALSE(all.at("app").contains("s2"));
  }
}

TEST(ServerState, OtherVersionsAreRefused) {
  SavedBackends all;
  EXPECT_EQ(parse_server_states("2\n", all), "Can't get version of");
  EXPECT_EQ(parse_server_states("", all), "Can't get version of");
  EXPECT_EQ(parse_server_states(kLine, all), "Can't get version of");
  EXPECT_TRUE(all.empty());
}

class ServerStateFiles : public testing::Test {
 protected:
  void SetUp() override {
    char dir[] = "/tmp/sluice-state-XXXXXX";
    dir_ = ::mkdtemp(dir);
    global_.base = dir_;
  }
  void TearDown() override {
    for (const std::string& f : files_) ::unlink((dir_ + "/" + f).c_str());
    ::rmdir(dir_.c_str());
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ + "/" + name) << text;
    files_.push_back(name);
  }
  std::string dir_;
  std::vector<std::string> files_;
  GlobalStateSpec global_;
};

TEST_F(ServerStateFiles, GlobalLocalAndNone) {
  write("all", "1\n" + std::string(kLine));
  write("app", "1\n3 app 1 s1 127.0.0.1 2 0 7 10 4 6 3 4 6 0 0\n");
  global_.file = "all";
  ServerStateLoader loader(&global_);
  ServerStateSpec spec;
  EXPECT_EQ(loader.find("app", spec), nullptr);
  spec.load = ServerStateSpec::Load::Global;
  ASSERT_NE(loader.find("app", spec), nullptr);
  EXPECT_EQ(loader.find("app", spec)->at("s1").weight, 10U);
  EXPECT_EQ(loader.find("other", spec), nullptr);
  spec.load = ServerStateSpec::Load::Local;
  EXPECT_EQ(loader.find("app", spec)->at("s1").weight, 7U);
  spec.file_name = dir_ + "/all";
  EXPECT_EQ(loader.find("app", spec)->at("s1").weight, 10U);
  EXPECT_TRUE(loader.warnings().empty());
}

TEST_F(ServerStateFiles, TroubleIsToldOncePerFile) {
  write("bad", "2\n");
  ServerStateLoader loader(&global_);
  ServerStateSpec spec;
  spec.load = ServerStateSpec::Load::Local;
  spec.file_name = "bad";
  EXPECT_EQ(loader.find("app", spec), nullptr);
  EXPECT_EQ(loader.find("app", spec), nullptr);
  spec.file_name = "missing";
  EXPECT_EQ(loader.find("app", spec), nullptr);
  ASSERT_EQ(loader.warnings().size(), 2U);
  EXPECT_EQ(loader.warnings()[0], "Proxy 'app': Can't get version of the server state file '" + dir_ + "/bad'.");
  EXPECT_EQ(loader.warnings()[1],
            "Proxy 'app': Can't open server state file '" + dir_ + "/missing': No such file or directory.");
}

}  // namespace
}  // namespace sluice::ops
