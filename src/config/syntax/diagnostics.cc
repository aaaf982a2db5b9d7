#include "sluice/config/diagnostics.h"

#include <algorithm>

namespace sluice::config {

namespace {

constexpr std::size_t kMaxShown = 160;  // characters of a source line around the caret

std::string_view color_of(Severity s) noexcept {
  switch (s) {
    case Severity::Alert:
      return "\033[1;31m";
    case Severity::Warning:
      return "\033[1;33m";
    default:
      return "\033[1;36m";
  }
}

// A character as it is shown: tabs keep their width in the caret line, what cannot be printed becomes '.'.
char shown(char c) noexcept { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) ? c : '.'; }

void render_source(std::string& out, const Sources& sources, const Diagnostic& d) {
  if (!d.at.known() || d.at.line == 0 || d.at.column == 0 || d.width == 0) return;
  std::string_view line = sources.line(d.at);
  std::size_t column = d.at.column - 1;
  if (column > line.size()) column = line.size();
  // Long lines are shown around the place.
  std::size_t skipped = 0;
  if (line.size() > kMaxShown) {
    if (column > kMaxShown / 2) skipped = std::min(column - kMaxShown / 2, line.size() - kMaxShown);
    line = line.substr(skipped, kMaxShown);
    column -= skipped;
  }
  const std::string number = std::to_string(d.at.line);
  const std::string margin(number.size() < 6 ? 6 - number.size() : 0, ' ');
  out += "    ";
  out += sources.path(d.at.file);
  out += ':';
  out += number;
  out += ':';
  out += std::to_string(d.at.column);
  out += "\n";
  out += margin + number + " | ";
  if (skipped != 0) out += "...";
  for (char c : line) out += shown(c);
  out += '\n';
  out += std::string(margin.size() + number.size(), ' ') + " | ";
  if (skipped != 0) out += "   ";
  for (std::size_t i = 0; i < column; ++i) out += line[i] == '\t' ? '\t' : ' ';
  out += '^';
  const std::size_t room = line.size() > column ? line.size() - column : 1;
  out.append(std::min<std::size_t>(d.width, room) - 1, '~');
  out += '\n';
}

}  // namespace

std::string severity_prefix(Severity severity, long pid) {
  std::string s;
  switch (severity) {
    case Severity::Diag:
      s = "[DIAG]     ";
      break;
    case Severity::Notice:
      s = "[NOTICE]   ";
      break;
    case Severity::Warning:
      s = "[WARNING]  ";
      break;
    case Severity::Alert:
      s = "[ALERT]    ";
      break;
  }
  if (pid >= 0) {
    s += '(';
    s += std::to_string(pid);
    s += ") : ";
  } else {
    s += ": ";
  }
  return s;
}

void Diagnostics::add(Diagnostic d) {
  if (d.severity == Severity::Alert) ++errors_;
  if (d.severity == Severity::Warning) ++warnings_;
  all_.push_back(std::move(d));
}

void Diagnostics::clear() noexcept {
  all_.clear();
  errors_ = warnings_ = 0;
}

std::string Diagnostics::render(const Sources& sources, const RenderOptions& options) const {
  std::string out;
  for (const Diagnostic& d : all_) {
    if (d.severity == Severity::Diag && !options.show_diag) continue;
    if (d.severity != Severity::Alert && !options.show_warnings) continue;
    if (options.color) out += color_of(d.severity);
    out += severity_prefix(d.severity, options.pid);
    if (options.color) out += "\033[0m";
    out += "config : ";
    if (d.at.known()) {
      out += "parsing [";
      out += sources.path(d.at.file);
      if (d.at.line != 0) {
        out += ':';
        out += std::to_string(d.at.line);
      }
      out += "] : ";
    }
    out += d.message;
    out += '\n';
    if (!options.show_source) continue;
    render_source(out, sources, d);
    if (!d.hint.empty()) {
      out += "       = ";
      out += d.hint;
      out += '\n';
    }
  }
  return out;
}

}  // namespace sluice::config
