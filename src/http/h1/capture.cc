#include "sluice/http/h1/capture.h"

#include <cstdio>

namespace sluice::http::h1 {

namespace {

void append_byte(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789ABCDEF";
  switch (c) {
    case '\r':
      out += "\\r";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
    case 0x1b:
      out += "\\e";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c < 0x7f) {
    out += static_cast<char>(c);
  } else {
    out += "\\x";
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
}

}  // namespace

std::string dump_capture(const ErrorCapture& c) {
  char line[256];
  const std::size_t free_bytes = c.buffer_bytes > c.data.size() ? c.buffer_bytes - c.data.size() : 0;
  std::snprintf(line, sizeof line,
                "  buffer starts at 0 (including %u out), %zu free,\n"
                "  len %zu, wraps at %u, error at position %u\n",
                c.out_bytes, free_bytes, c.data.size(), c.buffer_bytes, c.error.offset);
  std::string out = line;
  std::snprintf(line, sizeof line, "  H1 connection flags 0x%08x, H1 stream flags 0x%08x\n", c.connection_flags,
                c.stream_flags);
  out += line;
  std::snprintf(line, sizeof line,
                "  H1 msg state %.*s(%u), H1 msg flags 0x%08x\n"
                "  H1 chunk len %llu bytes, H1 body len %llu bytes :\n  \n",
                static_cast<int>(state_name(c.error.state).size()), state_name(c.error.state).data(),
                state_number(c.error.state), c.message_flags, static_cast<unsigned long long>(c.chunk_left),
                static_cast<unsigned long long>(c.body_left));
  out += line;

  // One line of text each, cut where it would grow too long; a cut line goes on behind a '+'.
  constexpr std::size_t kColumns = 70;
  std::string text;
  std::size_t start = 0;
  bool continued = false;
  const auto flush = [&](std::size_t next, bool cut) {
    std::snprintf(line, sizeof line, "  %05zu%c ", start, continued ? '+' : ' ');
    out += line;
    out += text;
    out += '\n';
    text.clear();
    start = next;
    continued = cut;
  };
  for (std::size_t i = 0; i < c.data.size(); ++i) {
    append_byte(text, static_cast<unsigned char>(c.data[i]));
    if (c.data[i] == '\n') {
      flush(i + 1, false);
    } else if (text.size() >= kColumns) {
      flush(i + 1, true);
    }
  }
  if (!text.empty()) flush(c.data.size(), false);
  return out;
}

}  // namespace sluice::http::h1
