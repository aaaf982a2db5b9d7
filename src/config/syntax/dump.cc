// -dC: the configuration as it was read.
#include <algorithm>

#include "sluice/base/strings.h"
#include "sluice/config/parser.h"

namespace sluice::config {

namespace {

// 32-bit FNV-1a begun with the key: enough to tell two names apart in a shared dump, not to guess them back.
std::uint32_t hash_word(std::string_view text, std::uint32_t key) noexcept {
  std::uint32_t h = 2166136261U ^ (key * 2654435761U);
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  h ^= h >> 15;
  h *= 2246822519U;
  return (h ^ h >> 13) & 0xffffff;
}

std::string hashed(std::string_view text, std::uint32_t key) {
  static constexpr char kHex[] = "0123456789abcdef";
  const std::uint32_t h = hash_word(text, key);
  std::string s;
  for (int shift = 20; shift >= 0; shift -= 4) s += kHex[h >> shift & 0xf];
  return s;
}

// Numbers with or without a unit, and words of the language itself, tell nothing about whose configuration it is.
bool is_public(std::string_view word) {
  if (word.empty()) return true;
  std::size_t digits = 0;
  while (digits < word.size() && base::is_digit(word[digits])) ++digits;
  if (digits != 0 && word.size() - digits <= 2) return true;
  static constexpr std::string_view kValues[] = {
      "if",        "unless", "or",     "||",       "!",      "{",      "}",      "on",         "off",
      "http",      "tcp",    "log",    "global",   "local0", "local1", "local2", "local3",     "local4",
      "local5",    "local6", "local7", "daemon",   "info",   "notice", "debug",  "roundrobin", "leastconn",
      "static-rr", "first",  "source", "random",   "never",  "safe",   "always", "aggressive", "clf",
      "status",    "code",   "prefix", "location", "header", "len",    "fail",   "none",       "auto"};
  if (std::find(std::begin(kValues), std::end(kValues), word) != std::end(kValues)) return true;
  for (const Class c : {Class::Config, Class::BindOption, Class::ServerOption, Class::Action, Class::Sample}) {
    if (known_in_language(c, word)) return true;
  }
  return false;
}

// A word so written that it reads back as the same word.
void append_word(std::string& out, std::string_view word) {
  if (word.empty()) {
    out += "\"\"";
    return;
  }
  for (char c : word) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == ' ' || c == '#' || c == '\\' || c == '\'' || c == '"') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || u == 0x7f) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += "\\x";
      out += kHex[u >> 4];
      out += kHex[u & 0xf];
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string dump(const Document& document, std::uint32_t key) {
  std::string out;
  std::uint32_t file = Location::kNoFile;
  for (const Document::Line& line : document.lines) {
    if (line.words.empty()) continue;
    if (line.words[0].at.file != file) {
      file = line.words[0].at.file;
      out += "# ";
      out += key == 0 ? std::string(document.sources.path(file)) : hashed(document.sources.path(file), key);
      out += '\n';
    }
    if (line.opens_section) out += '\n';
    if (!line.opens_section) out += '\t';
    for (std::size_t i = 0; i < line.words.size(); ++i) {
      const std::string_view word = line.words[i].text;
      if (i != 0) out += ' ';
      const bool argument = i >= line.keyword_words;
      if (key == 0 || !argument || (line.opens_section && word == "from")) {
        append_word(out, word);
      } else if (line.opens_section) {
        out += hashed(word, key);
      } else if (line.hides_args) {
        // Addresses and names come first; what follows may be secret and is cut off.
        out += hashed(word, key);
        if (i == line.keyword_words + 1) {
          out += " ...";
          break;
        }
      } else {
        out += is_public(word) ? std::string(word) : hashed(word, key);
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace sluice::config
