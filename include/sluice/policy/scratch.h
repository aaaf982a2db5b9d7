// Working memory for the results of sample expressions.
//
// A converter that makes new text (lower, hex, concat, ...) puts it here; nothing is freed one by one. Whoever starts
// an evaluation takes a mark before and rewinds after the result has been used or copied. Condition and LogFormat do
// that themselves; who calls Expression::evaluate() uses ScratchScope. When the memory is used up the sample fails
// ("not found"). Owner: one per loop thread. Thread: that thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace sluice::policy {

class Scratch {
 public:
  static constexpr std::size_t kDefaultBytes = 64 * 1024;

  explicit Scratch(std::size_t bytes = kDefaultBytes) noexcept : bytes_(bytes) {}

  // `n` characters, or an empty span with null data. Memory is taken from malloc at the first use.
  [[nodiscard]] std::span<char> take(std::size_t n) noexcept {
    if (memory_ == nullptr) attach();
    if (memory_ == nullptr || n > bytes_ - used_) return {};
    char* p = memory_.get() + used_;
    used_ += n;
    return {p, n};
  }
  // Everything that is left, for text of unknown length; keep() then says how much of it was used.
  [[nodiscard]] std::span<char> rest() noexcept {
    if (memory_ == nullptr) attach();
    return memory_ == nullptr ? std::span<char>{} : std::span<char>{memory_.get() + used_, bytes_ - used_};
  }
  void keep(std::size_t n) noexcept { used_ += n; }

  [[nodiscard]] std::size_t mark() const noexcept { return used_; }
  void rewind(std::size_t mark) noexcept { used_ = mark; }

 private:
  void attach() noexcept;

  std::unique_ptr<char[]> memory_;
  std::size_t bytes_;
  std::size_t used_ = 0;
};

class ScratchScope {
 public:
  explicit ScratchScope(Scratch& s) noexcept : scratch_(s), mark_(s.mark()) {}
  ScratchScope(const ScratchScope&) = delete;
  ScratchScope& operator=(const ScratchScope&) = delete;
  ~ScratchScope() { scratch_.rewind(mark_); }

 private:
  Scratch& scratch_;
  std::size_t mark_;
};

}  // namespace sluice::policy
