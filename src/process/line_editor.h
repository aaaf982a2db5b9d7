// A line typed at a terminal: editing, history, completion. The editor itself is pure: bytes in, state and redraw text
// out; whoever has the terminal reads and writes. Thread: one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::process {

class LineEditor {
 public:
  enum class Event : std::uint8_t {
    None,
    Line,    // Enter: text() is the line; call start() for the next one
    End,     // ^D on an empty line
    Cancel,  // ^C: the line was given up
  };

  // The words that may stand where the last one of `line` does (up to the cursor).
  using Completer = std::function<std::vector<std::string>(std::string_view line)>;
  void set_completer(Completer c) { completer_ = std::move(c); }

  // A fresh, empty line behind `prompt` (no control characters).
  void start(std::string prompt);
  // One byte from the terminal. What to show is appended to `out`.
  Event feed(char c, std::string& out);
  // Draws the whole line anew; columns: of the terminal.
  void redraw(std::string& out) const;
  void set_columns(std::size_t columns) noexcept { columns_ = columns; }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::size_t cursor() const noexcept { return cursor_; }

  // Lines of before, the oldest first. Equal neighbours and empty lines are not kept.
  void remember(const std::string& line);
  [[nodiscard]] const std::vector<std::string>& history() const noexcept { return history_; }

  static constexpr std::size_t kMostHistory = 500;
  static constexpr std::size_t kMostText = 16384;

 private:
  enum class Escape : std::uint8_t { None, Began, Bracket, Number, Single };

  Event control(char c, std::string& out);
  void sequence(char c);
  void insert(std::string_view bytes);
  void erase(std::size_t from, std::size_t to);
  void recall(bool older);
  void complete(std::string& out);
  [[nodiscard]] std::size_t word_left() const noexcept;

  std::string prompt_;
  std::string text_;
  std::size_t cursor_ = 0;
  std::size_t columns_ = 80;
  Escape escape_ = Escape::None;
  char number_ = 0;
  std::vector<std::string> history_;
  std::size_t at_ = 0;      // in history_; its size = the line being typed
  std::string unfinished_;  // that line, while another is shown
  Completer completer_;
};

}  // namespace sluice::process
