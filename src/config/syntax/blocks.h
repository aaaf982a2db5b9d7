// Directives with a leading dot: conditional blocks and messages (manual 2.4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sluice/config/parser.h"

namespace sluice::config {

class Blocks {
 public:
  Blocks(const ParseOptions& options, Diagnostics& diag) noexcept : options_(options), diag_(diag) {}

  // True while lines are left out.
  [[nodiscard]] bool skipping() const noexcept { return !open_.empty() && open_.back().state != State::Taking; }
  // Deals with a line that begins with a dot; false when it is an ordinary line.
  bool directive(std::span<const Token> words, const Environment* env);
  // Reports blocks that are still open, and forgets them.
  void end_of_file(Location end);

 private:
  enum class State : std::uint8_t {
    Taking,   // lines count
    Waiting,  // no branch has been taken yet
    Done,     // a branch has been taken, or the whole block is inside one that is left out, or its condition is wrong
  };
  struct Block {
    State state;
    bool had_else;
    Location at;
  };
  std::optional<bool> condition(std::span<const Token> words, const Environment* env);
  void branch(std::span<const Token> words, const Environment* env, bool last);
  void message(std::span<const Token> words, Severity severity);
  bool lonely(const Token& word);

  const ParseOptions& options_;
  Diagnostics& diag_;
  std::vector<Block> open_;
};

}  // namespace sluice::config
