// Commands about the session itself.
#include <algorithm>

#include "ops/cli_builtin.h"
#include "sluice/config/values.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
using Mode = CliSessionControl::Mode;
using SeverityOutput = CliSessionControl::SeverityOutput;

Answer help(CliCall& c) {
  c.say(c.commands.help(c.words.subspan(1), c.session));
  return nullptr;
}

// "prompt [help | n | i | p | timed]*"
Answer prompt(CliCall& c) {
  if (c.words.size() == 1) {
    c.session.set_mode(c.session.mode() == Mode::Prompt ? Mode::Single : Mode::Prompt);
    return nullptr;
  }
  for (const std::string_view word : c.words.subspan(1)) {
    if (word == "n") {
      c.session.set_mode(Mode::Single);
    } else if (word == "i") {
      c.session.set_mode(Mode::Interactive);
    } else if (word == "p") {
      c.session.set_mode(Mode::Prompt);
    } else if (word == "timed") {
      c.session.toggle_timed_prompt();
      c.session.set_mode(Mode::Prompt);
    } else {
      c.say(
          "Usage: prompt [help | n | i | p | timed]*\n"
          "Changes the mode of the session; without an argument, prompt mode is toggled.\n"
          "  n      one line of commands, then the connection ends\n"
          "  i      several lines, no prompt\n"
          "  p      several lines, with a prompt\n"
          "  timed  the prompt shows how long the process has been running, or no longer does\n",
          word == "help" ? CliSeverity::Info : CliSeverity::Err);
      return nullptr;
    }
  }
  return nullptr;
}

Answer quit(CliCall& c) {
  c.session.quit();
  return nullptr;
}

Answer lower_to(CliCall& c, CliLevel level) {
  if (c.session.level() < level)
    c.say("Permission denied", CliSeverity::Err);
  else
    c.session.lower_level(level);
  return nullptr;
}
Answer user(CliCall& c) { return lower_to(c, CliLevel::User); }
Answer oper(CliCall& c) { return lower_to(c, CliLevel::Operator); }

Answer show_level(CliCall& c) {
  c.say(cli_level_name(c.session.level()));
  return nullptr;
}

// "expert-mode [on|off]": only in the level that may do everything.
Answer expert_mode(CliCall& c) {
  const std::string_view word = c.word(1);
  if (word.empty())
    c.say(c.session.expert() ? "expert-mode is ON" : "expert-mode is OFF");
  else
    c.session.set_expert(word == "on");
  return nullptr;
}
Answer experimental_mode(CliCall& c) {
  const std::string_view word = c.word(1);
  if (word.empty())
    c.say(c.session.experimental() ? "experimental-mode is ON" : "experimental-mode is OFF");
  else
    c.session.set_experimental(word == "on");
  return nullptr;
}

Answer set_timeout(CliCall& c) {
  if (c.word(2) != "cli") {
    c.say("'set timeout' only supports 'cli'.", CliSeverity::Err);
    return nullptr;
  }
  if (c.word(3).empty()) {
    c.say("Expects an integer value.", CliSeverity::Err);
    return nullptr;
  }
  const auto t = config::parse_time(c.word(3), config::TimeUnit::S);
  if (!t || t->count() == 0) {
    c.say("Invalid timeout value.", CliSeverity::Err);
    return nullptr;
  }
  c.session.set_timeout(*t);
  return nullptr;
}

Answer set_severity(CliCall& c) {
  const std::string_view word = c.word(2);
  if (word == "none")
    c.session.set_severity_output(SeverityOutput::None);
  else if (word == "number")
    c.session.set_severity_output(SeverityOutput::Number);
  else if (word == "string")
    c.session.set_severity_output(SeverityOutput::Text);
  else
    c.say("one of 'none', 'number', 'string' is a required argument", CliSeverity::Err);
  return nullptr;
}

Answer echo(CliCall& c) {
  std::string text;
  for (const std::string_view word : c.words.subspan(1)) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  c.say(text);
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"echo", CliLevel::User, "echo <text>", "print text to the output", echo},
    {"experimental-mode", CliLevel::Admin, "experimental-mode [on|off]",
     "show or change the experimental mode of the session", experimental_mode, CliCommand::Mode::Unlisted},
    {"expert-mode", CliLevel::Admin, "expert-mode [on|off]", "show or change the expert mode of the session",
     expert_mode, CliCommand::Mode::Unlisted},
    {"help", CliLevel::User, "help [<command>]", "list matching or all commands", help},
    {"operator", CliLevel::User, "operator", "lower the level of the current CLI session to operator", oper},
    {"prompt", CliLevel::User, "prompt [help | n | i | p | timed ]*", "toggle interactive mode with prompt", prompt},
    {"quit", CliLevel::User, "quit", "disconnect", quit},
    {"set severity-output", CliLevel::User, "set severity-output [none|number|string]",
     "set presence of severity level in feedback information", set_severity},
    {"set timeout", CliLevel::User, "set timeout [cli] <delay>", "change a timeout setting", set_timeout},
    {"show cli level", CliLevel::User, "show cli level", "display the level of the current CLI session", show_level},
    {"user", CliLevel::User, "user", "lower the level of the current CLI session to user", user},
};

}  // namespace

void add_session_commands(CliCommands& commands) { commands.add(kCommands, nullptr); }

}  // namespace sluice::ops
