// Commands about frontends and limits: enable, disable, shutdown frontend; set maxconn; set rate-limit (management
// manual 9.3).
#include <string>
#include <utility>

#include "ops/cli_builtin.h"
#include "ops/cli_find.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
using proxy::FrontState;

// --- frontends

proxy::Proxy* frontend_of(CliCall& c, std::size_t word) {
  if (c.word(word).empty()) {
    c.say("A frontend name is expected.", CliSeverity::Err);
    return nullptr;
  }
  proxy::Proxy* p = find_frontend(context_of(c).global, c.word(word));
  if (p == nullptr) c.say("No such frontend.", CliSeverity::Err);
  return p;
}

// The frontend and who can pause it; nothing when either is missing (it has been said).
struct Pausable {
  proxy::Proxy* frontend = nullptr;
  FrontendControl* control = nullptr;
  FrontState state = FrontState::Running;
};
Pausable pausable(CliCall& c) {
  Pausable out;
  proxy::Proxy* p = frontend_of(c, 2);
  if (p == nullptr) return out;
  out.control = context_of(c).frontends;
  if (out.control == nullptr) {
    c.say("Pausing and stopping frontends is not supported yet.", CliSeverity::Err);
    return out;
  }
  out.frontend = p;
  out.state = p->front_state.load(std::memory_order_relaxed);
  return out;
}

// Waits until the frontend is paused or stopped.
class FrontendAnswer final : public CliAnswer, private FrontendWaiter {
 public:
  enum class To : std::uint8_t { Pause, Stop };
  FrontendAnswer(CliCall& c, const Pausable& p, To to, std::string refused)
      : control_(*p.control), session_(c.session), refused_(std::move(refused)) {
    if (to == To::Pause)
      control_.pause(*p.frontend, *this);
    else
      control_.shut_down(*p.frontend, *this);
  }
  ~FrontendAnswer() override { control_.forget(*this); }
  Progress produce(std::string& out) noexcept override {
    waiting_ = !over_;
    if (waiting_) return Progress::Waiting;
    if (!good_) out += refused_;
    return Progress::Done;
  }

 private:
  void on_frontend_done(bool good) noexcept override {
    over_ = true;
    good_ = good;
    if (std::exchange(waiting_, false)) session_.resume();
  }

  FrontendControl& control_;
  CliSessionControl& session_;
  const std::string refused_;
  bool over_ = false, good_ = false, waiting_ = false;
};

Answer disable_frontend(CliCall& c) {
  const Pausable p = pausable(c);
  if (p.frontend == nullptr) return nullptr;
  if (p.state == FrontState::Stopped)
    c.say("Frontend was previously shut down, cannot disable.", CliSeverity::Notice);
  else if (p.state == FrontState::Paused)
    c.say("All sockets are already disabled.", CliSeverity::Notice);
  else
    return std::make_unique<FrontendAnswer>(
        c, p, FrontendAnswer::To::Pause,
        c.message_text("Failed to pause frontend, check logs for precise cause.", CliSeverity::Err));
  return nullptr;
}

Answer enable_frontend(CliCall& c) {
  const Pausable p = pausable(c);
  if (p.frontend == nullptr) return nullptr;
  if (p.state == FrontState::Stopped)
    c.say("Frontend was previously shut down, cannot enable.", CliSeverity::Err);
  else if (p.state == FrontState::Running)
    c.say("All sockets are already enabled.", CliSeverity::Notice);
  else if (!p.control->resume(*p.frontend))
    c.say("Failed to resume frontend, check logs for precise cause (port conflict?).", CliSeverity::Err);
  return nullptr;
}

Answer shutdown_frontend(CliCall& c) {
  const Pausable p = pausable(c);
  if (p.frontend == nullptr) return nullptr;
  if (p.state == FrontState::Stopped)
    c.say("Frontend was already shut down.", CliSeverity::Notice);
  else
    return std::make_unique<FrontendAnswer>(c, p, FrontendAnswer::To::Stop, std::string());
  return nullptr;
}

// --- limits

// Nothing: the client has been told.
std::optional<std::uint32_t> number_of(CliCall& c, std::string_view word, std::string_view missing) {
  const auto number = base::parse_int<std::int64_t>(word);
  if (!number) {
    c.say(missing, CliSeverity::Err);
    return std::nullopt;
  }
  if (*number < 0 || *number > 0x7fffffff) {
    c.say("Value out of range.", CliSeverity::Err);
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

Answer maxconn_frontend(CliCall& c) {
  proxy::Proxy* p = frontend_of(c, 3);
  if (p == nullptr) return nullptr;
  if (const auto n = number_of(c, c.word(4), "Integer value expected."))
    p->maxconn.store(*n, std::memory_order_relaxed);  // acceptors that wait look again within 100 ms
  return nullptr;
}

Answer maxconn_global(CliCall& c) {
  proxy::Global* g = context_of(c).global;
  const auto n = number_of(c, c.word(3), "Expects an integer value.");
  if (!n || g == nullptr) return nullptr;
  if (*n > g->settings.maxconn)
    c.say("Value out of range.", CliSeverity::Err);
  else
    g->limits.maxconn.store(*n == 0 ? g->settings.maxconn : *n, std::memory_order_relaxed);
  return nullptr;
}

Answer rate_limit(CliCall& c) {
  proxy::Global* g = context_of(c).global;
  const std::string_view what = c.word(2);
  const bool known =
      what == "connections" || what == "sessions" || what == "ssl-sessions" || what == "http-compression";
  if (!known || c.word(3) != "global") {
    c.say(
        "'set rate-limit' only supports :\n"
        "   - 'connections global' to set the per-process maximum connection rate\n"
        "   - 'sessions global' to set the per-process maximum session rate\n"
        "   - 'ssl-sessions global' to set the per-process maximum SSL session rate\n"
        "   - 'http-compression global' to set the per-process maximum compression speed in kB/s\n",
        CliSeverity::Err);
    return nullptr;
  }
  const auto n = number_of(c, c.word(4), "Expects an integer value.");
  if (!n || g == nullptr) return nullptr;
  if (what == "connections")
    g->limits.connection_rate.store(*n, std::memory_order_relaxed);
  else if (what == "sessions")
    g->limits.session_rate.store(*n, std::memory_order_relaxed);
  else
    c.say("'set rate-limit " + std::string(what) + "' is not supported yet.", CliSeverity::Err);
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"disable frontend", CliLevel::Admin, "disable frontend <frontend>", "temporarily disable specific frontend",
     disable_frontend},
    {"enable frontend", CliLevel::Admin, "enable frontend <frontend>", "re-enable specific frontend", enable_frontend},
    {"set maxconn frontend", CliLevel::Admin, "set maxconn frontend <frontend> <value>",
     "change a frontend's maxconn setting", maxconn_frontend},
    {"set maxconn global", CliLevel::Admin, "set maxconn global <value>", "change the per-process maxconn setting",
     maxconn_global},
    {"set rate-limit", CliLevel::Admin, "set rate-limit <setting> <value>", "change a rate limiting value", rate_limit},
    {"shutdown frontend", CliLevel::Admin, "shutdown frontend <frontend>", "stop a specific frontend",
     shutdown_frontend},
};

}  // namespace

void add_limit_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
