// `wait`: for a while, or until something is the case (management manual 9.3).
#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "sluice/config/values.h"
#include "sluice/runtime/timer.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

constexpr base::Millis kLookAgain{20};

enum class Verdict : std::uint8_t { NotYet, Fulfilled, Never };

// Looks at its condition now and then, at most until the deadline.
class WaitAnswer final : public CliAnswer {
 public:
  // server: null = only the time counts.
  WaitAnswer(CliCall& c, base::Millis delay, const backend::Server* server)
      : session_(c.session), server_(server), deadline_(runtime::Loop::current()->now() + delay) {}

  Progress produce(std::string& out) noexcept override {
    runtime::Loop& loop = *runtime::Loop::current();
    switch (look(out)) {
      case Verdict::Fulfilled:
        out += "Done.\n";
        return Progress::Done;
      case Verdict::Never:
        return Progress::Done;
      case Verdict::NotYet:
        break;
    }
    if (loop.now() >= deadline_) {
      if (server_ != nullptr) out += "Wait delay expired.\n";
      return Progress::Done;
    }
    const base::TimePoint next = server_ == nullptr ? deadline_ : std::min(deadline_, loop.now() + kLookAgain);
    loop.arm(timer_, next);
    return Progress::Waiting;
  }

 private:
  // What "del server" would ask of it.
  Verdict look(std::string& out) const noexcept {
    if (server_ == nullptr) return Verdict::NotYet;
    if (!server_->in_maintenance()) {
      out += "Only servers in maintenance mode can be deleted.\n";
      return Verdict::Never;
    }
    const backend::Server::IdleFigures idle = server_->idle_figures();
    const bool unused = server_->current() == 0 && server_->queued() == 0 && idle.idle + idle.safe + idle.used == 0;
    return unused ? Verdict::Fulfilled : Verdict::NotYet;
  }
  void on_timer() noexcept { session_.resume(); }

  CliSessionControl& session_;
  const backend::Server* server_;
  const base::TimePoint deadline_;
  runtime::MemberTimer<&WaitAnswer::on_timer> timer_{*this};
};

constexpr std::string_view kUsage =
    "Usage: wait {-h|<delay>} [condition [args...]]\n"
    "Waits for the delay, in milliseconds or with a unit (us, ms, s, m, h, d), or until the condition is met.\n"
    "Conditions:\n"
    "  -h                              : this help\n"
    "  srv-removable <proxy>/<server>  : the server is in maintenance and has no connections, used or idle\n"
    "  srv-unused <proxy>/<server>     : the same\n";

Answer wait(CliCall& c) {
  if (c.word(1) == "-h" || c.word(2) == "-h") {
    c.say(kUsage);
    return nullptr;
  }
  if (c.word(1).empty()) {
    c.say("Expects a duration in milliseconds.", CliSeverity::Err);
    return nullptr;
  }
  const auto delay = config::parse_time(c.word(1), config::TimeUnit::Ms);
  if (!delay) {
    c.say("Invalid duration.", CliSeverity::Err);
    return nullptr;
  }
  const std::string_view condition = c.word(2);
  if (condition.empty()) return std::make_unique<WaitAnswer>(c, *delay, nullptr);
  if (condition == "srv-removable" || condition == "srv-unused") {
    const FoundServer s = find_server(c, context_of(c).global, c.word(3));
    if (!s) return nullptr;
    return std::make_unique<WaitAnswer>(c, *delay, s.server);
  }
  if (condition == "be-removable")
    c.say("'wait be-removable' is not supported yet.", CliSeverity::Err);
  else
    c.say("Unknown condition '" + std::string(condition) + "', see 'wait -h'.", CliSeverity::Err);
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"wait", CliLevel::User, "wait {-h|<delay_ms>} cond [args...]",
     "wait the specified delay or condition (-h to see list)", wait},
};

}  // namespace

void add_wait_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
