// `set var`, `get var`: variables of the process (management manual 9.3). Texts are the reference's.
#include <optional>

#include "ops/cli_builtin.h"
#include "sluice/policy/expression.h"
#include "sluice/policy/log_format.h"
#include "sluice/policy/process_variables.h"
#include "sluice/proxy/global.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

// An evaluation outside of any connection. Its result lives as long as it does.
struct Evaluation {
  explicit Evaluation(const proxy::Global& global) {
    context.process = &global.process;
    context.lookup = &global;
    context.scratch = &scratch;
  }
  policy::Scratch scratch;
  policy::SampleContext context;
  // What is evaluated: a result may be a view into its constants.
  std::optional<policy::LogFormat> format;
  std::optional<policy::Expression> expression;
};

// False: `out` is not set, and `error` says why when something is wrong with the words.
bool evaluate(Evaluation& e, bool format, std::string_view text, policy::Sample& out, std::string& error) {
  config::Diagnostics diag;
  policy::CompileScope scope{diag, policy::kCliParser, "set var", nullptr, -1, -1, true, {}, nullptr};
  scope.options.resolve_names = false;  // nothing may block here
  config::Token token;
  token.text = text;
  bool found = false;
  if (format) {
    e.format = policy::LogFormat::compile(token, policy::FormatUse::HttpBody, scope);
    if (e.format->valid() && !diag.failed()) {
      out.set_str(e.format->render(e.context));
      found = true;
    }
  } else {
    e.expression = policy::Expression::compile(token, scope);
    if (e.expression->valid() && !diag.failed()) found = e.expression->evaluate(e.context, out);
  }
  for (const config::Diagnostic& d : diag.all())
    if (d.severity == config::Severity::Alert && error.empty()) error = d.message;
  return found && error.empty();
}

Answer set_var(CliCall& c) {
  const CliContext& context = context_of(c);
  const auto refuse = [&c](std::string_view why) {
    c.say(why, CliSeverity::Err);
    return nullptr;
  };
  const std::string_view name = c.word(2);
  if (name.empty()) return refuse("Missing process-wide variable identifier.");
  if (c.word(3).empty()) return refuse("Missing either 'expr', 'fmt' or expression.");
  bool format = false;
  std::string_view text = c.word(3);
  if (!c.word(4).empty()) {
    format = text == "fmt";
    if (!format && text != "expr")
      return refuse("'set var': arg type must be either 'expr' or 'fmt' but got '" + std::string(text) + "'.");
    text = c.word(4);
  }
  if (const std::string why = policy::check_process_variable(name); !why.empty()) return refuse("'set var': " + why);
  if (context.global == nullptr) return nullptr;
  Evaluation e(*context.global);
  policy::Sample value;
  std::string error;
  if (!evaluate(e, format, text, value, error)) {
    // What has no value now leaves the variable alone.
    if (!error.empty()) c.say(error, CliSeverity::Err);
    return nullptr;
  }
  if (!context.global->variables.set(name, value)) return refuse("'set var': too many variables, or too long a value.");
  return nullptr;
}

Answer get_var(CliCall& c) {
  const CliContext& context = context_of(c);
  const std::string_view name = c.word(2);
  if (name.empty()) {
    c.say("Missing process-wide variable identifier.", CliSeverity::Err);
    return nullptr;
  }
  if (context.global == nullptr) return nullptr;
  Evaluation e(*context.global);
  policy::Sample value;
  if (!context.global->variables.get(name, e.context, value)) {
    c.say("Variable not found.", CliSeverity::Err);
    return nullptr;
  }
  const std::string_view type = policy::type_name(value.type);
  std::string shown = "undisplayable";
  if (policy::cast(e.context, value, policy::SampleType::Str)) {
    shown = "<";
    // One line whatever the value.
    for (const char ch : value.text) shown += static_cast<unsigned char>(ch) < 0x20 || ch == 0x7f ? '.' : ch;
    shown += ">";
  }
  c.out += std::string(name) + ": type=" + std::string(type) + " value=" + shown + "\n";
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"get var", CliLevel::Operator, "get var <name>", "retrieve contents of a process-wide variable", get_var},
    {"set var", CliLevel::Operator, "set var <name> [fmt|expr] {<fmt>|<expr>}",
     "set variable from an expression or a format", set_var, CliCommand::Mode::Experimental},
};

}  // namespace

void add_variable_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
