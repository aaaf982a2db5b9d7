#include "sluice/http/connection_auth.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

bool challenge(unsigned status, HeaderId id, std::string_view value) {
  Field storage[4];
  ResponseHead head;
  head.fields = Fields(storage, 4);
  head.status = static_cast<std::uint16_t>(status);
  head.fields.append(id, "Basic realm=\"ntlm\"");
  head.fields.append(id, value);
  return authenticates_connection(head);
}

bool credentials(HeaderId id, std::string_view value) {
  Field storage[4];
  RequestHead head;
  head.fields = Fields(storage, 4);
  head.fields.append(id, value);
  return authenticates_connection(head);
}

TEST(ConnectionAuth, ChallengesAreReadInAnyPlaceOfTheList) {
  for (const char* v : {"NTLM", "ntlm TlRMTVNTUAAC", "Negotiate", "Digest realm=\"a, b\", nonce=\"c\", NTLM",
                        "Basic realm=x,Negotiate abc=="})
    EXPECT_TRUE(challenge(401, HeaderId::WwwAuthenticate, v)) << v;
  for (const char* v : {"", "Basic", "Digest realm=\"x, NTLM\"", "NTLMx", "Bearer ntlm", "Digest ntlm=1"})
    EXPECT_FALSE(challenge(401, HeaderId::WwwAuthenticate, v)) << v;
}

TEST(ConnectionAuth, EachStatusHasItsField) {
  EXPECT_TRUE(challenge(407, HeaderId::ProxyAuthenticate, "NTLM"));
  EXPECT_FALSE(challenge(407, HeaderId::WwwAuthenticate, "NTLM"));
  EXPECT_FALSE(challenge(401, HeaderId::ProxyAuthenticate, "NTLM"));
  EXPECT_FALSE(challenge(200, HeaderId::WwwAuthenticate, "NTLM"));
}

TEST(ConnectionAuth, CredentialsBeginWithTheScheme) {
  EXPECT_TRUE(credentials(HeaderId::Authorization, "NTLM TlRMTVNTUAAB"));
  EXPECT_TRUE(credentials(HeaderId::ProxyAuthorization, "Negotiate YII="));
  EXPECT_FALSE(credentials(HeaderId::Authorization, "Basic bnRsbQ=="));
  EXPECT_FALSE(credentials(HeaderId::Host, "NTLM"));
}

}  // namespace
}  // namespace sluice::http
