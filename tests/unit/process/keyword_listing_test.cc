// "-dK": what the classes list.
#include "process/keyword_listing.h"

#include <gtest/gtest.h>

#include "sluice/process/modules.h"

namespace sluice::process {
namespace {

TEST(KeywordListing, OptionsOfBindAndServerHaveClassesOfTheirOwn) {
  config::KeywordTable table;
  register_all(table);
  const std::string bind = keyword_listing(table, "bnd");
  EXPECT_EQ(bind.rfind("# List of registered bind keywords:\n\tbind <addr> accept-netscaler-cip +1\n", 0), 0U) << bind;
  EXPECT_EQ(bind.find("server"), std::string::npos);
  const std::string server = keyword_listing(table, "srv");
  EXPECT_EQ(server.rfind("# List of registered server keywords:\n\tserver <name> <addr> ", 0), 0U) << server;
  EXPECT_NE(server.find("\tserver <name> <addr> weight +1\n"), std::string::npos) << server;
  // They stand among the words of the configuration already.
  const std::string all = keyword_listing(table, "all");
  EXPECT_EQ(all.find("registered bind keywords"), std::string::npos);
  EXPECT_NE(all.find("\tbind <addr> accept-proxy\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::process
