#include "sluice/policy/process_variables.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace sluice::policy {

std::string check_process_variable(std::string_view name) {
  constexpr std::string_view kScope = "proc.";
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  };
  if (!name.starts_with(kScope))
    return "cannot set variable '" + std::string(name) + "', only scope 'proc' is permitted here.";
  const auto bad = std::find_if_not(name.begin(), name.end(), fits);
  if (bad != name.end()) return "invalid syntax at char '" + std::string(bad, name.end()) + "'";
  if (name.size() == kScope.size()) return "variable name is missing behind the scope.";
  return {};
}

bool ProcessVariables::set(std::string_view name, const Sample& value) {
  if (value.text.size() > kMostBytes) return false;
  const std::unique_lock lock(mutex_);
  if (values_.size() >= kMost && values_.find(name) == values_.end()) return false;
  Value& v = values_[std::string(name)];
  v.sample = value;
  v.sample.flags = 0;
  v.text = value.text;
  v.sample.text = {};
  return true;
}

bool ProcessVariables::get(std::string_view name, SampleContext& ctx, Sample& out) const noexcept {
  const std::shared_lock lock(mutex_);
  const auto it = values_.find(name);
  if (it == values_.end()) return false;
  out = it->second.sample;
  out.flags = kVolatile;
  const std::string& text = it->second.text;
  if (text.empty()) return true;
  const auto room = ctx.scratch->take(text.size());
  if (room.data() == nullptr) return false;
  std::memcpy(room.data(), text.data(), text.size());
  out.text = {room.data(), text.size()};
  return true;
}

}  // namespace sluice::policy
