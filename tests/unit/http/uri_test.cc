#include "sluice/http/uri.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

struct Cut {
  const char* target;
  const char* scheme;
  const char* authority;
  const char* path_and_query;
  const char* path;
  const char* query;
};

TEST(Uri, CutsEveryForm) {
  const Cut cuts[] = {
      {"/", "", "", "/", "/", ""},
      {"/a/b?c=d?e", "", "", "/a/b?c=d?e", "/a/b", "c=d?e"},
      {"/a#f?g", "", "", "/a#f?g", "/a", ""},
      {"/a?b#f", "", "", "/a?b#f", "/a", "b"},
      {"http://h/a?b", "http", "h", "/a?b", "/a", "b"},
      {"http://h:80", "http", "h:80", "", "", ""},
      {"http://h?b", "http", "h", "?b", "", "b"},
      {"http://u@h/x", "http", "u@h", "/x", "/x", ""},
      {"h:443", "", "h:443", "", "", ""},
      {"*", "", "", "*", "*", ""},
      {"", "", "", "", "", ""},
      {"1ttp://h/", "", "1ttp://h/", "", "", ""},
  };
  for (const Cut& c : cuts) {
    SCOPED_TRACE(c.target);
    EXPECT_EQ(uri_scheme(c.target), c.scheme);
    EXPECT_EQ(uri_authority(c.target), c.authority);
    EXPECT_EQ(uri_path_and_query(c.target), c.path_and_query);
    EXPECT_EQ(uri_path(c.target), c.path);
    EXPECT_EQ(uri_query(c.target), c.query);
  }
  EXPECT_EQ(uri_path_without_params("/a;p=1/b?c"), "/a");
}

TEST(Uri, SplitsHostAndPort) {
  const auto is = [](const char* text, const char* host, const char* port) {
    const HostPort hp = split_host_port(text);
    return hp.host == host && hp.port == port;
  };
  EXPECT_TRUE(is("h:80", "h", "80"));
  EXPECT_TRUE(is("h", "h", ""));
  EXPECT_TRUE(is("h:", "h", ""));
  EXPECT_TRUE(is("[::1]:80", "[::1]", "80"));
  EXPECT_TRUE(is("[::1]", "[::1]", ""));
  EXPECT_TRUE(is("u:p@h:80", "h", "80"));
  EXPECT_TRUE(is("h:8x", "h:8x", ""));
}

TEST(Uri, ComparesAuthorities) {
  EXPECT_TRUE(same_authority("http", "H:80", "h"));
  EXPECT_TRUE(same_authority("https", "h", "h:443"));
  EXPECT_TRUE(same_authority("http", "u@h:8080", "h:8080"));
  EXPECT_FALSE(same_authority("https", "h:80", "h"));
  EXPECT_FALSE(same_authority("http", "h:8080", "h"));
  EXPECT_FALSE(same_authority("http", "h", "i"));
}

TEST(Uri, KnowsHosts) {
  for (const char* good : {"", "a", "a.b:80", "127.0.0.1", "[::1]", "[::1]:80", "a_b", "a:", "%41"}) {
    EXPECT_TRUE(valid_host(good)) << good;
  }
  for (const char* bad : {"a b", "a/b", "a@b", "a:b", "[::1", "[]", "[::1]x", "a\tb", "a\"", "a?b", "a#b", "\x80"}) {
    EXPECT_FALSE(valid_host(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::http
