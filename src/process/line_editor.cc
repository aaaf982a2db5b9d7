#include "process/line_editor.h"

#include <algorithm>

namespace sluice::process {

namespace {

constexpr char ctrl(char c) noexcept { return static_cast<char>(c & 0x1f); }
constexpr char kEscape = 0x1b;
constexpr char kBackspace = 0x7f;

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

std::string common_prefix(const std::vector<std::string>& words) {
  std::string out = words.front();
  for (const std::string& w : words) {
    const auto differ = std::mismatch(out.begin(), out.end(), w.begin(), w.end()).first;
    out.erase(differ, out.end());
  }
  return out;
}

}  // namespace

void LineEditor::start(std::string prompt) {
  prompt_ = std::move(prompt);
  text_.clear();
  cursor_ = 0;
  escape_ = Escape::None;
  at_ = history_.size();
  unfinished_.clear();
}

void LineEditor::remember(const std::string& line) {
  if (line.empty() || (!history_.empty() && history_.back() == line)) return;
  history_.push_back(line);
  if (history_.size() > kMostHistory) history_.erase(history_.begin());
  at_ = history_.size();
}

LineEditor::Event LineEditor::feed(char c, std::string& out) {
  if (escape_ != Escape::None) {
    sequence(c);
    if (escape_ == Escape::None) redraw(out);
    return Event::None;
  }
  const auto u = static_cast<unsigned char>(c);
  if (u >= 0x20 && c != kBackspace) {
    insert({&c, 1});
    redraw(out);
    return Event::None;
  }
  return control(c, out);
}

LineEditor::Event LineEditor::control(char c, std::string& out) {
  switch (c) {
    case '\r':
    case '\n':
      out += "\r\n";
      return Event::Line;
    case ctrl('C'):
      out += "^C\r\n";
      return Event::Cancel;
    case ctrl('D'):
      if (text_.empty()) {
        out += "\r\n";
        return Event::End;
      }
      erase(cursor_, cursor_ + 1);
      break;
    case kEscape:
      escape_ = Escape::Began;
      return Event::None;
    case '\t':
      complete(out);
      break;
    case kBackspace:
    case ctrl('H'): {
      std::size_t from = cursor_ == 0 ? 0 : cursor_ - 1;
      while (from > 0 && is_continuation(text_[from])) --from;
      erase(from, cursor_);
      break;
    }
    case ctrl('A'):
      cursor_ = 0;
      break;
    case ctrl('E'):
      cursor_ = text_.size();
      break;
    case ctrl('B'):
      if (cursor_ > 0) --cursor_;
      break;
    case ctrl('F'):
      if (cursor_ < text_.size()) ++cursor_;
      break;
    case ctrl('K'):
      erase(cursor_, text_.size());
      break;
    case ctrl('U'):
      erase(0, cursor_);
      break;
    case ctrl('W'):
      erase(word_left(), cursor_);
      break;
    case ctrl('P'):
      recall(true);
      break;
    case ctrl('N'):
      recall(false);
      break;
    case ctrl('L'):
      out += "\x1b[H\x1b[2J";
      break;
    default:
      return Event::None;
  }
  redraw(out);
  return Event::None;
}

// ESC [ A, ESC [ 3 ~, ESC O H ...
void LineEditor::sequence(char c) {
  if (escape_ == Escape::Began) {
    escape_ = c == '[' ? Escape::Bracket : c == 'O' ? Escape::Single : Escape::None;
    return;
  }
  if (escape_ == Escape::Number) {
    if (c >= '0' && c <= '9') return;
    escape_ = Escape::None;
    if (c != '~') return;
    if (number_ == '1' || number_ == '7') cursor_ = 0;
    if (number_ == '4' || number_ == '8') cursor_ = text_.size();
    if (number_ == '3') erase(cursor_, cursor_ + 1);
    return;
  }
  if (escape_ == Escape::Bracket && c >= '0' && c <= '9') {
    escape_ = Escape::Number;
    number_ = c;
    return;
  }
  escape_ = Escape::None;
  switch (c) {
    case 'A':
      recall(true);
      break;
    case 'B':
      recall(false);
      break;
    case 'C':
      while (cursor_ < text_.size() && is_continuation(text_[++cursor_])) {
      }
      break;
    case 'D':
      while (cursor_ > 0 && is_continuation(text_[--cursor_])) {
      }
      break;
    case 'H':
      cursor_ = 0;
      break;
    case 'F':
      cursor_ = text_.size();
      break;
    default:
      break;
  }
}

void LineEditor::insert(std::string_view bytes) {
  if (text_.size() + bytes.size() > kMostText) return;
  text_.insert(cursor_, bytes);
  cursor_ += bytes.size();
}

void LineEditor::erase(std::size_t from, std::size_t to) {
  to = std::min(to, text_.size());
  while (to < text_.size() && is_continuation(text_[to])) ++to;
  if (from >= to) return;
  text_.erase(from, to - from);
  cursor_ = from;
}

std::size_t LineEditor::word_left() const noexcept {
  std::size_t i = cursor_;
  while (i > 0 && text_[i - 1] == ' ') --i;
  while (i > 0 && text_[i - 1] != ' ') --i;
  return i;
}

void LineEditor::recall(bool older) {
  if (older ? at_ == 0 : at_ >= history_.size()) return;
  if (at_ == history_.size()) unfinished_ = text_;
  at_ = older ? at_ - 1 : at_ + 1;
  text_ = at_ == history_.size() ? unfinished_ : history_[at_];
  cursor_ = text_.size();
}

void LineEditor::complete(std::string& out) {
  if (!completer_) return;
  const std::string_view before = std::string_view(text_).substr(0, cursor_);
  const std::vector<std::string> choices = completer_(before);
  if (choices.empty()) return;
  const std::size_t space = before.rfind(' ');
  const std::size_t typed = before.size() - (space == std::string_view::npos ? 0 : space + 1);
  const std::string more = common_prefix(choices);
  if (more.size() > typed) insert(more.substr(typed));
  if (choices.size() == 1) {
    insert(" ");
  } else if (more.size() <= typed) {
    out += "\r\n";
    for (const std::string& c : choices) out += c + "  ";
    out += "\r\n";
  }
}

// The part around the cursor when the line is wider than the terminal.
void LineEditor::redraw(std::string& out) const {
  const std::size_t room = columns_ > prompt_.size() + 2 ? columns_ - prompt_.size() - 1 : 1;
  std::size_t first = 0;
  if (cursor_ >= room) first = cursor_ - room + 1;
  const std::string_view shown = std::string_view(text_).substr(first, room);
  out += '\r';
  out += prompt_;
  out += shown;
  out += "\x1b[K\r";
  if (const std::size_t right = prompt_.size() + cursor_ - first; right > 0)
    out += "\x1b[" + std::to_string(right) + "C";
}

}  // namespace sluice::process
