#include "policy/format_pieces.h"
#include "sluice/base/strings.h"
#include "sluice/config/values.h"

namespace sluice::policy {

const std::string_view kTcpLogFormat = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
const std::string_view kHttpLogFormat =
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
const std::string_view kHttpsLogFormat =
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r "
    "%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc";
const std::string_view kClfHttpLogFormat =
    "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq "
    "%bq "
    "%CC %CS %hrl %hsl";
const std::string_view kClfTcpLogFormat =
    "%{Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc "
    "%sq "
    "%bq \"\" \"\" ";

namespace {

constexpr AliasRow kAliases[] = {
    {"T", Alias::AcceptUtc, false, Need::None},
    {"Tl", Alias::AcceptLocal, false, Need::None},
    {"Ts", Alias::AcceptSeconds, false, Need::None},
    {"t", Alias::AcceptMillisDate, false, Need::None},
    {"ms", Alias::AcceptMillis, false, Need::None},
    {"tr", Alias::RequestMillisDate, true, Need::Timers},
    {"trg", Alias::RequestUtc, true, Need::Timers},
    {"trl", Alias::RequestLocal, true, Need::Timers},
    {"Ta", Alias::TimeActive, true, Need::Timers},
    {"Tc", Alias::TimeConnect, false, Need::Timers},
    {"Td", Alias::TimeData, false, Need::Timers},
    {"Th", Alias::TimeHandshake, false, Need::Timers},
    {"Ti", Alias::TimeIdle, true, Need::Timers},
    {"Tq", Alias::TimeTq, true, Need::Timers},
    {"TR", Alias::TimeRequest, true, Need::Timers},
    {"Tr", Alias::TimeResponse, true, Need::Timers},
    {"Tt", Alias::TimeTotal, false, Need::Timers},
    {"Tu", Alias::TimeUser, false, Need::Timers},
    {"Tw", Alias::TimeQueue, false, Need::Timers},
    {"B", Alias::BytesOut, false, Need::None},
    {"CC", Alias::RequestCookie, true, Need::None},
    {"CS", Alias::ResponseCookie, true, Need::None},
    {"H", Alias::Hostname, false, Need::None},
    {"HM", Alias::Method, true, Need::RequestLine},
    {"HP", Alias::UriNoQuery, true, Need::RequestLine},
    {"HPO", Alias::PathOnly, true, Need::RequestLine},
    {"HQ", Alias::Query, true, Need::RequestLine},
    {"HU", Alias::Uri, true, Need::RequestLine},
    {"HV", Alias::Version, true, Need::RequestLine},
    {"ID", Alias::UniqueId, false, Need::UniqueId},
    {"ST", Alias::Status, true, Need::None},
    {"U", Alias::BytesIn, false, Need::None},
    {"ac", Alias::ActiveConns, false, Need::Counts},
    {"b", Alias::Backend, false, Need::None},
    {"bc", Alias::BackendConns, false, Need::Counts},
    {"bi", Alias::BackSrcIp, false, Need::None},
    {"bp", Alias::BackSrcPort, false, Need::None},
    {"bq", Alias::BackendQueue, false, Need::Counts},
    {"ci", Alias::ClientIp, false, Need::None},
    {"cp", Alias::ClientPort, false, Need::None},
    {"f", Alias::Frontend, false, Need::None},
    {"fc", Alias::FrontendConns, false, Need::Counts},
    {"fi", Alias::FrontIp, false, Need::None},
    {"fp", Alias::FrontPort, false, Need::None},
    {"ft", Alias::FrontendTransport, false, Need::None},
    {"lc", Alias::LogCounter, false, Need::None},
    {"hr", Alias::RequestHeaders, true, Need::RequestCaptures},
    {"hrl", Alias::RequestHeaderList, true, Need::RequestCaptures},
    {"hs", Alias::ResponseHeaders, true, Need::ResponseCaptures},
    {"hsl", Alias::ResponseHeaderList, true, Need::ResponseCaptures},
    {"OG", Alias::Origin, false, Need::None},
    {"pid", Alias::Pid, false, Need::None},
    {"r", Alias::Request, true, Need::RequestLine},
    {"rc", Alias::Retries, false, Need::Counts},
    {"rt", Alias::RequestCounter, false, Need::None},
    {"s", Alias::Server, false, Need::None},
    {"sc", Alias::ServerConns, false, Need::Counts},
    {"sslc", Alias::SslCipher, false, Need::None},
    {"sslv", Alias::SslVersion, false, Need::None},
    {"si", Alias::ServerIp, false, Need::None},
    {"sp", Alias::ServerPort, false, Need::None},
    {"sq", Alias::ServerQueue, false, Need::Counts},
    {"ts", Alias::Termination, false, Need::None},
    {"tsc", Alias::TerminationCookie, true, Need::None},
};

bool is_alias_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');  // "%cp_%fi": '_' is plain text
}

}  // namespace

std::span<const AliasRow> aliases() noexcept { return kAliases; }

class FormatCompiler {
 public:
  FormatCompiler(const config::Token& token, FormatUse use, CompileScope& scope)
      : token_(token), text_(token.text), scope_(scope), pieces_(std::make_shared<LogFormat::Pieces>()) {
    pieces_->dash = use == FormatUse::Log || use == FormatUse::LogData;
    pieces_->http = !pieces_->dash;
    merge_blanks_ = use != FormatUse::HttpValue && use != FormatUse::HttpBody;
  }

  std::shared_ptr<const LogFormat::Pieces> compile() {
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (c != '%') {
        if (merge_blanks_ && c == ' ') {
          blank();
        } else {
          plain_ += c;
        }
        ++pos_;
        continue;
      }
      if (pos_ + 1 >= text_.size()) return fail(pos_, "truncated line after '%'");
      if (text_[pos_ + 1] == '%') {
        plain_ += '%';
        pos_ += 2;
        continue;
      }
      if (!item()) return nullptr;
    }
    flush();
    finish();
    return pieces_;
  }

 private:
  std::shared_ptr<const LogFormat::Pieces> fail(std::size_t at, std::string message, std::string hint = {}) {
    const std::string prefix = scope_.directive.empty() ? "" : "'" + std::string(scope_.directive) + "' : ";
    scope_.diag.error(token_.place(at), prefix + message + (message.ends_with(".") ? "" : "."), std::move(hint));
    return nullptr;
  }

  std::string_view keep(std::string_view s) {
    pieces_->texts.push_back(std::make_unique<std::string>(s));
    return *pieces_->texts.back();
  }

  // Where the format is a row of fields, runs of blanks are one blank, none stands at the beginning, and a field that
  // prints nothing at all takes its blank with it.
  void blank() {
    if (!plain_.empty()) {
      if (plain_.back() != ' ') plain_ += ' ';
      return;
    }
    if (pieces_->list.empty()) return;
    const Piece& last = pieces_->list.back();
    const bool may_be_empty = last.kind == Piece::Kind::Alias &&
                              (last.alias == Alias::RequestHeaders || last.alias == Alias::RequestHeaderList ||
                               last.alias == Alias::ResponseHeaders || last.alias == Alias::ResponseHeaderList);
    if (last.kind == Piece::Kind::Blank || (last.kind == Piece::Kind::Literal && last.text.ends_with(' '))) return;
    if (!may_be_empty) {
      plain_ += ' ';
      return;
    }
    Piece p;
    p.kind = Piece::Kind::Blank;
    p.text = " ";
    pieces_->list.push_back(std::move(p));
  }

  void flush() {
    if (plain_.empty()) return;
    Piece p;
    p.text = keep(plain_);
    if (plain_.size() <= sizeof p.small_text) {
      p.small = static_cast<std::uint8_t>(plain_.size());
      plain_.copy(p.small_text, plain_.size());
    }
    pieces_->list.push_back(std::move(p));
    plain_.clear();
  }

  // "%", "(name:type)"?, "{flags}"?, then "[expression]" or an alias.
  bool item() {
    const std::size_t begin = pos_++;
    Piece piece;
    if (text_[pos_] == '(' && !item_name(piece)) return false;
    std::uint8_t flags = flags_;
    if (pos_ < text_.size() && text_[pos_] == '{' && !item_flags(flags)) return false;
    if (pos_ >= text_.size()) return fail(begin, "truncated line after '%'") != nullptr;
    if (text_[pos_] == '[') return expression(std::move(piece), flags);
    if (!is_alias_char(text_[pos_])) {
      return fail(pos_, "unexpected alias name near '" + std::string(1, text_[pos_]) + "' at position " +
                            std::to_string(pos_) + " line : '" + std::string(text_) +
                            "'. Maybe you want to write a single '%', use the syntax '%%'") != nullptr;
    }
    return alias(std::move(piece), flags);
  }

  bool item_name(Piece& piece) {
    const auto end = text_.find(')', pos_);
    if (end == std::string_view::npos) return fail(pos_, "missing ')' after the name of an item") != nullptr;
    std::string_view name = text_.substr(pos_ + 1, end - pos_ - 1);
    if (const auto colon = name.find(':'); colon != std::string_view::npos) {
      const std::string_view type = name.substr(colon + 1);
      if (type == "str") {
        piece.force = SampleType::Str;
      } else if (type == "sint") {
        piece.force = SampleType::Sint;
      } else if (type == "bool") {
        piece.force = SampleType::Bool;
      } else {
        return fail(pos_, "invalid type '" + std::string(type) + "' of an item, expected 'str', 'sint' or 'bool'") !=
               nullptr;
      }
      name = name.substr(0, colon);
    }
    piece.text = keep(name);
    pos_ = end + 1;
    return true;
  }

  bool item_flags(std::uint8_t& flags) {
    const auto end = text_.find('}', pos_);
    if (end == std::string_view::npos) return fail(pos_, "missing '}' after the flags of an item") != nullptr;
    std::string_view list = text_.substr(pos_ + 1, end - pos_ - 1);
    std::size_t at = pos_ + 1;
    while (!list.empty()) {
      const auto comma = list.find(',');
      std::string_view word = list.substr(0, comma);
      const bool off = !word.empty() && word.front() == '-';
      // Without a sign a flag does nothing: the format of "option tcplog clf" (manual 8.2.2) counts on it.
      const bool sign = off || (!word.empty() && word.front() == '+');
      if (sign) word.remove_prefix(1);
      std::uint8_t bit = 0;
      if (word == "Q") bit = Piece::kQuote;
      if (word == "X") bit = Piece::kHex;
      if (word == "E") bit = Piece::kEscape;
      if (word == "bin") bit = Piece::kBinary;
      if (word == "json") bit = Piece::kJson;
      if (word == "cbor") bit = Piece::kCbor;
      if (bit == 0) {
        scope_.diag.warning(token_.place(at), "unknown log-format flag '" + std::string(word) + "' is ignored",
                            "flags are Q, X, E, bin, json and cbor, each with '+' or '-' before it");
      }
      if (!sign) bit = 0;
      if (bit == Piece::kJson && !off) flags = static_cast<std::uint8_t>(flags & ~Piece::kCbor);
      if (bit == Piece::kCbor && !off) flags = static_cast<std::uint8_t>(flags & ~Piece::kJson);
      flags = static_cast<std::uint8_t>(off ? flags & ~bit : flags | bit);
      if (comma == std::string_view::npos) break;
      list.remove_prefix(comma + 1);
      at += comma + 1;
    }
    pos_ = end + 1;
    return true;
  }

  bool expression(Piece piece, std::uint8_t flags) {
    const std::size_t begin = pos_ + 1;
    const std::string_view rest = text_.substr(begin);
    ParsedExpression parsed = parse_expression(rest, scope_, token_, begin);
    if (parsed.program == nullptr) {
      return fail(begin + parsed.error_at,
                  "failed to parse sample expression <" + std::string(rest) + "> : " + parsed.error,
                  parsed.hint) != nullptr;
    }
    if (parsed.used >= rest.size() || rest[parsed.used] != ']') {
      return fail(begin + parsed.used, "missing ']' after '" + std::string(rest.substr(0, parsed.used)) + "'") !=
             nullptr;
    }
    const Program& program = *parsed.program;
    if (scope_.places != 0 && (program.places & scope_.places) == 0) {
      return fail(begin, "sample fetch <" + program.text + "> may not be reliably used here because it needs '" +
                             missing_thing(program.places) + "' which is not available here") != nullptr;
    }
    flush();
    piece.kind = Piece::Kind::Expression;
    piece.flags = flags;
    pieces_->needs |= program.needs;
    piece.program = std::move(parsed.program);
    pos_ = begin + parsed.used + 1;
    pieces_->list.push_back(std::move(piece));
    return true;
  }

  bool alias(Piece piece, std::uint8_t flags) {
    const std::size_t begin = pos_;
    while (pos_ < text_.size() && is_alias_char(text_[pos_])) ++pos_;
    const std::string_view name = text_.substr(begin, pos_ - begin);
    if (name == "o") {
      flags_ = flags;
      global_ = flags & (Piece::kJson | Piece::kCbor | Piece::kBinary);
      return true;
    }
    const AliasRow* row = nullptr;
    for (const AliasRow& r : kAliases) {
      if (r.name == name) row = &r;
    }
    if (row == nullptr) {
      config::Suggestion near(name);
      for (const AliasRow& r : kAliases) near.offer(r.name);
      return fail(begin, "no such format alias '" + std::string(name) +
                             "'. If you wanted to emit the '%' character verbatim, you need to use '%%'") != nullptr;
    }
    if (row->http_only && !scope_.http) {
      return fail(begin, "format alias '" + std::string(name) + "' is reserved for HTTP mode") != nullptr;
    }
    flush();
    piece.kind = Piece::Kind::Alias;
    piece.alias = row->alias;
    piece.flags = flags;
    apply_need(row->need, pieces_->needs);
    if (row->alias == Alias::RequestCookie || row->alias == Alias::ResponseCookie) pieces_->needs.cookies = true;
    pieces_->list.push_back(std::move(piece));
    return true;
  }

  void finish() {
    pieces_->global = global_;
    if ((global_ & (Piece::kJson | Piece::kCbor)) != 0) return;
    bool literal = true;
    for (const Piece& p : pieces_->list) literal &= p.kind == Piece::Kind::Literal;
    if (!literal) return;
    for (const Piece& p : pieces_->list) pieces_->literal += p.text;
    pieces_->is_literal = true;
  }

  const config::Token& token_;
  std::string_view text_;

  CompileScope& scope_;
  std::shared_ptr<LogFormat::Pieces> pieces_;
  std::string plain_;
  std::size_t pos_ = 0;
  std::uint8_t flags_ = 0;  // set by %o for what follows
  std::uint8_t global_ = 0;
  bool merge_blanks_ = false;
};

LogFormat::LogFormat() noexcept = default;
LogFormat::LogFormat(LogFormat&&) noexcept = default;
LogFormat& LogFormat::operator=(LogFormat&&) noexcept = default;
LogFormat::LogFormat(const LogFormat&) noexcept = default;
LogFormat& LogFormat::operator=(const LogFormat&) noexcept = default;
LogFormat::~LogFormat() = default;

LogFormat LogFormat::compile(const config::Token& token, FormatUse use, CompileScope& scope) {
  LogFormat f;
  f.pieces_ = FormatCompiler(token, use, scope).compile();
  return f;
}

LogFormat LogFormat::compile(std::string_view text, config::Location at, FormatUse use, CompileScope& scope) {
  return compile(config::Token{text, at, false}, use, scope);
}

const std::string* LogFormat::literal() const noexcept { return pieces_->is_literal ? &pieces_->literal : nullptr; }
const Needs& LogFormat::needs() const noexcept { return pieces_->needs; }

}  // namespace sluice::policy
