// What a parse leaves behind: the sections in the order of the files, each with its parts filled by the rooms'
// handlers.
//
// Lifetime: every Section, Token and string_view lives as long as the Document. Thread: one while parsing, any
// afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/parts.h"
#include "sluice/config/source.h"

namespace sluice::config {

struct SectionRow;

struct Section {
  const SectionRow* row = nullptr;    // which kind: row->name is "frontend", row->where its Where bit
  std::string_view name;              // empty when the section has none
  Location at;                        // of the line that opens it
  std::span<const Token> header;      // all words of that line behind the keyword
  const Section* defaults = nullptr;  // the defaults section it took its parts from; null = none
  std::uint32_t index = 0;            // position in Document::sections
  Parts parts;

  [[nodiscard]] std::uint32_t where() const noexcept;
  [[nodiscard]] std::string_view kind() const noexcept;
};

struct Document {
  Sources sources;
  std::deque<Section> sections;  // addresses never move
  std::deque<std::vector<Token>> kept_tokens;

  // The first section of that kind and name; null when there is none. Linear; build an index where many are asked for.
  [[nodiscard]] const Section* find(std::string_view kind, std::string_view name = {}) const noexcept;
  // Sections that merge (global) exist once: this is it, or null.
  [[nodiscard]] const Section* global() const noexcept { return find("global"); }
};

}  // namespace sluice::config
