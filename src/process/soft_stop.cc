#include "process/soft_stop.h"

namespace sluice::process {

void SoftStop::begin() noexcept {
  if (state_ != State::Running) return;
  state_ = State::Announced;
  running_.model->global.stopping.store(true);
  runtime::Loop& loop = threads_.first();
  const GlobalSpec& g = launch_.global;
  if (g.hard_stop_after) loop.arm_after(hard_, *g.hard_stop_after);
  if (g.grace > base::Millis{0}) {
    loop.arm_after(grace_, g.grace);
  } else {
    leave();
  }
}

void SoftStop::leave() noexcept {
  state_ = State::Leaving;
  running_.model->global.draining.begin(threads_.first().now(), launch_.global.close_spread);
  threads_.post_drain();
  if (const base::Millis wait = listeners_.begin_stop(); wait > base::Millis{0}) {
    threads_.first().arm_after(moment_, wait);
  } else {
    close();
  }
}

void SoftStop::close() noexcept {
  state_ = State::Draining;
  listeners_.finish_stop([](void* threads) noexcept { static_cast<Threads*>(threads)->post_finish(); }, &threads_);
}

void SoftStop::end_hard() noexcept {
  const std::string_view text = "soft-stop running for too long, performing a hard-stop.";
  launch_.console.say(ops::Console::Severity::Warning, text);
  if (running_.model->process_log != nullptr) running_.model->process_log->write(base::LogLevel::Warning, text);
  for (const auto& p : running_.model->global.proxies) {
    const std::uint32_t left = p->connections.load(std::memory_order_relaxed);
    if (left == 0) continue;
    const std::string line =
        "Proxy " + p->rules->name + " hard-stopped (" + std::to_string(left) + " remaining conns will be closed).";
    launch_.console.say(ops::Console::Severity::Warning, line);
    if (p->log != nullptr) p->log->write(base::LogLevel::Warning, line);
  }
  threads_.stop();
}

}  // namespace sluice::process
