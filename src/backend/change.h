// Scope of a state change of a backend.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend/state.h"

namespace sluice::backend {

// "Backup Server app/s1": how messages begin.
std::string subject(const Server& s);

// Holds the lock; sends the messages that came up after letting it go.
class Backend::Change {
 public:
  explicit Change(Backend& b) noexcept : backend_(b), lock_(b.mutex_) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  ~Change() {
    std::vector<PendingReport> reports = std::move(backend_.state_->reports);
    backend_.state_->reports.clear();
    lock_.unlock();
    if (backend_.reporter_ == nullptr) return;
    for (const PendingReport& r : reports) {
      const std::string& log = r.log_text.empty() ? r.console_text : r.log_text;
      if (log == r.console_text) {
        backend_.reporter_->report(backend_, r.level, r.console, log);
      } else {
        backend_.reporter_->report_console(backend_, r.console, r.console_text);
        backend_.reporter_->report(backend_, r.level, StateReporter::Console::None, log);
      }
    }
  }

 private:
  Backend& backend_;
  std::unique_lock<std::mutex> lock_;
};

}  // namespace sluice::backend
