#include <vector>

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

struct Mortal final : Buried {
  Mortal(std::vector<int>& l, int n, Graveyard* g = nullptr, Buried* h = nullptr)
      : log(l), number(n), yard(g), heir(h) {}
  std::vector<int>& log;
  int number;
  Graveyard* yard;
  Buried* heir;

 private:
  void destroy() noexcept override {
    log.push_back(number);
    if (heir != nullptr) yard->bury(*heir);
    delete this;
  }
};

TEST(Graveyard, DestroysInTheOrderOfArrivalAndOnlyWhenTold) {
  std::vector<int> log;
  Graveyard yard;
  for (int i = 0; i < 3; ++i) yard.bury(*new Mortal(log, i));
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(yard.destroy_all(nullptr), 3U);
  EXPECT_EQ(log, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(yard.empty());
}

TEST(Graveyard, DestructorsMayBuryMore) {
  std::vector<int> log;
  Graveyard yard;
  auto* grandchild = new Mortal(log, 3);
  auto* child = new Mortal(log, 2, &yard, grandchild);
  yard.bury(*new Mortal(log, 0, &yard, child));
  yard.bury(*new Mortal(log, 1));
  EXPECT_EQ(yard.destroy_all(nullptr), 4U);
  EXPECT_EQ(log, (std::vector<int>{0, 1, 2, 3}));
}

TEST(Graveyard, BuryingTwiceIsOnce) {
  std::vector<int> log;
  Graveyard yard;
  auto* first = new Mortal(log, 0);
  auto* last = new Mortal(log, 1);
  EXPECT_FALSE(first->buried());
  yard.bury(*first);
  yard.bury(*last);
  yard.bury(*first);
  yard.bury(*last);
  EXPECT_TRUE(first->buried());
  EXPECT_TRUE(last->buried());
  EXPECT_EQ(yard.destroy_all(nullptr), 2U);
}

TEST(Graveyard, DestroysWhatIsLeftWhenItGoes) {
  std::vector<int> log;
  {
    Graveyard yard;
    yard.bury(*new Mortal(log, 0));
  }
  EXPECT_EQ(log, (std::vector<int>{0}));
}

TEST(Graveyard, ALoopDestroysAfterTheEventsOfTheTurn) {
  auto loop = make_loop();
  std::vector<int> log;
  Pair one, two;
  Handler h;
  h.then = [&](unsigned) {
    if (h.calls == 1) loop->bury(*new Mortal(log, 7));
    EXPECT_TRUE(log.empty()) << "not while events are handed out";
  };
  loop->watch(one.a.get(), kOut, h);
  loop->watch(two.a.get(), kOut, h);
  loop->turn();
  EXPECT_EQ(h.calls, 2);
  EXPECT_EQ(log, (std::vector<int>{7}));
}

}  // namespace
}  // namespace sluice::runtime::test
