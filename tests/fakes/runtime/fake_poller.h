// A poller that reports what the test says and writes down what it is asked for. Waiting moves a FakeClock instead of
// sleeping.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fakes/runtime/fake_clock.h"
#include "sluice/runtime/loop.h"

namespace sluice::runtime::test {

class FakePoller final : public Poller {
 public:
  // Lives in the test, outside of the loop that owns the poller.
  struct Script {
    FakeClock* clock = nullptr;
    std::map<int, unsigned> registered;         // fd -> interest
    std::map<int, std::uint64_t> cookies;       // fd -> cookie of the registration
    std::vector<std::string> calls;             // "add 5 1", "mod 5 4", "del 5", "forget 5"
    std::deque<std::vector<PollEvent>> coming;  // one element per wait
    std::vector<int> timeouts;
    std::function<void()> on_wait;  // called in every wait
    int refuse_with = 0;            // errno for the next change
  };
  explicit FakePoller(Script& script) : script_(script) {}

  std::string_view name() const noexcept override { return "fake"; }
  int change(int fd, unsigned from, unsigned to, std::uint64_t cookie) noexcept override {
    if (script_.refuse_with != 0) return std::exchange(script_.refuse_with, 0);
    const std::string number = std::to_string(fd);
    if (to == 0) {
      script_.calls.push_back("del " + number);
      script_.registered.erase(fd);
      return 0;
    }
    script_.calls.push_back((from == 0 ? "add " : "mod ") + number + ' ' + std::to_string(to));
    script_.registered[fd] = to;
    script_.cookies[fd] = cookie;
    return 0;
  }
  void forget(int fd, unsigned) noexcept override {
    script_.calls.push_back("forget " + std::to_string(fd));
    script_.registered.erase(fd);
  }
  std::size_t wait(std::span<PollEvent> out, int timeout_ms) noexcept override {
    script_.timeouts.push_back(timeout_ms);
    if (script_.on_wait) script_.on_wait();
    if (script_.coming.empty()) {
      if (timeout_ms > 0 && script_.clock != nullptr) script_.clock->advance(base::Millis{timeout_ms});
      return 0;
    }
    const auto events = script_.coming.front();
    script_.coming.pop_front();
    for (std::size_t i = 0; i < events.size(); ++i) out[i] = events[i];
    return events.size();
  }

  static std::unique_ptr<Poller> make(void* script) {
    return std::make_unique<FakePoller>(*static_cast<Script*>(script));
  }
  // Options of a loop that runs on the script and its clock.
  static LoopOptions options(Script& script) {
    LoopOptions o;
    o.clock = script.clock;
    o.make_custom_poller = &make;
    o.custom_poller_ctx = &script;
    return o;
  }

 private:
  Script& script_;
};

}  // namespace sluice::runtime::test
