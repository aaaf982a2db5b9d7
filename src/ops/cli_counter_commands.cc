// `clear counters` (management manual 9.3). Totals are blocks that belong to threads: each thread clears its own.
#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "ops/thread_walk.h"
#include "sluice/ops/stats_file.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

constexpr std::size_t kProxiesPerVisit = 16;

// The highest values seen so far.
void clear_maxima(proxy::Global& global) noexcept {
  global.connection_rate.clear_max();
  global.session_rate.clear_max();
  for (const auto& p : global.proxies) {
    p->connections_max.store(0, std::memory_order_relaxed);
    p->connection_rate.clear_max();
    p->session_rate.clear_max();
    p->request_rate.clear_max();
    for (const auto& l : p->listeners) l->current_max.store(0, std::memory_order_relaxed);
    if (p->servers != nullptr) p->servers->clear_maxima();
  }
}

class ClearAll final : public ThreadVisitor {
 public:
  explicit ClearAll(proxy::Global& global) : global_(global) {}

  bool visit(runtime::Loop& loop, std::string&) noexcept override {
    const unsigned thread = loop.index();
    const std::size_t end = std::min(next_ + kProxiesPerVisit, global_.proxies.size());
    for (; next_ < end; ++next_) {
      proxy::Proxy& p = *global_.proxies[next_];
      base::clear(p.counters, thread);
      for (const auto& l : p.listeners) base::clear(l->counters, thread);
      if (p.servers != nullptr) p.servers->clear_counters(thread);
    }
    if (next_ < global_.proxies.size()) return true;
    next_ = 0;
    return false;
  }

 private:
  proxy::Global& global_;
  std::size_t next_ = 0;
};

class ClearServer final : public ThreadVisitor {
 public:
  explicit ClearServer(backend::Server& server) : server_(server) {}
  bool visit(runtime::Loop& loop, std::string&) noexcept override {
    server_.clear_counters(loop.index());
    return false;
  }

 private:
  backend::Server& server_;
};

Answer clear_counters(CliCall& c) {
  const CliContext& context = context_of(c);
  const std::string_view what = c.word(2);
  if (what.empty()) {
    if (context.global != nullptr) clear_maxima(*context.global);
    clear_activity(context_of(c));
    return nullptr;
  }
  if (what != "all" && what != "server") {
    c.say("'clear counters' only supports 'all' and 'server <backend>/<server>'.", CliSeverity::Err);
    return nullptr;
  }
  if (c.session.level() < CliLevel::Admin) {
    c.say("Permission denied", CliSeverity::Err);
    return nullptr;
  }
  if (what == "server") {
    const FoundServer s = find_server(c, context.global, c.word(3));
    if (!s || context.threads == nullptr) return nullptr;
    s.backend->clear_server(*s.server);
    return std::make_unique<ThreadWalk>(*context.threads, c.session, std::make_unique<ClearServer>(*s.server));
  }
  if (context.global == nullptr || context.threads == nullptr) return nullptr;
  clear_maxima(*context.global);
  clear_activity(context_of(c));
  for (const auto& p : context.global->proxies) {
    if (p->servers != nullptr) p->servers->clear_totals();
  }
  return std::make_unique<ThreadWalk>(*context.threads, c.session, std::make_unique<ClearAll>(*context.global));
}

// Block by block, one proxy per piece.
class StatsFileAnswer final : public CliAnswer {
 public:
  explicit StatsFileAnswer(const proxy::Global& global) : global_(global) {}
  Progress produce(std::string& out) noexcept override {
    if (proxy_ < global_.proxies.size()) {
      if (proxy_ == 0) append_stats_head(out, block_);
      append_stats(out, block_, *global_.proxies[proxy_++]);
      return Progress::More;
    }
    proxy_ = 0;
    return ++block_ < kStatsFileBlocks ? Progress::More : Progress::Done;
  }

 private:
  const proxy::Global& global_;
  unsigned block_ = 0;
  std::size_t proxy_ = 0;
};

Answer dump_stats(CliCall& c) {
  const proxy::Global* g = context_of(c).global;
  if (g == nullptr || g->proxies.empty()) return nullptr;
  return std::make_unique<StatsFileAnswer>(*g);
}

constexpr CliCommand kCommands[] = {
    {"dump stats-file", CliLevel::User, "dump stats-file", "dump stats for restore", dump_stats},
    {"clear counters", CliLevel::Operator, "clear counters [all|server <bk>/<srv> [force]]",
     "clear max statistics counters (or all, or one server's)", clear_counters},
};

}  // namespace

void add_counter_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
