// Matching methods, one by one and in tables.
#include <fstream>

#include "unit/policy/world.h"

namespace sluice::policy::test {
namespace {

class Acls : public ::testing::Test {
 protected:
  Acls() {
    w.request("GET", "/images/png/logo/32x32.png",
              {{"host", "WWW.Example.com:80"},
               {"x-url", "http://www1.dc-eu.example.com:80/blah"},
               {"x-n", "7"},
               {"x-bin", "Hello"}});
  }
  bool is(std::string_view test) { return w.condition("if { " + std::string(test) + " }"); }
  World w;
};

TEST_F(Acls, Texts) {
  EXPECT_TRUE(is("path /images/png/logo/32x32.png"));
  EXPECT_FALSE(is("path /images"));
  EXPECT_TRUE(is("path_beg /images"));
  EXPECT_FALSE(is("path_beg /Images"));
  EXPECT_TRUE(is("path_beg -i /IMAGES"));
  EXPECT_TRUE(is("path_end .png"));
  EXPECT_FALSE(is("path_end .gif .jpg"));
  EXPECT_TRUE(is("path_sub go/3"));
  EXPECT_TRUE(is("path_sub -i GO/3"));
  EXPECT_FALSE(is("path_sub gone"));
  EXPECT_TRUE(is("path_len 26"));
  EXPECT_TRUE(is("path_len gt 20"));
  EXPECT_TRUE(is("path_reg ^/images/.*[0-9]+\\.png$"));
  EXPECT_FALSE(is("path_reg ^/IMAGES"));
  EXPECT_TRUE(is("path_reg -i ^/IMAGES"));
  EXPECT_TRUE(is("path -m beg /im"));
  EXPECT_TRUE(is("path_end -m beg /im"));  // -m wins over the keyword's own method
  EXPECT_TRUE(is("path,lower -m str /images/png/logo/32x32.png"));
  EXPECT_TRUE(is("path_beg,length 26"));  // a converter: the keyword's method is not used
  EXPECT_TRUE(is("path -- /images/png/logo/32x32.png"));
}

// The examples of manual 7.1.3.
TEST_F(Acls, Directories) {
  for (const char* p : {"/images", "/images/png", "images/png", "/png/logo", "logo/32x32.png", "32x32.png"}) {
    EXPECT_TRUE(is(std::string("path_dir ") + p)) << p;
  }
  for (const char* p : {"/image", "32x32", "ng", "mages"}) EXPECT_FALSE(is(std::string("path_dir ") + p)) << p;
}
// Found by fuzzing: a pattern of delimiters only read behind the text.
TEST_F(Acls, DelimitersOnlyMatchNothing) {
  EXPECT_FALSE(is("path_dir /"));
  EXPECT_FALSE(is("hdr_dom(host) ."));
  EXPECT_FALSE(is("str() -m dir / ///"));
}
TEST_F(Acls, Domains) {
  for (const char* p : {"http", "www1", ".www1", "dc-eu", "example", "com", "80", "dc-eu.example", "blah", ":www1:"}) {
    EXPECT_TRUE(is(std::string("hdr_dom(x-url) ") + p)) << p;
  }
  for (const char* p : {"eu", "dc", "ampl"}) EXPECT_FALSE(is(std::string("hdr_dom(x-url) ") + p)) << p;
  EXPECT_TRUE(is("hdr_dom(host) -i example.COM"));
}

TEST_F(Acls, Numbers) {
  EXPECT_TRUE(is("src_port 50036"));
  EXPECT_TRUE(is("src_port 1:80 50000:50100"));
  EXPECT_TRUE(is("src_port 50000:"));
  EXPECT_FALSE(is("src_port :50000"));
  EXPECT_TRUE(is("src_port gt 50035"));
  EXPECT_FALSE(is("src_port gt 50036"));
  EXPECT_TRUE(is("src_port ge 50036"));
  EXPECT_TRUE(is("src_port le 50036"));
  EXPECT_FALSE(is("src_port lt 50036"));
  EXPECT_TRUE(is("src_port eq 50036"));
  EXPECT_TRUE(is("req.hdr_val(x-n) 7"));
  EXPECT_TRUE(is("hdr(x-n) -m int 5:9"));
  EXPECT_TRUE(is("req.hdr_cnt(nope) eq 0"));
  EXPECT_TRUE(is("src_port -m bool"));
  EXPECT_TRUE(is("int(0) -m found"));
  EXPECT_FALSE(is("int(0) -m bool"));
  EXPECT_TRUE(is("int(196609) 3.1"));
  EXPECT_TRUE(is("int(-5) lt 0"));
  EXPECT_TRUE(is("int(77) 1 3 5 7 9 11 13 15:20 70:80 90"));
  EXPECT_FALSE(is("int(85) 1 3 5 7 9 11 13 15:20 70:80 90"));
  EXPECT_TRUE(is("int(16) 10:30 1 3 15:17 5 7 9 11 13"));
  EXPECT_TRUE(is("int(29) 10:30 1 3 15:17 5 7 9 11 13"));
}

TEST_F(Acls, Addresses) {
  EXPECT_TRUE(is("src 127.0.0.1"));
  EXPECT_TRUE(is("src 127.0.0.0/8"));
  EXPECT_TRUE(is("src 127.1/8"));
  EXPECT_TRUE(is("src 127.1"));
  EXPECT_TRUE(is("src 10.0.0.1 127.0.0.0/255.0.0.0"));
  EXPECT_FALSE(is("src 10.0.0.0/8 192.168.0.1/22"));
  EXPECT_TRUE(is("ipv4(192.168.3.9) 192.168.0.1/22"));
  EXPECT_TRUE(is("ipv4(10.0.0.12) 10.12"));
  EXPECT_TRUE(is("src ::ffff:127.0.0.0/104"));
  EXPECT_TRUE(is("ipv6(::ffff:10.1.2.3) 10.1.0.0/16"));
  EXPECT_TRUE(is("ipv6(2002:a01:203::) 10.1.0.0/16"));
  EXPECT_FALSE(is("ipv6(2001:db8::1) 10.1.0.0/16"));
  EXPECT_TRUE(is("ipv6(2001:db8:1::5) 2001:db8::/32"));
  EXPECT_FALSE(is("ipv6(2001:db9::5) 2001:db8::/32"));
  EXPECT_TRUE(is("str(10.1.2.3) -m ip 10.0.0.0/8"));
  // many: by mask
  EXPECT_TRUE(is("src 1.0.0.0/8 2.0.0.0/8 3.0.0.0/8 4.0.0.0/8 5.0.0.0/8 6.0.0.0/8 126.0.0.0/7 8.8.8.8"));
  EXPECT_FALSE(is("src 1.0.0.0/8 2.0.0.0/8 3.0.0.0/8 4.0.0.0/8 5.0.0.0/8 6.0.0.0/8 128.0.0.0/7 8.8.8.8"));
}

TEST_F(Acls, ManyTextsUseTables) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += " /p" + std::to_string(i);
  EXPECT_TRUE(is("path_beg" + many + " /images"));
  EXPECT_FALSE(is("path_beg" + many));
  EXPECT_TRUE(is("path_beg -i" + many + " /IMAGES"));
  EXPECT_TRUE(is("path_end" + many + " .png"));
  EXPECT_TRUE(is("path_end -i" + many + " .PNG"));
  EXPECT_TRUE(is("path" + many + " /images/png/logo/32x32.png"));
  EXPECT_TRUE(is("path -i" + many + " /IMAGES/png/logo/32x32.PNG"));
  EXPECT_FALSE(is("path -i" + many + " /IMAGES"));
  EXPECT_FALSE(is("path_end -i" + many + " .gif"));
}

TEST_F(Acls, TablesAgreeWithSingleTests) {
  const std::vector<std::string> pool = {"a", "ab", "abc", "b", "bc", "c", "cab", "abcab", "/", "/a", "xyz", "ABC"};
  for (const char* method : {"str", "beg", "end"}) {
    for (const char* flag : {"", "-i "}) {
      for (const auto& text : pool) {
        bool any = false;
        std::string all;
        for (const auto& p : pool) {
          if (p == text) continue;
          any |= is("str(" + text + ") -m " + method + " " + flag + p);
          all += " " + p;
        }
        EXPECT_EQ(is("str(" + text + ") -m " + method + " " + flag + all), any) << method << flag << text;
      }
    }
  }
}

TEST_F(Acls, EveryValueOfAHeaderIsTried) {
  w.request("GET", "/",
            {{"x-list", "a, b ,c"}, {"x-list", "d"}, {"x-ips", "bad, 10.1.1.1"}, {"cookie", "A=1; B=2; A=3"}});
  for (const char* v : {"a", "b", "c", "d"}) EXPECT_TRUE(is(std::string("hdr(x-list) ") + v)) << v;
  EXPECT_FALSE(is("hdr(x-list) e"));
  EXPECT_TRUE(is("req.fhdr(x-list) -m sub b"));
  EXPECT_TRUE(is("hdr(x-list,2) b"));
  EXPECT_FALSE(is("hdr(x-list,2) a"));
  EXPECT_TRUE(is("hdr_ip(x-ips) 10.0.0.0/8"));
  EXPECT_TRUE(is("req.cook(A) 1"));
  EXPECT_TRUE(is("req.cook(A) 3"));
  EXPECT_FALSE(is("req.cook(A) 2"));
  EXPECT_TRUE(is("hdr(x-list),upper -m str C"));
}

TEST_F(Acls, MethodsAndBytes) {
  EXPECT_TRUE(is("method get"));
  EXPECT_TRUE(is("method POST GET"));
  EXPECT_FALSE(is("method POST"));
  EXPECT_TRUE(is("hdr(x-bin) -m bin 48656c6C6f"));
  EXPECT_FALSE(is("hdr(x-bin) -m bin 48656c6C"));
  w.request("PURGE", "/", {});
  EXPECT_TRUE(is("method purge"));
}

TEST_F(Acls, PatternFiles) {
  const std::string name = ::testing::TempDir() + "sluice_acl_patterns.lst";
  std::ofstream(name) << "# comment\n\n  /images/png/logo/32x32.png\n/other value\n #hash\n";
  EXPECT_TRUE(is("path -f " + name));
  EXPECT_TRUE(is("path_beg -f " + name + " /im"));
  EXPECT_TRUE(is("path -m beg -i -f file@" + name + " /IMAGES"));
  EXPECT_TRUE(is("str(#hash) -m str -f " + name));
  EXPECT_FALSE(is("str(/other) -m str -f " + name));
  EXPECT_TRUE(is("str(/other) -m str -M -f " + name));
  EXPECT_FALSE(is("path -f opt@" + name + ".none"));
  EXPECT_FALSE(is("path -f virt@abc"));
  std::remove(name.c_str());
}

TEST_F(Acls, LinesWithoutPatternsAreWarnedAbout) {
  EXPECT_FALSE(is("path"));
  EXPECT_EQ(w.diag.warnings(), 1U);
  w.diag.clear();
  EXPECT_FALSE(is("path --"));
  EXPECT_TRUE(is("always_true"));
  EXPECT_EQ(w.diag.warnings(), 0U);
}

}  // namespace
}  // namespace sluice::policy::test
