#include "sluice/base/list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::base {
namespace {

struct Item {
  explicit Item(int v) : value(v) {}
  virtual ~Item() = default;
  std::string pad = "in front of the hook";
  ListHook hook;
  int value;
  ListHook other;
};
using Items = List<Item, &Item::hook>;

std::vector<int> values(Items& list) {
  std::vector<int> out;
  list.for_each([&](Item& x) { out.push_back(x.value); });
  return out;
}

TEST(List, KeepsOrder) {
  Item a(1), b(2), c(3);
  Items list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.back(), nullptr);
  EXPECT_EQ(list.pop_front(), nullptr);
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  EXPECT_EQ(values(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(list.size(), 3U);
  EXPECT_EQ(list.front(), &a);
  EXPECT_EQ(list.back(), &c);
  EXPECT_EQ(list.next(a), &b);
  EXPECT_EQ(list.next(c), nullptr);
  EXPECT_EQ(list.pop_front(), &a);
  EXPECT_EQ(list.pop_back(), &c);
  EXPECT_EQ(values(list), std::vector{2});
}

TEST(List, AnElementThatDiesLeaves) {
  Items list;
  Item a(1);
  auto b = std::make_unique<Item>(2);
  list.push_back(a);
  list.push_back(*b);
  b.reset();
  EXPECT_EQ(values(list), std::vector{1});
}

TEST(List, AListThatDiesLeavesItsElementsUnlinked) {
  Item a(1);
  {
    Items list;
    list.push_back(a);
    EXPECT_TRUE(a.hook.linked());
  }
  EXPECT_FALSE(a.hook.linked());
}

TEST(List, ElementsCanBeInTwoLists) {
  Item a(1), b(2);
  Items first;
  List<Item, &Item::other> second;
  first.push_back(a);
  first.push_back(b);
  second.push_back(b);
  second.push_back(a);
  EXPECT_EQ(first.front(), &a);
  EXPECT_EQ(second.front(), &b);
  Items::remove(a);
  EXPECT_EQ(first.size(), 1U);
  EXPECT_EQ(second.size(), 2U);
}

TEST(List, ForEachMayUnlinkTheElementAtHand) {
  Item a(1), b(2), c(3);
  Items list;
  list.push_back(a);
  list.push_back(b);
  list.push_back(c);
  list.for_each([](Item& x) {
    if (x.value != 2) Items::remove(x);
  });
  EXPECT_EQ(values(list), std::vector{2});
  Items::remove(b);
  Items::remove(b);  // not linked: nothing happens
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace sluice::base
