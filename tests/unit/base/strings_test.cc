#include "sluice/base/strings.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace sluice::base {
namespace {

TEST(Strings, CompareWithoutCase) {
  EXPECT_TRUE(iequals("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`")) << "these differ only by the case bit and are no letters";
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_TRUE(istarts_with("HTTP/1.1", "http/"));
  EXPECT_FALSE(istarts_with("HT", "http"));
  EXPECT_TRUE(istarts_with("x", ""));
}

TEST(Strings, ParseInt) {
  EXPECT_EQ(parse_int<int>("42"), 42);
  EXPECT_EQ(parse_int<int>("-42"), -42);
  EXPECT_EQ(parse_int<std::uint8_t>("255"), std::uint8_t{255});
  EXPECT_EQ(parse_int<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_int<unsigned>("-1"), std::nullopt);
  for (const char* bad : {"", "+1", " 1", "1 ", "1x", "0x10", "-"}) EXPECT_EQ(parse_int<int>(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_int<int>(std::string_view{}), std::nullopt);
}

TEST(Strings, TrimOws) {
  EXPECT_EQ(trim_ows(" \t a b\t "), "a b");
  EXPECT_EQ(trim_ows(" \t "), "");
  EXPECT_EQ(trim_ows("a\r"), "a\r") << "only blank and tab are optional white space";
}

TEST(Strings, EditDistance) {
  EXPECT_EQ(edit_distance("balance", "balance", 5), 0U);
  EXPECT_EQ(edit_distance("balanse", "balance", 5), 1U);
  EXPECT_EQ(edit_distance("timeout", "timout", 5), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3U);
  EXPECT_EQ(edit_distance("", "abc", 9), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 2U) << "counting stops at the limit";
  EXPECT_EQ(edit_distance("a", "abcdefgh", 3), 3U);
}

TEST(Strings, WriteNumbers) {
  std::array<char, 20> room{};
  auto text = [&](char* end) { return std::string_view(room.data(), static_cast<std::size_t>(end - room.data())); };
  EXPECT_EQ(text(write_uint(room.data(), 0)), "0");
  EXPECT_EQ(text(write_uint(room.data(), std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
  EXPECT_EQ(text(write_int(room.data(), std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
}

}  // namespace
}  // namespace sluice::base
