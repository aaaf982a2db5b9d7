#include "process/stats_cli.h"

#include <algorithm>

#include "process/socket_giver.h"
#include "sluice/ops/cli_spec.h"

namespace sluice::process {

namespace {

// "_getsocks [all]": the listening sockets go to whoever asks, see handover.h.
std::unique_ptr<ops::CliAnswer> get_sockets(ops::CliCall& c) {
  auto& self = *static_cast<StatsCli*>(c.ctx);
  if (!c.session.exposes_listeners()) {
    c.say("Listening sockets are not given away here: 'expose-fd listeners' is missing.", ops::CliSeverity::Err);
    return nullptr;
  }
  const bool all = c.word(1) == "all";
  using Shared = ListenerControl::Shared;
  // From the first message on somebody else may use them.
  const auto given =
      all ? +[](void* l) noexcept { static_cast<ListenerControl*>(l)->given_away(Shared::All); }
          : +[](void* l) noexcept { static_cast<ListenerControl*>(l)->given_away(Shared::OnePerAddress); };
  return std::make_unique<SocketGiver>(*runtime::Loop::current(), c.session, self.receivers().to_give(all), given,
                                       &self.listeners());
}

constexpr ops::CliCommand kCommands[] = {
    {"_getsocks", ops::CliLevel::User, "_getsocks", "", get_sockets, ops::CliCommand::Mode::Unlisted},
};

}  // namespace

StatsCli::StatsCli(Launch& launch, Running& running, Receivers& receivers, Threads& threads, ListenerControl& listeners)
    : receivers_(receivers),
      listeners_(listeners),
      stats_(*running.model, process_side(launch, running, receivers, threads)),
      captures_(*running.model) {
  const config::Section* g = launch.document.global();
  const auto* configured = g == nullptr ? nullptr : g->parts.find<ops::StatsSpec>();
  if (configured == nullptr && launch.master == nullptr) return;
  static const ops::StatsSpec kNone;
  const ops::StatsSpec* const spec = configured == nullptr ? &kNone : configured;
  context_.stats = &stats_;
  context_.captures = &captures_;
  context_.console = &launch.console;
  context_.global = &running.model->global;
  context_.threads = &threads.group();
  context_.frontends = &listeners;
  context_.started = base::Clock::now();
  context_.version = launch.identity.version;
  context_.sockets = spec->sockets;
  ops::add_builtin_commands(commands_, context_);
  commands_.add(kCommands, this);
  ops::CliLimits limits;
  limits.timeout = spec->timeout;
  limits.max_sessions = spec->maxconn;
  limits.max_line_bytes = launch.global.buffer_bytes;
  const runtime::LoopBinding binding(threads.first());
  server_ = std::make_unique<ops::CliServer>(threads.first(), commands_, limits);
  server_->set_start(base::Clock::now());
  auto& sockets = receivers.stats_sockets();
  for (std::size_t i = 0; i < sockets.size(); ++i) server_->listen(std::move(sockets[i]), spec->sockets[i]);
}

// modes: see modes_of() in master/relay.cc.
void StatsCli::adopt(base::UniqueFd client, std::string_view modes) {
  using Mode = ops::CliSessionControl::Mode;
  if (server_ == nullptr || modes.empty()) return;
  const auto has = [modes](char c) { return modes.find(c, 1) != std::string_view::npos; };
  ops::CliServer::Adopted how;
  how.level = modes[0] == 'a' ? ops::CliLevel::Admin : modes[0] == 'o' ? ops::CliLevel::Operator : ops::CliLevel::User;
  how.expert = has('e');
  how.experimental = has('x');
  how.mode = has('p') ? Mode::Prompt : has('i') ? Mode::Interactive : Mode::Single;
  how.timed_prompt = has('t');
  server_->adopt(std::move(client), how);
}

model::ProcessSide StatsCli::process_side(Launch& launch, const Running& running, Receivers& receivers,
                                          Threads& threads) const {
  const std::int64_t began_us = running.model->options.facts.start_wall_us;
  const std::int64_t now_us =
      std::chrono::duration_cast<base::Micros>(base::WallClock::now().time_since_epoch()).count();
  model::ProcessSide p;
  p.name = launch.identity.product;
  p.version = launch.identity.version;
  p.release_date = kReleaseDate;
  p.description = launch.global.description;
  p.started = base::Clock::now();
  p.boot_time_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(0, (now_us - began_us) / 1000));
  p.memory_limit_mb = static_cast<std::uint32_t>(launch.command.memory_mb.value_or(0));
  p.fds_needed = static_cast<std::uint32_t>(running.limits.fds_needed);
  p.max_pipes = running.limits.max_pipes;
  p.cli_listeners = static_cast<std::uint32_t>(receivers.stats_sockets().size());
  p.busy_polling = launch.global.busy_poll;
  p.threads = &threads.group();
  p.console = &launch.console;
  p.figures = threads.figures();
  p.refresh = [](void* ctx) noexcept { static_cast<Threads*>(ctx)->refresh_figures(); };
  p.refresh_ctx = &threads;
  return p;
}

}  // namespace sluice::process
