// `show info`, `show stat`, `show schema json`.
#include "ops/cli_builtin.h"
#include "ops/stat_row.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
enum class Layout : std::uint8_t { Csv, Typed, Json };

Answer show_info(CliCall& c) {
  Layout layout = Layout::Csv;
  bool descriptions = false;
  bool fractions = false;
  for (const std::string_view word : c.words.subspan(2)) {
    if (word == "typed") layout = Layout::Typed;
    if (word == "json") layout = Layout::Json;
    if (word == "desc") descriptions = true;
    if (word == "float") fractions = true;
  }
  ProcessInfo info;
  if (const StatsSource* source = context_of(c).stats) source->process(info);
  InfoRow row;
  fill(row, info, fractions);
  switch (layout) {
    case Layout::Csv:
      append_plain(c.out, row, descriptions);
      break;
    case Layout::Typed:
      append_typed(c.out, row, descriptions);
      break;
    case Layout::Json:
      append_json(c.out, row);
      c.out += '\n';
      break;
  }
  return nullptr;
}

// What of `show stat [<iid>|<proxy> <type> <sid>] [typed|json] [desc] [up] [no-maint]` is wanted.
struct StatRequest {
  Layout layout = Layout::Csv;
  bool descriptions = false;
  bool only_up = false;
  bool hide_maint = false;
  std::int64_t iid = -1;      // -1: all
  std::uint32_t types = ~0U;  // bits: 1 frontends, 2 backends, 4 servers, 8 listeners
  std::int64_t sid = -1;      // -1: all
};

class StatAnswer final : public CliAnswer {
 public:
  StatAnswer(const StatsSource& source, const StatRequest& request) : source_(source), request_(request) {}

  // One proxy head or one row per call: about a kilobyte as CSV, some twenty in the other layouts.
  Progress produce(std::string& out) noexcept override {
    switch (part_) {
      case Part::Header:
        if (request_.layout == Layout::Csv) append_csv_header(out);
        if (request_.layout == Layout::Json) out += '[';
        part_ = Part::Proxy;
        return Progress::More;
      case Part::Proxy:
        next_proxy();
        return Progress::More;
      case Part::Frontend:
        frontend(out);
        return Progress::More;
      case Part::Listeners:
        if (index_ < proxy_.listeners && wants(8)) {
          listener(out);
        } else {
          part_ = Part::Servers;
          index_ = 0;
        }
        return Progress::More;
      case Part::Servers:
        if (index_ < proxy_.servers && wants(4))
          server(out);
        else
          part_ = Part::Backend;
        return Progress::More;
      case Part::Backend:
        backend(out);
        return Progress::More;
      case Part::End:
        if (request_.layout == Layout::Json) out += "]\n";
        return Progress::Done;
    }
    return Progress::Done;
  }

 private:
  enum class Part : std::uint8_t { Header, Proxy, Frontend, Listeners, Servers, Backend, End };

  [[nodiscard]] bool wants(std::uint32_t type) const noexcept { return (request_.types & type) != 0; }

  void next_proxy() noexcept {
    if (next_ >= source_.proxies()) {
      part_ = Part::End;
      return;
    }
    at_ = next_++;
    proxy_ = ProxyIdentity{};
    if (!source_.proxy(at_, proxy_) || proxy_.disabled) return;
    if (request_.iid >= 0 && proxy_.id != request_.iid) return;
    part_ = Part::Frontend;
    index_ = 0;
  }

  void frontend(std::string& out) noexcept {
    part_ = Part::Listeners;
    FrontendStats s;
    if (!proxy_.frontend || !wants(1) || request_.sid > 0 || !source_.frontend(at_, s)) return;
    fill(row_, proxy_, s);
    print(out);
  }
  void listener(std::string& out) noexcept {
    ListenerStats s;
    if (!source_.listener(at_, index_++, s) || (request_.sid >= 0 && s.sid != request_.sid)) return;
    fill(row_, proxy_, s);
    print(out);
  }
  void server(std::string& out) noexcept {
    ServerStats s;
    if (!source_.server(at_, index_++, s) || (request_.sid >= 0 && s.sid != request_.sid)) return;
    if (request_.hide_maint && s.status.starts_with("MAINT")) return;
    if (request_.only_up && (s.status.starts_with("DOWN") || s.status.starts_with("MAINT"))) return;
    fill(row_, proxy_, s);
    print(out);
  }
  void backend(std::string& out) noexcept {
    part_ = Part::Proxy;
    BackendStats s;
    if (!proxy_.backend || !wants(2) || request_.sid > 0 || !source_.backend(at_, s)) return;
    if (request_.only_up && s.status == "DOWN") return;
    fill(row_, proxy_, s);
    print(out);
  }

  void print(std::string& out) noexcept {
    switch (request_.layout) {
      case Layout::Csv:
        append_csv(out, row_);
        break;
      case Layout::Typed:
        append_typed(out, row_, request_.descriptions);
        break;
      case Layout::Json:
        if (printed_) out += ',';
        append_json(out, row_);
        break;
    }
    printed_ = true;
  }

  const StatsSource& source_;
  const StatRequest request_;
  Part part_ = Part::Header;
  std::size_t next_ = 0;
  std::size_t at_ = 0;
  std::size_t index_ = 0;
  bool printed_ = false;
  ProxyIdentity proxy_;
  StatRow row_;
};

// A source without proxies.
class NoStats final : public StatsSource {
 public:
  void process(ProcessInfo&) const override {}
  [[nodiscard]] std::size_t proxies() const override { return 0; }
  bool proxy(std::size_t, ProxyIdentity&) const override { return false; }
  bool frontend(std::size_t, FrontendStats&) const override { return false; }
  bool listener(std::size_t, std::size_t, ListenerStats&) const override { return false; }
  bool server(std::size_t, std::size_t, ServerStats&) const override { return false; }
  bool backend(std::size_t, BackendStats&) const override { return false; }
};
const NoStats kNoStats;

bool is_option(std::string_view word) noexcept {
  return word == "typed" || word == "json" || word == "desc" || word == "up" || word == "no-maint";
}

// The proxy's number; empty when there is none of that name. Any number is taken as it is.
std::optional<std::int64_t> find_proxy(const StatsSource& source, std::string_view word) {
  if (const auto number = base::parse_int<std::int64_t>(word)) return *number;
  for (std::size_t i = 0; i < source.proxies(); ++i) {
    ProxyIdentity p;
    if (source.proxy(i, p) && p.name == word) return p.id;
  }
  return std::nullopt;
}

Answer show_stat(CliCall& c) {
  const StatsSource* given = context_of(c).stats;
  const StatsSource& source = given != nullptr ? *given : static_cast<const StatsSource&>(kNoStats);
  StatRequest r;
  std::size_t i = 2;
  if (c.word(i) == "domain") {
    if (c.word(i + 1) != "proxy") {
      c.say("Invalid statistics domain.", CliSeverity::Err);
      return nullptr;
    }
    i += 2;
  }
  if (c.words.size() >= i + 3 && !is_option(c.word(i)) && !is_option(c.word(i + 1)) && !is_option(c.word(i + 2))) {
    const auto iid = find_proxy(source, c.word(i));
    if (!iid) {
      c.say("No such proxy.", CliSeverity::Err);
      return nullptr;
    }
    r.iid = *iid;
    r.types = static_cast<std::uint32_t>(base::parse_int<std::int64_t>(c.word(i + 1)).value_or(0));
    r.sid = base::parse_int<std::int64_t>(c.word(i + 2)).value_or(0);
    i += 3;
  }
  for (const std::string_view word : c.words.subspan(std::min(i, c.words.size()))) {
    if (word == "typed") r.layout = Layout::Typed;
    if (word == "json") r.layout = Layout::Json;
    if (word == "desc") r.descriptions = true;
    if (word == "up") r.only_up = true;
    if (word == "no-maint") r.hide_maint = true;
  }
  return std::make_unique<StatAnswer>(source, r);
}

constexpr std::string_view kSchema =
#include "ops/schema_json.inc"
    ;

Answer show_schema(CliCall& c) {
  c.out += kSchema;
  c.out += '\n';
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"show info", CliLevel::User, "show info [desc|json|typed|float]*", "report information about the running process",
     show_info},
    {"show schema json", CliLevel::User, "show schema json", "report schema used for stats", show_schema},
    {"show stat", CliLevel::User, "show stat [desc|json|no-maint|typed|up]*",
     "report counters for each proxy and server", show_stat},
};

}  // namespace

void add_stat_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
