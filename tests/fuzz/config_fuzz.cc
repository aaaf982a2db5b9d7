// room: config_syntax
// Any bytes as a configuration file: lines, quotes, variables, conditional blocks, sections, keywords, reports and
// dumps.
#include <cstdint>

#include "unit/config_syntax/harness.cc"  // NOLINT(bugprone-suspicious-include): the little language of the unit tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::config;
  Environment env;
  env.set("A", "x y  z");
  env.set("E", "");
  Facts facts;
  facts.features = {"EPOLL"};
  facts.openssl_version = 0x300000b0;
  std::string text(reinterpret_cast<const char*>(data), size);
  const testing::Parsed p(std::move(text), std::move(env), std::move(facts));
  const std::string report = p.diag.render(p.doc.sources, {.pid = 1, .show_diag = true});
  const std::string plain = dump(p.doc, 0);
  const std::string hidden = dump(p.doc, 7);
  // What is dumped reads back as the same lines.
  if (p.good() && !p.doc.lines.empty()) {
    const testing::Parsed again(plain);
    if (dump(again.doc, 0) != plain) __builtin_trap();
  }
  return report.empty() && hidden.empty() && plain.empty() ? 0 : 0;
}
