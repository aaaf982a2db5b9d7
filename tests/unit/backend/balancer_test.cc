// Balancers as pure functions.
#include "sluice/backend/balancer.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace sluice::backend {
namespace {

struct Farm {
  std::unique_ptr<Balancer> balancer;
  std::vector<Candidate> servers;
  std::vector<bool> full = std::vector<bool>(64, false);
  std::vector<std::uint32_t> load = std::vector<std::uint32_t>(64, 0);

  explicit Farm(Algorithm a, const std::vector<std::uint32_t>& weights, BackendSpec spec = {}) {
    balancer = make_balancer(a, spec, 42);
    for (std::uint32_t i = 0; i < weights.size(); ++i) {
      if (weights[i] != 0) servers.push_back({i, i + 1, weights[i] * kWeightScale, 0});
    }
    balancer->set_servers(servers);
  }
  int pick(int avoid = kNobody) { return pick_with(false, 0, avoid); }
  int pick_key(std::uint32_t hash, int avoid = kNobody) { return pick_with(true, hash, avoid); }
  int pick_with(bool key, std::uint32_t hash, int avoid) {
    PickRequest r;
    r.ctx = this;
    r.blocked = [](const void* ctx, std::uint32_t s) noexcept {
      return static_cast<bool>(static_cast<const Farm*>(ctx)->full[s]);
    };
    r.load = [](const void* ctx, std::uint32_t s) noexcept -> std::uint32_t {
      return static_cast<const Farm*>(ctx)->load[s];
    };
    r.has_key = key;
    r.hash = hash;
    r.avoid = avoid;
    return balancer->pick(r);
  }
  // Picks that hold a connection each: "1312".
  std::string turns(int n, bool hold = false) {
    std::string out;
    for (int i = 0; i < n; ++i) {
      const int s = pick();
      out += s == kNobody ? '-' : static_cast<char>('1' + s);
      if (s != kNobody && hold) balancer->load_changed(static_cast<std::uint32_t>(s), ++load[static_cast<size_t>(s)]);
    }
    return out;
  }
  std::map<int, int> shares(int n) {
    std::map<int, int> out;
    for (int i = 0; i < n; ++i) ++out[pick()];
    return out;
  }
};

constexpr Algorithm kAll[] = {Algorithm::RoundRobin, Algorithm::StaticRr, Algorithm::LeastConn,
                              Algorithm::First,      Algorithm::Random,   Algorithm::Source};

TEST(AllBalancers, NoServerMeansNobody) {
  for (const Algorithm a : kAll) {
    Farm f(a, {});
    EXPECT_EQ(f.pick(), kNobody) << algorithm_name(a);
    EXPECT_EQ(f.pick_key(7), kNobody) << algorithm_name(a);
  }
}

TEST(AllBalancers, OneServerGetsAll) {
  for (const Algorithm a : kAll) {
    Farm f(a, {5});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(f.pick(), 0) << algorithm_name(a);
    EXPECT_EQ(f.pick(0), 0) << algorithm_name(a) << ": the one to avoid, as there is no other";
  }
}

TEST(AllBalancers, WeightZeroIsNeverPicked) {
  for (const Algorithm a : kAll) {
    Farm f(a, {1, 0, 2});
    const auto shares = f.shares(300);
    EXPECT_EQ(shares.count(1), 0U) << algorithm_name(a);
    EXPECT_EQ(shares.count(kNobody), 0U) << algorithm_name(a);
  }
}

TEST(AllBalancers, AllFullMeansNobody) {
  for (const Algorithm a : kAll) {
    Farm f(a, {1, 2, 3});
    f.full.assign(64, true);
    EXPECT_EQ(f.pick(), kNobody) << algorithm_name(a);
    f.full[1] = false;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(f.pick(), 1) << algorithm_name(a);
  }
}

TEST(AllBalancers, AvoidsTheGivenServerWhenThereIsAnother) {
  for (const Algorithm a : kAll) {
    Farm f(a, {1, 100, 1});
    for (int i = 0; i < 50; ++i) EXPECT_NE(f.pick(1), 1) << algorithm_name(a);
    f.full[0] = f.full[2] = true;
    EXPECT_EQ(f.pick(1), 1) << algorithm_name(a);
  }
}

TEST(AllBalancers, ServersComeAndGo) {
  for (const Algorithm a : kAll) {
    Farm f(a, {1, 1, 1});
    (void)f.turns(7);
    f.balancer->set_servers({});
    EXPECT_EQ(f.pick(), kNobody) << algorithm_name(a);
    f.balancer->set_servers(std::vector<Candidate>{{2, 3, 16, 0}});
    EXPECT_EQ(f.pick(), 2) << algorithm_name(a);
    f.balancer->set_servers(f.servers);
    const auto shares = f.shares(30);
    EXPECT_EQ(shares.count(kNobody), 0U) << algorithm_name(a);
  }
}

// Orders as the reference 2.6 gives them.
TEST(RoundRobin, OrderOfTheReference) {
  EXPECT_EQ(Farm(Algorithm::RoundRobin, {3, 1, 2}).turns(18), "131213131213131213");
  EXPECT_EQ(Farm(Algorithm::RoundRobin, {1, 1, 1}).turns(9), "123123123");
  EXPECT_EQ(Farm(Algorithm::RoundRobin, {5, 1, 1, 2}).turns(18), "114121413114121413");
  EXPECT_EQ(Farm(Algorithm::RoundRobin, {1, 2, 3, 4}).turns(20), "43423414324342341432");
  EXPECT_EQ(Farm(Algorithm::RoundRobin, {256, 1, 128}).turns(9), "113113113");
}

TEST(RoundRobin, ExactSharesOverARound) {
  Farm f(Algorithm::RoundRobin, {10, 20, 30, 7, 1});
  const auto shares = f.shares(680);
  EXPECT_EQ(shares, (std::map<int, int>{{0, 100}, {1, 200}, {2, 300}, {3, 70}, {4, 10}}));
}

TEST(RoundRobin, ServerThatWasFullGetsNoBurst) {
  Farm f(Algorithm::RoundRobin, {1, 1, 1});
  f.full[0] = true;
  (void)f.turns(1000);
  f.full[0] = false;
  const std::string turns = f.turns(12);
  EXPECT_EQ(turns.find("11"), std::string::npos) << turns;
  EXPECT_NEAR(static_cast<int>(std::count(turns.begin(), turns.end(), '1')), 4, 1) << turns;
}

TEST(RoundRobin, WeightChangeTakesEffect) {
  Farm f(Algorithm::RoundRobin, {1, 1});
  (void)f.turns(10);
  f.servers[0].weight = 9 * kWeightScale;
  f.balancer->set_servers(f.servers);
  (void)f.turns(10);
  const auto shares = f.shares(100);
  EXPECT_EQ(shares.at(0), 90);
}

TEST(StaticRr, FollowsTheWeightsAndWrapsAround) {
  Farm f(Algorithm::StaticRr, {3, 1, 2});
  const std::string round = f.turns(6);
  EXPECT_EQ(f.turns(6), round);
  EXPECT_EQ(std::count(round.begin(), round.end(), '1'), 3);
  EXPECT_EQ(std::count(round.begin(), round.end(), '3'), 2);
  EXPECT_EQ(Farm(Algorithm::StaticRr, {7, 7, 7}).turns(6), "123123");
}

// The order of the reference, seen with Debian's haproxy 2.6.
TEST(StaticRr, TakesTurnsInTheOrderOfTheReference) {
  struct Seen {
    std::vector<std::uint32_t> weights;
    std::string round;
  };
  const Seen all[] = {{{1, 2}, "122"},
                      {{2, 1}, "112"},
                      {{1, 2, 3}, "132323"},
                      {{3, 2, 1}, "112123"},
                      {{5, 1, 1}, "1112113"},
                      {{10, 20, 30}, "132323"},
                      {{0, 1, 2}, "233"},
                      {{5, 5, 2}, "121213212123"},
                      {{4, 7}, "12122122122"},
                      {{6, 1, 1, 1}, "111211314"},
                      {{3, 7, 2, 4}, "1224212342142234"}};
  for (const Seen& seen : all) {
    Farm f(Algorithm::StaticRr, seen.weights);
    const auto n = static_cast<int>(seen.round.size());
    EXPECT_EQ(f.turns(2 * n), seen.round + seen.round);
  }
}

TEST(LeastConn, TurnsAmongEqualsThenLoadByWeight) {
  EXPECT_EQ(Farm(Algorithm::LeastConn, {1, 1, 1}).turns(6, true), "123123");
  Farm f(Algorithm::LeastConn, {2, 1});
  std::string held = f.turns(9, true);
  EXPECT_EQ(std::count(held.begin(), held.end(), '1'), 6) << held;
}

TEST(LeastConn, OrderOfTheReference) {
  EXPECT_EQ(Farm(Algorithm::LeastConn, {3, 1, 2}).turns(12, true), "123131131231");
}

TEST(LeastConn, LoadThatGoesMakesRoom) {
  Farm f(Algorithm::LeastConn, {1, 1, 1});
  (void)f.turns(6, true);
  f.balancer->load_changed(1, 0);
  EXPECT_EQ(f.pick(), 1);
}

TEST(LeastConn, ThousandServersKeepTheirOrder) {
  Farm f(Algorithm::LeastConn, std::vector<std::uint32_t>(1000, 1));
  f.full.assign(1000, false);
  f.load.assign(1000, 0);
  std::vector<int> seen(1000, 0);
  for (int i = 0; i < 5000; ++i) {
    const int s = f.pick();
    ++seen[static_cast<std::size_t>(s)];
    f.balancer->load_changed(static_cast<std::uint32_t>(s), ++f.load[static_cast<std::size_t>(s)]);
  }
  for (const int n : seen) EXPECT_EQ(n, 5);
}

TEST(First, LowestIdWithRoom) {
  Farm f(Algorithm::First, {1, 1, 1});
  f.servers[0].id = 10;  // behind the others
  f.balancer->set_servers(f.servers);
  EXPECT_EQ(f.pick(), 1);
  f.full[1] = true;
  EXPECT_EQ(f.pick(), 2);
  f.full[2] = true;
  EXPECT_EQ(f.pick(), 0);
}

TEST(Random, FollowsTheWeights) {
  BackendSpec one;
  one.draws = 1;
  Farm f(Algorithm::Random, {1, 3}, one);
  const auto shares = f.shares(8000);
  EXPECT_NEAR(shares.at(1), 6000, 200);
}

TEST(Random, TwoDrawsAvoidTheLoaded) {
  Farm f(Algorithm::Random, {1, 1});
  f.load[0] = 100;
  const auto shares = f.shares(4000);
  EXPECT_NEAR(shares.at(0), 1000, 200);  // only when both draws fall on it
}

TEST(Source, SameKeySameServerAndByWeight) {
  Farm f(Algorithm::Source, {3, 1, 2});
  std::map<int, int> shares;
  for (std::uint32_t key = 0; key < 600; ++key) {
    const int s = f.pick_key(key);
    EXPECT_EQ(f.pick_key(key), s);
    ++shares[s];
  }
  EXPECT_EQ(shares, (std::map<int, int>{{0, 300}, {1, 100}, {2, 200}}));
}

TEST(Source, EqualServersFollowTheAddressAsInTheReference) {
  // 127.0.0.1 modulo 5 is 3: the fourth server, the next address the fifth ...
  Farm f(Algorithm::Source, {1, 1, 1, 1, 1});
  EXPECT_EQ(f.pick_key(0x7f000001U), 3);
  EXPECT_EQ(f.pick_key(0x7f000002U), 4);
  EXPECT_EQ(f.pick_key(0x7f000003U), 0);
}

TEST(Source, FullServerKeepsItsKeys) {
  Farm f(Algorithm::Source, {1, 1});
  const int s = f.pick_key(4);
  f.full[static_cast<std::size_t>(s)] = true;
  EXPECT_EQ(f.pick_key(4), s);
  EXPECT_NE(f.pick_key(4, s), s);
}

TEST(Source, RingPlacesServersAsTheReference) {
  BackendSpec ring;
  ring.hash_method = HashMethod::Consistent;
  Farm f(Algorithm::Source, {3, 1, 2, 1}, ring);
  for (std::size_t i = 0; i < 4; ++i) f.servers[i].id = i == 3 ? 900 : static_cast<std::uint32_t>(i) + 1;
  f.balancer->set_servers(f.servers);
  // haproxy 2.6, "hash-type consistent djb2" (the address is the key), asked at 64 places of the ring.
  std::string picked;
  for (std::uint32_t i = 0; i < 64; ++i) picked += static_cast<char>('a' + f.pick_key(i << 26U));
  EXPECT_EQ(picked, "dcaaaabaacacacacacadcadaaadccdccdabbccaacaaadbcbccbadcdaccdcbdad");
}

TEST(Source, RingMovesOnlyTheKeysOfTheServerThatGoes) {
  BackendSpec ring;
  ring.hash_method = HashMethod::Consistent;
  Farm f(Algorithm::Source, {10, 10, 10, 10}, ring);
  std::vector<int> before;
  for (std::uint32_t k = 0; k < 2000; ++k) before.push_back(f.pick_key(k * 2654435761U));
  std::vector<Candidate> fewer = f.servers;
  fewer.erase(fewer.begin() + 2);
  f.balancer->set_servers(fewer);
  std::map<int, int> shares;
  for (std::uint32_t k = 0; k < 2000; ++k) {
    const int now = f.pick_key(k * 2654435761U);
    if (before[k] == 2) {
      ++shares[now];
    } else {
      EXPECT_EQ(now, before[k]);
    }
  }
  EXPECT_EQ(shares.count(2), 0U);
  EXPECT_GE(shares.size(), 2U);  // spread, not all to one neighbour
}

}  // namespace
}  // namespace sluice::backend
