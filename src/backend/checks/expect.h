// What a check waits for: patterns against a response or a stream of bytes. Pure.
#pragma once

#include <memory>
#include <string_view>

#include "sluice/backend/spec.h"
#include "sluice/policy/regex.h"

namespace sluice::backend {

enum class Verdict : std::uint8_t {
  Match,     // the rule holds
  Mismatch,  // it cannot hold any more
  NeedMore,  // cannot be said before more has come
};

class Expect {
 public:
  explicit Expect(const CheckExpect& spec);

  [[nodiscard]] const CheckExpect& spec() const noexcept { return *spec_; }
  [[nodiscard]] bool on_status() const noexcept {
    return spec_->kind == CheckExpect::Kind::Status || spec_->kind == CheckExpect::Kind::StatusRegex;
  }
  // Kinds Status and StatusRegex.
  [[nodiscard]] Verdict judge_status(unsigned status) const noexcept;
  // Kinds String and Regex. complete: nothing follows behind content.
  [[nodiscard]] Verdict judge_content(std::string_view content, bool complete) const noexcept;

 private:
  [[nodiscard]] bool holds(std::string_view text) const noexcept;
  const CheckExpect* spec_;
  policy::Regex regex_;
};

}  // namespace sluice::backend
