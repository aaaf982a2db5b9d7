// Finds commands, lists them for `help`, and guesses what a mistyped one was meant to be.
#include <algorithm>

#include "sluice/base/strings.h"
#include "sluice/ops/cli.h"

namespace sluice::ops {

namespace {

constexpr std::size_t kUsageWidth = 40;
constexpr std::size_t kGuesses = 5;

// The next word of `text`, which begins behind it afterwards.
std::string_view next_word(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// How many of the command's words stand at the beginning of the line; all = every one of them does.
struct Common {
  std::size_t words = 0;
  bool all = false;
};
Common common(std::string_view command, std::span<const std::string_view> words) noexcept {
  Common c;
  while (!command.empty()) {
    if (c.words == words.size() || next_word(command) != words[c.words]) return c;
    ++c.words;
  }
  c.all = true;
  return c;
}

// Whether the line is a beginning of the command: all words are equal but the last, which may be unfinished.
bool begins(std::string_view command, std::span<const std::string_view> words) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (command.empty()) return false;
    const std::string_view w = next_word(command);
    if (i + 1 == words.size() ? !w.starts_with(words[i]) : w != words[i]) return false;
  }
  return true;
}

// How far a line is from a command: words that agree count most, then the first one that does not.
unsigned distance(std::string_view command, std::span<const std::string_view> words) noexcept {
  constexpr unsigned kLimit = 8;
  unsigned sum = 0;
  for (const std::string_view word : words.first(std::min<std::size_t>(words.size(), 3))) {
    if (command.empty()) break;
    sum += base::edit_distance(next_word(command), word.substr(0, 32), kLimit);
  }
  while (!command.empty()) {
    next_word(command);
    sum += 2;
  }
  return sum;
}

bool is_of_session(std::string_view words) noexcept { return words == "help" || words == "prompt" || words == "quit"; }

// Commands of the language that are not built: refused by name.
constexpr std::string_view kPlanned[] = {
    "abort ssl",
    "acme",
    "add acl",
    "add backend",
    "add map",
    "add server",
    "add ssl",
    "clear acl",
    "clear map",
    "clear table",
    "commit acl",
    "commit map",
    "commit ssl",
    "debug counters",
    "debug dev",
    "del acl",
    "del backend",
    "del map",
    "del server",
    "del ssl",
    "disable dynamic-cookie",
    "dump ssl",
    "enable dynamic-cookie",
    "get acl",
    "get map",
    "httpclient",
    "new ssl",
    "prepare acl",
    "prepare map",
    "publish backend",
    "set anon",
    "set dynamic-cookie-key",
    "set map",
    "set ssl",
    "set table",
    "show acl",
    "show anon",
    "show cache",
    "show default-server",
    "show defaults",
    "show dev",
    "show events",
    "show map",
    "show peers",
    "show quic",
    "show resolvers",
    "show ssl",
    "show table",
    "show tls-keys",
    "show trace",
    "trace",
    "unpublish backend",
    "update ssl",
};

// The one of these that the line begins with; "" when there is none.
std::string_view planned_command(std::span<const std::string_view> words) noexcept {
  for (const std::string_view c : kPlanned) {
    if (common(c, words).all) return c;
  }
  return {};
}

void append_line(std::string& out, const CliCommand& c) {
  out += "  ";
  out += c.usage;
  if (c.usage.size() < kUsageWidth) out.append(kUsageWidth - c.usage.size(), ' ');
  if (c.usage.size() > kUsageWidth) out += ' ';
  out += ": ";
  out += c.help;
  out += '\n';
}

}  // namespace

// Whether the help shows it to that session.
bool CliCommands::listed(const Entry& e, const CliSessionControl& session) noexcept {
  const CliCommand& c = *e.command;
  if (e.debugging && !session.debugging()) return false;
  if (c.level > session.level()) return false;
  switch (c.mode) {
    case CliCommand::Mode::Any:
      return true;
    case CliCommand::Mode::Expert:
      return session.expert();
    case CliCommand::Mode::Experimental:
      return session.experimental();
    case CliCommand::Mode::Unlisted:
      break;
  }
  return false;
}

void CliCommands::add(std::span<const CliCommand> rows, void* ctx) {
  const std::size_t before = entries_.size();
  for (const CliCommand& r : rows) {
    const auto same = [&r](const Entry& e) { return e.command->words == r.words; };
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(before);
    if (!debugging_ || std::find_if(entries_.begin(), end, same) == end) entries_.push_back({&r, ctx, debugging_});
  }
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    const bool last_a = is_of_session(a.command->words);
    const bool last_b = is_of_session(b.command->words);
    return last_a != last_b ? last_b : a.command->words < b.command->words;
  });
}

CliCommands::Match CliCommands::match(std::span<const std::string_view> words) const noexcept {
  Match best;
  std::size_t most = 0;
  for (const Entry& e : entries_) {
    const Common c = common(e.command->words, words);
    if (!c.all || c.words <= most) continue;
    most = c.words;
    best = {e.command, e.ctx, e.debugging};
  }
  return best;
}

std::string CliCommands::help(std::span<const std::string_view> words, const CliSessionControl& session) const {
  std::string out = "The following commands are valid at this level:\n";
  for (const Entry& e : entries_) {
    if (!listed(e, session)) continue;
    if (begins(e.command->words, words) || is_of_session(e.command->words)) append_line(out, *e.command);
  }
  return out;
}

std::string CliCommands::unknown(std::span<const std::string_view> words, const CliSessionControl& session) const {
  if (const std::string_view planned = planned_command(words); !planned.empty())
    return "'" + std::string(planned) + "' is not supported yet.\n";
  struct Guess {
    unsigned distance;
    std::size_t entry;
  };
  std::vector<Guess> guesses;
  for (std::size_t i = 0; !words.empty() && i < entries_.size(); ++i) {
    const CliCommand& c = *entries_[i].command;
    if (!listed(entries_[i], session) || is_of_session(c.words)) continue;
    // A command of another family is a guess only when nothing of the line fits anywhere.
    const bool related = common(c.words, words).words != 0;
    const unsigned d = distance(c.words, words);
    if (related || d <= words[0].size() / 2 + 2) guesses.push_back({d + (related ? 0U : 4U), i});
  }
  std::string out = words.empty() ? std::string("Unknown command") : "Unknown command: '" + std::string(words[0]) + "'";
  if (guesses.empty()) {
    out += words.empty() ? "." : "";
    out += words.empty() ? " Please enter one of the following commands only:\n"
                         : ". Please enter one of the following commands only:\n";
    for (const Entry& e : entries_) {
      if (listed(e, session)) append_line(out, *e.command);
    }
    return out;
  }
  out += ", but maybe one of the following ones is a better match:\n";
  std::stable_sort(guesses.begin(), guesses.end(),
                   [](const Guess& a, const Guess& b) { return a.distance < b.distance; });
  guesses.resize(std::min(guesses.size(), kGuesses));
  std::sort(guesses.begin(), guesses.end(), [](const Guess& a, const Guess& b) { return a.entry < b.entry; });
  for (const Guess& g : guesses) append_line(out, *entries_[g.entry].command);
  for (const Entry& e : entries_) {
    if (is_of_session(e.command->words)) append_line(out, *e.command);
  }
  return out;
}

std::string CliCall::message_text(std::string_view message, CliSeverity severity) const {
  std::string text;
  constexpr std::string_view kNames[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
  const auto index = static_cast<std::size_t>(severity);
  switch (session.severity_output()) {
    case CliSessionControl::SeverityOutput::None:
      break;
    case CliSessionControl::SeverityOutput::Number:
      text += '[';
      text += static_cast<char>('0' + index);
      text += "]: ";
      break;
    case CliSessionControl::SeverityOutput::Text:
      text += '[';
      text += kNames[index];
      text += "]: ";
      break;
  }
  text += message;
  if (message.empty() || message.back() != '\n') text += '\n';
  return text;
}

}  // namespace sluice::ops
