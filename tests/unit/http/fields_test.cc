#include "sluice/http/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::http {
namespace {

TEST(HeaderId, EveryKnownNameIsFoundInAnyCase) {
  for (std::size_t i = 1; i < kHeaderIdCount; ++i) {
    const auto id = static_cast<HeaderId>(i);
    std::string name(header_name(id));
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(header_id(name), id) << name;
    for (std::size_t k = 0; k < name.size(); k += 2) {
      if (name[k] >= 'a' && name[k] <= 'z') name[k] = static_cast<char>(name[k] - 32);
    }
    EXPECT_EQ(header_id(name), id) << name;
  }
}

TEST(HeaderId, NamesThatOnlyLookAlikeAreUnknown) {
  for (const char* name : {"", "h", "hos", "hosts", "x-unknown", "content_length", "content\rlength"}) {
    EXPECT_EQ(header_id(name), HeaderId::Unknown) << name;
  }
  EXPECT_EQ(header_id(std::string(40, 'a')), HeaderId::Unknown);
  EXPECT_TRUE(header_name(HeaderId::Unknown).empty());
}

class FieldsTest : public testing::Test {
 protected:
  std::string names() const {
    std::string s;
    for (const Field& f : fields) {
      if (!f.removed()) s += std::string(f.name()) + "=" + std::string(f.value()) + " ";
    }
    return s;
  }
  Field storage[4];
  Fields fields{storage, 4};
};

TEST_F(FieldsTest, FindsByIdAndByNameInOrder) {
  fields.append("Host", "a");
  fields.append("x-a", "1");
  fields.append("x-a", "2");
  EXPECT_EQ(fields.find(HeaderId::Host)->value(), "a");
  EXPECT_EQ(fields.find("HOST")->value(), "a");
  const Field* first = fields.find("X-A");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->value(), "1");
  EXPECT_EQ(fields.find("X-A", first)->value(), "2");
  EXPECT_EQ(fields.find("X-A", fields.find("X-A", first)), nullptr);
  EXPECT_EQ(fields.count("x-a"), 2U);
  EXPECT_EQ(fields.find(HeaderId::Cookie), nullptr);
  EXPECT_EQ(fields.find("x-b"), nullptr);
}

TEST_F(FieldsTest, SetReplacesAllAndMovesToTheEnd) {
  fields.append(HeaderId::Cookie, "a");
  fields.append("x-b", "1");
  fields.append(HeaderId::Cookie, "b");
  fields.set("cookie", "c");
  EXPECT_EQ(names(), "x-b=1 cookie=c ");
}

TEST_F(FieldsTest, RemovedFieldsAreSkippedAndTheirPlacesKept) {
  fields.append("x-a", "1");
  fields.append("x-b", "2");
  EXPECT_EQ(fields.remove("X-A"), 1U);
  EXPECT_EQ(fields.find("x-a"), nullptr);
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_EQ(names(), "x-b=2 ");
}

TEST_F(FieldsTest, FullStorageRefuses) {
  for (int i = 0; i < 4; ++i) EXPECT_NE(fields.append("x-a", "1"), nullptr);
  EXPECT_EQ(fields.append("x-a", "1"), nullptr);
  EXPECT_EQ(fields.size(), 4U);
}

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> out;
  ListCursor c(list);
  for (std::string_view e; c.next(e);) out.emplace_back(e);
  return out;
}

TEST(ListCursor, SplitsAtCommasOutsideQuotes) {
  using V = std::vector<std::string>;
  EXPECT_EQ(elements("a, b ,,c"), (V{"a", "b", "c"}));
  EXPECT_EQ(elements("a=\"x,\\\",y\", b"), (V{"a=\"x,\\\",y\"", "b"}));
  EXPECT_EQ(elements(" , \t,"), V{});
  EXPECT_EQ(elements("\"open, b"), V{"\"open, b"});
  EXPECT_TRUE(list_has_token("a, Close", "close"));
  EXPECT_FALSE(list_has_token("closed", "close"));
}

}  // namespace
}  // namespace sluice::http
