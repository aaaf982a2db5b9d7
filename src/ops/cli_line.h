// Cuts what a CLI client sent into lines, commands and words (management manual 9.3). Pure: no I/O.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::ops {

// One command: its words, unescaped. The views point into `text`, so a CliWords does not move while they are used.
struct CliWords {
  std::string text;
  std::vector<std::string_view> words;
};

// The position of the `;` that ends the first command of `line`, or its size: an escaped one does not end it.
std::size_t command_end(std::string_view line) noexcept;

// Splits one command at blanks and tabs; a backslash takes the next character as it is.
void split_words(std::string_view command, CliWords& out);

// When the last word of the line is `<<` or `<<pattern`: cuts it off and gives the pattern ("" = an empty line ends the
// payload). Patterns of more than 64 characters are no payload.
bool take_payload_mark(std::string_view& line, std::string_view& pattern) noexcept;

// Looks for the line that ends a payload, from `from` on. Found: payload_end is where it begins and next where the text
// behind it does. Otherwise `from` moves to the beginning of the last, unfinished line.
struct PayloadEnd {
  bool found = false;
  std::size_t payload_end = 0;
  std::size_t next = 0;
};
PayloadEnd find_payload_end(std::string_view text, std::string_view pattern, std::size_t& from) noexcept;

}  // namespace sluice::ops
