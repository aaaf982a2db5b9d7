// One line of text to words: blanks, quotes, escapes, comments and variables (manual 2.1 to 2.3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/parser.h"

namespace sluice::config {

struct LinePlace {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::string_view path;     // .FILE
  std::string_view section;  // .SECTION: the name of the section, or its kind
};

struct TokenizeError {
  std::uint32_t column = 0;  // counts from 1
  const char* message = "";
};

class Tokenizer {
 public:
  Tokenizer(Sources& sources, const Environment* env) noexcept : sources_(sources), env_(env) {}

  // Puts the words of `line` (without its line end) into `out`. Words that stand as they are in the file point into
  // `line`, the others into Sources. False on an error; `out` then holds the words before it.
  bool split(std::string_view line, const LinePlace& place, std::vector<Token>& out, TokenizeError& error);

 private:
  struct Cursor;
  bool slow_word(Cursor& c, std::vector<Token>& out, TokenizeError& error);
  bool escape(Cursor& c, bool quoted, TokenizeError& error);
  bool variable(Cursor& c, std::vector<Token>& out, TokenizeError& error);
  void finish(Cursor& c, std::vector<Token>& out);

  Sources& sources_;
  const Environment* env_;
  std::string scratch_;
};

}  // namespace sluice::config
