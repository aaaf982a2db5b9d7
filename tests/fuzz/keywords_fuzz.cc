// room: process
// Any bytes as a configuration file, read with the keywords of all rooms.
#include <cstdint>

#include "sluice/config/parser.h"
#include "sluice/process/modules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  static const config::KeywordTable& table = *[] {
    auto* t = new config::KeywordTable();
    process::register_all(*t);
    return t;
  }();
  config::Environment env;
  env.set("A", "x y  z");
  config::ParseOptions options;
  options.env = &env;
  options.facts = process::build_facts(true, true, true, true);
  options.keep_lines = true;
  config::Document document;
  config::Diagnostics diag;
  std::vector<config::InputFile> files;
  // Cut in two at a form feed: errors and sections of several files.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cut = text.find('\f');
  files.push_back({"a.cfg", std::string(text.substr(0, cut))});
  if (cut != std::string_view::npos) files.push_back({"b.cfg", std::string(text.substr(cut + 1))});
  config::parse(std::move(files), table, options, document, diag);
  const std::string report = diag.render(document.sources, {.pid = 1, .show_diag = true});
  const std::string hidden = config::dump(document, 7);
  if (diag.failed() && report.empty()) __builtin_trap();
  return 0;
}
