#include "sluice/process/command_line.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sluice::process {
namespace {

using Task = CommandLine::Task;

CommandLine good(const std::vector<std::string>& args) {
  auto r = parse_command_line(args);
  EXPECT_TRUE(r.has_value()) << (r ? "" : r.error().message);
  return r ? *r : CommandLine{};
}
std::string bad(const std::vector<std::string>& args) {
  auto r = parse_command_line(args);
  return r ? "accepted" : r.error().message + (r.error().show_usage ? " +usage" : "");
}

TEST(CommandLineTest, FilesInTheirOrder) {
  const auto c = good({"-f", "a.cfg", "-d", "-f", "dir", "--", "b.cfg", "-c"});
  EXPECT_EQ(c.files, (std::vector<std::string>{"a.cfg", "dir", "b.cfg", "-c"}));
  EXPECT_EQ(c.task, Task::Run);
  EXPECT_TRUE(c.debug);
  EXPECT_TRUE(c.foreground);
}

TEST(CommandLineTest, SwitchesOfWhatIsNotThereAreAccepted) {
  EXPECT_EQ(good({"-dG", "-dV", "-dT", "-dv", "-f", "x"}).files, std::vector<std::string>{"x"});
}

TEST(CommandLineTest, Tasks) {
  EXPECT_EQ(good({"-c", "-f", "x"}).task, Task::Check);
  EXPECT_EQ(good({"-cc", "1"}).condition, "1");
  EXPECT_EQ(good({"-v"}).task, Task::Version);
  EXPECT_EQ(good({"-vv"}).task, Task::Details);
  EXPECT_EQ(good({"-vq"}).task, Task::VersionOnly);
  EXPECT_EQ(good({"-vqs"}).task, Task::VersionShort);
  EXPECT_EQ(good({"-vqb"}).task, Task::VersionBranch);
  EXPECT_EQ(good({"--help"}).task, Task::Help);
  EXPECT_EQ(good({"-dKhelp"}).task, Task::KeywordHelp);
  EXPECT_EQ(good({"-dMhelp"}).task, Task::MemoryHelp);
}

TEST(CommandLineTest, Settings) {
  const auto c = good({"-f",     "x",   "-n",  "100", "-N",  "50",   "-m",
                       "200",    "-p",  "pid", "-L",  "me",  "-C",   "/tmp",
                       "-V",     "-q",  "-de", "-dp", "-dS", "-dR",  "-dr",
                       "-dI",    "-dW", "-dD", "-db", "-dL", "-dC7", "-dKcfg,smp,bnd,srv",
                       "-dM0x41"});
  EXPECT_EQ(c.maxconn, 100U);
  EXPECT_EQ(c.proxy_maxconn, 50U);
  EXPECT_EQ(c.memory_mb, 200U);
  EXPECT_EQ(c.pid_file, "pid");
  EXPECT_EQ(c.local_peer, "me");
  EXPECT_EQ(c.directory, "/tmp");
  EXPECT_TRUE(c.verbose && c.quiet && c.ignore_resolution_failures && c.insecure_fork && c.zero_warning &&
              c.diagnostics && c.foreground);
  EXPECT_FALSE(c.epoll || c.poll || c.splice || c.reuseport);
  EXPECT_TRUE(c.dump_libraries && c.dump_config);
  EXPECT_EQ(c.dump_key, 7U);
  EXPECT_EQ(c.keyword_classes, (std::vector<std::string>{"cfg", "smp", "bnd", "srv"}));
  EXPECT_EQ(c.poison, 0x41);
  EXPECT_EQ(good({"-f", "x", "-dM"}).poison, 0x50);
  EXPECT_EQ(good({"-f", "x", "-dM0"}).poison, 0);
  EXPECT_EQ(good({"-f", "x", "-dM9,no-poison"}).poison, std::nullopt);
  EXPECT_EQ(good({"-f", "x", "-dC"}).dump_key, 0U);
}

TEST(CommandLineTest, MistakesAreNamed) {
  EXPECT_EQ(bad({}), " +usage");
  EXPECT_EQ(bad({"-c"}), " +usage");
  EXPECT_EQ(bad({"-f"}), "'-f' expects an argument. +usage");
  EXPECT_EQ(bad({"-n", "x"}), "'-n' expects a number, got 'x'.");
  EXPECT_EQ(bad({"-n", "-1", "-f", "x"}), "'-n' expects a number, got '-1'.");
  EXPECT_EQ(bad({"-zz"}), "unknown option '-zz'. +usage");
  EXPECT_EQ(bad({"-dX"}), "unknown option '-dX'. +usage");
  EXPECT_EQ(bad({"-dbx"}), "unknown option '-dbx'. +usage");
  EXPECT_EQ(bad({"foo"}), "unexpected argument 'foo'; configuration files stand behind -f or --. +usage");
  EXPECT_EQ(bad({"-dCx"}), "'-dCx': the key is a number from 0 to 4294967295.");
  EXPECT_EQ(bad({"-dM999"}), "'-dM999': the byte is a number from 0 to 255.");
  EXPECT_EQ(bad({"-dKfoo"}), "unknown keyword class 'foo'; see -dKhelp.");
}

TEST(CommandLineTest, TakingOverFromOthers) {
  const CommandLine c = good({"-D", "-x", "/run/stats", "-sf", "12", "34", "-f", "x"});
  EXPECT_TRUE(c.daemon);
  EXPECT_EQ(c.take_from, "/run/stats");
  EXPECT_EQ(c.old_pids, (std::vector<int>{12, 34}));
  EXPECT_EQ(c.finish_signal, SIGUSR1);
  EXPECT_EQ(good({"-f", "x", "-st"}).finish_signal, SIGTERM);
  EXPECT_EQ(bad({"-f", "x", "-sf", "12", "x"}), "'-sf' expects process numbers, got 'x'.");
  EXPECT_EQ(bad({"-f", "x", "-st", "0"}), "'-st' expects process numbers, got '0'.");
}

TEST(CommandLineTest, Master) {
  const CommandLine c = good({"-Ws", "-S", "/run/master,mode,600", "-S", "127.0.0.1:0", "-f", "x"});
  EXPECT_TRUE(c.master && c.notify && c.foreground);
  EXPECT_EQ(c.master_sockets, (std::vector<std::string>{"/run/master,mode,600", "127.0.0.1:0"}));
  EXPECT_FALSE(good({"-W", "-f", "x"}).foreground);
  EXPECT_EQ(bad({"-W", "-S"}), "'-S' expects an argument. +usage");
}

TEST(CommandLineTest, WhatIsNotBuiltIsRefusedByName) {
  for (const char* option : {"-4", "-dA", "-dc", "-dt"}) {
    EXPECT_EQ(bad({"-f", "x", option}).substr(0, std::string(option).size() + 24),
              "'" + std::string(option) + "' is not supported yet:");
  }
}

TEST(UsageTest, BeginsAsTheReferenceDoes) {
  EXPECT_TRUE(usage("haproxy").starts_with("Usage : haproxy [-f <cfgfile|cfgdir>]*"));
}

}  // namespace
}  // namespace sluice::process
