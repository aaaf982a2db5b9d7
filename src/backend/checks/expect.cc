#include "backend/checks/expect.h"

#include "sluice/base/strings.h"

namespace sluice::backend {

Expect::Expect(const CheckExpect& spec) : spec_(&spec) {
  if (spec.kind != CheckExpect::Kind::StatusRegex && spec.kind != CheckExpect::Kind::Regex) return;
  std::string error;  // the keyword has compiled it before
  regex_ = policy::Regex::compile(spec.pattern, false, true, error);
}

bool Expect::holds(std::string_view text) const noexcept {
  if (spec_->kind == CheckExpect::Kind::String) return text.find(spec_->pattern) != std::string_view::npos;
  return regex_.valid() && regex_.search(text);
}

Verdict Expect::judge_status(unsigned status) const noexcept {
  bool hit = false;
  if (spec_->kind == CheckExpect::Kind::Status) {
    for (const auto& r : spec_->ranges) hit |= status >= r.low && status <= r.high;
  } else {
    char text[20];
    hit = holds(std::string_view(text, static_cast<std::size_t>(base::write_uint(text, status) - text)));
  }
  return hit != spec_->negated ? Verdict::Match : Verdict::Mismatch;
}

Verdict Expect::judge_content(std::string_view content, bool complete) const noexcept {
  const auto least = spec_->min_recv;
  if (!complete && least > 0 && content.size() < static_cast<std::size_t>(least)) return Verdict::NeedMore;
  if (holds(content)) return spec_->negated ? Verdict::Mismatch : Verdict::Match;
  // Enough has come when min-recv says so: nothing that follows is waited for.
  if (!complete && least <= 0) return Verdict::NeedMore;
  return spec_->negated ? Verdict::Match : Verdict::Mismatch;
}

}  // namespace sluice::backend
