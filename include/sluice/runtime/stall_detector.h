// Finds loops that do not turn although they are not waiting, and says what they are busy with.
//
// A thread of its own looks every `period`. A loop that shows the same turn number for `limit` or longer is reported
// once per stall, and once more when it turns again. The loops pay nothing for it beyond the relaxed stores of
// RunningMark.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sluice/base/time.h"
#include "sluice/runtime/loop.h"

namespace sluice::runtime {

struct StallReport {
  unsigned loop_index;
  bool over;            // false: it hangs; true: it turns again
  base::Millis lasted;  // as far as it was seen
  Doing doing;
  std::string what;  // the type of the running handler, timer, task..., or the address of a message's function
};

// The judgement about one loop, without clock or thread.
class StallWatch {
 public:
  StallWatch(const Loop& loop, base::Millis limit) noexcept : loop_(&loop), limit_(limit) {}
  // To be called now and then; a report when there is something to tell.
  [[nodiscard]] std::optional<StallReport> look(base::TimePoint now);
  // Measures from here: nobody looked for a while.
  void start_over(base::TimePoint now) noexcept;

 private:
  const Loop* loop_;
  base::Millis limit_;
  std::uint64_t turn_ = ~std::uint64_t{0};
  base::TimePoint since_{};
  bool reported_ = false;
};

class StallDetector {
 public:
  // report: called on the detector's thread, may block. Loops must outlive the detector.
  using ReportFn = void (*)(void* ctx, const StallReport& report);
  StallDetector(base::Millis limit, ReportFn report, void* ctx, base::Millis period = base::Millis{1000}) noexcept
      : limit_(limit), period_(period), report_(report), ctx_(ctx) {}
  StallDetector(const StallDetector&) = delete;
  StallDetector& operator=(const StallDetector&) = delete;
  ~StallDetector() { stop(); }

  // Before start().
  void watch(const Loop& loop) { watches_.emplace_back(loop, limit_); }
  void start();
  void stop() noexcept;

 private:
  void run();

  base::Millis limit_;
  base::Millis period_;
  ReportFn report_;
  void* ctx_;
  std::vector<StallWatch> watches_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;  // guarded by mutex_
  std::thread thread_;
};

// The type of an object by the address of its virtual table, or the name of a function as far as the system knows it.
std::string name_of(const RunningMark::What& what);
// Name of a phase, for reports: "io", "timer", ...
const char* doing_name(Doing doing) noexcept;

}  // namespace sluice::runtime
