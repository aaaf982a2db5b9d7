// Names of proxies and servers inside expressions, checked once all sections are known.
#include <gtest/gtest.h>

#include "unit/config_model/built.h"

namespace sluice::model::testing {
namespace {

constexpr const char* kProxies = R"(
defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
backend be
  server s1 127.0.0.1:9001
frontend fe
  bind 127.0.0.1:9180
  default_backend be
)";

std::string said(const std::string& lines) {
  std::string text = Built(kProxies + lines).said();
  return text;
}

TEST(References, ToWhatExistsAreSilent) {
  EXPECT_EQ(said("  acl a nbsrv(be) gt 1\n"
                 "  http-request deny if { srv_is_up(be/s1) } { fe_conn gt 1 } { be_conn(be) gt 2 } a\n"),
            "");
}

TEST(References, ToNobodyAreErrorsWithTheirLine) {
  EXPECT_EQ(said("  acl a nbsrv(nope) gt 1\n"),
            "12: unable to find backend 'nope' referenced in arg 1 of ACL keyword 'nbsrv' in proxy 'fe'.\n");
  EXPECT_EQ(said("  http-request deny if { be_conn(fe) gt 1 }\n"),
            "12: unable to find backend 'fe' referenced in arg 1 of ACL keyword 'be_conn' in proxy 'fe'.\n");
  EXPECT_EQ(said("  http-request deny if { fe_conn(be) gt 1 }\n"),
            "12: unable to find frontend 'be' referenced in arg 1 of ACL keyword 'fe_conn' in proxy 'fe'.\n");
  EXPECT_EQ(said("  http-request deny if { srv_is_up(nope/s1) }\n"),
            "12: unable to find proxy 'nope' referenced in arg 1 of ACL keyword 'srv_is_up' in proxy 'fe'.\n");
  EXPECT_EQ(said("  http-request deny if { srv_is_up(be/s2) }\n"),
            "12: unable to find server 's2' in proxy 'be', referenced in arg 1 of ACL keyword 'srv_is_up' in proxy "
            "'fe'.\n");
  EXPECT_EQ(said("  http-request set-header x %[queue(nope)]\n"),
            "12: unable to find backend 'nope' referenced in arg 1 of sample fetch keyword 'queue' in proxy 'fe'.\n");
  EXPECT_EQ(said("  log-format %[nbsrv(nope)]\n"),
            "12: unable to find backend 'nope' referenced in arg 1 of sample fetch keyword 'nbsrv' in proxy 'fe'.\n");
}

TEST(References, LeftOutMeanTheProxyItself) {
  EXPECT_EQ(said("  http-request deny if { nbsrv gt 1 }\n"),
            "12: proxy 'fe', referenced in arg 1 of ACL keyword 'nbsrv' in proxy 'fe', has not backend capability.\n");
  EXPECT_EQ(said("  http-request deny if { srv_is_up(s1) }\n"),
            "12: unable to find server 's1' in proxy 'fe', referenced in arg 1 of ACL keyword 'srv_is_up' in proxy "
            "'fe'.\n");
}

TEST(Warnings, OfMissingTimeoutsNameTheLineOfTheSection) {
  EXPECT_EQ(Built("backend a\nbackend be\n  server s1 127.0.0.1:9001\n").said(),
            "2: missing timeouts for backend 'be': 'connect', 'server'.\n");
}

}  // namespace
}  // namespace sluice::model::testing
