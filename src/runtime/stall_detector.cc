#include "sluice/runtime/stall_detector.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <typeinfo>

#include "runtime/os.h"

namespace sluice::runtime {

namespace {

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string out = status == 0 ? text : name;
  std::free(text);
  return out;
}

}  // namespace

std::string name_of(const RunningMark::What& what) {
  if (what.address == 0) return "?";
  // The word before a virtual table points to the type's name (Itanium C++ ABI 2.5.2, which GCC and clang follow
  // everywhere).
  if (!what.is_function) return demangled(reinterpret_cast<const std::type_info* const*>(what.address)[-1]->name());
  auto* const fn = reinterpret_cast<void*>(what.address);
  Dl_info info;
  if (::dladdr(fn, &info) != 0 && info.dli_sname != nullptr) return demangled(info.dli_sname);
  char text[32];
  std::snprintf(text, sizeof(text), "function %p", fn);
  return text;
}

const char* doing_name(Doing doing) noexcept {
  switch (doing) {
    case Doing::Waiting:
      return "waiting";
    case Doing::Io:
      return "io";
    case Doing::Timer:
      return "timer";
    case Doing::Task:
      return "task";
    case Doing::Message:
      return "message";
    case Doing::Destroying:
      return "destroying";
    case Doing::TurnEnd:
      return "turn-end";
    case Doing::Other:
      return "other";
  }
  return "?";
}

std::optional<StallReport> StallWatch::look(base::TimePoint now) {
  const RunningMark& mark = loop_->running();
  const std::uint64_t turn = mark.turn();
  const Doing doing = mark.doing();
  const auto lasted = std::chrono::duration_cast<base::Millis>(now - since_);
  if (turn != turn_ || doing == Doing::Waiting) {
    turn_ = turn;
    since_ = now;
    if (!reported_) return std::nullopt;
    reported_ = false;
    return StallReport{loop_->index(), true, lasted, doing, {}};
  }
  if (reported_ || lasted < limit_) return std::nullopt;
  reported_ = true;
  return StallReport{loop_->index(), false, lasted, doing, name_of(mark.what())};
}

void StallWatch::start_over(base::TimePoint now) noexcept {
  turn_ = loop_->running().turn();
  since_ = now;
}

void StallDetector::start() {
  stop();
  stop_ = false;
  thread_ = std::thread([this] { run(); });
}

void StallDetector::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StallDetector::run() {
  os::name_this_thread("stall-detector");
  std::unique_lock lock(mutex_);
  base::TimePoint last = base::Clock::now();
  while (!wake_.wait_for(lock, period_, [this] { return stop_; })) {
    const base::TimePoint now = base::Clock::now();
    // When this thread itself was held up (process stopped, machine asleep), the loops may have been as well.
    const bool held_up = now - last > 2 * period_;
    last = now;
    for (StallWatch& w : watches_) {
      if (held_up) w.start_over(now);
      if (auto report = w.look(now)) report_(ctx_, *report);
    }
  }
}

}  // namespace sluice::runtime
