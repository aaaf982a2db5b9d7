#include "ops/cli_line.h"

namespace sluice::ops {

namespace {
constexpr std::size_t kMaxPattern = 64;
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
}  // namespace

std::size_t command_end(std::string_view line) noexcept {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (line[i] == ';')
      return i;
  }
  return line.size();
}

void split_words(std::string_view command, CliWords& out) {
  out.text.clear();
  out.words.clear();
  // Never grows below, so views into it stay good; an empty text would have a buffer that moves with the object.
  out.text.reserve(command.size() + 1);
  std::size_t i = 0;
  while (true) {
    while (i < command.size() && is_blank(command[i])) ++i;
    if (i == command.size()) return;
    const std::size_t begin = out.text.size();
    while (i < command.size() && !is_blank(command[i])) {
      if (command[i] == '\\' && i + 1 < command.size()) ++i;
      out.text += command[i++];
    }
    out.words.emplace_back(out.text.data() + begin, out.text.size() - begin);
  }
}

bool take_payload_mark(std::string_view& line, std::string_view& pattern) noexcept {
  std::size_t end = line.size();
  while (end > 0 && is_blank(line[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && !is_blank(line[begin - 1])) --begin;
  const std::string_view word = line.substr(begin, end - begin);
  if (begin == 0 || !word.starts_with("<<") || word.size() > 2 + kMaxPattern) return false;
  pattern = word.substr(2);
  line = line.substr(0, begin);
  return true;
}

PayloadEnd find_payload_end(std::string_view text, std::string_view pattern, std::size_t& from) noexcept {
  PayloadEnd r;
  while (true) {
    const std::size_t newline = text.find('\n', from);
    if (newline == std::string_view::npos) return r;
    std::string_view line = text.substr(from, newline - from);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line == pattern) {
      r.found = true;
      r.payload_end = from;
      r.next = newline + 1;
      return r;
    }
    from = newline + 1;
  }
}

}  // namespace sluice::ops
