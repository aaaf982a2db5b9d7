// Stats files: columns by name, damage, identities.
#include "sluice/ops/stats_file.h"

#include <gtest/gtest.h>

namespace sluice::ops {
namespace {

class StatsFiles : public testing::Test {
 protected:
  void SetUp() override {
    auto compiled = std::make_unique<proxy::CompiledProxy>();
    compiled->name = "fe";
    compiled->front = true;
    compiled->spec.guid = "front";
    global_.proxies.push_back(std::make_unique<proxy::Proxy>(std::move(compiled), 1));
  }
  [[nodiscard]] std::uint64_t sessions() const {
    proxy::FrontendCounters c;
    base::add_up(global_.proxies[0]->counters, c);
    return c.sessions.get();
  }
  std::string dump() {
    std::string out;
    append_stats_head(out, 0);
    append_stats(out, 0, *global_.proxies[0]);
    return out;
  }
  proxy::Global global_{proxy::GlobalSettings{}};
};

TEST_F(StatsFiles, WhatIsDumpedIsRead) {
  global_.proxies[0]->counters.local(0).sessions.add(7);
  global_.proxies[0]->counters.local(0).responses[4].add(9);
  const std::string before = dump();
  EXPECT_TRUE(before.starts_with("#fe guid,stot,conn_tot,")) << before;
  base::clear(global_.proxies[0]->counters, 0);
  EXPECT_EQ(apply_stats(before, global_), "");
  EXPECT_EQ(dump(), before);
}

TEST_F(StatsFiles, ColumnsAreKnownByName) {
  EXPECT_EQ(apply_stats("#fe guid,future,stot\r\nfront,99,5\r\n\nother,1,2\n", global_), "");
  EXPECT_EQ(sessions(), 5U);
  EXPECT_EQ(apply_stats("#moon guid,stot\nfront,5\n", global_), "");
  EXPECT_EQ(sessions(), 5U);
}

TEST_F(StatsFiles, DamageIsNamedAndEndsTheReading) {
  EXPECT_EQ(apply_stats("front,5\n", global_), "line 1 has no columns");
  EXPECT_EQ(apply_stats("#fe name,stot\nfront,5\n", global_), "line 1 does not name its columns");
  EXPECT_EQ(apply_stats("#fe guid,stot\nfront,5\nfront,x\nfront,5\n", global_), "line 3 has a value that is no number");
  EXPECT_EQ(sessions(), 5U);
  EXPECT_EQ(apply_stats("#fe guid,stot\nfront,-5\n", global_), "line 2 has a value that is no number");
  EXPECT_EQ(apply_stats("#fe guid,stot\nfront\nfront,1,2,3\n", global_), "");
}

TEST(Guids, WhatMayBeInOne) {
  EXPECT_TRUE(is_guid("aZ09.:-_"));
  EXPECT_TRUE(is_guid(std::string(127, 'x')));
  for (const std::string bad : {"", "a b", "a/b", "\xc3\xa9"}) EXPECT_FALSE(is_guid(bad)) << bad;
  EXPECT_FALSE(is_guid(std::string(128, 'x')));
}

}  // namespace
}  // namespace sluice::ops
