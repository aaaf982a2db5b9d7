// `set profiling`, `show profiling` (management manual 9.3): where the time of the loops goes.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "ops/cli_builtin.h"
#include "ops/thread_walk.h"
#include "sluice/base/strings.h"
#include "sluice/runtime/stall_detector.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
using runtime::TaskProfiler;

class Switch final : public ThreadVisitor {
 public:
  explicit Switch(bool on) : on_(on) {}
  bool visit(runtime::Loop& loop, std::string&) noexcept override {
    loop.set_profiling(on_);
    return false;
  }

 private:
  const bool on_;
};

Answer set_profiling(CliCall& c) {
  CliContext& context = context_of(c);
  const std::string_view what = c.word(2);
  const std::string_view how = c.word(3);
  if (what == "memory") {
    c.say("Memory profiling not compiled in.", CliSeverity::Err);
  } else if (what != "tasks") {
    c.say("Expects either 'tasks' or 'memory'.", CliSeverity::Err);
  } else if (how == "on" || how == "off") {
    context.profiling = how == "on";
    if (context.threads != nullptr)
      return std::make_unique<ThreadWalk>(*context.threads, c.session, std::make_unique<Switch>(context.profiling));
  } else if (how == "auto" || how == "lock" || how == "no-lock" || how == "memory" || how == "no-memory") {
    c.say("'set profiling tasks " + std::string(how) + "' is not supported yet.", CliSeverity::Err);
  } else {
    c.say("Expects 'on', 'auto', or 'off'.", CliSeverity::Err);
  }
  return nullptr;
}

enum class Order : std::uint8_t { Usage, Address, Time };

std::string time_text(std::uint64_t nanos) {
  const auto value = static_cast<double>(nanos);
  if (nanos < 1000) return fmt::format("{:.1f}ns", value);
  if (nanos < 1'000'000) return fmt::format("{:.3f}us", value / 1e3);
  if (nanos < 1'000'000'000) return fmt::format("{:.3f}ms", value / 1e6);
  return fmt::format("{:.3f}s", value / 1e9);
}

std::string key_name(TaskProfiler::Key key) {
  if (key == 0) return "<others>";
  if (key <= TaskProfiler::kPhases)
    return std::string("<") + runtime::doing_name(static_cast<runtime::Doing>(key - 1)) + ">";
  return runtime::name_of(runtime::RunningMark::decode(key));
}

// Adds up the tables of all threads.
class ProfileVisitor final : public ThreadVisitor {
 public:
  ProfileVisitor(Order order, std::size_t most) : order_(order), most_(most) {}

  bool visit(runtime::Loop& loop, std::string&) noexcept override {
    const TaskProfiler* p = loop.profile();
    if (p == nullptr) return false;
    since_ = std::min(since_, p->since());
    for (const TaskProfiler::Entry& e : p->entries()) {
      if (e.calls == 0) continue;
      TaskProfiler::Entry& sum = sums_[e.key];
      sum.key = e.key;
      sum.calls += e.calls;
      sum.nanos += e.nanos;
    }
    return false;
  }

  void finish(std::string& out) noexcept override {
    const base::TimePoint now = base::Clock::now();
    const double seconds = since_ == base::kNever ? 0 : std::chrono::duration<double>(now - since_).count();
    fmt::format_to(
        std::back_inserter(out),
        "Tasks activity over {:.3f} sec till 0.000 sec ago:\n"
        "  function                      calls   cpu_tot   cpu_avg   lkw_avg   lkd_avg   mem_avg   lat_avg\n",
        seconds);
    std::vector<TaskProfiler::Entry> rows;
    for (const auto& [key, e] : sums_) rows.push_back(e);
    std::stable_sort(rows.begin(), rows.end(), [this](const auto& a, const auto& b) {
      if (order_ == Order::Address) return a.key < b.key;
      return order_ == Order::Time ? a.nanos > b.nanos : a.calls > b.calls;
    });
    if (most_ != 0 && rows.size() > most_) rows.resize(most_);
    for (const auto& e : rows) {
      fmt::format_to(std::back_inserter(out), "  {:<26} {:>8} {:>9} {:>9}      -         -         -         -\n",
                     key_name(e.key), e.calls, time_text(e.nanos),
                     time_text(e.nanos / std::max<std::uint64_t>(1, e.calls)));
    }
  }

 private:
  const Order order_;
  const std::size_t most_;
  std::map<TaskProfiler::Key, TaskProfiler::Entry> sums_;
  base::TimePoint since_ = base::kNever;
};

Answer show_profiling(CliCall& c) {
  const CliContext& context = context_of(c);
  Order order = Order::Usage;
  std::size_t most = 0;
  bool status = true;
  bool tasks = true;
  for (const std::string_view word : c.words.subspan(2)) {
    if (word == "all") {
      status = tasks = true;
    } else if (word == "status") {
      tasks = false;
    } else if (word == "tasks") {
      status = false;
    } else if (word == "memory") {
      status = tasks = false;
    } else if (word == "byaddr") {
      order = Order::Address;
    } else if (word == "bytime") {
      order = Order::Time;
    } else if (const auto number = base::parse_int<std::size_t>(word); number || word == "aggr" || word == "byctx") {
      if (number) most = *number;  // one line per type is all there is: nothing to aggregate
    } else {
      c.say("Expects 'all', 'status', 'tasks', 'memory', 'byaddr', 'bytime', 'byctx', 'aggr' or a number of lines.",
            CliSeverity::Err);
      return nullptr;
    }
  }
  if (status) {
    c.out += context.profiling
                 ? "Per-task CPU profiling              : on            # set profiling tasks {on|auto|off}\n"
                 : "Per-task CPU profiling              : off           # set profiling tasks {on|auto|off}\n";
    c.out += "Memory usage profiling              : off           # set profiling memory {on|off}\n";
  }
  if (!tasks || context.threads == nullptr) return nullptr;
  return std::make_unique<ThreadWalk>(*context.threads, c.session, std::make_unique<ProfileVisitor>(order, most));
}

constexpr CliCommand kCommands[] = {
    {"set profiling", CliLevel::Admin, "set profiling <what> {auto|on|off}",
     "enable/disable resource profiling (tasks,memory)", set_profiling},
    {"show profiling", CliLevel::User, "show profiling [<what>|<#lines>|<opts>]*",
     "show profiling state (all,status,tasks,memory)", show_profiling},
};

}  // namespace

void add_profiling_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
