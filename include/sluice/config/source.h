// Where configuration text comes from, and the words it is cut into.
//
// Every word keeps its place, so that a rule, a server or a decision can be traced back to a line later on.
// Lifetime: all string_views of this room point into Sources (file contents, expanded words), which the Document owns.
// Thread: the one that reads the configuration; read-only afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

// A place in a configuration file. line and column count from 1; line 0 means "the file as a whole", kNoFile "no file"
// (command line, environment).
struct Location {
  static constexpr std::uint32_t kNoFile = ~0U;
  std::uint32_t file = kNoFile;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  [[nodiscard]] bool known() const noexcept { return file != kNoFile; }
};

// One word of a line, after quotes, escapes and variables were resolved (manual 2.2, 2.3).
struct Token {
  std::string_view text;
  Location at;           // of its first character in the file, the quote included
  bool verbatim = true;  // text is what stands in the file: column + n is the place of text[n]

  // The place of text[n], as exactly as it is known. For errors inside expressions.
  [[nodiscard]] Location place(std::size_t n) const noexcept {
    Location l = at;
    if (verbatim) l.column += static_cast<std::uint32_t>(n);
    return l;
  }
  operator std::string_view() const noexcept { return text; }  // NOLINT(google-explicit-constructor)
};

// The files read, and lasting memory for words that differ from what stands in them. Addresses never move.
class Sources {
 public:
  // Takes the whole content over; returns the index used in Location::file.
  std::uint32_t add(std::string path, std::string content);
  [[nodiscard]] std::size_t size() const noexcept { return files_.size(); }
  [[nodiscard]] std::string_view path(std::uint32_t file) const noexcept;
  [[nodiscard]] std::string_view content(std::uint32_t file) const noexcept;
  // The text of a line without its line end; empty when there is none.
  [[nodiscard]] std::string_view line(Location at) const noexcept;
  // "haproxy.cfg:12", for messages that speak of a second place.
  [[nodiscard]] std::string place(Location at) const;

  // A copy that lives as long as the Sources.
  std::string_view keep(std::string_view text);

 private:
  struct File {
    std::string path;
    std::string content;
  };
  std::deque<File> files_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* cur_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace sluice::config
