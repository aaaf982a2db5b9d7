// -dC: the configuration as it was read.
#include <array>

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
        append_word(out, word);
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace sluice::config
