// Variables of the whole process, "proc.<name>" (manual 2.8): set from the command line, read by the sample `var`.
//
// Thread: any; readers share a lock, and what they get is a copy of their own.
#pragma once

#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "sluice/policy/sample.h"

namespace sluice::policy {

// "proc.<name>" with letters, digits, '.' and '_'. Returns what is wrong with it, a sentence; "" = nothing.
std::string check_process_variable(std::string_view name);

class ProcessVariables {
 public:
  // Takes a copy of the value. False: there are kMost already, or it is larger than kMostBytes.
  bool set(std::string_view name, const Sample& value);
  // False: there is none. Text lies in ctx.scratch.
  bool get(std::string_view name, SampleContext& ctx, Sample& out) const noexcept;

  static constexpr std::size_t kMost = 10000;
  static constexpr std::size_t kMostBytes = 65536;

 private:
  struct Value {
    Sample sample;
    std::string text;  // what sample.text was
  };
  mutable std::shared_mutex mutex_;
  std::map<std::string, Value, std::less<>> values_;  // guarded by mutex_
};

}  // namespace sluice::policy
