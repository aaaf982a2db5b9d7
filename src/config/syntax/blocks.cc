#include "config/syntax/blocks.h"

namespace sluice::config {

namespace {

constexpr std::size_t kMaxNesting = 200;

std::string quoted(std::string_view s) { return "'" + std::string(s) + "'"; }

}  // namespace

bool Blocks::directive(std::span<const Token> words, const Environment* env) {
  const std::string_view name = words[0].text;
  if (!name.starts_with('.')) return false;
  if (name == ".if") {
    if (open_.size() >= kMaxNesting) {
      diag_.error(words[0], "too many nested '.if', max is " + std::to_string(kMaxNesting) + ".");
    }
    if (skipping()) {
      open_.push_back({State::Done, false, words[0].at});
    } else {
      const auto v = condition(words, env);
      open_.push_back({!v ? State::Done : *v ? State::Taking : State::Waiting, false, words[0].at});
    }
  } else if (name == ".elif") {
    branch(words, env, false);
  } else if (name == ".else") {
    branch(words, env, true);
  } else if (name == ".endif") {
    if (lonely(words[0])) return true;
    if (words.size() > 1) diag_.error(words[1], "Unexpected argument " + quoted(words[1].text) + " for '.endif'.");
    open_.pop_back();
  } else if (skipping()) {
    return true;
  } else if (name == ".notice") {
    message(words, Severity::Notice);
  } else if (name == ".warning") {
    message(words, Severity::Warning);
  } else if (name == ".alert") {
    message(words, Severity::Alert);
  } else if (name == ".diag") {
    message(words, Severity::Diag);
  } else {
    Suggestion near(name);
    for (const char* d : {".if", ".elif", ".else", ".endif", ".notice", ".warning", ".alert", ".diag"}) near.offer(d);
    diag_.error(words[0], "unknown directive " + quoted(name) + near.ending());
  }
  return true;
}

bool Blocks::lonely(const Token& word) {
  if (!open_.empty()) return false;
  diag_.error(word, "lone " + quoted(word.text) + " with no matching '.if'.");
  return true;
}

// .elif and .else
void Blocks::branch(std::span<const Token> words, const Environment* env, bool last) {
  if (lonely(words[0])) return;
  Block& b = open_.back();
  if (last && words.size() > 1) diag_.error(words[1], "Unexpected argument " + quoted(words[1].text) + " for '.else'.");
  if (b.had_else) {
    diag_.error(words[0], quoted(words[0].text) + " after '.else' is not permitted.");
    b.state = State::Done;
    return;
  }
  b.had_else = last;
  if (b.state == State::Taking) b.state = State::Done;
  if (b.state == State::Done) return;
  const auto v = last ? std::optional<bool>(true) : condition(words, env);
  b.state = !v ? State::Done : *v ? State::Taking : State::Waiting;
}

// The words are put together with one blank between them, then read as one expression (manual 2.4).
std::optional<bool> Blocks::condition(std::span<const Token> words, const Environment* env) {
  std::string text;
  std::vector<std::size_t> starts;
  for (const Token& t : words.subspan(1)) {
    if (!starts.empty()) text += ' ';
    starts.push_back(text.size());
    text += t.text;
  }
  std::string error;
  std::size_t at = 0;
  const auto v = evaluate_condition(text, env, options_.facts, error, at);
  if (v) return v;
  // Back from the place in the expression to the place in the line.
  Location where = words[0].at;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (starts[i] <= at) where = words[i + 1].place(at - starts[i]);
  }
  diag_.error(where, error + " in " + quoted(words[0].text) + " at position " + std::to_string(at + 1) + ":");
  return std::nullopt;
}

void Blocks::message(std::span<const Token> words, Severity severity) {
  if (words.size() > 2) {
    diag_.error(words[2], "Unexpected argument " + quoted(words[2].text) + " for " + quoted(words[0].text) +
                              ". Use quotes if the message should contain spaces.");
    return;
  }
  const std::string_view text = words.size() > 1 ? words[1].text : std::string_view();
  diag_.add({severity, words[0].at, 0, quoted(text) + ".", {}});  // the author's own words need no picture
}

void Blocks::end_of_file(Location end) {
  for (const Block& b : open_) {
    Location at = b.at;
    if (!at.known()) at = end;
    diag_.error(at, "non-terminated '.if' block.", "close it with '.endif' in the same file");
  }
  open_.clear();
}

}  // namespace sluice::config
