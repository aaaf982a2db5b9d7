// `show activity`, `show threads`, `show tasks` (management manual 9.3): what the threads are doing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

#include "ops/cli_builtin.h"
#include "ops/thread_walk.h"
#include "sluice/base/strings.h"
#include "sluice/proxy/global.h"
#include "sluice/runtime/stall_detector.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

// --- show activity

struct Activity {
  std::uint64_t values[16] = {};
};
enum ActivityField : std::size_t {
  kSwitches,
  kTasks,
  kLoops,
  kTimers,
  kMessages,
  kPollEvents,
  kPollChanges,
  kPollStale,
  kStreams,
  kRequests,
  kAccepted,
  kActivityFields,
  kNotHere = kActivityFields,  // there is no such thing here, or nobody counts it: 0
  kBusyPercent,                // computed
};
struct ActivityLine {
  const char* name;
  ActivityField field;
};
// The reference's lines in its order, then those of our own.
constexpr ActivityLine kActivity[] = {
    {"ctxsw", kSwitches},         {"tasksw", kTasks},
    {"empty_rq", kNotHere},       {"long_rq", kNotHere},
    {"curr_rq", kNotHere},        {"loops", kLoops},
    {"wake_tasks", kNotHere},     {"wake_signal", kNotHere},
    {"poll_io", kPollEvents},     {"poll_exp", kNotHere},
    {"poll_drop_fd", kPollStale}, {"poll_skip_fd", kNotHere},
    {"conn_dead", kNotHere},      {"stream_calls", kNotHere},
    {"pool_fail", kNotHere},      {"buf_wait", kNotHere},
    {"cpust_ms_tot", kNotHere},   {"cpust_ms_1s", kNotHere},
    {"cpust_ms_15s", kNotHere},   {"avg_cpu_pct", kBusyPercent},
    {"avg_loop_us", kNotHere},    {"accepted", kAccepted},
    {"accq_pushed", kNotHere},    {"accq_full", kNotHere},
    {"accq_ring", kNotHere},      {"fd_takeover", kNotHere},
    {"check_adopted", kNotHere},  {"check_started", kNotHere},
    {"check_active", kNotHere},   {"check_running", kNotHere},
    {"wake_timers", kTimers},     {"wake_msgs", kMessages},
    {"poll_upd", kPollChanges},   {"streams", kStreams},
    {"requests", kRequests},
};

Activity activity_of(const CliContext& context, std::size_t thread) {
  Activity a;
  const runtime::LoopStats s = context.threads->loop(thread).stats();
  a.values[kSwitches] = s.io_events + s.timers_fired + s.tasks_run + s.messages;
  a.values[kTasks] = s.tasks_run;
  a.values[kLoops] = s.turns;
  a.values[kTimers] = s.timers_fired;
  a.values[kMessages] = s.messages;
  a.values[kPollEvents] = s.io_events;
  a.values[kPollChanges] = s.poll_changes;
  a.values[kPollStale] = s.stale_events;
  if (context.global == nullptr) return a;
  if (const proxy::ThreadCounters* c = context.global->counters.peek(static_cast<unsigned>(thread))) {
    a.values[kStreams] = c->streams.get();
    a.values[kRequests] = c->requests.get();
    a.values[kAccepted] = c->connections.get();
  }
  return a;
}

// 0 = only the sum, n = only thread n, -1 = all.
void append_columns(std::string& out, const char* name, const std::vector<std::uint64_t>& values, std::uint64_t total,
                    std::int64_t wanted) {
  out += name;
  if (wanted > 0) {
    fmt::format_to(std::back_inserter(out), ": {}\n", values[static_cast<std::size_t>(wanted) - 1]);
    return;
  }
  fmt::format_to(std::back_inserter(out), ": {}", total);
  if (wanted < 0 && values.size() > 1) {
    out += " [";
    for (const std::uint64_t v : values) fmt::format_to(std::back_inserter(out), " {}", v);
    out += " ]";
  }
  out += '\n';
}

Answer show_activity(CliCall& c) {
  const CliContext& context = context_of(c);
  if (context.threads == nullptr) return nullptr;
  const std::size_t threads = context.threads->size();
  std::int64_t wanted = -1;
  if (!c.word(2).empty()) {
    const auto number = base::parse_int<std::int64_t>(c.word(2));
    if (!number || *number < -1 || *number > static_cast<std::int64_t>(threads)) {
      c.say("Thread number out of range: expects -1, 0 or 1 to " + std::to_string(threads) + ".", CliSeverity::Err);
      return nullptr;
    }
    wanted = *number;
  }
  std::vector<Activity> all;
  for (std::size_t t = 0; t < threads; ++t) {
    all.push_back(activity_of(context, t));
    for (std::size_t f = 0; f < kActivityFields; ++f) {
      const std::size_t at = t * kActivityFields + f;
      if (at < context.activity_base.size()) all[t].values[f] -= std::min(all[t].values[f], context.activity_base[at]);
    }
  }
  const auto now_us = std::chrono::duration_cast<base::Micros>(base::WallClock::now().time_since_epoch()).count();
  const auto up_us =
      std::chrono::duration_cast<base::Micros>(runtime::Loop::current()->now() - context.started).count();
  const std::size_t here = runtime::Loop::current()->index() + 1;
  fmt::format_to(std::back_inserter(c.out), "thread_id: {} ({}..{})\ndate_now: {}.{:06}\nuptime_now: {}.{:06}\n", here,
                 here, threads, now_us / 1000000, now_us % 1000000, up_us / 1000000, up_us % 1000000);
  for (const ActivityLine& line : kActivity) {
    std::vector<std::uint64_t> values;
    std::uint64_t total = 0;
    for (std::size_t t = 0; t < threads; ++t) {
      std::uint64_t value = 0;
      if (line.field == kBusyPercent)
        value = 100U - std::min(100U, context.threads->loop(t).stats().idle_percent);
      else if (line.field != kNotHere)
        value = all[t].values[line.field];
      values.push_back(value);
      total += value;
    }
    if (line.field == kBusyPercent) total /= std::max<std::size_t>(1, threads);
    append_columns(c.out, line.name, values, total, wanted);
  }
  return nullptr;
}

// --- show threads

Answer show_threads(CliCall& c) {
  CliContext& context = context_of(c);
  if (context.threads == nullptr) return nullptr;
  const std::size_t threads = context.threads->size();
  context.turns_last_seen.resize(threads, 0);
  for (std::size_t t = 0; t < threads; ++t) {
    const runtime::Loop& loop = context.threads->loop(t);
    const runtime::LoopStats s = loop.stats();
    const runtime::RunningMark& mark = loop.running();
    const runtime::Doing doing = mark.doing();
    const bool here = &loop == runtime::Loop::current();
    const bool active = doing != runtime::Doing::Waiting;
    // Work in hand and not one turn since the last time somebody looked.
    const bool stuck = active && !here && mark.turn() == context.turns_last_seen[t] && mark.turn() != 0;
    context.turns_last_seen[t] = mark.turn();
    fmt::format_to(std::back_inserter(c.out), "{} Thread {} : id={} act={} idle={}%\n",
                   here    ? '*'
                   : stuck ? '>'
                           : ' ',
                   t + 1, static_cast<const void*>(&loop), active ? 1 : 0, s.idle_percent);
    fmt::format_to(std::back_inserter(c.out), "      1/{}    loops={} ctxsw={} stuck={} poller={}\n", t + 1, s.turns,
                   s.io_events + s.timers_fired + s.tasks_run + s.messages, stuck ? 1 : 0, loop.poller_name());
    fmt::format_to(std::back_inserter(c.out), "             curr={} ({})\n", runtime::doing_name(doing),
                   active ? runtime::name_of(mark.what()) : std::string("-"));
  }
  return nullptr;
}

// --- show tasks

// Counts what waits in the run queues, by type.
class TaskVisitor final : public ThreadVisitor {
 public:
  explicit TaskVisitor(std::size_t threads) : threads_(threads) {}
  bool visit(runtime::Loop& loop, std::string&) noexcept override {
    loop.each_task([this](const runtime::Task& task, runtime::TaskClass) {
      runtime::RunningMark mark;
      mark.enter(task);
      ++places_[mark.what().address];
      ++total_;
    });
    return false;
  }
  void finish(std::string& out) noexcept override {
    fmt::format_to(std::back_inserter(out), "Running tasks: {} ({} threads)\n", total_, threads_);
    out += "  function                     places     %    lat_tot   lat_avg  calls_tot  calls_avg calls%\n";
    std::vector<std::pair<std::uint64_t, std::string>> rows;
    for (const auto& [type, count] : places_) rows.emplace_back(count, runtime::name_of({type, false}));
    std::sort(rows.rbegin(), rows.rend());
    for (const auto& [count, name] : rows)
      fmt::format_to(std::back_inserter(out),
                     "  {:<28} {:>6}   {:>3}          -         -          -          -      -\n", name, count,
                     count * 100 / total_);
  }

 private:
  const std::size_t threads_;
  std::map<std::uintptr_t, std::uint64_t> places_;  // by virtual table
  std::uint64_t total_ = 0;
};

Answer show_tasks(CliCall& c) {
  const CliContext& context = context_of(c);
  if (context.threads == nullptr) return nullptr;
  return std::make_unique<ThreadWalk>(*context.threads, c.session,
                                      std::make_unique<TaskVisitor>(context.threads->size()));
}

constexpr CliCommand kCommands[] = {
    {"show activity", CliLevel::User, "show activity [-1|0|thread_num]",
     "show per-thread activity stats (for support/developers)", show_activity},
    {"show tasks", CliLevel::User, "show tasks", "show running tasks", show_tasks},
    {"show threads", CliLevel::User, "show threads", "show some threads debugging information", show_threads},
};

}  // namespace

void clear_activity(CliContext& context) {
  context.activity_base.clear();
  for (std::size_t t = 0; context.threads != nullptr && t < context.threads->size(); ++t) {
    const Activity a = activity_of(context, t);
    context.activity_base.insert(context.activity_base.end(), a.values, a.values + kActivityFields);
  }
}

void add_thread_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
