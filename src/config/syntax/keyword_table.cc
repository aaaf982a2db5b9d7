#include <algorithm>
#include <unordered_map>

#include "sluice/base/check.h"
#include "sluice/config/keyword.h"

namespace sluice::config {

namespace {

std::size_t word_count(std::string_view words) noexcept {
  return static_cast<std::size_t>(std::count(words.begin(), words.end(), ' ')) + 1;
}

// Does the row's text match the first words of the line?
bool matches(std::string_view row, std::span<const Token> words) noexcept {
  for (const Token& t : words) {
    if (!row.starts_with(t.text)) return false;
    row.remove_prefix(t.text.size());
    if (row.empty()) return true;
    if (row[0] != ' ') return false;
    row.remove_prefix(1);
  }
  return false;
}

}  // namespace

// Rows by their first word, those with more words first.
struct KeywordTable::Index {
  struct Entry {
    const KeywordRow* row;
    std::size_t words;
  };
  std::unordered_map<std::string_view, std::vector<Entry>> by_first_word;
};

KeywordTable::KeywordTable() : index_(std::make_unique<Index>()) {}
KeywordTable::~KeywordTable() = default;

void KeywordTable::add(std::span<const KeywordRow> rows) {
  for (const KeywordRow& row : rows) {
    SLUICE_CHECK(row.handler != nullptr && !row.words.empty());
    auto& entries = index_->by_first_word[row.words.substr(0, row.words.find(' '))];
    for (const auto& e : entries) SLUICE_CHECK(e.row->words != row.words || (e.row->where & row.where) == 0);
    const std::size_t words = word_count(row.words);
    const auto pos = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.words < words; });
    entries.insert(pos, {&row, words});
    rows_.push_back(&row);
  }
}

void KeywordTable::add_section(const SectionRow& row) {
  SLUICE_CHECK(section(row.name) == nullptr);
  sections_.push_back(&row);
}

void KeywordTable::offer(const Listed& listed) { listed_.push_back(listed); }

const SectionRow* KeywordTable::section(std::string_view name) const noexcept {
  for (const SectionRow* s : sections_) {
    if (s->name == name) return s;
  }
  return nullptr;
}

KeywordTable::Match KeywordTable::match(std::span<const Token> words, std::uint32_t where) const noexcept {
  Match m;
  if (words.empty()) return m;
  const auto it = index_->by_first_word.find(words[0].text);
  if (it == index_->by_first_word.end()) return m;
  for (const auto& e : it->second) {
    if (e.words > words.size() || !matches(e.row->words, words.first(e.words))) continue;
    if ((e.row->where & where) != 0) {
      m.row = e.row;
      m.used = e.words;
      return m;
    }
    if (m.elsewhere == nullptr) {
      m.elsewhere = e.row;
      m.used = e.words;
    }
  }
  return m;
}

}  // namespace sluice::config
