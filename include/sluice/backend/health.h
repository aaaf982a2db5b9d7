// The state of a server: what the administrator wants, what the health checks say, and what follows from both.
//
//   operational (OpState)                     health counter, rise R and fall F
//     Stopped ──> Starting ──> Running          0 .. R-1      down, climbing
//        ^           (slowstart)  │             R .. R+F-1    up, R+F-1 is full health
//        └──── Stopping <─────────┘             a success climbs by one; from R-1 it jumps to R+F-1
//        (404 with disable-on-404: up,          a failure descends by one; from R it falls to 0
//         but no new sessions)
//
// Pure functions; no clock, no I/O. Values are those of `show servers state` (management manual 9.3).
#pragma once

#include <cstdint>

namespace sluice::backend {

enum class OpState : std::uint8_t { Stopped = 0, Starting = 1, Running = 2, Stopping = 3 };

// Administrative state, OR-ed.
enum Admin : std::uint8_t {
  kMaintForced = 0x01,     // from the CLI or the configuration
  kMaintInherited = 0x02,  // from a tracked server
  kMaintConfig = 0x04,     // "disabled" in the configuration
  kDrainForced = 0x08,
  kDrainInherited = 0x10,
  kMaintResolution = 0x20,  // no address
  kMaint = 0x23,
  kDrain = 0x18,
};

enum class CheckOutcome : std::uint8_t {
  Passed,
  PassedConditionally,  // 404 with disable-on-404: alive, takes no new sessions
  Failed,
};

// What a result does to a server.
enum class HealthEvent : std::uint8_t {
  None,      // nothing anybody would notice
  Changing,  // counters moved inside UP or DOWN: `UP 1/3`, `DOWN 1/2`
  WentUp,
  WentDown,
  Stopping,  // from Running to Stopping
  Resumed,   // from Stopping to Running
};

struct Health {
  std::uint16_t rise = 2;
  std::uint16_t fall = 3;
  std::uint16_t counter = 4;  // rise + fall - 1 = full health

  [[nodiscard]] bool up() const noexcept { return counter >= rise; }
  [[nodiscard]] bool full() const noexcept { return counter >= rise + fall - 1; }
  [[nodiscard]] bool settled() const noexcept { return counter == 0 || full(); }
};

struct HealthStep {
  Health health;
  OpState state;
  HealthEvent event;
};

// One check result applied.
HealthStep apply_check(Health health, OpState state, CheckOutcome outcome) noexcept;

}  // namespace sluice::backend
