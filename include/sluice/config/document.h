// What a parse leaves behind: the sections in the order of the files, each with its parts filled by the rooms'
// handlers.
//
// Lifetime: every Section, Token and string_view lives as long as the Document. Thread: one while parsing, any
// afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/parts.h"
#include "sluice/config/source.h"

namespace sluice::config {

struct KeywordRow;
struct SectionRow;
class Environment;

struct Section {
  const SectionRow* row = nullptr;    // which kind: row->name is "frontend", row->where its Where bit
  std::string_view name;              // empty when the section has none
  Location at;                        // of the line that opens it
  std::span<const Token> header;      // all words of that line behind the keyword
  const Section* defaults = nullptr;  // the defaults section it took its parts from; null = none
  std::uint32_t index = 0;            // position in Document::sections
  Parts parts;
  std::vector<const KeywordRow*>
      said;  // rows that must not be said twice, as far as they were (KeywordContext::repeated)

  [[nodiscard]] std::uint32_t where() const noexcept;
  [[nodiscard]] std::string_view kind() const noexcept;
};

// Lasting rows of tokens in large blocks, because a big configuration has a million of them.
class TokenStore {
 public:
  std::span<const Token> keep(std::span<const Token> tokens);

 private:
  std::vector<std::unique_ptr<Token[]>> blocks_;
  Token* cur_ = nullptr;
  std::size_t left_ = 0;
};

struct Document {
  Sources sources;
  std::deque<Section> sections;  // addresses never move
  TokenStore tokens;
  Environment* env = nullptr;  // while parsing: what setenv and friends change; may be null

  // Set by the handlers of expose-experimental-directives and expose-deprecated-directives.
  bool expose_experimental = false;
  bool expose_deprecated = false;

  // All lines as words, in reading order, for -dC; filled only when ParseOptions::keep_lines is set.
  struct Line {
    std::span<const Token> words;
    bool opens_section = false;
    bool hides_args = false;  // the row has kAnonymizeArgs
    std::uint32_t keyword_words = 1;
  };
  std::vector<Line> lines;

  // The first section of that kind and name; null when there is none. Linear; build an index where many are asked for.
  [[nodiscard]] const Section* find(std::string_view kind, std::string_view name = {}) const noexcept;
  // Sections that merge (global) exist once: this is it, or null.
  [[nodiscard]] const Section* global() const noexcept { return find("global"); }
};

}  // namespace sluice::config
