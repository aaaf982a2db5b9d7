// Options behind an address: `bind :80 name x accept-proxy`, `server s 1.2.3.4 check inter 2s`. Also good for any
// keyword that is followed by a list of named options.
//
//   constexpr config::OptionRow<BindSpec> kBindOptions[] = {
//       {"name", 1, [](config::OptionContext& c, BindSpec& b) { b.name = c.arg(0).text; }},
//   };
//   table.parse(context, context.args().subspan(1), spec);
//
// Unknown options: "not supported yet" when the language has them, otherwise with a suggestion. All errors of a line
// are reported. Thread: the one that reads the configuration.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/config/keyword.h"

namespace sluice::config {

class OptionContext {
 public:
  OptionContext(KeywordContext& line, std::span<const Token> words) noexcept : line_(line), words_(words) {}

  [[nodiscard]] KeywordContext& line() noexcept { return line_; }  // the keyword it belongs to; value readers are there
  [[nodiscard]] const Token& option() const noexcept { return words_[pos_]; }  // the option's name
  // The i-th of the arguments that the row asks for.
  [[nodiscard]] const Token& arg(std::size_t i) const noexcept { return words_[pos_ + 1 + i]; }
  [[nodiscard]] bool negated() const noexcept { return negated_; }  // rows with kNoPrefix: written as "no-<name>"

  // For options with a variable number of words: what follows the fixed arguments.
  [[nodiscard]] const Token* peek() const noexcept { return next_ < words_.size() ? &words_[next_] : nullptr; }
  const Token* take() noexcept { return next_ < words_.size() ? &words_[next_++] : nullptr; }

  void error(std::string message, std::string hint = {}) { line_.error(option(), std::move(message), std::move(hint)); }
  void error(const Token& word, std::string message, std::string hint = {}) {
    line_.error(word, std::move(message), std::move(hint));
  }

 private:
  template <class Spec>
  friend class OptionTable;
  KeywordContext& line_;
  std::span<const Token> words_;
  std::size_t pos_ = 0;
  std::size_t next_ = 0;
  bool negated_ = false;
};

template <class Spec>
struct OptionRow {
  std::string_view name;
  int args = 0;  // words that must follow
  void (*handler)(OptionContext&, Spec&) = nullptr;
  std::uint32_t flags = 0;  // kNoPrefix: "no-<name>" is allowed too; kInParentheses: "<name>(<argument>)"
};

template <class Spec>
class OptionTable {
 public:
  // cls: where unknown options are looked up. Messages begin as the reference's for that class.
  explicit OptionTable(Class cls, std::string_view = {}) noexcept : cls_(cls) {}
  void add(std::span<const OptionRow<Spec>> rows) {
    for (const auto& r : rows) rows_.push_back(&r);
  }
  [[nodiscard]] std::span<const OptionRow<Spec>* const> rows() const noexcept { return rows_; }

  // Applies all options of `words` to spec. False when something was wrong (it has been reported).
  bool parse(KeywordContext& line, std::span<const Token> words, Spec& spec) const {
    OptionContext c(line, words);
    const std::size_t errors = line.diag().errors();
    while (c.pos_ < words.size()) {
      std::string_view name = words[c.pos_].text;
      const OptionRow<Spec>* row = find(name);
      c.negated_ = false;
      if (row == nullptr && name.starts_with("no-")) {
        row = find(name.substr(3));
        if (row != nullptr && (row->flags & kNoPrefix) == 0) row = nullptr;
        c.negated_ = row != nullptr;
      }
      if (row == nullptr) {
        report_unknown(line, words[c.pos_]);
        // What its arguments are is unknown: go on at the next word that is an option.
        do {
          ++c.pos_;
        } while (c.pos_ < words.size() && find(words[c.pos_].text) == nullptr);
        continue;
      }
      if (c.pos_ + 1 + static_cast<std::size_t>(row->args) > words.size()) {
        line.error(words[c.pos_], missing_argument(line, name));
        break;
      }
      c.next_ = c.pos_ + 1 + static_cast<std::size_t>(row->args);
      row->handler(c, spec);
      c.pos_ = c.next_;
    }
    return line.diag().errors() == errors;
  }

  [[nodiscard]] const OptionRow<Spec>* find(std::string_view name) const noexcept {
    const std::string_view plain = name.ends_with(')') ? name.substr(0, name.find('(')) : name;
    for (const auto* r : rows_) {
      if (r->name == ((r->flags & kInParentheses) != 0 ? plain : name)) return r;
    }
    return nullptr;
  }

 private:
  void report_unknown(KeywordContext& line, const Token& word) const {
    Suggestion s(word.text);
    for (const auto* r : rows_) s.offer(r->name);
    std::string message = subject(line) + unknown_word(cls_, "keyword", word.text, s);
    if (!message.ends_with('?')) message += '.';
    line.error(word, std::move(message));
  }
  // How the reference begins messages about such lines.
  [[nodiscard]] std::string subject(KeywordContext& line) const {
    std::string s = "'";
    s += line.name();
    // "server s1 <address>" and "bind <address>" begin with what the line is about, "default-server" with an option.
    if (line.has(0) && line.name() != "default-server") {
      s += ' ';
      if (cls_ == Class::ServerOption && !line.in_defaults()) {
        s += line.section().name;
        s += '/';
      }
      s += line.arg(0).text;
    }
    s += '\'';
    if (cls_ == Class::BindOption) {
      s += " in section '";
      s += line.section().kind();
      return s + "' : ";
    }
    return s + " : ";
  }
  [[nodiscard]] std::string missing_argument(KeywordContext& line, std::string_view name) const {
    return subject(line) + "'" + std::string(name) + "' expects an argument.";
  }

  Class cls_;
  std::vector<const OptionRow<Spec>*> rows_;
};

}  // namespace sluice::config
