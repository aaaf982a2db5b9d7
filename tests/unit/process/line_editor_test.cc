// Lines typed at a terminal, key by key.
#include "process/line_editor.h"

#include <gtest/gtest.h>

namespace sluice::process {
namespace {

class LineEditors : public testing::Test {
 protected:
  void SetUp() override { editor_.start("> "); }
  LineEditor::Event type(std::string_view keys) {
    LineEditor::Event e = LineEditor::Event::None;
    shown_.clear();
    for (const char c : keys) e = editor_.feed(c, shown_);
    return e;
  }
  LineEditor editor_;
  std::string shown_;
};

TEST_F(LineEditors, EnterEndsALine) {
  EXPECT_EQ(type("show stat\r"), LineEditor::Event::Line);
  EXPECT_EQ(editor_.text(), "show stat");
}

TEST_F(LineEditors, MovingAndRemoving) {
  type(
      "bd\x1b[Da\x02"
      "x");  // left, a, ^B, x
  EXPECT_EQ(editor_.text(), "bxad");
  type(
      "\x01"
      "0\x05"
      "9");
  EXPECT_EQ(editor_.text(), "0bxad9");
  type("\x7f\x7f");
  EXPECT_EQ(editor_.text(), "0bxa");
  type("\x1b[H\x1b[3~");
  EXPECT_EQ(editor_.text(), "bxa");
  type("\x06\x0b");  // ^F ^K
  EXPECT_EQ(editor_.text(), "b");
  type(" one two\x17");  // ^W
  EXPECT_EQ(editor_.text(), "b one ");
  type("\x15");  // ^U
  EXPECT_EQ(editor_.text(), "");
}

TEST_F(LineEditors, CharactersOfSeveralBytesGoWhole) {
  type(
      "a\xc3\xa9"
      "b\x1b[D\x1b[D");
  EXPECT_EQ(editor_.cursor(), 1U);
  type("\x04");
  EXPECT_EQ(editor_.text(), "ab");
}

TEST_F(LineEditors, EndAndCancel) {
  EXPECT_EQ(type("\x04"), LineEditor::Event::End);
  EXPECT_EQ(type("x\x03"), LineEditor::Event::Cancel);
}

TEST_F(LineEditors, HistoryComesBackAndTheUnfinishedLineToo) {
  for (const char* l : {"one", "two", "two", ""}) editor_.remember(l);
  EXPECT_EQ(editor_.history().size(), 2U);
  editor_.start("> ");
  type("thr\x1b[A");
  EXPECT_EQ(editor_.text(), "two");
  type("\x10\x10");  // ^P beyond the oldest
  EXPECT_EQ(editor_.text(), "one");
  type("\x1b[B\x1b[B\x0e");
  EXPECT_EQ(editor_.text(), "thr");
}

TEST_F(LineEditors, TabCompletesAsFarAsItIsClear) {
  editor_.set_completer([](std::string_view line) {
    std::vector<std::string> out;
    for (const char* w : {"servers", "sess", "stat"}) {
      const std::size_t space = line.rfind(' ');
      if (std::string_view(w).starts_with(line.substr(space == std::string_view::npos ? 0 : space + 1)))
        out.emplace_back(w);
    }
    return out;
  });
  type("show st\t");
  EXPECT_EQ(editor_.text(), "show stat ");
  editor_.start("> ");
  type("show se\t");
  EXPECT_EQ(editor_.text(), "show se");
  EXPECT_NE(shown_.find("servers  sess"), std::string::npos);
  type("x\t");
  EXPECT_EQ(editor_.text(), "show sex");
}

TEST_F(LineEditors, UnknownSequencesDoNothing) {
  type("a\x1b[99~\x1bOQ\x1b[Z\x1bxb\x1c");
  EXPECT_EQ(editor_.text(), "ab");
}

TEST_F(LineEditors, ALineWiderThanTheTerminalShowsThePartAroundTheCursor) {
  editor_.set_columns(10);
  type("0123456789");
  EXPECT_EQ(shown_.substr(shown_.rfind("> ")), "> 456789\x1b[K\r\x1b[8C");
}

TEST_F(LineEditors, TheTextIsBounded) {
  type(std::string(LineEditor::kMostText + 100, 'x'));
  EXPECT_EQ(editor_.text().size(), LineEditor::kMostText);
}

}  // namespace
}  // namespace sluice::process
