// Reads configuration files into a Document: lines to words (manual 2.1 to 2.3), conditional blocks (2.4), sections and
// keywords.
//
// Everything wrong is added to the Diagnostics and reading goes on with the next line.
// Thread: one.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/diagnostics.h"
#include "sluice/config/document.h"
#include "sluice/config/keyword.h"

namespace sluice::config {

// The variables that a configuration sees and that `setenv` and friends change (manual 2.3). A copy of the process's
// own, so that tests and a second parse start from a known state.
class Environment {
 public:
  Environment() = default;
  static Environment of_process();

  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  void set(std::string_view name, std::string_view value);
  void unset(std::string_view name);
  // `resetenv a b`: drops all but these.
  void keep_only(std::span<const std::string_view> names);
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const noexcept { return vars_; }

 private:
  std::map<std::string, std::string, std::less<>> vars_;
};

// What the predicates of manual 2.4 ask about. Filled by `process`.
struct Facts {
  std::string version = "3.5.0";           // language level, for version_atleast() and version_before()
  std::vector<std::string_view> features;  // names behind a '+' in -vv: "EPOLL", "OPENSSL"
  std::vector<std::string_view> enabled;   // for enabled(): "EPOLL", "SPLICE"
  std::string ssl_library;                 // "OpenSSL 3.0.11 ..."; empty = built without
  std::uint64_t openssl_version = 0;       // as OPENSSL_VERSION_NUMBER; 0 = none
  std::uint32_t awslc_api = 0;             // 0 = not AWS-LC
  bool fips = false;
};

// One file as named on the command line, already read.
struct InputFile {
  std::string path;
  std::string content;
};
// Expands -f arguments: a file, or a directory whose *.cfg files are taken in lexical order ("-" is standard input).
// False when one cannot be read; the diagnostics name it.
bool load_files(std::span<const std::string> arguments, std::vector<InputFile>& out, Diagnostics& diag);

struct ParseOptions {
  Environment* env = nullptr;  // null: none are set; changed by setenv and friends
  Facts facts;
  bool keep_lines = false;  // fill Document::lines, for dump()
};
// Adds the content of the files to `out`. True when there was no error.
bool parse(std::vector<InputFile> files, const KeywordTable& table, const ParseOptions& options, Document& out,
           Diagnostics& diag);

// -dC: the words of all lines, comments stripped, indented (management manual 3). With a key other than 0, names and
// addresses are replaced by hashes made with that key and secrets are cut off, so that the text may be shown to others.
std::string dump(const Document& document, std::uint32_t anonymising_key);

// Evaluates a condition as `.if` and `-cc` do. Empty when it is wrong: `error` says why and `error_at` where.
std::optional<bool> evaluate_condition(std::string_view text, const Environment* env, const Facts& facts,
                                       std::string& error, std::size_t& error_at);

}  // namespace sluice::config
