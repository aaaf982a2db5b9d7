// `show errors`: the last malformed request and response of each proxy, as captured.
#include <cstdio>
#include <ctime>

#include "ops/cli_builtin.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

// "[22/Nov/2026:13:56:39.632]"
void append_date(std::string& out, base::WallTime when) {
  const auto ms = std::chrono::duration_cast<base::Millis>(when.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm tm{};
  ::localtime_r(&seconds, &tm);
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof(text), "[%02d/%s/%04d:%02d:%02d:%02d.%03d]", tm.tm_mday, kMonths[tm.tm_mon % 12],
                tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, static_cast<int>(ms % 1000));
  out += text;
}

void append_byte(std::string& out, unsigned char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
    case 27:
      out += "\\e";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c < 0x7f) {
    out += static_cast<char>(c);
    return;
  }
  char text[8];
  std::snprintf(text, sizeof(text), "\\x%02X", c);
  out += text;
}

// Lines end where those of the message do; longer ones go on behind a '+'.
void append_dump(std::string& out, std::string_view bytes) {
  constexpr std::size_t kWidth = 64;
  std::size_t i = 0;
  bool fresh = true;
  while (i < bytes.size()) {
    char head[32];
    std::snprintf(head, sizeof(head), "  %05zu%c ", i, fresh ? ' ' : '+');
    out += head;
    const std::size_t start = out.size();
    fresh = false;
    while (i < bytes.size() && out.size() - start < kWidth) {
      append_byte(out, static_cast<unsigned char>(bytes[i]));
      if (bytes[i++] == '\n') {
        fresh = true;
        break;
      }
    }
    out += '\n';
  }
}

void append_place(std::string& out, const char* what, const std::string& name, std::int64_t id) {
  out += what;
  out += ' ';
  out += name.empty() ? "<NONE>" : name;
  out += " (#" + std::to_string(id) + ")";
}

void append_capture(std::string& out, const CapturedError& e) {
  char text[256];
  out += " \n";
  append_date(out, e.when);
  if (e.request) {
    out += " frontend " + e.proxy + " (#" + std::to_string(e.proxy_id) + "): invalid request\n";
    append_place(out, "  backend", e.backend, e.backend_id);
  } else {
    out += " backend " + e.proxy + " (#" + std::to_string(e.proxy_id) + "): invalid response\n";
    append_place(out, "  frontend", e.frontend, e.frontend_id);
  }
  append_place(out, ", server", e.server, e.server_id);
  out += ", event #" + std::to_string(e.event) + ", src " + e.source + "\n";
  std::snprintf(text, sizeof(text),
                "  buffer starts at %llu (including %u out), %u free,\n  len %zu, wraps at %u, error at position %u\n",
                static_cast<unsigned long long>(e.buffer_start), e.out_bytes, e.free_bytes, e.bytes.size(),
                e.wrap_bytes, e.error_at);
  out += text;
  std::snprintf(text, sizeof(text), "  H1 connection flags 0x%08x, H1 stream flags 0x%08x\n", e.connection_flags,
                e.stream_flags);
  out += text;
  std::snprintf(text, sizeof(text), "  H1 msg state %s(%u), H1 msg flags 0x%08x\n", e.state_name.c_str(), e.state,
                e.message_flags);
  out += text;
  std::snprintf(text, sizeof(text), "  H1 chunk len %llu bytes, H1 body len %llu bytes :\n  \n",
                static_cast<unsigned long long>(e.chunk_bytes), static_cast<unsigned long long>(e.body_bytes));
  out += text;
  append_dump(out, e.bytes);
}

class ErrorsAnswer final : public CliAnswer {
 public:
  ErrorsAnswer(const CaptureSource& source, std::int64_t proxy, std::string name, bool requests, bool responses)
      : source_(source), proxy_(proxy), name_(std::move(name)), requests_(requests), responses_(responses) {}

  Progress produce(std::string& out) noexcept override {
    if (next_ >= source_.slots()) return Progress::Done;
    CapturedError e;
    if (!source_.capture(next_++, e)) return Progress::More;
    if (!(e.request ? requests_ : responses_)) return Progress::More;
    if (proxy_ >= 0 && e.proxy_id != proxy_ && e.frontend_id != proxy_ && e.backend_id != proxy_) return Progress::More;
    if (!name_.empty() && e.proxy != name_ && e.frontend != name_ && e.backend != name_) return Progress::More;
    append_capture(out, e);
    return Progress::More;
  }

 private:
  const CaptureSource& source_;
  const std::int64_t proxy_;  // -1: any
  const std::string name_;    // "": any
  const bool requests_;
  const bool responses_;
  std::size_t next_ = 0;
};

bool proxy_known(const CliContext& context, std::string_view name) {
  for (std::size_t i = 0; context.stats != nullptr && i < context.stats->proxies(); ++i) {
    ProxyIdentity p;
    if (context.stats->proxy(i, p) && p.name == name) return true;
  }
  return false;
}

// "show errors [<iid>|<proxy>] [request|response]"
Answer show_errors(CliCall& c) {
  const CliContext& context = context_of(c);
  std::int64_t proxy = -1;
  std::string name;
  bool requests = true;
  bool responses = true;
  for (const std::string_view word : c.words.subspan(2)) {
    if (word == "request") {
      responses = false;
    } else if (word == "response") {
      requests = false;
    } else if (const auto number = base::parse_int<std::int64_t>(word)) {
      proxy = *number;
    } else if (name.empty()) {
      name = std::string(word);
    }
  }
  if (!name.empty() && !proxy_known(context, name)) {
    c.say("No such proxy.", CliSeverity::Err);
    return nullptr;
  }
  c.out += "Total events captured on ";
  append_date(c.out, base::WallClock::now());
  c.out += " : " + std::to_string(context.captures == nullptr ? 0 : context.captures->events()) + "\n";
  if (context.captures == nullptr) return nullptr;
  return std::make_unique<ErrorsAnswer>(*context.captures, proxy, std::move(name), requests, responses);
}

constexpr CliCommand kCommands[] = {
    {"show errors", CliLevel::Operator, "show errors [<px>] [request|response]",
     "report last request and/or response errors for each proxy", show_errors},
};

}  // namespace

void add_error_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
