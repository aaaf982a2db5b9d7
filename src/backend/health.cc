#include "sluice/backend/health.h"

namespace sluice::backend {

HealthStep apply_check(Health h, OpState state, CheckOutcome outcome) noexcept {
  const auto full = static_cast<std::uint16_t>(h.rise + h.fall - 1);
  if (outcome == CheckOutcome::Failed) {
    if (!h.up()) {
      const bool moved = h.counter != 0;
      h.counter = 0;
      return {h, OpState::Stopped, moved ? HealthEvent::Changing : HealthEvent::None};
    }
    --h.counter;
    if (h.up()) return {h, state, HealthEvent::Changing};
    h.counter = 0;
    return {h, OpState::Stopped, HealthEvent::WentDown};
  }

  const OpState up_state = outcome == CheckOutcome::Passed ? OpState::Running : OpState::Stopping;
  if (!h.up()) {
    ++h.counter;
    if (!h.up()) return {h, OpState::Stopped, HealthEvent::Changing};
    h.counter = full;
    return {h, up_state, HealthEvent::WentUp};
  }
  const bool moved = h.counter != full;
  h.counter = full;
  if (outcome == CheckOutcome::PassedConditionally) {
    if (state != OpState::Stopping) return {h, OpState::Stopping, HealthEvent::Stopping};
  } else if (state == OpState::Stopping) {
    return {h, OpState::Running, HealthEvent::Resumed};
  }
  return {h, state, moved ? HealthEvent::Changing : HealthEvent::None};
}

}  // namespace sluice::backend
