#include "sluice/config/values.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

long long ms(std::string_view s, TimeUnit unit = TimeUnit::Ms) {
  const auto r = parse_time(s, unit);
  return r ? r.value().count() : -static_cast<long long>(r.error());
}
long long bytes(std::string_view s) {
  const auto r = parse_size(s);
  return r ? static_cast<long long>(r.value()) : -static_cast<long long>(r.error());
}
constexpr long long error(ValueError e) { return -static_cast<long long>(e); }

TEST(TimeValues, UnitsOfTheManual) {
  EXPECT_EQ(ms("1500"), 1500);
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("30s"), 30000);
  EXPECT_EQ(ms("2m"), 120000);
  EXPECT_EQ(ms("1h"), 3600000);
  EXPECT_EQ(ms("1d"), 86400000);
  EXPECT_EQ(ms("250ms"), 250);
  EXPECT_EQ(ms("1500us"), 2) << "rounded up";
  EXPECT_EQ(ms("5", TimeUnit::S), 5000);
}
TEST(TimeValues, WhatIsWrong) {
  EXPECT_EQ(ms(""), error(ValueError::NotANumber));
  EXPECT_EQ(ms("-1"), error(ValueError::NotANumber));
  EXPECT_EQ(ms("1x"), error(ValueError::BadUnit));
  EXPECT_EQ(ms("1.5s"), error(ValueError::BadUnit));
  EXPECT_EQ(ms("1S"), error(ValueError::BadUnit));
  EXPECT_EQ(ms("1us"), error(ValueError::TooSmall));
  EXPECT_EQ(ms("25d"), error(ValueError::TooLarge));
  EXPECT_EQ(ms("99999999999999999999999"), error(ValueError::TooLarge));
  EXPECT_EQ(ms("999999999999999999d"), error(ValueError::TooLarge));
}
TEST(SizeValues, UnitsAreCaseInsensitive) {
  EXPECT_EQ(bytes("16384"), 16384);
  EXPECT_EQ(bytes("16k"), 16384);
  EXPECT_EQ(bytes("16K"), 16384);
  EXPECT_EQ(bytes("2m"), 2097152);
  EXPECT_EQ(bytes("1G"), 1073741824);
  EXPECT_EQ(bytes("1t"), error(ValueError::BadUnit));
  EXPECT_EQ(bytes("1kb"), error(ValueError::BadUnit));
  EXPECT_EQ(bytes("k"), error(ValueError::NotANumber));
  EXPECT_EQ(bytes("99999999999999999g"), error(ValueError::TooLarge));
}
TEST(Names, AllowedCharacters) {
  EXPECT_FALSE(bad_name_char("web-1_a.b:C").has_value());
  EXPECT_EQ(bad_name_char("a b"), ' ');
  EXPECT_EQ(bad_name_char("f$"), '$');
}
TEST(Suggestions, NearestWordOrNone) {
  Suggestion s("blance");
  s.offer("server");
  s.offer("balance");
  EXPECT_EQ(s.best(), "balance");
  EXPECT_EQ(s.text(), "; did you mean 'balance' maybe ?");
  Suggestion none("xyz");
  none.offer("balance");
  EXPECT_EQ(none.text(), "");
}

}  // namespace
}  // namespace sluice::config
