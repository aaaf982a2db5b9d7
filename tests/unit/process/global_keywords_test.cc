#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "sluice/config/parser.h"
#include "sluice/process/global_spec.h"
#include "sluice/process/modules.h"

namespace sluice::process {
namespace {

struct Parsed {
  explicit Parsed(std::string lines) {
    static constexpr config::SectionRow kGlobal{"global", config::kGlobal, config::SectionRow::Name::None,
                                                config::SectionRow::kMerges};
    config::KeywordTable table;
    table.add_section(kGlobal);
    register_global_keywords(table);
    config::ParseOptions options;
    options.env = &env;
    std::vector<config::InputFile> files;
    files.push_back({"t.cfg", "global\n" + std::move(lines)});
    good = config::parse(std::move(files), table, options, doc, diag);
    spec = doc.global()->parts.view<GlobalSpec>();
    for (const auto& d : diag.all()) said += std::to_string(d.at.line) + " " + d.message + "\n";
  }
  config::Environment env;
  config::Document doc;
  config::Diagnostics diag;
  GlobalSpec spec;
  std::string said;
  bool good = false;
};

std::string cpus(const runtime::CpuSet& s) {
  std::string out;
  for (std::size_t i = 0; i < 32; ++i) {
    if (s.bits.test(i)) out += (out.empty() ? "" : ",") + std::to_string(i);
  }
  return out;
}

TEST(GlobalKeywords, NumbersSizesAndFlags) {
  const Parsed p(
      "nbthread 4\nmaxconn 1000\nulimit-n 5000\nfd-hard-limit 9000\nmaxpipes "
      "10\nnoepoll\nnosplice\nnoreuseport\nbusy-polling\n"
      "no strict-limits\ninsecure-fork-wanted\ntune.bufsize 32k\ntune.maxrewrite 2048\ntune.http.maxhdr "
      "200\ntune.http.logurilen 4096\n"
      "tune.maxaccept 5\ntune.maxpollevents 100\ntune.runqueue-depth 50\ntune.pipesize 1m\ntune.rcvbuf.client "
      "64k\ntune.sndbuf.server 32k\n"
      "quiet\nzero-warning\nset-dumpable\n");
  ASSERT_TRUE(p.good) << p.said;
  const GlobalSpec& g = p.spec;
  EXPECT_EQ(g.threads, 4U);
  EXPECT_EQ(g.maxconn, 1000U);
  EXPECT_EQ(g.ulimit_n, 5000U);
  EXPECT_EQ(g.fd_hard_limit, 9000U);
  EXPECT_EQ(g.max_pipes, 10U);
  EXPECT_FALSE(g.epoll || g.splice || g.reuseport || g.strict_limits);
  EXPECT_TRUE(g.poll && g.busy_poll && g.insecure_fork && g.quiet && g.zero_warning && g.dumpable);
  EXPECT_EQ(g.buffer_bytes, 32768U);
  EXPECT_EQ(g.max_rewrite_bytes, 2048U);
  EXPECT_EQ(g.max_headers, 200U);
  EXPECT_EQ(g.log_uri_bytes, 4096U);
  EXPECT_EQ(g.max_accept, 5);
  EXPECT_EQ(g.max_poll_events, 100U);
  EXPECT_EQ(g.run_queue_depth, 50U);
  EXPECT_EQ(g.pipe_bytes, 1048576U);
  EXPECT_EQ(g.client_rcvbuf, 65536);
  EXPECT_EQ(g.server_sndbuf, 32768);
}

TEST(GlobalKeywords, Rights) {
  const Parsed p(
      "user root\ngroup root\nchroot auto\npidfile /run/x\nnode a-b.c\ndescription two words\nlocalpeer me\n");
  ASSERT_TRUE(p.good) << p.said;
  EXPECT_EQ(p.spec.uid, 0U);
  EXPECT_EQ(p.spec.gid, 0U);
  EXPECT_EQ(p.spec.chroot, "auto");
  EXPECT_EQ(p.spec.description, "two words");
  EXPECT_EQ(Parsed("uid 5\ngid 6\n").spec.uid, 5U);
}

TEST(GlobalKeywords, WrongValuesAreAllReported) {
  const Parsed p(
      "nbthread 0\nthread-groups 2\nuser no-such-user-here\nnode a/b\ntune.bufsize 10\nmaxconn x\nsetenv 9x "
      "1\nset-dumpable libs\n");
  EXPECT_EQ(p.said,
            "2 'nbthread' value must be between 1 and 256 (was 0)\n"
            "3 'thread-groups' : more than one thread group is not supported yet.\n"
            "4 cannot find user id for 'no-such-user-here'.\n"
            "5 'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), "
            "hyphen(-) or underscode(_).\n"
            "6 'tune.bufsize' : value '10' is out of range\n"
            "7 'maxconn' : expects an integer argument, got 'x'\n"
            "8 'setenv' : '9x' is no name of a variable.\n"
            "9 'set-dumpable libs' is not supported yet.\n");
}

TEST(GlobalKeywords, Environment) {
  const Parsed p("setenv A 1\npresetenv A 2\npresetenv B 3\nsetenv C \"$A-$B\"\nunsetenv B\n");
  ASSERT_TRUE(p.good) << p.said;
  EXPECT_EQ(p.env.get("A"), "1");
  EXPECT_EQ(p.env.get("B"), std::nullopt);
  EXPECT_EQ(p.env.get("C"), "1-3");
  EXPECT_EQ(Parsed("setenv A 1\nsetenv B 2\nresetenv B\n").env.get("A"), std::nullopt);
}

TEST(GlobalKeywords, CpuMap) {
  EXPECT_EQ(cpus(Parsed("cpu-map 1 0-3\n").spec.default_cpus), "0,1,2,3");
  EXPECT_EQ(cpus(Parsed("cpu-map 1/all 0,2 5\n").spec.default_cpus), "0,2,5");
  const Parsed p("cpu-map auto:1/1-4 3,2 1 0\n");
  ASSERT_TRUE(p.good) << p.said;
  const auto sets = cpu_sets(p.spec, 5);
  ASSERT_EQ(sets.size(), 5U);
  EXPECT_EQ(cpus(sets[0]), "0");
  EXPECT_EQ(cpus(sets[3]), "3");
  EXPECT_EQ(cpus(sets[4]), "");
  const auto odd = cpu_sets(Parsed("cpu-map 1 8\ncpu-map 1/odd 1\n").spec, 3);
  EXPECT_EQ(cpus(odd[0]) + "|" + cpus(odd[1]) + "|" + cpus(odd[2]), "1|8|1");
  EXPECT_TRUE(cpu_sets(GlobalSpec{}, 4).empty());
  EXPECT_FALSE(Parsed("cpu-map auto:1/1-4 0\n").good);
  EXPECT_FALSE(Parsed("cpu-map 2 0\n").good);
  EXPECT_FALSE(Parsed("cpu-map 1/0 0\n").good);
  EXPECT_FALSE(Parsed("cpu-map 1/1 x\n").good);
}

TEST(GlobalKeywords, CaseAdjust) {
  const std::string path = ::testing::TempDir() + "case-adjust-" + std::to_string(::getpid());
  std::ofstream(path) << "# names\nhost Host\n\n  x-foo\tX-FOO\n";
  const Parsed p("h1-case-adjust content-length Content-Length\nh1-case-adjust-file " + path + "\n");
  ASSERT_TRUE(p.good) << p.said;
  EXPECT_EQ(p.spec.case_adjust, (std::vector<std::pair<std::string, std::string>>{
                                    {"content-length", "Content-Length"}, {"host", "Host"}, {"x-foo", "X-FOO"}}));
  EXPECT_FALSE(Parsed("h1-case-adjust a b\n").good);
  EXPECT_FALSE(Parsed("h1-case-adjust a A\nh1-case-adjust a A\n").good);
  EXPECT_FALSE(Parsed("h1-case-adjust-file /nosuch/file\n").good);
  std::remove(path.c_str());
}

TEST(Effective, TheCommandLineWins) {
  GlobalSpec g;
  g.maxconn = 10;
  g.quiet = true;
  CommandLine c;
  c.maxconn = 99;
  c.splice = false;
  c.verbose = true;
  c.pid_file = "x";
  const GlobalSpec e = effective(g, c);
  EXPECT_EQ(e.maxconn, 99U);
  EXPECT_FALSE(e.splice);
  EXPECT_TRUE(e.epoll);
  EXPECT_FALSE(e.quiet) << "-V takes `quiet` back";
  EXPECT_EQ(e.pid_file, "x");
}

}  // namespace
}  // namespace sluice::process
