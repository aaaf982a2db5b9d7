// `show sess`, `shutdown session`, `shutdown sessions server` (management manual 9.3). Streams belong to their threads:
// each thread looks at its own.
#include <algorithm>

#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "ops/stream_text.h"
#include "ops/thread_walk.h"
#include "sluice/base/strings.h"
#include "sluice/config/values.h"
#include "sluice/proxy/worker.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

constexpr std::size_t kPieceBytes = 8192;
constexpr unsigned kSessionsPerVisit = 2000;
constexpr unsigned kKillsPerVisit = 200;

// Which streams.
struct StreamFilter {
  std::uintptr_t id = 0;  // 0 = any
  const proxy::CompiledProxy* frontend = nullptr;
  const proxy::CompiledProxy* backend = nullptr;
  const backend::Server* server = nullptr;
  base::Millis older{0};
  bool suspicious = false;
  base::TimePoint asked;  // those that came later are not looked at

  [[nodiscard]] bool matches(const proxy::StreamView& v) const noexcept {
    if (id != 0 && reinterpret_cast<std::uintptr_t>(v.id) != id) return false;
    if (frontend != nullptr && v.frontend != frontend) return false;
    if (backend != nullptr && v.backend != backend) return false;
    if (server != nullptr && v.server != server) return false;
    if (older.count() != 0 && asked - v.began < older) return false;
    return !suspicious || is_suspicious(v);
  }

 private:
  // Something nobody waits for any more: no deadline at all, or one that passed a while ago; a client that is gone.
  [[nodiscard]] bool is_suspicious(const proxy::StreamView& v) const noexcept {
    const base::TimePoint next = std::min({v.client_deadline, v.server_deadline, v.phase_deadline});
    return v.ended || v.front_fd < 0 || next == base::kNever || next + std::chrono::seconds(2) < asked;
  }
};

// Walks over the streams of each thread that the filter lets through.
class StreamVisitor : public ThreadVisitor {
 public:
  StreamVisitor(proxy::Global& global, const StreamFilter& filter, unsigned most_per_visit)
      : filter_(filter), global_(global), most_(most_per_visit) {}

  bool visit(runtime::Loop& loop, std::string& out) noexcept override {
    proxy::Worker* worker = worker_of(loop);
    if (worker == nullptr) return false;
    if (!walking_) worker->start(cursor_);
    walking_ = true;
    unsigned budget = kSessionsPerVisit;
    unsigned taken = 0;
    proxy::StreamView v;
    while (worker->next(cursor_, v, budget)) {
      if (v.accepted > filter_.asked) break;  // in the order of arrival: all that follow are younger
      if (filter_.matches(v)) {
        if (!take(*worker, v, loop.now(), out)) break;
        if (out.size() >= kPieceBytes || ++taken >= most_) return true;
      }
    }
    if (budget == 0 && v.accepted <= filter_.asked) return true;
    leave(loop);
    return false;
  }
  void leave(runtime::Loop& loop) noexcept override {
    if (proxy::Worker* worker = worker_of(loop)) worker->drop(cursor_);
    walking_ = false;
  }

 protected:
  // False: that was all of this thread.
  virtual bool take(proxy::Worker& worker, const proxy::StreamView& v, base::TimePoint now,
                    std::string& out) noexcept = 0;
  const StreamFilter filter_;

 private:
  [[nodiscard]] proxy::Worker* worker_of(const runtime::Loop& loop) const noexcept {
    return loop.index() < global_.workers.size() ? global_.workers[loop.index()] : nullptr;
  }
  proxy::Global& global_;
  const unsigned most_;
  proxy::StreamCursor cursor_;
  bool walking_ = false;
};

class ShowVisitor final : public StreamVisitor {
 public:
  ShowVisitor(proxy::Global& global, const StreamFilter& filter, bool full, bool uri, std::string not_found)
      : StreamVisitor(global, filter, ~0U), full_(full), uri_(uri), not_found_(std::move(not_found)) {}

  void finish(std::string& out) noexcept override {
    if (filter_.id != 0 && !found_) out += not_found_;
  }

 private:
  bool take(proxy::Worker&, const proxy::StreamView& v, base::TimePoint now, std::string& out) noexcept override {
    found_ = true;
    if (full_)
      append_stream_block(out, v, now, uri_);
    else
      append_stream_line(out, v, now, uri_);
    return filter_.id == 0;
  }
  const bool full_, uri_;
  bool found_ = false;
  const std::string not_found_;
};

class KillVisitor final : public StreamVisitor {
 public:
  KillVisitor(proxy::Global& global, const StreamFilter& filter, std::string not_found)
      : StreamVisitor(global, filter, kKillsPerVisit), not_found_(std::move(not_found)) {}

  void finish(std::string& out) noexcept override {
    if (filter_.id != 0 && !found_) out += not_found_;
  }

 private:
  bool take(proxy::Worker& worker, const proxy::StreamView& v, base::TimePoint, std::string&) noexcept override {
    found_ = true;
    worker.kill(v);
    return filter_.id == 0;
  }
  bool found_ = false;
  const std::string not_found_;
};

// "0x55d0c8a1f2c0"; 0: it is not one.
std::uintptr_t parse_id(std::string_view word) noexcept {
  if (!word.starts_with("0x") || word.size() > 18) return 0;
  std::uintptr_t id = 0;
  for (const char c : word.substr(2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return 0;
    id = id << 4U | static_cast<unsigned>(digit);
  }
  return id;
}

constexpr std::string_view kUsage =
    "Usage: show sess [<id> | all | help] [<options>*]\n"
    "Lists streams: one line each, or all that is known of <id> or of all.\n"
    "Options:\n"
    "   - backend <b>   only those of this backend\n"
    "   - frontend <f>  only those of this frontend\n"
    "   - older <age>   only those older than <age> seconds\n"
    "   - server <b/s>  only those on this server\n"
    "   - show-uri      with the URI of the request\n"
    "   - susp          only suspicious ones: without a deadline or late, or half gone\n";

// False: the client has been told what is wrong.
bool parse_options(CliCall& c, proxy::Global& global, std::size_t from, StreamFilter& filter, bool& uri) {
  const auto refuse = [&c](std::string_view why) {
    c.say(why, CliSeverity::Err);
    return false;
  };
  for (std::size_t i = from; i < c.words.size(); ++i) {
    const std::string_view word = c.word(i);
    if (word == "show-uri") {
      uri = true;
    } else if (word == "susp") {
      filter.suspicious = true;
    } else if (word == "older") {
      const auto age = config::parse_time(c.word(++i), config::TimeUnit::S);
      if (!age) return refuse("Invalid delay: expects a number of seconds behind 'older'.");
      filter.older = *age;
    } else if (word == "frontend") {
      const proxy::Proxy* p = find_frontend(&global, c.word(++i));
      if (p == nullptr) return refuse("No such frontend.");
      filter.frontend = p->rules.get();
    } else if (word == "backend") {
      const proxy::Proxy* p = find_backend(&global, c.word(++i));
      if (p == nullptr) return refuse("No such backend.");
      filter.backend = p->rules.get();
    } else if (word == "server") {
      const FoundServer s = find_server(c, &global, c.word(++i));
      if (!s) return false;
      filter.server = s.server;
    } else {
      return refuse("Unsupported option '" + std::string(word) + "', see 'show sess help'.");
    }
  }
  return true;
}

Answer show_sess(CliCall& c) {
  const CliContext& context = context_of(c);
  std::string_view first = c.word(2);
  if (first == "help") {
    c.say(kUsage);
    return nullptr;
  }
  StreamFilter filter;
  bool full = false;
  bool uri = false;
  std::size_t options = 2;
  if (first == "all" || first.starts_with("0x")) {
    full = true;
    filter.id = parse_id(first);
    options = 3;
    if (first != "all" && filter.id == 0) {
      c.say("Session not found.", CliSeverity::Err);
      return nullptr;
    }
  }
  if (context.global == nullptr || context.threads == nullptr) return nullptr;
  if (!parse_options(c, *context.global, options, filter, uri)) return nullptr;
  filter.asked = runtime::Loop::current()->now();
  return std::make_unique<ThreadWalk>(
      *context.threads, c.session,
      std::make_unique<ShowVisitor>(*context.global, filter, full, uri,
                                    c.message_text("Session not found.", CliSeverity::Err)));
}

Answer shutdown_session(CliCall& c) {
  const CliContext& context = context_of(c);
  StreamFilter filter;
  filter.id = parse_id(c.word(2));
  if (filter.id == 0) {
    c.say("Session pointer expected (use 'show sess').", CliSeverity::Err);
    return nullptr;
  }
  if (context.global == nullptr || context.threads == nullptr) return nullptr;
  filter.asked = runtime::Loop::current()->now();
  return std::make_unique<ThreadWalk>(
      *context.threads, c.session,
      std::make_unique<KillVisitor>(*context.global, filter,
                                    c.message_text("No such session (use 'show sess').", CliSeverity::Err)));
}

Answer shutdown_sessions(CliCall& c) {
  const CliContext& context = context_of(c);
  const FoundServer s = find_server(c, context.global, c.word(3));
  if (!s || context.threads == nullptr) return nullptr;
  StreamFilter filter;
  filter.server = s.server;
  filter.asked = runtime::Loop::current()->now();
  return std::make_unique<ThreadWalk>(*context.threads, c.session,
                                      std::make_unique<KillVisitor>(*context.global, filter, std::string()));
}

constexpr CliCommand kCommands[] = {
    {"show sess", CliLevel::Operator, "show sess [help|<id>|all] [opts...]",
     "report the list of current streams or dump this exact stream", show_sess},
    {"shutdown session", CliLevel::Admin, "shutdown session [id]", "kill a specific session", shutdown_session},
    {"shutdown sessions server", CliLevel::Admin, "shutdown sessions server <bk>/<srv>", "kill sessions on a server",
     shutdown_sessions},
};

}  // namespace

void add_stream_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
