// A little language of its own for the tests of this room: sections `global`, `defaults`, `frontend`, `backend`,
// `listen` and a few keywords.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/option_table.h"
#include "sluice/config/parser.h"

namespace sluice::config::testing {

struct Notes {
  std::vector<std::string> lines;  // "keyword arg arg"
  std::string mode = "tcp";
  std::int64_t timeout_ms = -1;
};
struct OwnOnly {
  static constexpr bool kInherited = false;
  int count = 0;
};

const KeywordTable& language();

// One parse of one text called "t.cfg".
class Parsed {
 public:
  explicit Parsed(std::string text, Environment env = {}, Facts facts = {});
  explicit Parsed(std::vector<InputFile> files, Environment env = {}, Facts facts = {});

  [[nodiscard]] bool good() const { return !diag.failed(); }
  // "line:column message" of all diagnostics.
  [[nodiscard]] std::vector<std::string> said() const;
  [[nodiscard]] std::string text() const { return diag.render(doc.sources, {}); }
  // The noted lines of a section.
  [[nodiscard]] std::vector<std::string> lines(std::string_view kind, std::string_view name = {}) const;

  Document doc;
  Diagnostics diag;
  Environment env;

 private:
  void run(std::vector<InputFile> files, Facts facts);
};

}  // namespace sluice::config::testing
