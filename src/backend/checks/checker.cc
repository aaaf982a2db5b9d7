#include <unistd.h>

#include <algorithm>
#include <deque>

#include "backend/checks/agent_check.h"
#include "backend/checks/check.h"
#include "backend/checks/ramp.h"
#include "backend/checks/schedule.h"
#include "sluice/backend/check.h"

namespace sluice::backend {

struct Checker::Plans {
  std::deque<CheckPlan> all;
};

Checker::Checker(runtime::Loop& loop, const CheckerOptions& options)
    : loop_(loop), options_(options), plans_(std::make_unique<Plans>()) {
  if (!options_.node.empty()) return;
  char name[256] = {};
  options_.node = ::gethostname(name, sizeof name - 1) == 0 ? name : "-";
}

Checker::~Checker() { stop(); }

void Checker::add(Backend& backend) {
  const CheckPlan* plan = nullptr;
  for (std::size_t i = 0; i < backend.size(); ++i) {
    Server& s = backend.server(i);
    const std::uint64_t seed = options_.seed * 7919U + checks_.size() + agents_.size();
    if (s.options().slowstart.count() > 0) ramps_.push_back(std::make_unique<Ramp>(loop_, s));
    if (s.has_agent()) agents_.push_back(std::make_unique<AgentCheck>(loop_, s, options_, seed));
    if (!s.checked()) continue;
    if (plan == nullptr) plan = &plans_->all.emplace_back(backend.spec().check);
    checks_.push_back(std::make_unique<Check>(loop_, s, *plan, options_, seed));
  }
}

void Checker::start() noexcept {
  // All within the shortest interval, evenly, so that servers on the same machine are not hit at once.
  base::Millis shortest = base::Millis::max();
  for (const auto& c : checks_) shortest = std::min(shortest, c->server().options().inter);
  for (const auto& a : agents_) shortest = std::min(shortest, a->server().options().agent_inter);
  if (options_.global.max_spread != base::kNoTimeout) shortest = std::min(shortest, options_.global.max_spread);
  std::size_t place = 0;
  for (const auto& c : checks_) c->start_in(first_offset(shortest, place++, size()));
  for (const auto& a : agents_) a->start_in(first_offset(shortest, place++, size()));
  for (const auto& r : ramps_) r->start();
}

void Checker::stop() noexcept {
  for (const auto& c : checks_) c->stop();
  for (const auto& a : agents_) a->stop();
  for (const auto& r : ramps_) r->stop();
}

std::size_t Checker::size() const noexcept { return checks_.size() + agents_.size(); }

}  // namespace sluice::backend
