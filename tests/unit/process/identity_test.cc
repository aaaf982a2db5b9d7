#include "sluice/process/identity.h"

#include <gtest/gtest.h>

#include "sluice/version.h"

namespace sluice::process {
namespace {

TEST(Identity, CalledHaproxyItIsHaproxyToTools) {
  const Identity id = identify("/usr/sbin/haproxy");
  EXPECT_EQ(id.name, "haproxy");
  EXPECT_TRUE(id.compatible);
  EXPECT_TRUE(id.version_line().starts_with("HAProxy version 3.5.0-sluice-" + std::string(kVersion) + " 20"));
}

TEST(Identity, CalledByItsOwnNameItSaysSo) {
  const Identity id = identify("./sluice");
  EXPECT_EQ(id.name, "sluice");
  EXPECT_FALSE(id.compatible);
  EXPECT_EQ(id.version_line(), "Sluice version " + std::string(kVersion) + " (configuration language 3.5)");
}

}  // namespace
}  // namespace sluice::process
