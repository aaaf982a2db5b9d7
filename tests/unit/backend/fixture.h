// A backend on a loop that belongs to the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fakes/runtime/fake_clock.h"
#include "sluice/backend/backend.h"
#include "sluice/runtime/loop.h"

namespace sluice::backend::test {

class Messages final : public StateReporter {
 public:
  void report(const Backend&, base::LogLevel level, Console, std::string_view m) noexcept override {
    log.emplace_back(m);
    levels.push_back(level);
  }
  void report_console(const Backend&, Console, std::string_view m) noexcept override { console.emplace_back(m); }
  std::vector<std::string> log, console;
  std::vector<base::LogLevel> levels;
};

inline std::unique_ptr<runtime::Loop> make_loop(runtime::ClockSource* clock = nullptr, unsigned index = 0) {
  runtime::LoopOptions o;
  o.index = index;
  o.clock = clock;
  auto loop = runtime::Loop::make(o);
  SLUICE_CHECK(loop.has_value());
  return std::move(loop).value();
}

class BackendTest : public ::testing::Test {
 protected:
  // "s1" with weight 1 at 127.0.0.1:1
  ServerSpec& add(const std::string& name) {
    ServerSpec s;
    s.name = name;
    s.options = spec.default_server;
    net::AddressRules rules;
    rules.port_offset = true;
    s.address = net::parse_address("127.0.0.1:1", rules).value();
    spec.servers.push_back(s);
    return spec.servers.back();
  }
  Backend& start(Algorithm a = Algorithm::RoundRobin) {
    spec.algorithm = a;
    BackendInit init;
    init.name = "app";
    init.spec = &spec;
    init.threads = 4;
    init.reporter = &messages;
    backend = Backend::make(init, diag);
    EXPECT_NE(backend, nullptr);
    return *backend;
  }
  AssignResult assign(QueueWaiter* waiter = nullptr) {
    AssignRequest r;
    r.waiter = waiter;
    return backend->assign(r);
  }
  static std::string name_of(const AssignResult& r) {
    return r.slot ? r.slot.server()->name() : r.outcome == AssignOutcome::Queued ? "queue" : "none";
  }
  void check(const std::string& server, CheckOutcome outcome) {
    CheckResult r;
    r.status = outcome == CheckOutcome::Passed   ? CheckStatus::L4Ok
               : outcome == CheckOutcome::Failed ? CheckStatus::L4Connection
                                                 : CheckStatus::L7OkConditional;
    r.duration_ms = 0;
    backend->check_done(*backend->find(server), r, outcome);
  }

  runtime::test::FakeClock clock;
  std::unique_ptr<runtime::Loop> loop = make_loop(&clock);
  runtime::LoopBinding binding{*loop};
  BackendSpec spec;
  Messages messages;
  config::Diagnostics diag;
  std::unique_ptr<Backend> backend;
};

struct Waiter final : QueueWaiter {
  void on_queue_wake(QueueWake why) noexcept override {
    ++wakes;
    last = why;
    if (why == QueueWake::Granted) slot = place.take_slot();
    if (why == QueueWake::Again) place.leave();
  }
  QueuePlace place;
  ServerSlot slot;
  int wakes = 0;
  QueueWake last = QueueWake::Again;
};

}  // namespace sluice::backend::test
