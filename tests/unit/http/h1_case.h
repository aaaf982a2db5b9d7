// Reads the cases of tests/cases/h1/*.txt: one case is a block of lines, blocks are separated by blank lines, '#'
// starts a comment line. Adding a file adds its cases.
//
//   name    one line of text
//   type    request | response | chunked        default: request
//   with    unsafe require-host any-payload keep-suspect head connect upgrade maxhdr=N max=N
//   in> x   "x" and CR LF of input              in= x   "x" of input alone; \r \n \t \0 \xHH \\ are escapes in both
//   expect  done BODY [facts...] | more STATE | error CODE [OFFSET] [STATE]
//           BODY: none, length N, chunked, until-close, tunnel; facts as in fact_text()
//   rest N  bytes of the input that must be left over            default: 0 (bytes behind a head or body)
//   out> x  what must be written when the head (or, for chunked, the payload) is written again
//   out= x
//   trailers> x   chunked: trailers, written again
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::http::h1 {

struct Case {
  std::string file;
  std::string name;
  std::string type = "request";
  std::string with;
  std::string input;
  std::string expect;
  std::string output;
  std::string trailers;
  bool has_output = false;
  std::size_t rest = 0;

  [[nodiscard]] bool has(const std::string& word) const {
    std::istringstream words(with);
    for (std::string w; words >> w;) {
      if (w == word) return true;
    }
    return false;
  }
  [[nodiscard]] std::size_t number(const std::string& key, std::size_t otherwise) const {
    std::istringstream words(with);
    for (std::string w; words >> w;) {
      if (w.rfind(key + "=", 0) == 0) return std::stoul(w.substr(key.size() + 1));
    }
    return otherwise;
  }
};

inline std::string unescape(const std::string& s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    switch (s[++i]) {
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      case 's':
        out += ' ';
        break;
      case 'x':
        out += static_cast<char>(std::stoi(s.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      default:
        out += s[i];
    }
  }
  return out;
}

inline std::string escape(const std::string& s) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char ch : s) {
    const auto c = static_cast<unsigned char>(ch);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n\n";
    } else if (c < 0x20 || c > 0x7e) {
      out += "\\x";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += ch;
    }
  }
  return out;
}

inline std::vector<Case> load_cases(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const std::string& file : files) {
    std::ifstream in(file);
    Case c;
    const auto flush = [&] {
      if (!c.name.empty()) cases.push_back(c);
      c = Case{};
    };
    for (std::string line; std::getline(in, line);) {
      if (line.empty()) {
        flush();
        continue;
      }
      if (line[0] == '#') continue;
      const std::size_t blank = line.find(' ');
      const std::string word = line.substr(0, blank);
      const std::string rest = blank == std::string::npos ? "" : line.substr(blank + 1);
      c.file = std::filesystem::path(file).stem().string();
      if (word == "name") c.name = rest;
      if (word == "type") c.type = rest;
      if (word == "with") c.with = rest;
      if (word == "expect") c.expect = rest;
      if (word == "rest") c.rest = std::stoul(rest);
      if (word == "in>") c.input += unescape(rest) + "\r\n";
      if (word == "in=") c.input += unescape(rest);
      if (word == "in*") {  // in* N x: N times x
        const std::size_t times = std::stoul(rest);
        const std::string what = unescape(rest.substr(rest.find(' ') + 1));
        for (std::size_t i = 0; i < times; ++i) c.input += what;
      }
      if (word == "out>") c.output += unescape(rest) + "\r\n";
      if (word == "out=") c.output += unescape(rest);
      if (word == "trailers>") c.trailers += unescape(rest) + "\r\n";
      if (word == "out>" || word == "out=") c.has_output = true;
    }
    flush();
  }
  return cases;
}

}  // namespace sluice::http::h1
