#include "config/syntax/tokenizer.h"

#include <array>

#include "sluice/base/strings.h"

namespace sluice::config {

namespace {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool ends_word(char c) noexcept { return is_blank(c) || c == '#'; }

// Characters after which a word is no longer what stands in the file.
constexpr std::array<bool, 256> make_special() {
  std::array<bool, 256> t{};
  for (unsigned char c : {' ', '\t', '#', '\\', '\'', '"'}) t[c] = true;
  return t;
}
constexpr auto kSpecial = make_special();

constexpr bool name_start(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool name_char(char c) noexcept { return name_start(c) || base::is_digit(c); }

int hex(char c) noexcept {
  if (base::is_digit(c)) return c - '0';
  const char l = base::to_lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

struct Tokenizer::Cursor {
  std::string_view line;
  const LinePlace& place;
  std::size_t pos = 0;
  std::size_t word_start = 0;
  bool word_open = false;  // an empty pair of quotes makes an empty word

  [[nodiscard]] bool end() const noexcept { return pos >= line.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
    return pos + ahead < line.size() ? line[pos + ahead] : '\0';
  }
};

bool Tokenizer::split(std::string_view line, const LinePlace& place, std::vector<Token>& out, TokenizeError& error) {
  out.clear();
  Cursor c{line, place};
  for (;;) {
    while (!c.end() && is_blank(c.line[c.pos])) ++c.pos;
    if (c.end() || c.line[c.pos] == '#') return true;
    const std::size_t start = c.pos;
    const auto at = [&](std::size_t p) { return Location{place.file, place.line, static_cast<std::uint32_t>(p + 1)}; };
    while (!c.end() && !kSpecial[static_cast<unsigned char>(c.line[c.pos])]) ++c.pos;
    if (c.end() || ends_word(c.line[c.pos])) {
      out.push_back({line.substr(start, c.pos - start), at(start), true});
      continue;
    }
    const char quote = c.line[c.pos];
    if (c.pos == start && (quote == '"' || quote == '\'')) {
      // A whole word in quotes with nothing to resolve inside: still what stands in the file.
      std::size_t p = start + 1;
      if (quote == '\'') {
        while (p < line.size() && line[p] != '\'') ++p;
      } else {
        while (p < line.size() && line[p] != '"' && line[p] != '\\' && line[p] != '$') ++p;
      }
      if (p < line.size() && line[p] == quote && (p + 1 == line.size() || ends_word(line[p + 1]))) {
        out.push_back({line.substr(start + 1, p - start - 1), at(start + 1), true});
        c.pos = p + 1;
        continue;
      }
    }
    c.pos = start;
    if (!slow_word(c, out, error)) return false;
  }
}

void Tokenizer::finish(Cursor& c, std::vector<Token>& out) {
  if (!c.word_open) return;
  out.push_back(
      {sources_.keep(scratch_), {c.place.file, c.place.line, static_cast<std::uint32_t>(c.word_start + 1)}, false});
  scratch_.clear();
  c.word_open = false;
}

bool Tokenizer::slow_word(Cursor& c, std::vector<Token>& out, TokenizeError& error) {
  scratch_.clear();
  c.word_start = c.pos;
  c.word_open = true;
  while (!c.end() && !ends_word(c.peek())) {
    const char ch = c.peek();
    if (ch == '\\') {
      if (!escape(c, false, error)) return false;
    } else if (ch == '\'') {
      const auto close = c.line.find('\'', c.pos + 1);
      if (close == std::string_view::npos) {
        error = {static_cast<std::uint32_t>(c.pos + 1), "unmatched quote"};
        return false;
      }
      scratch_ += c.line.substr(c.pos + 1, close - c.pos - 1);
      c.word_open = true;
      c.pos = close + 1;
    } else if (ch == '"') {
      const std::size_t open = c.pos++;
      c.word_open = true;
      for (;;) {
        if (c.end()) {
          error = {static_cast<std::uint32_t>(open + 1), "unmatched quote"};
          return false;
        }
        const char q = c.peek();
        if (q == '"') break;
        if (q == '\\') {
          if (!escape(c, true, error)) return false;
        } else if (q == '$') {
          if (!variable(c, out, error)) return false;
        } else {
          scratch_ += q;
          ++c.pos;
        }
      }
      ++c.pos;
    } else {
      scratch_ += ch;
      ++c.pos;
    }
  }
  finish(c, out);
  return true;
}

// At a backslash. What is not an escape keeps it.
bool Tokenizer::escape(Cursor& c, bool quoted, TokenizeError& error) {
  const char e = c.peek(1);
  switch (c.pos + 1 < c.line.size() ? e : '\0') {
    case ' ':
    case '\t':
    case '#':
    case '\\':
    case '\'':
    case '"':
      scratch_ += e;
      break;
    case 'n':
      scratch_ += '\n';
      break;
    case 'r':
      scratch_ += '\r';
      break;
    case 't':
      scratch_ += '\t';
      break;
    case 'x': {
      const int high = hex(c.peek(2));
      const int low = hex(c.peek(3));
      if (high < 0 || low < 0) {
        error = {static_cast<std::uint32_t>(c.pos + 1), "truncated or invalid hexadecimal sequence"};
        return false;
      }
      scratch_ += static_cast<char>(high << 4 | low);
      c.pos += 4;
      return true;
    }
    case '$':
      if (!quoted) scratch_ += '\\';
      scratch_ += '$';
      break;
    default:
      scratch_ += '\\';
      ++c.pos;
      return true;
  }
  c.pos += 2;
  return true;
}

// At a '$' inside double quotes: $NAME, ${NAME}, ${NAME-default}, ${NAME[*]}; names with a leading dot are
// pseudo-variables.
bool Tokenizer::variable(Cursor& c, std::vector<Token>& out, TokenizeError& error) {
  ++c.pos;
  std::size_t brace = 0;
  const bool braced = c.peek() == '{';
  if (braced) brace = c.pos++;
  const std::size_t start = c.pos;
  const bool pseudo = c.peek() == '.';
  if (pseudo) ++c.pos;
  if (!name_start(c.peek())) {
    error = {static_cast<std::uint32_t>(c.pos + 1), "forbidden first char in environment variable name"};
    return false;
  }
  while (name_char(c.peek())) ++c.pos;
  const std::string_view name = c.line.substr(start, c.pos - start);
  bool words = false;
  std::optional<std::string_view> fallback;
  if (braced) {
    if (c.line.substr(c.pos).starts_with("[*]")) {
      words = true;
      c.pos += 3;
    }
    if (c.peek() == '-') {
      const auto close = c.line.find('}', c.pos);
      if (close != std::string_view::npos) {
        fallback = c.line.substr(c.pos + 1, close - c.pos - 1);
        c.pos = close;
      }
    }
    if (c.peek() != '}') {
      error = {static_cast<std::uint32_t>(brace + 1), "unmatched brace in environment variable name"};
      return false;
    }
    ++c.pos;
  }

  std::optional<std::string_view> value;
  std::string number;
  if (pseudo) {
    if (name == ".FILE") {
      value = c.place.path;
    } else if (name == ".LINE") {
      number = std::to_string(c.place.line);
      value = number;
    } else if (name == ".SECTION") {
      value = c.place.section;
    }
  } else if (env_ != nullptr) {
    value = env_->get(name);
  }
  if (!value) value = fallback;
  if (!value) return true;
  if (!words) {
    scratch_ += *value;
    return true;
  }
  // "${LIST[*]}": one argument per value; what stands before joins the first, what follows the last.
  std::size_t p = 0;
  bool first = true;
  while (p < value->size()) {
    while (p < value->size() && (*value)[p] == ' ') ++p;
    const std::size_t from = p;
    while (p < value->size() && (*value)[p] != ' ') ++p;
    if (from == p) break;
    if (!first) {
      finish(c, out);
      c.word_open = true;
    }
    scratch_ += value->substr(from, p - from);
    first = false;
  }
  return true;
}

}  // namespace sluice::config
