#include "sluice/policy/expression.h"

#include "policy/program.h"

namespace sluice::policy {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':' || c == '+';
}

std::string_view read_name(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_name_char(text[n])) ++n;
  return text.substr(0, n);
}

std::string_view kind_name(ArgKind k, std::string_view printed) {
  switch (k) {
    case ArgKind::Int:
      return "integer";
    case ArgKind::Str:
      return "string";
    default:
      return printed;
  }
}

// Reads one "(...)" and types the arguments onto the end of program.args.
class ArgReader {
 public:
  ArgReader(Program& program, CompileScope& scope, const config::Token& token)
      : program_(program), scope_(scope), token_(token) {}

  // `text` begins behind the keyword's name. Returns false with error() set.
  bool read(std::string_view keyword, std::string_view text, std::string_view shape_text, PrepareFn prepare,
            std::size_t offset, std::size_t& used) {
    used = 0;
    const Shape shape = parse_shape(shape_text);
    std::vector<std::string> raw;
    if (!text.empty() && text.front() == '(') {
      std::size_t n = 0;
      if (!cut_args(text.substr(1), raw, n)) {
        error_ = "expected ')'";
        return false;
      }
      used = n + 1;
    }
    // A lone text that is asked for may be left out, which means an empty one.
    if (raw.empty() && shape.required == 1 && shape.kinds[0] == ArgKind::Str) raw.emplace_back();
    if (raw.size() > shape.kinds.size()) {
      error_ = "expected ')' before '" + raw[shape.kinds.size()] + "'";
      return false;
    }
    const std::size_t first = program_.args.size();
    for (std::size_t i = 0; i < shape.kinds.size(); ++i) {
      Arg arg;
      if (i < raw.size() && !(raw[i].empty() && i >= shape.required)) {
        program_.texts.push_back(std::make_unique<std::string>(std::move(raw[i])));
        const std::string& value = *program_.texts.back();
        if (!type_arg(shape.kinds[i], value, arg)) {
          error_ = "failed to parse '" + value + "' as type '" +
                   std::string(kind_name(shape.kinds[i], shape.names[i])) + "' at position " + std::to_string(i + 1);
          return false;
        }
        refer(shape.kinds[i], arg.text, keyword, i, offset);
      } else if (i < shape.required) {
        const std::string type(kind_name(shape.kinds[i], shape.names[i]));
        error_ = raw.empty() ? "expected type '" + type + "' at position " + std::to_string(i + 1) + ", but got nothing"
                             : "missing arguments (got " + std::to_string(raw.size()) + "/" +
                                   std::to_string(shape.required) + "), type '" + type + "' expected";
        return false;
      }
      if (!arg.given()) refer(shape.kinds[i], {}, keyword, i, offset);
      program_.args.push_back(arg);
    }
    if (prepare != nullptr) {
      Build build{program_.args.data() + first, shape.kinds.size(), scope_, {}, program_.objects, program_.texts};
      if (!prepare(build)) {
        error_ = build.error;
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  void refer(ArgKind kind, std::string_view name, std::string_view keyword, std::size_t index, std::size_t offset) {
    if (scope_.references == nullptr) return;
    Reference r{};
    switch (kind) {
      case ArgKind::Frontend:
        r.kind = Reference::Kind::Frontend;
        r.proxy = name;
        break;
      case ArgKind::Backend:
        r.kind = Reference::Kind::Backend;
        r.proxy = name;
        break;
      case ArgKind::Server: {
        r.kind = Reference::Kind::Server;
        if (name.empty()) return;
        const auto slash = name.find('/');
        if (slash != std::string_view::npos) r.proxy = name.substr(0, slash);
        r.server = slash == std::string_view::npos ? name : name.substr(slash + 1);
        break;
      }
      default:
        return;
    }
    r.keyword = keyword;
    r.argument = index + 1;
    r.at = token_.place(offset);
    scope_.references->push_back(std::move(r));
  }

  Program& program_;
  CompileScope& scope_;
  const config::Token& token_;
  std::string error_;
};

// One ",converter(args)" onto the program; `text` begins with the converter's name.
bool add_converter(std::string_view text, Program& program, CompileScope& scope, const config::Token& token,
                   std::size_t offset, std::size_t& used, std::string& error) {
  const std::string_view name = read_name(text);
  const ConverterRow* row = find_converter(name);
  if (row == nullptr) {
    error = name.empty() ? "missing converter" : unknown_converter(name);
    return false;
  }
  if (!castable(program.type, row->in)) {
    error = "converter '" + std::string(name) + "' cannot be applied";
    return false;
  }
  const auto first = static_cast<std::uint32_t>(program.args.size());
  ArgReader reader(program, scope, token);
  std::size_t n = 0;
  if (!reader.read(row->name, text.substr(name.size()), row->shape, row->prepare, offset, n)) {
    error = "converter '" + std::string(name) + "' : " + reader.error();
    return false;
  }
  const SampleType out = row->out == SampleType::Same ? program.type : row->out;
  program.steps.push_back({row->fn, first, row->in, out});
  program.type = out;
  used = name.size() + n;
  return true;
}

// With nothing but constants in it an expression is evaluated now.
void fold(Program& program) {
  if (program.row == nullptr || program.places != kEverywhere || program.steps.empty()) return;
  static constexpr std::string_view kConstants[] = {"str", "int", "bool", "ipv4", "ipv6", "bin"};
  bool constant = false;
  for (const auto c : kConstants) constant |= program.row->name == c;
  if (!constant) return;
  Scratch scratch;
  SampleContext ctx;
  ctx.scratch = &scratch;
  Sample s;
  Cursor cursor;
  if (!program.run(ctx, s, cursor) || s.type == SampleType::Meth || s.type != program.type) return;
  auto folded = std::make_shared<Sample>(s);
  if (s.type == SampleType::Str || s.type == SampleType::Bin) {
    program.texts.push_back(std::make_unique<std::string>(s.text));
    folded->text = *program.texts.back();
  }
  program.args.assign(1, Arg{});
  program.args[0].object = folded.get();
  program.objects.push_back(std::move(folded));
  program.steps.clear();
  program.fetch = [](SampleContext&, const Arg* a, Sample& out, Cursor&) noexcept {
    out = *static_cast<const Sample*>(a[0].object);
    return true;
  };
}

}  // namespace

ParsedExpression parse_expression(std::string_view text, CompileScope& scope, const config::Token& token,
                                  std::size_t offset_in_token, const FetchRow* forced_row) {
  ParsedExpression result;
  auto program = std::make_shared<Program>();
  const std::string_view name = read_name(text);
  const FetchRow* row = forced_row != nullptr ? forced_row : find_fetch(name);
  if (row == nullptr) {
    result.error = name.empty() ? "missing fetch method" : unknown_fetch(name);
    return result;
  }
  program->row = row;
  program->fetch = row->fn;
  program->type = row->out;
  program->places = row->places;
  apply_need(row->need, program->needs);
  ArgReader reader(*program, scope, token);
  std::size_t used = 0;
  if (!reader.read(row->name, text.substr(name.size()), row->shape, row->prepare, offset_in_token, used)) {
    result.error = "fetch method '" + std::string(name) + "' : " + reader.error();
    return result;
  }
  std::size_t pos = name.size() + used;
  while (pos < text.size() && text[pos] == ',') {
    std::size_t n = 0;
    if (!add_converter(text.substr(pos + 1), *program, scope, token, offset_in_token + pos + 1, n, result.error)) {
      result.error_at = pos + 1;
      return result;
    }
    pos += 1 + n;
  }
  program->text = std::string(text.substr(0, pos));
  result.used = pos;
  result.program = std::move(program);
  return result;
}

Expression::Expression() noexcept = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::Expression(const Expression&) noexcept = default;
Expression& Expression::operator=(const Expression&) noexcept = default;
Expression::~Expression() = default;

Expression Expression::compile(const config::Token& token, CompileScope& scope) {
  std::size_t used = 0;
  Expression e = compile(std::span(&token, 1), scope, used);
  return e;
}

Expression Expression::compile(std::span<const config::Token> tokens, CompileScope& scope, std::size_t& used) {
  Expression e;
  used = 0;
  if (tokens.empty()) {
    scope.diag.error(config::Location{}, "missing fetch method");
    return e;
  }
  const config::Token& token = tokens.front();
  ParsedExpression parsed = parse_expression(token.text, scope, token, 0);
  if (parsed.program != nullptr && parsed.used != token.text.size()) {
    parsed.program = nullptr;
    parsed.error = "unexpected character '" + std::string(1, token.text[parsed.used]) + "' behind the expression";
    parsed.error_at = parsed.used;
  }
  used = 1;
  while (parsed.program != nullptr && used < tokens.size() && find_converter(read_name(tokens[used].text)) != nullptr) {
    const config::Token& more = tokens[used];
    std::size_t pos = 0;
    bool ok = true;
    while (ok) {
      std::size_t n = 0;
      ok = add_converter(more.text.substr(pos), *parsed.program, scope, more, pos, n, parsed.error);
      pos += n;
      if (!ok || pos == more.text.size()) break;
      if (more.text[pos] != ',') {
        parsed.error = "unexpected character '" + std::string(1, more.text[pos]) + "' behind the converter";
        ok = false;
        break;
      }
      ++pos;
    }
    if (!ok) {
      parsed.program = nullptr;
      scope.diag.error(more,
                       "failed to parse sample expression <" + std::string(token.text) + "> : " + parsed.error + ".");
      return e;
    }
    ++used;
  }
  if (parsed.program == nullptr) {
    scope.diag.error(token.place(parsed.error_at),
                     "failed to parse sample expression <" + std::string(token.text) + "> : " + parsed.error + ".");
    return e;
  }
  if (scope.places != 0 && (parsed.program->places & scope.places) == 0) {
    scope.diag.error(token, "sample fetch <" + std::string(token.text) +
                                "> may not be reliably used here because it needs '" +
                                missing_thing(parsed.program->places) + "' which is not available here.");
    return e;
  }
  fold(*parsed.program);
  e.program_ = std::move(parsed.program);
  return e;
}

SampleType Expression::type() const noexcept { return program_->type; }
const Needs& Expression::needs() const noexcept { return program_->needs; }
std::string_view Expression::text() const noexcept { return program_->text; }

bool Expression::evaluate(SampleContext& ctx, Sample& out) const noexcept {
  Cursor cursor;
  return evaluate(ctx, out, cursor);
}

bool Expression::evaluate(SampleContext& ctx, Sample& out, Cursor& cursor) const noexcept {
  return program_ != nullptr && program_->run(ctx, out, cursor);
}

bool Expression::evaluate_text(SampleContext& ctx, std::string_view& out) const noexcept {
  Sample s;
  if (!evaluate(ctx, s) || !cast(ctx, s, SampleType::Str)) return false;
  out = s.text;
  return true;
}

bool Expression::evaluate_int(SampleContext& ctx, std::int64_t& out) const noexcept {
  Sample s;
  if (!evaluate(ctx, s) || !cast(ctx, s, SampleType::Sint)) return false;
  out = s.num;
  return true;
}

}  // namespace sluice::policy
